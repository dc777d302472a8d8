//! What reaches the root, and what it wants done: plain data, so that a session can be logged and replayed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::entry::Entry;
use crate::domain::account::{CredentialSource, Identity, SessionView};
use crate::domain::call::ApiCall;
use crate::domain::fault::Fault;
use crate::domain::forward::Forward;
use crate::domain::forward::ForwardSpec;
use crate::domain::known::Known;
use crate::domain::moment::Moment;
use crate::domain::recording::Order;
use crate::domain::rotation::Rotation;
use crate::domain::shell::{ShellId, ShellNews, Target};
use crate::domain::text::Untrusted;
use crate::kit::confirm::Approved;
use crate::kit::effect::{Generation, Level, SessionId, Slot};
use crate::kit::input::{Input, Size};
use crate::panes::{self, Done, Mutation};

/// Everything that can happen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Msg {
    /// The time. It comes at the head of every batch of messages, so that [`super::Model::now`] and [`super::Model::moment`] are right for
    /// all of them.
    Tick {
        /// By the wall clock, or by that of the demo's world: the dates of facts.
        now: Timestamp,
        /// By the clock that nobody can set: whatever ends by itself.
        moment: Moment,
    },
    /// A key, a paste or a new size.
    Input(Input),
    /// Somebody is there: a key went straight to a shell, or into a secret.
    Touched,
    /// What secret is being typed now; `None`: none.
    Entry(Option<Entry>),
    /// Whether the console that has just been locked wants a passphrase.
    Guarded(bool),
    /// A passphrase has been typed on the locked console, and waits to be looked at.
    Unlock,
    /// Whether it is the right one; why not, in words.
    Unlocked(Result<(), String>),
    /// A session stands: AWS can be asked.
    Connected {
        /// Its number.
        session: SessionId,
        /// What is known of it.
        view: SessionView,
    },
    /// Something about a session has become known.
    Connection(SessionId, SessionNews),
    /// What a read has brought.
    Reply {
        /// In which session.
        session: SessionId,
        /// For what.
        slot: Slot,
        /// To which request.
        generation: Generation,
        /// It.
        body: panes::Msg,
    },
    /// A change has ended, one way or another.
    Changed {
        /// In which session.
        session: SessionId,
        /// Its number.
        number: u64,
        /// What was to be done.
        mutation: Mutation,
        /// What AWS said.
        outcome: Result<Done, Fault>,
    },
    /// A change had ended without an answer, and reads have said by now what became of it, or cannot.
    ReadBack {
        /// In which session.
        session: SessionId,
        /// What was to be changed.
        mutation: Mutation,
        /// How it ended.
        outcome: Result<Done, Fault>,
    },
    /// A task broke. That is a defect; its slot is told.
    Broken {
        /// Which.
        task: Task,
        /// Where it broke.
        text: String,
    },
    /// The newest record of a call to AWS.
    Call(ApiCall),
    /// Something about a shell has become known.
    Shell(ShellId, ShellNews),
    /// The newest record of a forward.
    Forward(Forward),
    /// The key was pressed that takes a lent terminal back.
    TakenBack,
    /// So many records of calls were lost.
    CallsLost(u64),
    /// A containment tells how it goes.
    Contained {
        /// In which session.
        session: SessionId,
        /// Whose.
        user: Untrusted,
        /// What.
        news: panes::keys::Contained,
    },
    /// All rotations of this machine, as they stand now.
    Rotations(Vec<Rotation>),
    /// There is time for a slice of waiting work.
    Work,
    /// Something that the person should know in passing.
    Notice(Level, String),
    /// Something about keymap, theme or configuration that the person should know.
    Warning(String),
}

/// What a task was started for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// In which session.
    pub session: SessionId,
    /// For what.
    pub slot: Slot,
    /// For which request; `None`: for the session itself.
    pub generation: Option<Generation>,
}

/// What becomes known about a session after it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionNews {
    /// STS `GetCallerIdentity`.
    Identity(Known<Identity>),
    /// IAM `ListAccountAliases`.
    Alias(Known<Option<Untrusted>>),
    /// The provider of the credentials, and their end.
    Credentials(Known<CredentialSource>),
    /// There is no session: no credentials, no such profile, …
    Failed(Fault),
}

/// What the root wants done. It is read from nowhere: an [`Approved`] comes from the dialog alone.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[must_use]
pub enum Effect {
    /// Make a session anew.
    Connect,
    /// Start reading in a slot; replaces what ran there.
    Read {
        /// In which session.
        session: SessionId,
        /// For what.
        slot: Slot,
        /// The number of the request, which the replies carry.
        generation: Generation,
        /// What.
        read: panes::Read,
    },
    /// The session may change something until then; `None`: no more.
    Arm {
        /// Which.
        session: SessionId,
        /// Until when.
        until: Option<Moment>,
    },
    /// Forget the session and its credentials. A change under way goes on to its end.
    Lock,
    /// Look whether the passphrase that has been typed unlocks the console.
    Unlock,
    /// Change something at AWS.
    Mutate {
        /// In which session.
        session: SessionId,
        /// The number of the change, which the answer carries.
        number: u64,
        /// What, with the person's yes.
        approved: Approved<Mutation>,
    },
    /// Stop what runs in a slot.
    Cancel(Slot),
    /// Put text on the clipboard (OSC 52).
    Copy {
        /// What it is.
        what: String,
        /// The text.
        text: String,
    },
    /// Do something with a shell.
    Shell(ShellId, ShellEffect),
    /// Start the forward of this number.
    StartForward {
        /// Its number.
        number: u64,
        /// What it carries.
        spec: ForwardSpec,
        /// Why, for the account's records.
        reason: Option<String>,
    },
    /// Stop the forward of this number.
    StopForward(u64),
    /// Take the terminal back that a shell has.
    TakeBack,
    /// End the program.
    Quit,
    /// Stop the program as a shell does with ctrl-z.
    Suspend,
    /// Paint the whole screen anew.
    Redraw,
}

/// What the root wants done with a shell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShellEffect {
    /// Start the session, and give it a screen.
    Open {
        /// The node.
        target: Target,
        /// Why, for the account's records.
        reason: Option<String>,
        /// The size of the screen.
        size: Size,
    },
    /// End the session, and forget the screen.
    Close,
    /// The screen has another size.
    Resize(Size),
    /// Send a key or a paste. Most never come this way: see [`super::direct`].
    Input(Input),
    /// Send nothing more of the paste under way.
    AbortPaste,
    /// Hold the screen still, and say how many lines there are to read.
    Hold,
    /// Let the screen live again.
    Release,
    /// Scroll the screen held still so that this line, counted from the oldest, is the first one.
    ShowFrom(usize),
    /// Search the screen held still.
    Find {
        /// For this text.
        needle: String,
        /// From this line on, itself excluded.
        from: usize,
        /// Towards the oldest line.
        backwards: bool,
    },
    /// Copy lines of the screen held still to the clipboard of the person.
    Copy {
        /// The first line.
        first: usize,
        /// The last line.
        last: usize,
    },
    /// Begin to record, or stop.
    Record,
    /// Lend it the whole terminal.
    Lend,
    /// Play a recording on a screen of this size.
    Replay {
        /// The file's name in the folder of recordings.
        file: String,
        /// Columns and lines at its beginning.
        size: Size,
    },
    /// Do something with the recording being played.
    Order(Order),
}

/// How often the time has to come by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cadence {
    /// Once a second: a time runs down.
    Second,
    /// Eight times a second: something is on its way, or is about to vanish.
    Spinner,
    /// Once a minute: ages grow.
    Minute,
}
