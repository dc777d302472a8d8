//! All rotations of this machine: begun, taken up again, answered; and what of them others may see.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::{Semaphore, mpsc, watch};

use super::board::Board;
use super::clock::Clock;
use super::driver::{Driver, Start};
use super::edges::Edges;
use super::escrow::DataKeys;
use super::journal::{Journal, UserLock};
use super::machine::{Bounds, Machine, Planned};
use super::permissions::Need;
use super::service::{KeyFacts, Service};
use super::stores::StoreFactory;
use crate::domain::fault::Fault;
use crate::domain::key::LastUsed;
use crate::domain::rotation::{Choice, Command, Phase, Request, Rotation, RotationId, Wait};
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
    /// The time.
    pub clock: Clock,
    /// Where a test may end the process.
    pub edges: Edges,
}

impl Environment {
    /// An environment with this machine's clock and the usual bounds.
    pub fn new(
        folder: impl AsRef<Path>,
        service: Arc<dyn Service>,
        stores: Arc<dyn StoreFactory>,
        data_keys: Arc<dyn DataKeys>,
    ) -> Self {
        let folder = folder.as_ref().to_owned();
        Self { folder, service, stores, data_keys, bounds: Bounds::default(), clock: Clock::system(), edges: Edges::default() }
    }
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
    /// Every permission that it takes.
    pub needs: Vec<Need>,
    /// For the confirm dialog: calls with their permissions, what undoes them; the user's name has to be typed.
    pub plan: Plan,
}

/// All rotations of this machine. Cheap to clone; clones share everything. Its tasks run on the runtime on which it is commanded.
#[derive(Clone)]
pub struct Desk {
    environment: Environment,
    board: Board,
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").field("folder", &self.environment.folder).finish_non_exhaustive()
    }
}

/// All rotations of a folder as their journals tell, newest first, and what could not be read. No connection is needed.
pub fn left_in(folder: &Path) -> (Vec<Rotation>, Vec<String>) {
    let (clock, bounds) = (Clock::system(), Bounds::default());
    let (mut rows, mut problems) = (Vec::new(), Vec::new());
    for path in Journal::all(folder).into_iter().rev() {
        match Journal::read(&path) {
            Ok(book) => {
                let wait = if book.phase.is_final() { Wait::Ended } else { Wait::Nobody };
                rows.push(Machine::new(book, bounds).view(wait, clock.now()));
            }
            Err(error) => problems.push(error.to_string()),
        }
    }
    (rows, problems)
}

/// How many plans are made at the same time.
const PLANS: usize = 6;

impl Desk {
    /// Opens the folder. Nothing is begun or taken up: what was left shows as [`Wait::Nobody`] until it is resumed.
    pub fn open(environment: Environment) -> Self {
        let desk = Self { environment, board: Board::new() };
        desk.refresh();
        desk
    }

    /// Every rotation, newest first, now and whenever one moves.
    pub fn watch(&self) -> watch::Receiver<Arc<Vec<Rotation>>> {
        self.board.watch()
    }

    /// Reads again what other processes have written. A journal that cannot be read is told.
    pub fn refresh(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for path in Journal::all(&self.environment.folder) {
            match Journal::read(&path) {
                Ok(book) if self.board.is_held(&book.planned.id) != Some(true) => {
                    let wait = if book.phase.is_final() { Wait::Ended } else { Wait::Nobody };
                    let machine = Machine::new(book, self.environment.bounds);
                    self.board.add(machine.view(wait, self.environment.clock.now()), None);
                }
                Ok(_) => {}
                Err(error) => problems.push(error.to_string()),
            }
        }
        problems
    }

    /// What each request would do, in their order; or why it cannot be done. Makes reads only.
    pub async fn plan(&self, requests: Vec<Request>) -> Vec<Result<PlanFor, Fault>> {
        use futures::StreamExt as _;
        let Environment { service, stores, clock, .. } = &self.environment;
        let caller = match service.caller().await {
            Ok(caller) => caller,
            Err(fault) => return requests.iter().map(|_| Err((*fault).clone())).collect(),
        };
        let plans = requests.into_iter().map(|request| async {
            super::plan::make(service.as_ref(), Some(stores.as_ref()), &caller, request, clock.now().utc).await
        });
        let plans: Vec<_> = futures::stream::iter(plans).buffered(PLANS).collect().await;
        let checked = super::permissions::check(service.as_ref(), &caller, plans, clock.now().utc).await;
        checked.into_iter().map(|plan| plan.map_err(|fault| *fault)).collect()
    }

