//! How the console comes by a session, without knowing whether an account or the embedded AWS is behind it.

use std::sync::Arc;

use futures::future::BoxFuture;

use crate::aws::observe::Observer;
use crate::aws::session::{Clock, Session};
use crate::domain::fault::Fault;

/// A session, as the command line has it made.
#[derive(Debug)]
pub struct Connected {
    /// The way to AWS.
    pub aws: Session,
    /// The clock that the account lives by.
    pub clock: Clock,
    /// The scenario, in the demo.
    pub demo: Option<String>,
}

/// Makes a session: from the user's configuration, or over the embedded AWS.
pub type Connector = Arc<dyn Fn(Observer) -> BoxFuture<'static, Result<Connected, Fault>> + Send + Sync>;
