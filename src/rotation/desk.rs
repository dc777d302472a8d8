//! All rotations of this machine: begun, taken up again, answered; and what of them others may see.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::BoxFuture;
use jiff::Timestamp;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::begin::{Begun, NotBegun, begin, unthrottled};
use super::board::Board;
use super::campaign::{self, Campaign, Member};
use super::clock::Clock;
use super::driver::{Driver, Start};
use super::edges::Edges;
use super::escrow::DataKeys;
use super::journal::{Journal, JournalError, UserLock};
use super::leaked::Leaked;
use super::machine::{Book, Bounds, Machine, Now};
use super::permissions::Need;
use super::service::{KeyFacts, Service};
use super::stores::StoreFactory;
use crate::domain::fault::Fault;
use crate::domain::key::LastUsed;
use crate::domain::rotation::{Choice, Command, Request, Rotation, RotationId, Wait};
use crate::domain::text::clean;
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
    /// Which keys a containment has taken for leaked.
    pub leaked: Leaked,
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
        leaked: Leaked,
    ) -> Self {
        let folder = folder.as_ref().to_owned();
        let (bounds, clock, edges) = (Bounds::default(), Clock::system(), Edges::default());
        Self { folder, service, stores, data_keys, leaked, bounds, clock, edges }
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
    /// Cancelled when what is under way now is to be left.
    stop: Arc<Mutex<CancellationToken>>,
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").field("folder", &self.environment.folder).finish_non_exhaustive()
    }
}

/// All rotations of a folder as their journals and campaigns tell, newest first, and what could not be read. No connection is needed.
pub fn left_in(folder: &Path) -> (Vec<Rotation>, Vec<String>) {
    let (mut rows, problems) = told_in(folder, Bounds::default(), Clock::system().now());
    rows.sort_by(|one, other| other.id.cmp(&one.id));
    (rows, problems)
}

fn told_in(folder: &Path, bounds: Bounds, now: Now) -> (Vec<Rotation>, Vec<String>) {
    let (campaigns, mut problems) = Campaign::all(folder);
    let mut rows: Vec<Rotation> = campaigns.iter().flat_map(Campaign::rows).collect();
    for path in Journal::all(folder) {
        match Journal::read(&path) {
            Ok(book) => {
                let wait = if book.phase.is_final() { Wait::Ended } else { Wait::Nobody };
                rows.push(Machine::new(book, bounds).view(wait, now));
            }
            Err(JournalError::NeverBegan { .. }) => {}
            Err(error) => problems.push(error.to_string()),
        }
    }
    (rows, problems)
}

/// How many plans are made at the same time. The calls have their own bound, for all who make some: the lanes.
const PLANS: usize = 24;

impl Desk {
    /// Opens the folder. Nothing is begun or taken up: what was left shows as [`Wait::Nobody`] until it is resumed.
    pub fn open(environment: Environment) -> Self {
        super::journal::sweep(&environment.folder);
        let desk = Self { environment, board: Board::new(), stop: Arc::default() };
        desk.refresh();
        desk
    }

    /// Every rotation, newest first, now and whenever one moves.
    pub fn watch(&self) -> watch::Receiver<Arc<Vec<Rotation>>> {
        self.board.watch()
    }

    /// Reads again what other processes have written. A journal that cannot be read is told.
    pub fn refresh(&self) -> Vec<String> {
        let (rows, problems) = told_in(&self.environment.folder, self.environment.bounds, self.environment.clock.now());
        self.board.add_left(rows);
        problems
    }

    async fn refreshed(&self) -> Vec<String> {
        let desk = self.clone();
        tokio::task::spawn_blocking(move || desk.refresh()).await.unwrap_or_else(|_| vec!["reading the journals broke".into()])
    }

