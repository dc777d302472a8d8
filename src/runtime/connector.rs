//! How the console comes by a session, without knowing whether an account or the embedded AWS is behind it.

use std::sync::Arc;

use futures::future::BoxFuture;

use super::sessions::Allow;
use crate::aws::observe::Observer;
use crate::aws::session::{Clock, Session};
use crate::domain::fault::Fault;

/// A session, as the command line has it made.
pub struct Connected {
    /// The way to AWS.
    pub aws: Session,
    /// The clock that the account lives by.
    pub clock: Clock,
    /// The scenario, in the demo.
    pub demo: Option<String>,
    /// What lets the demo open sessions on this machine; `None` where AWS itself decides.
    pub allow: Option<Allow>,
}

impl std::fmt::Debug for Connected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connected").field("aws", &self.aws).field("demo", &self.demo).finish_non_exhaustive()
    }
}

/// Makes a session: from the user's configuration, or over the embedded AWS.
pub type Connector = Arc<dyn Fn(Observer) -> BoxFuture<'static, Result<Connected, Fault>> + Send + Sync>;
