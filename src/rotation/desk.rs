//! All rotations of this machine: begun, taken up again, answered; and what of them others may see.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::watch;

use super::escrow::DataKeys;
use super::machine::Bounds;
use super::service::{KeyFacts, Service};
use super::stores::StoreFactory;
use crate::domain::fault::Fault;
use crate::domain::key::LastUsed;
use crate::domain::rotation::{Command, Request, Rotation};
use crate::kit::confirm::{Approved, Plan};

/// What rotations need from outside.
#[derive(Clone)]
pub struct Environment {
    /// Where journals and escrows are: `rotation/` below the state folder.
    pub folder: PathBuf,
    /// AWS.
    pub service: Arc<dyn Service>,
    /// Where new secrets go.
    pub stores: Arc<dyn StoreFactory>,
    /// Where the keys of the escrows are.
    pub data_keys: Arc<dyn DataKeys>,
    /// How long to wait for what.
    pub bounds: Bounds,
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment").field("folder", &self.folder).field("bounds", &self.bounds).finish_non_exhaustive()
    }
}

/// What a rotation would do: reads only were made for it.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanFor {
    /// What was asked.
    pub request: Request,
    /// Twelve digits.
    pub account: String,
    /// The key that would be retired.
    pub old_key: KeyFacts,
    /// When it was last used; `None`: could not be read.
    pub old_last_used: Option<LastUsed>,
    /// The other key, where there is one.
    pub other_key: Option<KeyFacts>,
    /// Whether the console signs with the old key.
    pub own_key: bool,
    /// What the operator should know before the yes. One sentence each.
    pub notes: Vec<String>,
    /// For the confirm dialog: calls with their permissions, what undoes them; the user's name has to be typed.
    pub plan: Plan,
}

/// All rotations of this machine. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Desk {
    environment: Environment,
    board: watch::Sender<Arc<Vec<Rotation>>>,
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").field("folder", &self.environment.folder).finish_non_exhaustive()
    }
}

impl Desk {
    /// Opens the folder. Nothing is begun or taken up: what was left shows as [`crate::domain::rotation::Wait::Nobody`] until it is
    /// resumed.
    pub fn open(environment: Environment) -> Self {
        let (board, _) = watch::channel(Arc::default());
        Self { environment, board }
    }

    /// Every rotation, newest first, now and whenever one moves.
    pub fn watch(&self) -> watch::Receiver<Arc<Vec<Rotation>>> {
        self.board.subscribe()
    }

    /// What each request would do, in their order; or why it cannot be done. Makes reads only.
    pub async fn plan(&self, requests: Vec<Request>) -> Vec<Result<PlanFor, Fault>> {
        let mut plans = Vec::new();
        for request in requests {
            plans.push(super::plan::make(self.environment.service.as_ref(), request).await.map_err(|fault| *fault));
        }
        plans
    }

    /// Begins, takes up again or answers. What follows shows on the board.
    ///
    /// # Errors
    /// It cannot be done now, in one sentence: no such rotation, another process has it, the answer does not fit.
    pub async fn command(&self, approved: Approved<Command>) -> Result<(), String> {
        Err(format!("{:?} is not understood", approved.what()))
    }
}
