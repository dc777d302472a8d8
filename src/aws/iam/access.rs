//! What a user can sign in with: for a containment, and to see whether it holds.

use super::facts;
use crate::aws::call;
use crate::aws::session::Session;
use crate::domain::change::{DENY_ALL, REVOKE_SESSIONS};
use crate::domain::containment::Access;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::text::Untrusted;
use crate::domain::user::Password;

/// Keys, password and our inline policies of a user. One refused call fails all: half of it would look like a containment that holds.
pub async fn access(session: &Session, user: &Untrusted) -> Result<Access, Fault> {
    let (keys, password) = futures::join!(facts::keys(session, user), facts::password(session, user));
    let keys = keys?.into_iter().filter_map(|key| Some((key.id?, key.active))).collect();
    let password = password? != Password::None;
    let mut ours = std::collections::BTreeMap::new();
    for name in [DENY_ALL, REVOKE_SESSIONS] {
        if let Some(document) = user_policy(session, user, name).await? {
            ours.insert(name.to_owned(), document);
        }
    }
    Ok(Access { user: user.clone(), keys, ours, password, sessions: None })
}

/// The document of an inline policy of a user; `None`: the user has no such policy, or there is no such user.
pub async fn user_policy(session: &Session, user: &Untrusted, policy: &str) -> Result<Option<String>, Fault> {
    let send = session.iam().get_user_policy().user_name(user.raw()).policy_name(policy).send();
    match call::make(session, ("iam", "GetUserPolicy"), session.home(), send).await {
        Ok(answer) => {
            // IAM answers with documents encoded as RFC 3986 says.
            let document = percent_encoding::percent_decode_str(answer.policy_document()).decode_utf8_lossy();
            Ok(Some(document.into_owned()))
        }
        Err(fault) if fault.kind == FaultKind::NotFound => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Whether a user has a password (`GetLoginProfile`).
pub async fn has_password(session: &Session, user: &Untrusted) -> Result<bool, Fault> {
    Ok(facts::password(session, user).await? != Password::None)
}