    /// Begins, takes up again or answers. What follows shows on the board.
    ///
    /// # Errors
    /// It cannot be done now, in one sentence: no such rotation, another process has it, the answer does not fit.
    pub async fn command(&self, approved: Approved<Command>) -> Result<(), String> {
        match approved.what().clone() {
            Command::Start { requests, at_once } => {
                let places = Arc::new(Semaphore::new(usize::from(at_once.max(1))));
                for request in requests {
                    self.start(request, &approved, &places);
                }
                Ok(())
            }
            Command::Resume { id: Some(id) } => {
                self.refresh();
                self.resume(&id, &approved, &Arc::new(Semaphore::new(1)), None)
            }
            Command::Resume { id: None } => self.resume_all(&approved),
            Command::Answer { id, choice } if self.board.is_held(&id) == Some(true) => self.board.answer(&id, choice, approved),
            // Nobody has it: it is taken up, and answered as soon as it takes the answer.
            Command::Answer { id, choice } => {
                self.refresh();
                self.resume(&id, &approved, &Arc::new(Semaphore::new(1)), Some(choice))
            }
        }
    }

    fn start(&self, request: Request, approved: &Approved<Command>, places: &Arc<Semaphore>) {
        let now = self.environment.clock.now().utc;
        let id = new_id(request.user.raw(), now);
        let (sender, answers) = mpsc::channel(1);
        self.board.add(begun(&id, &request, now), Some(sender));
        let (desk, approved, places) = (self.clone(), approved.clone(), Arc::clone(places));
        tokio::spawn(async move {
            let place = Arc::clone(&places).acquire_owned().await.ok();
            let first = begun(&id, &request, now);
            match desk.begin(&id, request).await {
                Err(fault) => {
                    let ended = Rotation { phase: Phase::Aborted, wait: Wait::Ended, fault: Some(*fault), ..first };
                    desk.board.update(ended, Vec::new());
                }
                Ok((journal, planned, lock)) => {
                    let environment = desk.environment.clone();
                    let book = super::machine::Book::new(planned, now);
                    let start =
                        Start { environment, approved, board: desk.board.clone(), answers, places, place, wish: None, lock };
                    desk.run(start, journal, book).await;
                }
            }
            desk.board.leave(&id);
        });
    }

    /// Plans once more, takes the user's lock, and writes the first fact.
    async fn begin(&self, id: &RotationId, request: Request) -> Result<(Journal, Planned, UserLock), Box<Fault>> {
        let now = self.environment.clock.now().utc;
        let user = request.user.raw().to_owned();
        let service = self.environment.service.as_ref();
        let plan = super::plan::make(service, None, &service.caller().await?, request, now).await?;
        let facts = service.user(&user).await?;
        let refuse = |words: String| Box::new(super::refusal(&words, now));
        let lock = UserLock::take(&self.environment.folder, &plan.account, &user).map_err(|error| refuse(error.to_string()))?;
        if let Some(open) = self.unfinished(&plan.account, &user) {
            return Err(refuse(format!("the rotation {open} of this user is not finished: resume or abort it")));
        }
        let planned = Planned {
            id: id.clone(),
            account: plan.account,
            user,
            user_id: facts.id,
            old_key: plan.old_key.id,
            other: plan.other_key.map(|key| (key.id, plan.request.other)),
            store: plan.request.store,
            escrow: plan.request.escrow,
            own_key: plan.own_key,
            soak: plan.request.soak,
            observe: plan.request.observe,
        };
        let journal =
            Journal::create(&self.environment.folder, planned.clone(), now).map_err(|error| refuse(error.to_string()))?;
        Ok((journal, planned, lock))
    }

