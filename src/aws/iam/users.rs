//! The list of users, and the account's alias.

use aws_sdk_iam::types;

use crate::aws::call;
use crate::aws::page::Sink;
use crate::aws::pages::Pages;
use crate::aws::session::Session;
use crate::aws::time::timestamp;
use crate::domain::fault::Fault;
use crate::domain::known::Known;
use crate::domain::text::Untrusted;
use crate::domain::user::User;

/// Users on the first page: few, so that rows are on screen at once.
const FIRST_PAGE: i32 = 100;
/// Users on each further page: the most that IAM gives.
const FURTHER_PAGE: i32 = 1000;

/// The account's alias, where it has one.
pub async fn account_alias(session: &Session) -> Result<Option<Untrusted>, Fault> {
    let send = session.iam().list_account_aliases().send();
    let answer = call::make(session, ("iam", "ListAccountAliases"), session.home(), send).await?;
    Ok(answer.account_aliases().first().map(Untrusted::new))
}

/// All IAM users, page by page. Root is none of them: the credential report has it.
pub async fn users(session: &Session, to: &Sink<Vec<User>>) -> Result<(), Fault> {
    let mut pages = Pages::new(session, ("iam", "ListUsers"), session.home());
    let mut most = FIRST_PAGE;
    loop {
        let send = session.iam().list_users().max_items(most).set_marker(pages.token()).send();
        let answer = call::make(session, ("iam", "ListUsers"), session.home(), send).await?;
        let next = answer.marker().filter(|_| answer.is_truncated());
        let now = session.now();
        let page = answer.users().iter().map(|user| listed(user, now)).collect();
        if to.send(page).await.is_err() || !pages.turn(next, answer.users().len())? {
            return Ok(());
        }
        most = FURTHER_PAGE;
    }
}

fn listed(user: &types::User, now: jiff::Timestamp) -> User {
    User {
        name: Untrusted::new(user.user_name()),
        arn: Untrusted::new(user.arn()),
        id: Some(Untrusted::new(user.user_id())),
        created: timestamp(user.create_date()).map_or(Known::Unknown, |created| Known::listed(created, now)),
        password: Known::Unknown,
        password_last_used: Known::listed(user.password_last_used().and_then(timestamp), now),
        mfa: Known::Unknown,
        keys: Known::Unknown,
        groups: Known::Unknown,
    }
}
