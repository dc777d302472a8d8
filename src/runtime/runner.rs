//! Does what `update` asks for: one task for each slot, on the runtime that talks to AWS. Nothing here waits.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::FutureExt as _;
use secrecy::SecretString;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::connector::{Connected, Connector};
use super::contain::{Warden, Watches};
use super::desks::{Desks, Rotations};
use super::kept::Cases;
use super::mutations::Gate;
use super::panics::Broke;
use super::reads::{self, Beside};
use crate::app::{Msg, SessionNews, Task};
use crate::aws::change::NotMade;
use crate::aws::iam;
use crate::aws::observe::Observer;
use crate::aws::page::{Sink, Stopped};
use crate::aws::read_back::pauses;
use crate::aws::session::{Session, Standing};
use crate::aws::sts;
use crate::domain::account::SessionView;
use crate::domain::call::{ApiCall, Outcome};
use crate::domain::known::Known;
use crate::domain::moment::Moment;
use crate::kit::confirm::Approved;
use crate::kit::effect::{Generation, SessionId, Slot};
use crate::panes::{self, Mutation};
use crate::secrets::guard::Guard;

/// Replies that wait for the loop. When it is behind, readers stop asking AWS for more.
const REPLIES: usize = 256;

/// Calls that wait for the loop; what does not fit is counted, as a call must not wait for a screen.
const CALLS: usize = 1024;

/// What a task says to the loop.
#[derive(Debug)]
pub(super) enum Reply {
    /// A message for the model.
    Tell(Box<Msg>),
    /// The session stands.
    Connected(SessionId, Connected),
    /// A task has ended; all that it had to say came before.
    Ended,
}

/// The loop's side of the channels.
#[derive(Debug)]
pub(super) struct Replies {
    /// What tasks say.
    pub(super) replies: mpsc::Receiver<Reply>,
    /// Each call to AWS as it goes.
    pub(super) calls: mpsc::Receiver<ApiCall>,
    lost: Arc<AtomicU64>,
}

impl Replies {
    /// How many calls did not fit since this was asked last.
    pub(super) fn lost_calls(&self) -> u64 {
        self.lost.swap(0, Ordering::Relaxed)
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.replies.is_empty() && self.calls.is_empty()
    }
}

/// Starts and stops tasks.
pub(super) struct Runner {
    tasks: Handle,
    connector: Connector,
    observer: Observer,
    replies: mpsc::Sender<Reply>,
    broke: Broke,
    session: SessionId,
    aws: Option<Session>,
    /// Whether the loop has been told who the session is: rows wait for that.
    named: watch::Sender<bool>,
    /// Parent of every slot's token: cancelled when the session is replaced.
    token: CancellationToken,
    /// For whatever looks after containments: cancelled when the session is replaced.
    looking: CancellationToken,
    watches: Watches,
    slots: BTreeMap<Slot, CancellationToken>,
    running: usize,
    gate: Gate,
    rotations: Rotations,
    beside: Beside,
    break_next_read: bool,
}

impl Runner {
    /// A runner that starts its tasks on `tasks`.
    pub(super) fn new(
        tasks: Handle,
        connector: Connector,
        gate: Gate,
        rotations: Rotations,
        broke: Broke,
        break_next_read: bool,
    ) -> (Self, Replies) {
        let (replies, received) = mpsc::channel(REPLIES);
        let (calls, observed) = mpsc::channel(CALLS);
        let lost = Arc::new(AtomicU64::new(0));
        let runner = Self {
            tasks,
            connector,
            observer: observer(calls, Arc::clone(&lost)),
            replies,
            broke,
            session: SessionId::default(),
            aws: None,
            named: watch::channel(false).0,
            token: CancellationToken::new(),
            looking: CancellationToken::new(),
            watches: Watches::default(),
            slots: BTreeMap::new(),
            running: 0,
            gate,
            beside: Beside {
                desks: Desks::new(rotations.is_demo, rotations.passphrase.clone()),
                reports: rotations.reports.clone(),
            },
            rotations,
            break_next_read,
        };
        (runner, Replies { replies: received, calls: observed, lost })
    }

