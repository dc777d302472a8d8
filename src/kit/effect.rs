//! Effects: what `update` wants done, as data. The runner does it and answers with a reply.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::confirm::Plan;
use crate::domain::change::Mutation;
use crate::domain::event::Search;
use crate::domain::shell::{SessionWish, Target};
use crate::domain::text::Untrusted;

/// What a person thinks of as one thing in the making: "the users list", "finding 7". Starting it again replaces what ran in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Slot(Cow<'static, str>);

impl Slot {
    /// A slot by its name, `pane.thing`.
    pub const fn new(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0
    }
}

/// Counts the requests of all slots; a reply with another number than its slot's newest is stale and dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Generation(pub u64);

/// Counts the sessions of this process: profile, region or account changed means a new one, and no reply crosses over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(pub u64);

/// From one pane to another, with what it should show there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pivot {
    /// The trail pane, searching for this.
    Trail {
        /// The search.
        search: Search,
    },
    /// The users pane, with this user selected.
    User {
        /// `UserName`, or [`crate::domain::user::ROOT_NAME`].
        name: Untrusted,
        /// `UserId`, where it is known: a user who was deleted and made again has the same name and is somebody else.
        id: Option<Untrusted>,
    },
    /// The keys pane, with the keys of this user.
    Keys {
        /// `UserName`.
        user: Untrusted,
    },
    /// The keys pane, with the plan that contains this user.
    Contain {
        /// `UserName`.
        user: Untrusted,
        /// The account whose user it is: twelve digits.
        account: String,
    },
    /// The findings pane, with the findings that name this.
    Findings {
        /// Who or what.
        about: About,
    },
    /// The bastions pane, with this node selected.
    Node {
        /// `i-…` or `mi-…`.
        id: Untrusted,
    },
}

/// Who or what findings are looked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum About {
    /// An IAM user, or [`crate::domain::user::ROOT_NAME`]; and one of its access keys, where that is what was looked at.
    User(Untrusted, Option<Untrusted>),
    /// An instance or a managed node.
    Node(Untrusted),
}

/// How urgent a notice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Good to know.
    Info,
    /// Something is not as asked.
    Warning,
    /// Something failed.
    Error,
}

/// One thing that `update` asks for. `R` is what can be read: a pane's own `Read`, or the root's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[must_use]
pub enum Effect<R> {
    /// Start reading in a slot; replaces what ran there.
    Read {
        /// Where.
        slot: Slot,
        /// What.
        read: R,
    },
    /// Stop what runs in a slot; what has arrived stays.
    Cancel(Slot),
    /// Go to another pane.
    Go(Pivot),
    /// Open, start or stop a session.
    Session(SessionWish),
    /// Open the detail of the selected row.
    Open,
    /// Tell the person something in a toast.
    Notice(Level, String),
    /// Ask the person whether this shall be changed. The root opens the dialog, if anything may be changed at all.
    Ask {
        /// What the dialog shows.
        plan: Box<Plan>,
        /// What is done on a yes.
        mutation: Box<Mutation>,
    },
    /// Put text on the clipboard (OSC 52).
    Copy {
        /// What it is, for the notice: `access key id`.
        what: String,
        /// The text.
        text: String,
    },
}

/// Where `update` puts its effects. One is made per message and reused.
#[derive(Debug, Clone, PartialEq)]
pub struct Out<R> {
    effects: Vec<Effect<R>>,
}

impl<R> Default for Out<R> {
    fn default() -> Self {
        Self { effects: Vec::new() }
    }
}

impl<R> Out<R> {
    /// Asks for `read` in `slot`.
    pub fn read(&mut self, slot: Slot, read: R) {
        self.effects.push(Effect::Read { slot, read });
    }

    /// Stops what runs in `slot`.
    pub fn cancel(&mut self, slot: Slot) {
        self.effects.push(Effect::Cancel(slot));
    }

    /// Goes to another pane.
    pub fn go(&mut self, pivot: Pivot) {
        self.effects.push(Effect::Go(pivot));
    }

    /// Wants a session opened, started or stopped.
    pub fn session(&mut self, wish: SessionWish) {
        self.effects.push(Effect::Session(wish));
    }

    /// Opens the detail of the selected row.
    pub fn open(&mut self) {
        self.effects.push(Effect::Open);
    }

    /// Wants a shell on a node, where there is one.
    pub fn session_on(&mut self, target: Option<Target>) {
        self.effects.extend(target.map(|target| Effect::Session(SessionWish::Shell(target))));
    }

    /// Shows a toast.
    pub fn notice(&mut self, level: Level, text: impl Into<String>) {
        self.effects.push(Effect::Notice(level, text.into()));
    }

    /// Shows a toast, if there is anything to say.
    pub fn notices(&mut self, text: Option<String>) {
        self.effects.extend(text.map(|text| Effect::Notice(Level::Info, text)));
    }

    /// Asks the person whether `mutation` shall be done.
    pub fn ask(&mut self, plan: Plan, mutation: Mutation) {
        self.effects.push(Effect::Ask { plan: Box::new(plan), mutation: Box::new(mutation) });
    }

    /// Puts text on the clipboard.
    pub fn copy(&mut self, what: impl Into<String>, text: impl Into<String>) {
        self.effects.push(Effect::Copy { what: what.into(), text: text.into() });
    }

    /// What has been asked for, for the runner, the root and tests.
    pub fn drain(&mut self) -> impl Iterator<Item = Effect<R>> + '_ {
        self.effects.drain(..)
    }

    /// What has been asked for, to look at.
    pub fn effects(&self) -> &[Effect<R>] {
        &self.effects
    }
}
