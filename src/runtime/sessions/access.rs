//! From an account to opened sessions.

use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::sync::OnceCell;

use crate::aws::observe::Observer;
use crate::aws::session::{self, Connect, Session};
use crate::aws::session_manager::SessionManager;
use crate::config::paths;
use crate::ssm::client::dial::Dialer;
use crate::ssm::client::gateway::{Gateway as _, StartRequest};
use crate::ssm::client::journal::{Journal, Place};
use crate::ssm::client::session::{HANDSHAKE, Opener};

/// Lets the embedded AWS of the demo open sessions on this machine: asked only after the person was told and said yes.
pub type Allow = Arc<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// The way to sessions of one account.
pub(super) struct Access {
    aws: Session,
    allow: Option<Allow>,
    /// Made when it is first needed: reading the system's certificates takes a while.
    dialer: OnceCell<Dialer>,
}

impl Access {
    /// The way to this account's sessions; `allow` in the demo.
    pub(super) fn new(aws: Session, allow: Option<Allow>) -> Self {
        Self { aws, allow, dialer: OnceCell::new() }
    }

    /// The region that is meant where none is named.
    pub(super) fn region(&self, wanted: Option<&str>) -> String {
        wanted.or(self.aws.regions().first().map(String::as_str)).unwrap_or_default().to_owned()
    }

    /// What opens sessions in a region.
    pub(super) async fn opener(&self, region: &str) -> Result<Opener<SessionManager>, String> {
        if let Some(allow) = &self.allow {
            allow().await?;
        }
        let dialer = self.dialer.get_or_try_init(|| async { Dialer::new(None).map_err(|error| format!("TLS: {error}")) }).await?;
        let place = Place {
            region: region.to_owned(),
            profile: self.aws.profile().map(str::to_owned),
            endpoint_url: self.aws.endpoint().map(str::to_owned),
        };
        // The demo's sessions end with this process: there is nothing to note down.
        let journal = match self.allow {
            Some(_) => None,
            None => Some(journal().ok_or("there is no home directory to note sessions in")?),
        };
        let gateway = Arc::new(SessionManager::new(&self.aws, region));
        Ok(Opener { gateway, dialer: dialer.clone(), journal, place, patience: HANDSHAKE })
    }

    /// Opens a session; the error is in words.
    pub(super) async fn open(
        &self,
        region: &str,
        request: &StartRequest,
    ) -> Result<crate::ssm::client::session::Session<SessionManager>, String> {
        self.opener(region).await?.open(request).await.map_err(|error| error.to_string())
    }

    /// Ends what killed programs have left open, and says what it ended. What cannot be reached now is tried at the next start.
    pub(super) async fn reap(&self) -> Vec<String> {
        let mut words = Vec::new();
        let Some(journal) = journal().filter(|_| self.allow.is_none()) else { return words };
        for (entry, note) in journal.orphans() {
            let wanted = Connect {
                profile: entry.place.profile.clone(),
                regions: vec![entry.place.region.clone()],
                endpoint_url: entry.place.endpoint_url.clone(),
                ..Connect::new(Observer::nobody())
            };
            let Ok(session) = session::connect(wanted).await else { continue };
            match SessionManager::new(&session, &entry.place.region).terminate(&entry.session_id).await {
                Ok(()) => {
                    words.push(format!(
                        "ended session {} to {}, which a killed program had left open",
                        entry.session_id, entry.target
                    ));
                    note.erase();
                }
                Err(error) => words.push(format!("session {} is left open by a killed program: {error}", entry.session_id)),
            }
        }
        words
    }
}

fn journal() -> Option<Journal> {
    Some(Journal::new(paths::state_dir()?.join("sessions")))
}