    /// Begins nothing more, and leaves what is under way at its next safe state: no key between two states, no secret in memory alone.
    /// What was left shows as [`Wait::Nobody`]; [`Command::Resume`] goes on with it, in this process or another. What is commanded
    /// from now on is not stopped. How many were under way.
    pub fn stop(&self) -> usize {
        let held = self.board.held();
        let mut stop = self.stop.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *stop).cancel();
        held
    }

    /// Whether a task of this desk works on a rotation, or waits with one.
    pub fn is_at_work(&self) -> bool {
        self.board.held() > 0
    }

    fn stopped(&self) -> CancellationToken {
        self.stop.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What each request would do, in their order; or why it cannot be done. Makes reads only.
    pub async fn plan(&self, requests: Vec<Request>) -> Vec<Result<PlanFor, Fault>> {
        use futures::StreamExt as _;
        let Environment { service, clock, .. } = &self.environment;
        let caller = match service.caller().await {
            Ok(caller) => caller,
            Err(fault) => return requests.iter().map(|_| Err((*fault).clone())).collect(),
        };
        let caller = &caller;
        let plans = requests.into_iter().map(|request| async move {
            let make = || -> BoxFuture<'_, _> {
                let (request, now) = (request.clone(), clock.now().utc);
                Box::pin(super::plan::make(&self.environment, caller, request, now))
            };
            unthrottled(&self.environment, make).await
        });
        let plans: Vec<_> = futures::stream::iter(plans).buffered(PLANS).collect().await;
        let checked = super::permissions::check(service.as_ref(), caller, plans, clock.now().utc).await;
        checked.into_iter().map(|plan| plan.map_err(|fault| *fault)).collect()
    }

    /// Begins, takes up again or answers. What follows shows on the board.
    ///
    /// # Errors
    /// It cannot be done now, in one sentence: no such rotation, another process has it, the answer does not fit.
    pub async fn command(&self, approved: Approved<Command>) -> Result<(), String> {
        self.is_of_this_account(&approved)?;
        match approved.what().clone() {
            Command::Start { requests, at_once } => {
                let members: Vec<Member> = requests.into_iter().map(|request| self.member(request)).collect();
                let campaign = match members.as_slice() {
                    [_, _, ..] => Some(self.write_down(members.clone(), at_once, Some(approved.account())).await?),
                    _ => None,
                };
                let places = Arc::new(Semaphore::new(usize::from(at_once.max(1))));
                for member in members {
                    self.start(member, campaign.clone(), &approved, &places);
                }
                Ok(())
            }
            Command::Resume { id: Some(id) } => {
                self.refreshed().await;
                self.resume(&id, &approved, &Arc::new(Semaphore::new(1)), None)
            }
            Command::Resume { id: None } => self.resume_all(&approved).await,
            Command::Answer { id, choice } if self.board.is_held(&id) == Some(true) => self.board.answer(&id, choice, approved),
            // Nobody has it: it is taken up, and answered as soon as it takes the answer.
            Command::Answer { id, choice } => {
                self.refreshed().await;
                self.resume(&id, &approved, &Arc::new(Semaphore::new(1)), Some(choice))
            }
        }
    }

    /// A yes holds for the account that it was given for, and a rotation goes on in the account in which it began.
    fn is_of_this_account(&self, approved: &Approved<Command>) -> Result<(), String> {
        let (wanted, here) = (approved.account(), self.environment.service.account());
        if wanted != here {
            return Err(format!("it was approved for account {wanted}, and these are credentials of {here}: nothing was sent"));
        }
        match approved.what() {
            // Held by a task of this process. What is taken up is asked in `resume_of`.
            Command::Answer { id, .. } if self.board.is_held(id) == Some(true) => {
                self.board.get(id).map_or(Ok(()), |row| self.may_go_on(&row))
            }
            Command::Answer { .. } | Command::Resume { .. } | Command::Start { .. } => Ok(()),
        }
    }

    /// Whether a rotation is of the account that may be changed here.
    ///
    /// # Errors
    /// It is of another one, or nobody wrote down of which; in words.
    pub fn may_go_on(&self, row: &Rotation) -> Result<(), String> {
        let (id, account, here) = (&row.id, clean(&row.account), self.environment.service.account());
        if row.account == here {
            Ok(())
        } else if account.is_empty() {
            Err(format!("{id} does not say in which account it was to begin, so it begins in none; plan it again"))
        } else {
            Err(format!("{id} is of account {account}, and these are credentials of {here}: nothing was sent"))
        }
    }

    fn member(&self, request: Request) -> Member {
        Member { id: new_id(request.user.raw(), self.environment.clock.now().utc), request }
    }

    /// Writes a campaign down before anything of it begins.
    async fn write_down(&self, members: Vec<Member>, at_once: u8, account: Option<&str>) -> Result<Arc<Campaign>, String> {
        let (folder, account) = (self.environment.folder.clone(), account.map(str::to_owned));
        let now = self.environment.clock.now().utc;
        let written = tokio::task::spawn_blocking(move || Campaign::create(&folder, account.as_deref(), at_once, members, now));
        let written = written.await.map_err(|_| "writing the campaign down broke".to_owned())?;
        written.map(Arc::new).map_err(|error| format!("nothing has begun: {error}"))
    }

    /// Begins a rotation as soon as there is a place for it.
    fn start(&self, member: Member, campaign: Option<Arc<Campaign>>, approved: &Approved<Command>, places: &Arc<Semaphore>) {
        let now = self.environment.clock.now().utc;
        let account = approved.account().to_owned();
        let first = campaign::row(&member, &account, now);
        let (sender, answers) = mpsc::channel(1);
        self.board.add(first.clone(), Some(sender));
        let (desk, approved, places, stop) = (self.clone(), approved.clone(), Arc::clone(places), self.stopped());
        tokio::spawn(async move {
            let place = tokio::select! {
                biased;
                () = stop.cancelled() => None,
                place = Arc::clone(&places).acquire_owned() => place.ok(),
            };
            let last = if place.is_none() {
                Some(desk.not_begun(&member, campaign.as_deref(), first, None).await)
            } else {
                desk.board.update(Rotation { wait: Wait::Working, ..first.clone() }, Vec::new());
                match begin(&desk.environment, &member, &account).await {
                    Err(why) => Some(desk.not_begun(&member, campaign.as_deref(), first, Some(why)).await),
                    Ok(Begun { journal, planned, lock, inventory }) => {
                        let (environment, board) = (desk.environment.clone(), desk.board.clone());
                        let (book, inventory) = (Book::new(planned, now), Some(inventory));
                        let start =
                            Start { environment, approved, board, answers, places, place, stop, wish: None, lock, inventory };
                        desk.run(start, journal, book).await
                    }
                }
            };
            desk.leave(&member.id, last);
        });
    }

    /// What is shown of a rotation that did not begin. One of a campaign can begin later, unless the rules are against it.
    async fn not_begun(&self, member: &Member, campaign: Option<&Campaign>, first: Rotation, why: Option<NotBegun>) -> Rotation {
        let now = self.environment.clock.now().utc;
        match (campaign, why) {
            (Some(_), None) => Rotation { wait: Wait::Nobody, ..first },
            (Some(_), Some(NotBegun::Later(fault))) => Rotation { wait: Wait::Nobody, fault: Some(*fault), ..first },
            (None, None) => campaign::dropped(first, super::refusal("it was stopped before it began", now), now),
            (None, Some(NotBegun::Refused(fault) | NotBegun::Later(fault))) => campaign::dropped(first, *fault, now),
            (Some(campaign), Some(NotBegun::Refused(fault))) => {
                let (campaign, id, words) = (campaign.clone(), member.id.clone(), fault.message.raw().to_owned());
                let _tried_again_if_it_is_not_written =
                    tokio::task::spawn_blocking(move || campaign.drop_member(&id, &words, now)).await;
                campaign::dropped(first, *fault, now)
            }
        }
    }

    /// Nobody works on it any more; how it stands.
    fn leave(&self, id: &RotationId, last: Option<Rotation>) {
        self.board.leave(id);
        if let Some(last) = last {
            self.board.update(last, Vec::new());
        }
    }

    async fn resume_all(&self, approved: &Approved<Command>) -> Result<(), String> {
        let problems = self.refreshed().await;
        let campaigns = Campaign::all(&self.environment.folder).0;
        let going_on = campaigns.iter().filter(|campaign| campaign.waiting().next().is_some());
        let at_once = going_on.map(|campaign| usize::from(campaign.at_once)).max().unwrap_or(RESUMED_AT_ONCE);
        let places = Arc::new(Semaphore::new(at_once.max(1)));
        let rows = Arc::clone(&self.watch().borrow());
        let left = rows.iter().rev().filter(|row| row.wait == Wait::Nobody);
        // What has begun first: its user has two keys.
        let (new, begun): (Vec<_>, Vec<_>) = left.partition(|row| unbegun(&campaigns, &row.id).is_some());
        let all = begun.into_iter().chain(new);
        let mut refused: Vec<String> =
            all.filter_map(|left| self.resume_of(&campaigns, &left.id, approved, &places, None).err()).collect();
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
        self.resume_of(&Campaign::all(&self.environment.folder).0, id, approved, places, wish)
    }

    fn resume_of(
        &self,
        campaigns: &[Campaign],
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
        let is_here = self.board.get(id).map_or(Ok(()), |row| self.may_go_on(&row));
        if let Some((campaign, member)) = unbegun(campaigns, id) {
            // Nothing was made for it in any account, so one that names none can be given up from everywhere.
            if !(campaign.account.is_none() && wish == Some(Choice::Abort)) {
                is_here?;
            }
            return match wish {
                None => {
                    self.start(member.clone(), Some(Arc::new(campaign.clone())), approved, places);
                    Ok(())
                }
                Some(Choice::Abort) => self.give_up(campaign, member),
                Some(_) => Err(format!("{id} has not begun: resume it first")),
            };
        }
        is_here?;
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
            stop: self.stopped(),
            wish,
            lock,
            inventory: None,
        };
        tokio::spawn(async move {
            let last = desk.run(start, journal, book).await;
            desk.leave(&id, last);
        });
        Ok(())
    }

    /// One of a campaign will not begin any more.
    fn give_up(&self, campaign: &Campaign, member: &Member) -> Result<(), String> {
        let (why, now) = ("the operator ended it before it began", self.environment.clock.now().utc);
        campaign.drop_member(&member.id, why, now).map_err(|error| error.to_string())?;
        let first = campaign::row(member, campaign.account.as_deref().unwrap_or_default(), now);
        self.board.update(campaign::dropped(first, super::refusal(why, now), now), Vec::new());
        Ok(())
    }

    /// Runs it; how it stands at last, where nobody else has shown that.
    async fn run(&self, start: Start, journal: Journal, book: Book) -> Option<Rotation> {
        let machine = Machine::new(book.clone(), self.environment.bounds);
        match Driver::new(start, journal, book) {
            Ok(driver) => driver.run().await,
            Err(words) => {
                let now = self.environment.clock.now();
                let row = machine.view(Wait::Nobody, now);
                Some(Rotation { fault: Some(super::refusal(&words, now.utc)), ..row })
            }
        }
    }
}

/// How many rotations are at work at the same time when all are taken up again.
const RESUMED_AT_ONCE: usize = 10;

/// Sortable by start, to the microsecond, and not the same for two that start in one.
fn new_id(user: &str, now: Timestamp) -> RotationId {
    RotationId(format!("{}-{}-{:04x}", now.strftime("%Y%m%dT%H%M%S%6fZ"), super::journal::user_part(user), fastrand::u16(..)))
}

/// The member of this id that has not begun.
fn unbegun<'a>(campaigns: &'a [Campaign], id: &RotationId) -> Option<(&'a Campaign, &'a Member)> {
    campaigns.iter().find_map(|campaign| Some((campaign, campaign.waiting_member(id)?)))
}