    /// How many tasks have been started and have not ended.
    pub(super) fn running(&self) -> usize {
        self.running
    }

    /// The desks that keep rotations.
    pub(super) fn desks(&self) -> Desks {
        self.beside.desks.clone()
    }

    /// A task has ended.
    pub(super) fn ended(&mut self) {
        self.running = self.running.saturating_sub(1);
    }

    /// Ends the session that there is and makes a new one.
    pub(super) fn connect(&mut self) {
        self.token.cancel();
        self.looking.cancel();
        self.looking = CancellationToken::new();
        self.token = CancellationToken::new();
        self.slots.clear();
        self.aws = None;
        self.session = SessionId(self.session.0 + 1);
        let (session, connecting) = (self.session, (self.connector)(self.observer.clone()));
        let replies = self.replies.clone();
        self.spawn(Slot::new("session"), None, self.token.clone(), async move {
            let reply = match connecting.await {
                Ok(connected) => Reply::Connected(session, connected),
                Err(fault) => tell(Msg::Connection(session, SessionNews::Failed(fault))),
            };
            let _loop_has_ended = replies.send(reply).await;
        });
    }

    /// The session stands: asks who we are, all at once, and answers with what is known of it by now.
    pub(super) fn connected(&mut self, session: SessionId, connected: &Connected) -> Option<Msg> {
        if session != self.session {
            return None;
        }
        let aws = connected.aws.clone();
        self.aws = Some(aws.clone());
        let (rotations, rules) = (self.rotations.clone(), self.gate.rules.clone());
        let over = (aws.clone(), connected.clock.clone());
        let watching = self.beside.desks.clone().open(rotations, rules, over, self.replies.clone());
        // Not counted: it lives as long as the desk, and waits for nothing that the person waits for.
        self.tasks.spawn(watching);
        let resuming = self.warden(&aws).resume();
        self.spawn(Slot::new("containments"), None, self.token.clone(), resuming);
        let view = SessionView {
            profile: aws.profile().map(str::to_owned),
            instead: aws.instead_of_profile().map(str::to_owned),
            regions: aws.regions().to_vec(),
            identity: Known::Loading,
            alias: Known::Loading,
            credentials: Known::Loading,
            endpoint: aws.endpoint(),
            demo: connected.demo.clone(),
        };
        self.named = watch::channel(false).0;
        let (replies, named) = (self.replies.clone(), self.named.clone());
        self.tasks.spawn(self.token.clone().run_until_cancelled_owned(follow(session, aws.clone(), replies.clone())));
        self.spawn(Slot::new("session"), None, self.token.clone(), async move {
            let say = |news| {
                let replies = replies.clone();
                async move {
                    let _loop_has_ended = replies.send(tell(Msg::Connection(session, news))).await;
                }
            };
            let identity = async {
                let identity = sts::known(&aws).await;
                let is_named = identity.is_ok();
                say(SessionNews::Identity(Known::from_result(identity, aws.now()))).await;
                // Behind the name, so that no row is on screen before it.
                named.send_replace(is_named);
                is_named
            };
            let source = async { say(SessionNews::Credentials(Known::from_result(aws.credentials().await, aws.now()))).await };
            let ((), is_named, alias) = futures::join!(source, identity, iam::account_alias(&aws));
            if is_named {
                say(SessionNews::Alias(Known::from_result(alias, aws.now()))).await;
            }
        });
        Some(Msg::Connected { session, view })
    }

    /// Starts a read; whatever ran in its slot is stopped.
    pub(super) fn read(&mut self, session: SessionId, slot: Slot, generation: Generation, read: panes::Read) {
        self.cancel(&slot);
        let Some(aws) = self.aws.clone().filter(|_| session == self.session) else { return };
        let token = self.token.child_token();
        self.slots.insert(slot.clone(), token.clone());
        let to = self.sink(&aws, slot.clone(), generation);
        let break_now = std::mem::take(&mut self.break_next_read);
        let beside = self.beside.clone();
        self.spawn(slot, Some(generation), token, async move {
            break_if(break_now);
            // Whether somebody still wants the answer is the token's business.
            let _stopped = reads::run(&aws, &beside, read, &to).await;
        });
    }

