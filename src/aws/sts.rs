//! STS: who we are.

use super::call;
use super::identity::named;
use super::session::Session;
use crate::domain::account::Identity;
use crate::domain::fault::Fault;

/// `GetCallerIdentity`: needs no permission, so its failure is about the credentials and nothing else.
///
/// # Errors
/// The call failed, or AWS names another identity than before: then the session signs nothing more.
pub async fn identity(session: &Session) -> Result<Identity, Fault> {
    let _one_at_a_time = session.naming().lock().await;
    ask(session).await
}

/// Who we are: as STS has said already, else by asking it.
///
/// # Errors
/// As [`identity`].
pub async fn known(session: &Session) -> Result<Identity, Fault> {
    let _one_at_a_time = session.naming().lock().await;
    match session.identity() {
        Some(identity) => Ok(identity),
        None => ask(session).await,
    }
}

/// Whether the session is in this account. `None`: whoever wrote it down did not know, as versions before this one did not.
///
/// # Errors
/// It is in another, or it is not known; in words.
pub async fn must_be_in(session: &Session, account: Option<&str>) -> Result<(), String> {
    let Some(account) = account else { return Ok(()) };
    let identity = known(session).await.map_err(|fault| fault.to_string())?;
    if identity.account == account {
        return Ok(());
    }
    Err(format!("it is in account {account}, and these credentials are of {}: nothing was sent there", identity.account))
}

async fn ask(session: &Session) -> Result<Identity, Fault> {
    let region = session.first_region();
    let send = session.namer().await.get_caller_identity().send();
    let answer = call::make(session, ("sts", "GetCallerIdentity"), region, send).await?;
    let identity = named(&answer, region, session.now())?;
    session.is(&identity)?;
    Ok(identity)
}
