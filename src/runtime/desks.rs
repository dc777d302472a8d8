//! The desks that keep rotations: one for each session of this process. What was begun goes on under the session that began it.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::task::spawn_blocking;

use super::runner::Reply;
use crate::app::Msg;
use crate::aws::clearance::{Cleared, Rules};
use crate::aws::page::{Sink, Stopped};
use crate::aws::session::{Clock, Session};
use crate::domain::fault::{Fault, Own};
use crate::domain::rotation::{Command, Phase, Request, Rotation, RotationId, StoreChoice, Wait};
use crate::domain::text::Untrusted;
use crate::kit::confirm::Approved;
use crate::panes::keys::{self, Planned, Wanted};
use crate::rotation::desk::Desk;
use crate::rotation::stores::{EncryptedFile, Passphrase};

/// What became of the wish for a desk.
#[derive(Debug, Clone)]
pub enum Opened {
    /// It is there.
    Desk(Box<Desk>),
    /// There is none, for this reason; these rotations were left on this machine.
    Closed(String, Vec<Rotation>),
}

/// Opens a desk over an account that may be changed; of any other, with the reason, only what was left is shown. It reads files, and is
/// called where that disturbs nobody.
pub type OpenDesk = Arc<dyn Fn(Result<Cleared, String>, &Clock) -> Opened + Send + Sync>;

/// Where reports are written, and whence they have what was called.
#[derive(Debug, Clone)]
pub struct Reports {
    /// The folder of reports.
    pub folder: PathBuf,
    /// The folder of the audit log; `None`: there is none.
    pub audit: Option<PathBuf>,
}

/// How rotations are kept, and where their reports go.
#[derive(Clone)]
pub struct Rotations {
    /// Opens a desk.
    pub open: OpenDesk,
    /// Where reports go and what they are made from; `None`: there is no state folder.
    pub reports: Option<Reports>,
    /// The folder of containments; `None`: there is no state folder.
    pub containments: Option<PathBuf>,
    /// Whether all of it is made up: then plans say so.
    pub is_demo: bool,
    /// The passphrases of encrypted files.
    pub passphrase: Passphrase,
}

impl fmt::Debug for Rotations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rotations").field("reports", &self.reports).finish_non_exhaustive()
    }
}

/// A desk that is asked for is there after this time, or there is none.
const OPENING: Duration = Duration::from_secs(30);
/// The board is told of at most so often: a campaign changes it many times a second, and nobody reads that fast.
const PICTURE: Duration = Duration::from_millis(100);

/// Between two looks whether rotations rest.
const REST: Duration = Duration::from_millis(500);
/// Between two looks whether a desk of a locked console has still something to do: a soak takes a day.
const DONE: Duration = Duration::from_secs(5);

const DEMO: &str = "demo: keys are made up, secrets stay in the memory of this program, and the journal goes when it ends";

#[derive(Debug, Clone, Default)]
struct State {
    /// Oldest first, with the number of locks before each.
    desks: Vec<(u64, Desk)>,
    /// How often the console has been locked.
    locks: u64,
    /// Sessions whose desk is being opened.
    opening: u32,
    /// Why the newest session has no desk.
    closed: Option<String>,
    /// What was left, where there is no desk to tell it.
    left: Vec<Rotation>,
}

/// All desks of this process.
#[derive(Debug, Clone)]
pub(super) struct Desks {
    state: Arc<watch::Sender<State>>,
    is_demo: bool,
    passphrase: Passphrase,
}

impl Desks {
    /// None yet.
    pub(super) fn new(is_demo: bool, passphrase: Passphrase) -> Self {
        Self { state: Arc::new(watch::channel(State::default()).0), is_demo, passphrase }
    }