    /// Forgets the session: whatever reads is stopped, and its credentials go. Changes go on to their end. A session that is just being
    /// made comes too late.
    pub(super) fn lock(&mut self) {
        self.session = SessionId(self.session.0 + 1);
        self.token.cancel();
        self.token = CancellationToken::new();
        self.slots.clear();
        self.gate.armed = None;
        self.aws = None;
        let desks = self.desks();
        let locked = desks.lock();
        self.tasks.spawn(desks.clone().forget_passphrases());
        self.tasks.spawn(desks.retire(locked));
    }

    /// Looks whether a passphrase unlocks the console.
    pub(super) fn unlock(&mut self, guard: Guard, given: SecretString) {
        let replies = self.replies.clone();
        self.spawn(Slot::new("session"), None, CancellationToken::new(), async move {
            let looked = tokio::task::spawn_blocking(move || guard.check(&given)).await;
            let result = looked.unwrap_or_else(|_| Err("the passphrase could not be looked at".into()));
            let _loop_has_ended = replies.send(tell(Msg::Unlocked(result))).await;
        });
    }

    /// The session may change something until then; `None`: no more.
    pub(super) fn arm(&mut self, session: SessionId, until: Option<Moment>) {
        self.gate.armed = until.map(|until| (session, until));
    }

    /// Changes something, if this is the session that may. What has begun is not given up when the session is replaced: its end must
    /// be known.
    pub(super) fn mutate(&mut self, session: SessionId, number: u64, approved: Approved<Mutation>) {
        let mutation = approved.what().clone();
        let Some(aws) = self.aws.clone().filter(|_| session == self.session) else { return };
        let (gate, desks, replies) = (self.gate.clone(), self.beside.desks.clone(), self.replies.clone());
        let warden = self.warden(&aws);
        let noticing = warden.clone();
        self.spawn(Slot::new("change"), None, CancellationToken::new(), async move {
            let (outcome, later) = match gate.mutate(session, &aws, (&desks, warden), approved).await {
                Ok(done) => (Ok(done), None),
                Err(NotMade { fault, later }) => (Err(fault), later),
            };
            let told = Msg::Changed { session, number, mutation: mutation.clone(), outcome };
            let _loop_has_ended = replies.send(tell(told)).await;
            if let Some(later) = later {
                // Nothing waits for it: it says better what has been said before.
                tokio::spawn(async move {
                    if let Some(outcome) = later.outcome().await {
                        if outcome.is_ok() {
                            noticing.noticed(&mutation).await;
                        }
                        let _loop_has_ended = replies.send(tell(Msg::ReadBack { session, mutation, outcome })).await;
                    }
                });
            }
        });
    }

    /// Looks after the containments of the session. A lock of the screen does not keep it from that.
    fn warden(&self, aws: &Session) -> Warden {
        Warden {
            aws: aws.clone(),
            session: self.session,
            cases: Cases::below(self.rotations.containments.clone()),
            log: self.gate.log.clone(),
            origin: self.gate.origin.clone(),
            to: self.replies.clone(),
            token: self.looking.clone(),
            pause: pauses(aws),
            watches: self.watches.clone(),
            board: {
                let desks = self.desks();
                Arc::new(move || desks.board())
            },
        }
    }

    /// Stops what runs in a slot.
    pub(super) fn cancel(&mut self, slot: &Slot) {
        if let Some(token) = self.slots.remove(slot) {
            token.cancel();
        }
    }

