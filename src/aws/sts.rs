//! STS: who we are.

use super::call;
use super::session::Session;
use crate::domain::account::Identity;
use crate::domain::fault::Fault;
use crate::domain::text::Untrusted;

/// `GetCallerIdentity`: needs no permission, so its failure is about the credentials and nothing else.
pub async fn identity(session: &Session) -> Result<Identity, Fault> {
    let region = session.first_region();
    let answer = call::make(session, ("sts", "GetCallerIdentity"), region, session.sts().get_caller_identity().send()).await?;
    let identity = Identity {
        account: answer.account().unwrap_or_default().to_owned(),
        arn: Untrusted::new(answer.arn().unwrap_or_default()),
        user_id: Untrusted::new(answer.user_id().unwrap_or_default()),
    };
    session.is(&identity);
    Ok(identity)
}