    /// Opens the desk of a session, and from then on tells of every rotation as it goes.
    pub(super) async fn open(self, rotations: Rotations, rules: Rules, (aws, clock): (Session, Clock), to: mpsc::Sender<Reply>) {
        let mut locks = 0;
        self.state.send_modify(|state| {
            state.opening += 1;
            locks = state.locks;
        });
        let cleared = rules.clear(&aws).await.map_err(|refused| format!("read-only: {refused}"));
        // Watching needs no session: a desk that goes takes it with it.
        drop(aws);
        let opened = spawn_blocking(move || (rotations.open)(cleared, &clock)).await;
        let mut changes = None;
        self.state.send_modify(|state| {
            state.opening = state.opening.saturating_sub(1);
            state.closed = None;
            match opened {
                // Its session was forgotten while it was opened.
                Ok(Opened::Desk(_)) if locks != state.locks => {}
                Ok(Opened::Desk(desk)) => {
                    changes = Some(desk.watch());
                    state.desks.push((locks, *desk));
                }
                Ok(Opened::Closed(why, left)) => (state.closed, state.left) = (Some(why), left),
                Err(_) => state.closed = Some("the desk for rotations broke".into()),
            }
        });
        loop {
            let told = Reply::Tell(Box::new(Msg::Rotations(self.board())));
            if to.send(told).await.is_err() {
                return;
            }
            let Some(changes) = &mut changes else { return };
            tokio::time::sleep(PICTURE).await;
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    /// Every rotation, as the desk tells it that works on it.
    pub(super) fn board(&self) -> Vec<Rotation> {
        let state = self.state.borrow();
        let mut rows: Vec<Rotation> = state.left.clone();
        for (_, desk) in &state.desks {
            for row in desk.watch().borrow().iter() {
                match rows.iter_mut().find(|other| other.id == row.id) {
                    Some(other) if row.wait != Wait::Nobody || other.wait == Wait::Nobody => *other = row.clone(),
                    Some(_) => {}
                    None => rows.push(row.clone()),
                }
            }
        }
        rows
    }

    /// The desk of the newest session.
    async fn newest(&self) -> Result<Desk, String> {
        let mut states = self.state.subscribe();
        let ready = states.wait_for(|state| state.opening == 0 && (state.closed.is_some() || !state.desks.is_empty()));
        let Ok(Ok(state)) = tokio::time::timeout(OPENING, ready).await else {
            return Err("the desk for rotations does not open".into());
        };
        match (&state.closed, state.desks.last()) {
            (Some(why), _) => Err(why.clone()),
            (None, Some((_, desk))) => Ok(desk.clone()),
            (None, None) => Err("there is no desk for rotations".into()),
        }
    }

    /// The desk that works on a rotation, else the newest.
    async fn of(&self, id: &RotationId) -> Result<Desk, String> {
        let works = |(_, desk): &&(u64, Desk)| desk.watch().borrow().iter().any(|row| row.id == *id && row.wait != Wait::Nobody);
        let holder = self.state.borrow().desks.iter().find(works).cloned();
        match holder {
            Some((_, desk)) => Ok(desk),
            None => self.newest().await,
        }
    }

    /// Does what was approved: what follows shows on the board.
    pub(super) async fn command(&self, approved: Approved<Command>) -> Result<(), String> {
        self.unlock(&self.taken_up(approved.what())).await?;
        let desk = match approved.what() {
            Command::Answer { id, .. } | Command::Resume { id: Some(id) } => self.of(id).await?,
            Command::Start { .. } | Command::Resume { id: None } => self.newest().await?,
        };
        desk.command(approved).await
    }

    /// Places of rotations that nobody works on yet, and that this takes up again.
    fn taken_up(&self, command: &Command) -> Vec<StoreChoice> {
        let meant = |row: &Rotation| match command {
            Command::Answer { id, .. } | Command::Resume { id: Some(id) } => row.id == *id,
            Command::Resume { id: None } => true,
            Command::Start { .. } => false,
        };
        let left = |row: &Rotation| row.wait == Wait::Nobody && !row.phase.is_final();
        self.board().into_iter().filter(|row| meant(row) && left(row)).map(|row| row.store).collect()
    }

    /// Has the passphrases of encrypted files asked for while nothing has been begun that waits for them.
    async fn unlock(&self, places: &[StoreChoice]) -> Result<(), String> {
        let files: BTreeSet<&StoreChoice> = places.iter().filter(|place| matches!(place, StoreChoice::File { .. })).collect();
        for file in files {
            if let StoreChoice::File { path } = file {
                let opened = EncryptedFile::unlock(Path::new(path), self.passphrase.clone()).await;
                opened.map_err(|error| format!("{error}; nothing was changed"))?;
            }
        }
        Ok(())
    }

    /// The console is locked. How often it has been by now, for [`Self::retire`].
    pub(super) fn lock(&self) -> u64 {
        let mut locks = 0;
        self.state.send_modify(|state| {
            state.locks += 1;
            locks = state.locks;
        });
        locks
    }

    /// Lets the desks of before this lock go, each as soon as no rotation needs it: with it goes its session. What it last knew stays on
    /// the board.
    pub(super) async fn retire(self, locks: u64) {
        loop {
            let mut are_left = false;
            self.state.send_modify(|state| {
                let is_done = |(before, desk): &(u64, Desk)| *before < locks && !desk.is_at_work();
                let (done, kept): (Vec<_>, Vec<_>) = std::mem::take(&mut state.desks).into_iter().partition(is_done);
                state.desks = kept;
                for (_, desk) in done {
                    let rows = desk.watch().borrow().clone();
                    state.left.retain(|known| rows.iter().all(|row| row.id != known.id));
                    state.left.extend(rows.iter().cloned());
                }
                are_left = state.desks.iter().any(|(before, _)| *before < locks);
            });
            if !are_left {
                return;
            }
            tokio::time::sleep(DONE).await;
        }
    }

    /// The console is locked: passphrases go as soon as no rotation is at work.
    pub(super) async fn forget_passphrases(self) {
        let at_work = |rows: &[Rotation]| rows.iter().any(|row| row.wait == Wait::Working);
        while at_work(&self.board()) {
            tokio::time::sleep(REST).await;
        }
        self.passphrase.forget();
    }

    /// Plans rotations, and hands the plans over.
    pub(super) async fn plan(
        &self,
        aws: &Session,
        wanted: Vec<Wanted>,
        at_once: u8,
        to: &Sink<keys::Msg>,
    ) -> Result<(), Stopped> {
        let fault = |why: &str| Fault::own(Own::NotRotated, why, aws.now());
        let all = match self.newest().await {
            Err(why) => wanted.into_iter().map(|one| Planned { handle: one.handle, result: Err(fault(&why)) }).collect(),
            Ok(desk) => {
                let handles: Vec<_> = wanted.iter().map(|one| one.handle.clone()).collect();
                let requests = futures::future::join_all(wanted.into_iter().map(|one| named(aws, one))).await;
                let plans = desk.plan(requests).await;
                let places: Vec<_> = plans.iter().flatten().map(|plan| plan.request.store.clone()).collect();
                let unlocked = self.unlock(&places).await;
                let planned = handles.into_iter().zip(plans).map(|(handle, plan)| {
                    let unlocked = unlocked.as_ref().map_err(|why| fault(why));
                    let result = plan.and_then(|plan| unlocked.map(|()| plan)).map(|plan| {
                        let key = Some(Untrusted::new(&plan.old_key.id));
                        let made_up = self.is_demo.then(|| DEMO.to_owned());
                        let shown = plan.notes.iter().chain(&made_up).fold(plan.plan, |plan, note| plan.fact("note", note));
                        (Request { key, ..plan.request }, shown)
                    });
                    Planned { handle, result }
                });
                planned.collect()
            }
        };
        to.send(keys::Msg::Planned { all, at_once }).await
    }

    /// Lets every desk begin nothing more and leave what is under way at its next safe state. How many rotations were.
    pub(super) fn stop(&self) -> usize {
        self.state.borrow().desks.iter().map(|(_, desk)| desk.stop()).sum()
    }

    /// Stops, and waits until no key is between its making and its escrow: its secret is in nobody's hands yet. Whoever waits gives up at some
    /// time: the next start then makes another key.
    pub(super) async fn settle(&self) {
        self.stop();
        let critical = |rows: &[Rotation]| rows.iter().any(|row| row.phase == Phase::Creating && row.wait == Wait::Working);
        while critical(&self.board()) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Off the screen only the time is known at which a key was made: finds its id by it.
async fn named(aws: &Session, wanted: Wanted) -> Request {
    let Wanted { request, created, .. } = wanted;
    let (None, Some(created)) = (&request.key, created) else { return request };
    // What cannot be found out here the desk finds out by itself, and says so.
    let keys = crate::aws::iam::access_keys(aws, &request.user).await.unwrap_or_default();
    let near = |at: &Timestamp| at.duration_since(created).abs() < jiff::SignedDuration::from_secs(2);
    let found = keys.iter().find(|key| key.created.value().is_some_and(near)).and_then(|key| key.id.value().cloned());
    Request { key: found, ..request }
}

/// Writes the report of these rotations as Markdown and as JSON, readable for their owner only. Returns where they are.
pub(super) fn report(reports: Option<&Reports>, rotations: &[Rotation], at: Timestamp) -> Result<String, String> {
    use crate::rotation::report::{json, markdown};
    let Reports { folder, audit } = reports.ok_or("there is no state folder: set BARTIZAN_STATE_DIR")?;
    let changes = match audit {
        Some(audit) => crate::audit::history::changes(audit).map_err(|error| error.to_string()),
        None => Err("there is none".to_owned()),
    };
    let changes = changes.as_deref().map_err(String::as_str);
    let name = at.strftime("report-%Y%m%dT%H%M%SZ").to_string();
    let mut places = Vec::new();
    for (ending, text) in [("md", markdown(rotations, changes, at)), ("json", json(rotations, changes, at))] {
        let path = folder.join(format!("{name}.{ending}"));
        write_private(&path, &text).map_err(|error| format!("{}: {error}", path.display()))?;
        places.push(path.display().to_string());
    }
    Ok(places.join(" and "))
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    if let Some(folder) = path.parent() {
        crate::files::make_folder(folder)?;
    }
    // A report that is there already is replaced by nothing: its name has the second in it.
    let mut file = crate::files::create(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