    /// Whatever calls were made for a reply may have renewed the credentials: that is told first. What comes while it is not known whose
    /// account it is waits for the name, and is never told if there comes none.
    fn sink(&self, aws: &Session, slot: Slot, generation: Generation) -> Sink<panes::Msg> {
        let (replies, session, aws) = (self.replies.clone(), self.session, aws.clone());
        let named = self.named.clone();
        Sink::new(move |body| {
            let (replies, slot) = (replies.clone(), slot.clone());
            let renewed = aws.renewed_credentials().map(|source| SessionNews::Credentials(Known::live(source, aws.now())));
            let reply = tell(Msg::Reply { session, slot, generation, body });
            let mut named = named.subscribe();
            async move {
                named.wait_for(|is_named| *is_named).await.map_err(|_| Stopped)?;
                if let Some(news) = renewed {
                    replies.send(tell(Msg::Connection(session, news))).await.map_err(|_| Stopped)?;
                }
                replies.send(reply).await.map_err(|_| Stopped)
            }
            .boxed()
        })
    }

    /// Counts the task before it starts: the console is never idle in between.
    fn spawn(
        &mut self,
        slot: Slot,
        generation: Option<Generation>,
        token: CancellationToken,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        self.running += 1;
        let task = Task { session: self.session, slot, generation };
        let (replies, broke) = (self.replies.clone(), self.broke.clone());
        self.tasks.spawn(async move {
            let work = AssertUnwindSafe(work).catch_unwind();
            let broken = tokio::select! {
                biased;
                () = token.cancelled() => false,
                result = work => result.is_err(),
            };
            if broken {
                let text = format!("broke at {}", broke.place());
                let _loop_has_ended = replies.send(tell(Msg::Broken { task, text })).await;
            }
            let _loop_has_ended = replies.send(Reply::Ended).await;
        });
    }
}

/// Tells what becomes of the session's identity: another name of its role's session, or that its credentials are somebody else's.
async fn follow(session: SessionId, aws: Session, replies: mpsc::Sender<Reply>) {
    let mut standing = aws.standing();
    let mut told = aws.identity();
    while standing.changed().await.is_ok() {
        let now = standing.borrow_and_update().clone();
        let news = match now {
            Standing::Unnamed => continue,
            Standing::Named(identity) => match told.replace(identity.clone()) {
                // Whoever asked first tells it.
                None => continue,
                Some(_) => SessionNews::Identity(Known::live(identity, aws.now())),
            },
            Standing::Refused(fault) => SessionNews::Failed(*fault),
        };
        if replies.send(tell(Msg::Connection(session, news))).await.is_err() {
            return;
        }
    }
}

fn tell(msg: Msg) -> Reply {
    Reply::Tell(Box::new(msg))
}

/// `--test-panic task`: a panic whose text must never be seen.
#[cfg_attr(debug_assertions, expect(clippy::panic, reason = "breaks on purpose, in tests"))]
fn break_if(wanted: bool) {
    #[cfg(debug_assertions)]
    if wanted {
        panic!("a secret that nobody may see");
    }
    #[cfg(not(debug_assertions))]
    let _ = wanted;
}

fn observer(calls: mpsc::Sender<ApiCall>, lost: Arc<AtomicU64>) -> Observer {
    Observer::new(move |call| {
        note(&call);
        if calls.try_send(call).is_err() {
            lost.fetch_add(1, Ordering::Relaxed);
        }
    })
}

fn note(call: &ApiCall) {
    let (service, operation, region) = (&call.service, &call.operation, &call.region);
    let (attempts, took_ms) = (call.attempts, call.took_ms);
    let request_id = call.request_id.as_deref().unwrap_or_default();
    match &call.outcome {
        Outcome::Failed { code, message } => {
            let (code, message) = (code.shown().into_string(), message.shown_within(400).into_string());
            tracing::warn!(service, operation, region, attempts, took_ms, request_id, code, message, "call failed");
        }
        Outcome::Done => tracing::debug!(service, operation, region, attempts, took_ms, request_id, "call done"),
        other => tracing::debug!(service, operation, region, attempts, outcome = ?other, "call"),
    }
}
