//! The one place where an approved change becomes calls to AWS. What `app` refuses is refused here once more.

use super::contain::Warden;
use super::desks::Desks;
use super::steady::Steady;
use crate::audit::AuditLog;
use crate::aws::change::{Changer, NotMade};
use crate::aws::clearance::{Cleared, Rules};
use crate::aws::session::Session;
use crate::domain::fault::{Fault, Own};
use crate::domain::moment::Moment;
use crate::kit::confirm::Approved;
use crate::kit::effect::SessionId;
use crate::panes::{Done, Mutation};

/// What the console may change at all.
#[derive(Debug, Clone)]
pub struct Gate {
    /// Where changes are written down; `None`: nothing can be changed.
    pub log: Option<AuditLog>,
    /// What the configuration says about accounts.
    pub rules: Rules,
    /// Who asks, as the audit log names it: `console`, or `console, demo`.
    pub origin: String,
    /// The session that may change something, and until when: the runner keeps its own account of it.
    pub armed: Option<(SessionId, Moment)>,
    /// The clock by which that is over.
    pub steady: Steady,
}

impl Gate {
    /// The log, and the proof that the rules let this session change something now.
    async fn open(&self, session: SessionId, aws: &Session) -> Result<(&AuditLog, Cleared), Fault> {
        let Some(log) = &self.log else { return Err(refusal(aws, "the console is read-only")) };
        self.is_armed(session, aws)?;
        let cleared = self.rules.clear(aws).await.map_err(|refused| refusal(aws, &refused.to_string()))?;
        // To ask takes a while.
        self.is_armed(session, aws)?;
        Ok((log, cleared))
    }

    fn is_armed(&self, session: SessionId, aws: &Session) -> Result<(), Fault> {
        let is_armed = self.armed.is_some_and(|(armed, until)| armed == session && self.steady.now() < until);
        if is_armed { Ok(()) } else { Err(refusal(aws, "the console is not armed")) }
    }

    /// Does what was approved in this session.
    pub(super) async fn mutate(
        &self,
        session: SessionId,
        aws: &Session,
        beside: (&Desks, Warden),
        approved: Approved<Mutation>,
    ) -> Result<Done, NotMade> {
        let (log, cleared) = self.open(session, aws).await?;
        match approved.what() {
            Mutation::Change(change) => {
                let made = Changer::for_approved(&cleared, log, &approved, &self.origin).attempt(change).await;
                if made.is_ok() {
                    beside.1.noticed(approved.what()).await;
                }
                made
            }
            Mutation::Contain(containment) => {
                let changer = Changer::for_approved(&cleared, log, &approved, &self.origin);
                Ok(beside.1.run(&changer, containment.clone()).await?)
            }
            Mutation::Rotation(_) => {
                let command = approved.part(|mutation| match mutation {
                    Mutation::Rotation(command) => Some(command),
                    _ => None,
                });
                let told = match command {
                    Some(command) => match beside.1.forbids(command.what()).await {
                        Some(why) => Err(why),
                        None => beside.0.command(command).await,
                    },
                    None => Err("it is no rotation".to_owned()),
                };
                told.map(|()| Done::default()).map_err(|why| refusal(aws, &why).into())
            }
        }
    }
}

/// A change that is not made: nothing was sent.
fn refusal(aws: &Session, why: &str) -> Fault {
    Fault::own(Own::NotSent, why, aws.now())
}

#[cfg(test)]
#[path = "mutations_tests.rs"]
mod tests;