    fn unfinished(&self, account: &str, user: &str) -> Option<RotationId> {
        let books = Journal::all(&self.environment.folder).into_iter().filter_map(|path| Journal::read(&path).ok());
        books
            .filter(|book| !book.phase.is_final() && book.planned.account == account && book.planned.user == user)
            .map(|book| book.planned.id)
            .next()
    }

    fn resume_all(&self, approved: &Approved<Command>) -> Result<(), String> {
        let problems = self.refresh();
        let places = Arc::new(Semaphore::new(RESUMED_AT_ONCE));
        let left = self.watch().borrow().iter().filter(|rotation| rotation.wait == Wait::Nobody).cloned().collect::<Vec<_>>();
        let mut refused: Vec<String> =
            left.iter().filter_map(|left| self.resume(&left.id, approved, &places, None).err()).collect();
        refused.extend(problems);
        if refused.is_empty() { Ok(()) } else { Err(refused.join("; ")) }
    }

    fn resume(
        &self,
        id: &RotationId,
        approved: &Approved<Command>,
        places: &Arc<Semaphore>,
        wish: Option<Choice>,
    ) -> Result<(), String> {
        match self.board.is_held(id) {
            None => return Err(format!("there is no rotation {id}")),
            Some(true) => return Err(format!("{id} is being worked on")),
            Some(false) => {}
        }
        let (account, user) = self.board.get(id).map(|row| (row.account, row.user.raw().to_owned())).unwrap_or_default();
        let lock = UserLock::take(&self.environment.folder, &account, &user).map_err(|error| error.to_string())?;
        // Only now: another process may have gone on with it until it gave the lock back.
        let (journal, book) = Journal::open(&self.environment.folder, id).map_err(|error| error.to_string())?;
        let (sender, answers) = mpsc::channel(1);
        let machine = Machine::new(book.clone(), self.environment.bounds);
        if book.phase.is_final() {
            self.board.add(machine.view(Wait::Ended, self.environment.clock.now()), None);
            return Ok(());
        }
        self.board.add(machine.view(Wait::Working, self.environment.clock.now()), Some(sender));
        let (desk, places, id) = (self.clone(), Arc::clone(places), id.clone());
        let environment = self.environment.clone();
        let start = Start {
            environment,
            approved: approved.clone(),
            board: self.board.clone(),
            answers,
            places,
            place: None,
            wish,
            lock,
        };
        tokio::spawn(async move {
            desk.run(start, journal, book).await;
            desk.board.leave(&id);
        });
        Ok(())
    }

    async fn run(&self, start: Start, journal: Journal, book: super::machine::Book) {
        let machine = Machine::new(book.clone(), self.environment.bounds);
        match Driver::new(start, journal, book) {
            Ok(driver) => driver.run().await,
            Err(words) => {
                let now = self.environment.clock.now();
                let row = machine.view(Wait::Nobody, now);
                self.board.update(Rotation { fault: Some(super::refusal(&words, now.utc)), ..row }, Vec::new());
            }
        }
    }
}

/// How many rotations are at work at the same time when all are taken up again.
const RESUMED_AT_ONCE: usize = 10;

/// Sortable by start, and not the same for two that start in one second.
fn new_id(user: &str, now: Timestamp) -> RotationId {
    let user: String = super::journal::plain(user).chars().take(32).collect();
    RotationId(format!("{}-{user}-{:04x}", now.strftime("%Y%m%dT%H%M%SZ"), fastrand::u16(..)))
}

/// A rotation of which nothing is known yet but what was asked.
fn begun(id: &RotationId, request: &Request, now: Timestamp) -> Rotation {
    Rotation {
        id: id.clone(),
        account: String::new(),
        user: request.user.clone(),
        old_key: request.key.clone().unwrap_or_else(|| "".into()),
        new_key: None,
        store: request.store.clone(),
        own_key: false,
        phase: Phase::Planned,
        wait: Wait::Working,
        started: now,
        since: now,
        bound: None,
        checks: (0, 0),
        history: vec![(Phase::Planned, now)],
        old_last_used: None,
        fault: None,
    }
}
