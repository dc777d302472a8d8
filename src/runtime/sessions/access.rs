//! From an account to opened sessions.

use std::sync::Arc;

use futures::future::BoxFuture;
use futures::{Stream, StreamExt as _};
use tokio::sync::OnceCell;

use super::super::mutations::Gate;
use crate::audit;
use crate::aws::clearance::Cleared;
use crate::aws::session::Session;
use crate::aws::session_audit::Audited;
use crate::aws::session_manager::SessionManager;
use crate::aws::{reap, ssm};
use crate::config::paths;
use crate::domain::account::Identity;
use crate::ssm::client::dial::Dialer;
use crate::ssm::client::gateway::{Refusal, StartRequest};
use crate::ssm::client::journal::{Journal, Place};
use crate::ssm::client::session::{HANDSHAKE, OpenError, Opener};

/// Lets the embedded AWS of the demo open sessions on this machine: asked only after the person was told and said yes.
pub type Allow = Arc<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// Session Manager, with what is done through it written down.
pub(super) type Manager = Audited<SessionManager>;
/// A session that was opened.
pub(super) type Opened = crate::ssm::client::session::Session<Manager>;

/// Why no session is opened by a console that cannot write it down.
const NO_LOG: &str = "no session without an audit log, and this console has none (--read-only, or it cannot be written)";

/// The way to sessions of one account.
pub(super) struct Access {
    aws: Session,
    allow: Option<Allow>,
    /// Where sessions are written down, who asks for them, and what the configuration says about accounts.
    gate: Gate,
    /// Made when it is first needed: reading the system's certificates takes a while.
    dialer: OnceCell<Dialer>,
}

impl Access {
    /// The way to this account's sessions; `allow` in the demo.
    pub(super) fn new(aws: Session, allow: Option<Allow>, gate: Gate) -> Self {
        Self { aws, allow, gate, dialer: OnceCell::new() }
    }

    /// The region that is meant where none is named.
    pub(super) fn region(&self, wanted: Option<&str>) -> String {
        wanted.or(self.aws.regions().first().map(String::as_str)).unwrap_or_default().to_owned()
    }

    /// What opens sessions in a region.
    async fn opener(&self, cleared: &Cleared, region: &str) -> Result<Opener<Manager>, String> {
        if let Some(allow) = &self.allow {
            allow().await?;
        }
        let dialer = self
            .dialer
            .get_or_try_init(|| async { Dialer::trusting(None, self.aws.bundle()).map_err(|error| format!("TLS: {error}")) })
            .await?;
        let place = Place {
            region: region.to_owned(),
            profile: self.aws.signing_profile().map(str::to_owned),
            endpoint_url: self.aws.endpoint_of("ssm").map(str::to_owned),
            account: Some(cleared.account().to_owned()),
        };
        // The demo's sessions end with this process: there is nothing to note down.
        let journal = match self.allow {
            Some(_) => None,
            None => Some(journal().ok_or("there is no home directory to note sessions in")?),
        };
        let manager = SessionManager::new(cleared, region);
        let log = self.gate.log.clone().ok_or(NO_LOG)?;
        let gateway = Arc::new(Audited::new(manager, log, self.common(cleared, region)));
        Ok(Opener { gateway, dialer: dialer.clone(), journal, place, patience: HANDSHAKE })
    }

    /// Opens a session.
    pub(super) async fn open(&self, region: &str, request: &StartRequest) -> Result<Opened, OpenError> {
        let never = |why| OpenError::Refused(Refusal::Never(why));
        // What `app` refuses is refused here once more.
        let cleared = self.gate.rules.clear(&self.aws).await.map_err(|refused| never(format!("no session: {refused}")))?;
        let opener = self.opener(&cleared, region).await.map_err(never)?;
        opener.open(request).await
    }

    /// Who has the session, for recordings; known wherever one was opened.
    pub(super) fn identity(&self) -> Option<Identity> {
        self.aws.identity()
    }

    fn common(&self, cleared: &Cleared, region: &str) -> audit::Entry {
        audit::Entry {
            caller: cleared.identity().map(|identity| identity.arn.shown().to_string()),
            account: Some(cleared.account().to_owned()),
            region: region.to_owned(),
            origin: self.gate.origin.clone(),
            ..audit::Entry::default()
        }
    }

    /// The node that a target means: see [`ssm::find`].
    pub(super) async fn node(&self, region: &str, target: &str) -> Result<String, String> {
        ssm::find(&self.aws, region, target).await
    }

    /// Ends what earlier runs left open: a sentence for each session.
    pub(super) fn reap(&self) -> impl Stream<Item = String> + Send + use<> {
        let journal = journal().filter(|_| self.allow.is_none());
        let both = journal.zip(self.gate.log.clone());
        futures::stream::iter(both).flat_map(|(journal, log)| reap::orphans(journal, log))
    }
}

fn journal() -> Option<Journal> {
    Some(Journal::new(paths::state_dir()?.join("sessions")))
}
