//! A change whose answer was lost: nobody knows whether AWS made it until reads agree for a while.
//!
//! IAM's reads lag behind its changes by some seconds, and one reader's answer need not be the next one's. So a single read proves
//! nothing, and that a change is *not* to be seen takes longer to believe than that it is.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_ssm::types::{SessionFilter, SessionFilterKey, SessionState};
use futures::future::BoxFuture;
use tokio::task::JoinHandle;

use super::session::Session;
use super::{call, fault, iam};
use crate::domain::change::{Change, Done};
use crate::domain::containment::same_json;
use crate::domain::fault::{Fault, FaultKind, Own};
use crate::domain::text::Untrusted;

/// Waits, by the session's clock.
pub type Pause = Arc<dyn Fn(Duration) -> BoxFuture<'static, ()> + Send + Sync>;

/// Pauses of a session.
pub fn pauses(session: &Session) -> Pause {
    let session = session.clone();
    Arc::new(move |length| {
        let session = session.clone();
        Box::pin(async move { session.lanes().pause(length).await })
    })
}

/// Between two reads.
const STEP: Duration = Duration::from_millis(2500);
/// For so long reads must agree that a change is in effect.
const IN_EFFECT: Duration = Duration::from_secs(10);
/// For so long reads must agree that it is not: it may still be on its way to the reader.
const NOT_IN_EFFECT: Duration = Duration::from_secs(20);
/// Reads that do not agree by then never will; two minutes is what Terraform allows IAM to spread a change.
const AT_MOST: Duration = Duration::from_secs(120);
/// So many reads in a row that failed, and the rest will, too.
const MOST_FAILED: u32 = 4;

/// What a read says about a change.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    InEffect,
    NotInEffect,
    /// The thing that it is about is in a third state.
    CannotTell(&'static str),
}

/// What became of a change whose answer was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Reads agreed that it is in effect.
    InEffect,
    /// Reads agreed that it is not.
    NotInEffect,
    /// Reads could not be made, or did not agree.
    Unknown(String),
}

impl Verdict {
    /// Whether it is in effect, or why nobody knows, as the audit log has it.
    pub(crate) fn in_effect(&self) -> Result<bool, String> {
        match self {
            Self::InEffect => Ok(true),
            Self::NotInEffect => Ok(false),
            Self::Unknown(why) => Err(why.clone()),
        }
    }

    /// The end of a change that ended with this fault at first.
    pub(crate) fn outcome(self, fault: &Fault) -> Result<Done, Fault> {
        match self {
            Self::InEffect => Ok(Done { request_id: None, warning: None, read_back: true }),
            Self::NotInEffect => Err(Fault {
                kind: FaultKind::Own { own: Own::NotInEffect },
                message: Untrusted::new("no answer came, and what was read afterwards says that it was not done"),
                ..fault.clone()
            }),
            Self::Unknown(why) => {
                let before = fault.message.raw();
                let message = Untrusted::new(format!("{before}; whether it is in effect could not be read back: {why}"));
                Err(Fault { message, ..fault.clone() })
            }
        }
    }
}

/// The reads that are under way, and what comes of them.
#[derive(Debug)]
pub struct ReadingBack(pub(super) JoinHandle<Result<Done, Fault>>);

impl ReadingBack {
    /// Waits for the reads.
    ///
    /// # Errors
    /// It was not done, or nobody knows still: [`Fault::leaves_unknown`]. `None`: the program is ending.
    pub async fn outcome(self) -> Option<Result<Done, Fault>> {
        self.0.await.ok()
    }
}

/// Whether there is anything to read: whether a new key was made a rotation finds out by itself, and a session shows itself.
pub(super) fn is_readable(change: &Change) -> bool {
    !matches!(change, Change::CreateKey { .. } | Change::StartSession { .. })
}

/// Reads until the answers agree for long enough.
pub(crate) async fn read_back(session: &Session, pause: &Pause, change: &Change) -> Verdict {
    let mut agreed: Option<(bool, Duration)> = None;
    let (mut spent, mut failed) = (Duration::ZERO, 0);
    loop {
        let why = match look(session, change).await {
            Ok(Seen::CannotTell(why)) => return Verdict::Unknown(why.to_owned()),
            Ok(seen) => {
                failed = 0;
                let is = seen == Seen::InEffect;
                let since = agreed.filter(|(was, _)| *was == is).map_or(spent, |(_, since)| since);
                agreed = Some((is, since));
                match is {
                    true if spent - since >= IN_EFFECT => return Verdict::InEffect,
                    false if spent - since >= NOT_IN_EFFECT => return Verdict::NotInEffect,
                    _ => "the reads did not agree".to_owned(),
                }
            }
            Err(fault) => {
                // What was not seen does not agree.
                agreed = None;
                failed += 1;
                if fault.is_denied() || fault.is_about_credentials() || failed >= MOST_FAILED {
                    return Verdict::Unknown(fault.cause());
                }
                fault.cause()
            }
        };
        if spent >= AT_MOST {
            return Verdict::Unknown(why);
        }
        pause(STEP).await;
        spent += STEP;
    }
}

async fn look(session: &Session, change: &Change) -> Result<Seen, Fault> {
    let in_effect = |is| if is { Seen::InEffect } else { Seen::NotInEffect };
    match change {
        Change::SetKeyStatus { user, key, active } => match status(session, user, key).await? {
            None => Ok(Seen::CannotTell("the key is not listed any more")),
            Some(is_active) => Ok(in_effect(is_active == *active)),
        },
        Change::DeleteKey { user, key } => Ok(in_effect(status(session, user, key).await?.is_none())),
        Change::PutPolicy { user, policy, document } => {
            let found = iam::user_policy(session, user, policy).await?;
            Ok(in_effect(found.is_some_and(|found| same_json(&found, document))))
        }
        Change::DeletePolicy { user, policy } => Ok(in_effect(iam::user_policy(session, user, policy).await?.is_none())),
        Change::DeleteLoginProfile { user } => Ok(in_effect(!iam::has_password(session, user).await?)),
        Change::TerminateSession { region, session: id } => Ok(in_effect(!is_open(session, region, id).await?)),
        Change::CreateSecret { region, secret } => Ok(in_effect(stages(session, region, secret).await?.is_some())),
        Change::PutSecretValue { region, secret, version } => {
            let found = stages(session, region, secret).await?;
            Ok(in_effect(found.is_some_and(|versions| versions.iter().any(|(id, _)| id == version))))
        }
        Change::MoveSecretStage { region, secret, stage, to, from } => {
            let Some(versions) = stages(session, region, secret).await? else {
                return Ok(Seen::CannotTell("the secret is gone"));
            };
            let has = |id: &String| versions.iter().any(|(known, stages)| known == id && stages.contains(stage));
            Ok(in_effect(to.as_ref().is_none_or(has) && !from.as_ref().is_some_and(has)))
        }
        Change::CreateKey { .. } | Change::StartSession { .. } => Ok(Seen::CannotTell("it is not to be read")),
    }
}

/// Whether a key is active; `None`: there is no such key, or no such user any more.
async fn status(session: &Session, user: &Untrusted, key: &Untrusted) -> Result<Option<bool>, Fault> {
    match iam::list_keys(session, user).await {
        Ok(keys) => Ok(keys
            .iter()
            .find(|listed| listed.access_key_id() == Some(key.raw()))
            .map(|listed| listed.status().is_some_and(|status| status.as_str() == "Active"))),
        Err(fault) if fault.kind == FaultKind::NotFound => Ok(None),
        Err(fault) => Err(fault),
    }
}

async fn is_open(session: &Session, region: &str, id: &Untrusted) -> Result<bool, Fault> {
    let filter = SessionFilter::builder().key(SessionFilterKey::SessionId).value(id.raw()).build();
    let filter = filter.map_err(|error| fault::malformed("ssm:DescribeSessions", region, error.to_string(), session.now()))?;
    let send = session.ssm(region).describe_sessions().state(SessionState::Active).filters(filter).send();
    let answer = call::make(session, ("ssm", "DescribeSessions"), region, send).await?;
    Ok(answer.sessions().iter().any(|open| open.session_id() == Some(id.raw())))
}

/// The versions of a secret and their stages; `None`: there is no such secret.
async fn stages(session: &Session, region: &str, secret: &str) -> Result<Option<Vec<(String, Vec<String>)>>, Fault> {
    let send = session.secrets_manager(region).describe_secret().secret_id(secret).send();
    match call::make(session, ("secretsmanager", "DescribeSecret"), region, send).await {
        Ok(answer) => Ok(Some(answer.version_ids_to_stages.unwrap_or_default().into_iter().collect())),
        Err(fault) if fault.kind == FaultKind::NotFound => Ok(None),
        Err(fault) => Err(fault),
    }
}
