//! All that the console knows: plain data, cloned, compared and written like any other.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::connect::Connect;
use super::dialog::Dialog;
use super::door::Door;
use super::entry::Entry;
use super::layout::{DetailPlace, Layout};
use super::lock::{LOCK_AFTER, Lock};
use super::terminals::{Mode, Terminals};
use crate::domain::account::SessionView;
use crate::domain::fault::Fault;
use crate::domain::forward::ForwardSpec;
use crate::domain::known::Known;
use crate::domain::moment::Moment;
use crate::kit::document::{Document, Scroll};
use crate::kit::effect::{Generation, Level, SessionId, Slot};
use crate::kit::field::Field;
use crate::kit::input::{Key, Size};
use crate::kit::keymap::ScopeName;
use crate::kit::table::{Limits, Listing};
use crate::panes::{self, AnyAction, Ctx, PaneId, Panes, Summary};

/// What the console starts with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Startup {
    /// The pane to show first.
    pub pane: PaneId,
    /// Its filter.
    pub query: Option<String>,
    /// The regions asked for; the session knows which they really are.
    pub regions: Vec<String>,
    /// The profile asked for.
    pub profile: Option<String>,
    /// The endpoint asked for.
    pub endpoint: Option<String>,
    /// The scenario, in the demo.
    pub demo: Option<String>,
    /// Why nothing may be changed, where that is settled from the start, and the rules about accounts.
    pub door: Door,
    /// Forwards that the configuration file has.
    pub presets: Vec<ForwardSpec>,
    /// Whether every session needs a reason.
    pub asks_reason: bool,
    /// How long nobody may touch a key before the console locks; `None`: for ever.
    pub lock_after: Option<jiff::SignedDuration>,
    /// What a rotation is begun with.
    pub rotation: crate::panes::keys::Defaults,
    /// By what rows are judged.
    pub limits: Limits,
    /// The time of the start, by the wall clock.
    pub now: Timestamp,
    /// The time of the start, by the clock that nobody can set.
    pub moment: Moment,
}

impl Default for Startup {
    fn default() -> Self {
        Self {
            pane: PaneId::Users,
            query: None,
            regions: Vec::new(),
            profile: None,
            endpoint: None,
            demo: None,
            door: Door::default(),
            presets: Vec::new(),
            asks_reason: false,
            lock_after: Some(LOCK_AFTER),
            rotation: crate::panes::keys::Defaults::default(),
            limits: Limits::default(),
            now: Timestamp::UNIX_EPOCH,
            moment: Moment::default(),
        }
    }
}

/// Whether AWS can be asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Connection {
    /// A session is being made.
    Connecting,
    /// It can.
    Ready,
    /// It cannot, and this is why. Reload tries again.
    Failed {
        /// Why.
        fault: Box<Fault>,
    },
}

/// All that the console knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// The session whose replies are taken.
    pub session: SessionId,
    /// What the header shows of it.
    pub view: SessionView,
    /// Whether AWS can be asked.
    pub connection: Connection,
    /// Whether anything may be changed.
    pub door: Door,
    /// Whether the console is locked.
    pub lock: Lock,
    /// The size of the screen.
    pub size: Size,
    /// The time by the wall clock, which dates what AWS told us. It can be set: nothing ends by it.
    pub now: Timestamp,
    /// The time by a clock that nobody can set: arming, the lock, waits and debounces go by it.
    pub moment: Moment,
    /// The pane on screen.
    pub focus: PaneId,
    /// The pane that was on screen before it.
    pub before: Option<PaneId>,
    /// The panes from which pivots led here: where `Esc` goes back to.
    pub trace: Vec<PaneId>,
    /// What the panes know.
    pub panes: Panes,
    /// The panes that have begun to read in this session.
    pub visited: BTreeSet<PaneId>,
    /// The shells that have a tab.
    pub terminals: Terminals,
    /// Whether every session needs a reason.
    pub asks_reason: bool,
    /// The detail of the selected row.
    pub detail: Detail,
    /// The filter being typed.
    pub filter: Option<FilterField>,
    /// What lies over the panes.
    pub overlay: Option<Overlay>,
    /// A secret that is being typed, over everything else.
    pub entry: Option<Entry>,
    /// The keys of a sequence pressed so far.
    pub pending: Vec<Key>,
    /// When the last of them was pressed.
    pub pending_since: Moment,
    /// What the person is told in passing.
    pub notices: Vec<Notice>,
    /// The newest request of each slot.
    pub slots: BTreeMap<Slot, Generation>,
    /// The number of the newest request.
    pub generation: Generation,
    /// Replies that came too late to be wanted.
    pub stale_dropped: u64,
    /// Whether ctrl-c was the last key.
    pub interrupted: bool,
    /// Whether the screen is behind.
    pub dirty: bool,
    /// Whether [`Model::detail`] is behind.
    pub detail_behind: bool,
}

/// The detail of the selected row.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Detail {
    /// Whether the keys go to it.
    pub open: bool,
    /// Its heading.
    pub title: String,
    /// What it says.
    pub document: Document,
    /// What part of it is on screen.
    pub scroll: Scroll,
    /// A search being typed.
    pub search: Option<Field>,
    /// The row it is about: pane, and what `copy` would copy.
    pub of: Option<(PaneId, String)>,
}

/// A filter being typed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct FilterField {
    /// What has been typed.
    pub field: Field,
    /// Why it is not understood; the last filter that was stays in force.
    pub error: Option<String>,
    /// The filter that `Esc` brings back.
    pub before: String,
}

/// A text that takes the whole body.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Reader {
    /// Its heading.
    pub title: String,
    /// It.
    pub document: Document,
    /// What part of it is on screen.
    pub scroll: Scroll,
    /// A search being typed.
    pub search: Option<Field>,
}

/// What lies over the panes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overlay {
    /// The keys that work here.
    Help(Reader),
    /// The record of a row.
    Record(Reader),
    /// The palette.
    Palette {
        /// What has been typed.
        field: Field,
        /// The selected action, as a place in the list.
        selected: usize,
    },
    /// The choice of a column to sort by.
    Sort {
        /// The selected column.
        selected: usize,
    },
    /// The question whether something shall be changed.
    Confirm(Box<Dialog>),
    /// A session is about to be opened.
    Connect(Connect),
    /// A line that an action wants typed.
    Prompt {
        /// The action.
        action: AnyAction,
        /// What to type.
        label: String,
        /// What has been typed.
        field: Field,
        /// Why it was not understood.
        error: Option<String>,
    },
}

/// What the person is told in passing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// How urgent it is.
    pub level: Level,
    /// What it says.
    pub text: String,
    /// When it vanishes by itself; `None`: with `Esc` only.
    pub until: Option<Moment>,
}

impl Model {
    /// The console before anything is known.
    pub fn new(startup: Startup) -> Self {
        let Startup {
            pane,
            query,
            regions,
            profile,
            endpoint,
            demo,
            door,
            lock_after,
            presets,
            asks_reason,
            rotation,
            limits,
            now,
            moment,
        } = startup;
        let (identity, alias, credentials) = (Known::Loading, Known::Loading, Known::Loading);
        let mut model = Self {
            session: SessionId::default(),
            view: SessionView { profile, instead: None, regions, identity, alias, credentials, endpoint, demo },
            connection: Connection::Connecting,
            door,
            lock: Lock::new(lock_after, moment),
            size: Size { width: 80, height: 24 },
            now,
            moment,
            focus: pane,
            before: None,
            trace: Vec::new(),
            panes: Panes::default(),
            visited: BTreeSet::new(),
            terminals: Terminals::default(),
            asks_reason,
            detail: Detail::default(),
            filter: None,
            overlay: None,
            entry: None,
            pending: Vec::new(),
            pending_since: moment,
            notices: Vec::new(),
            slots: BTreeMap::new(),
            generation: Generation::default(),
            stale_dropped: 0,
            interrupted: false,
            dirty: true,
            detail_behind: true,
        };
        model.panes.keys.rotation = rotation;
        model.panes.keys.table.judge_by(limits);
        model.panes.users.table.judge_by(limits);
        model.resize(model.size);
        panes::forwards::set_presets(&mut model.panes.forwards, presets, &Ctx { now, moment, regions: &[] });
        if let Some(text) = query {
            match model.listing().understand(&text) {
                Ok(query) => model.panes.listing_mut(pane).apply(query),
                Err(error) => model.notices.push(Notice { level: Level::Error, text: format!("--query: {error}"), until: None }),
            }
        }
        model
    }

    /// What the panes may know.
    pub fn ctx(&self) -> Ctx<'_> {
        Ctx { now: self.now, moment: self.moment, regions: &self.view.regions }
    }

    /// Where everything is on the screen; `None` where it is too small.
    pub fn layout(&self) -> Option<Layout> {
        Layout::of(self.size)
    }

    /// Whether the detail of the selected row is on screen.
    pub fn shows_detail(&self) -> bool {
        self.layout().is_some_and(|layout| self.detail.open || layout.place != DetailPlace::Alone)
    }

    /// The size that shells have: the body, or the whole screen.
    pub fn terminal_size(&self) -> Size {
        if self.terminals.full || self.terminals.lent {
            self.size
        } else {
            self.layout().map(|layout| layout.body.size()).unwrap_or_default()
        }
    }

    /// The table on screen.
    pub fn listing(&self) -> &dyn Listing {
        self.panes.listing(self.focus)
    }

    /// What stands around the table on screen.
    pub fn summary(&self) -> Summary {
        self.panes.summary(self.focus, self.now, self.stale_dropped)
    }

    /// The scopes that are open, innermost first.
    pub fn scopes(&self) -> Vec<ScopeName> {
        if self.entry.is_some() {
            // Its keys go past the keymap: they are a secret.
            return Vec::new();
        }
        match &self.overlay {
            Some(Overlay::Help(reader)) if reader.search.is_none() => vec!["overlay", "app"],
            Some(Overlay::Record(reader)) if reader.search.is_none() => vec!["text", "app"],
            Some(Overlay::Palette { .. }) => vec!["menu", "field", "app"],
            Some(Overlay::Sort { .. }) => vec!["menu", "app"],
            Some(Overlay::Confirm(dialog)) if dialog.field().is_some() => vec!["field", "confirm", "app"],
            Some(Overlay::Confirm(dialog)) if dialog.takes_text() => vec!["confirm", "field", "app"],
            Some(Overlay::Confirm(_)) => vec!["confirm", "app"],
            Some(Overlay::Help(_) | Overlay::Record(_) | Overlay::Prompt { .. } | Overlay::Connect(_)) => vec!["field", "app"],
            None => self.pane_scopes(),
        }
    }

    /// The scopes that are open where nothing lies over the panes: what the palette offers.
    pub fn pane_scopes(&self) -> Vec<ScopeName> {
        if let Some(tab) = self.terminals.current() {
            return match &self.terminals.mode {
                Mode::Keys | Mode::Command if tab.replay.is_some() => vec!["replay", "app"],
                Mode::Reading(reading) if reading.search.is_some() => vec!["field", "app"],
                Mode::Reading(_) => vec!["scrollback"],
                Mode::Keys if !tab.state.is_over() => vec!["shell"],
                Mode::Keys | Mode::Command => vec!["terminal", "app"],
            };
        }
        if self.filter.is_some() || self.detail.search.is_some() {
            return vec!["field", "app"];
        }
        let pane = self.focus.name();
        if self.detail.open { vec!["text", pane, "list", "app"] } else { vec![pane, "list", "app"] }
    }

    /// The field being typed in.
    pub fn field(&self) -> Option<&Field> {
        match &self.overlay {
            Some(Overlay::Palette { field, .. } | Overlay::Prompt { field, .. }) => Some(field),
            Some(Overlay::Connect(connect)) => Some(&connect.reason),
            Some(Overlay::Help(reader) | Overlay::Record(reader)) => reader.search.as_ref(),
            Some(Overlay::Confirm(dialog)) => dialog.field(),
            Some(Overlay::Sort { .. }) => None,
            None if self.terminals.shown.is_some() => self.terminals.reading().and_then(|reading| reading.search.as_ref()),
            None => self.filter.as_ref().map(|filter| &filter.field).or(self.detail.search.as_ref()),
        }
    }

    /// The field being typed in, to type in it.
    pub(super) fn field_mut(&mut self) -> Option<&mut Field> {
        match &mut self.overlay {
            Some(Overlay::Palette { field, .. } | Overlay::Prompt { field, .. }) => Some(field),
            Some(Overlay::Connect(connect)) => Some(&mut connect.reason),
            Some(Overlay::Help(reader) | Overlay::Record(reader)) => reader.search.as_mut(),
            Some(Overlay::Confirm(dialog)) => dialog.field_mut(),
            Some(Overlay::Sort { .. }) => None,
            None if self.terminals.shown.is_some() => self.terminals.reading_mut().and_then(|reading| reading.search.as_mut()),
            None => self.filter.as_mut().map(|filter| &mut filter.field).or(self.detail.search.as_mut()),
        }
    }

    /// The screen has this size from now on.
    pub(super) fn resize(&mut self, size: Size) {
        self.size = size;
        self.dirty = true;
        self.detail_behind = true;
        let Some(layout) = self.layout() else { return };
        for listing in self.panes.all_listings_mut() {
            listing.set_height(layout.list_rows());
        }
        self.detail.scroll.resize(layout.detail.size(), &self.detail.document);
        match &mut self.overlay {
            Some(Overlay::Help(reader) | Overlay::Record(reader)) => {
                reader.scroll.resize(layout.text().size(), &reader.document);
            }
            Some(Overlay::Confirm(dialog)) => dialog.resize(&layout),
            _ => {}
        }
    }

    /// Tells the person something in passing.
    pub(super) fn notice(&mut self, level: Level, text: impl Into<String>) {
        let seconds = if level == Level::Info { 4 } else { 8 };
        let until = Some(self.moment + jiff::SignedDuration::from_secs(seconds));
        let text = text.into();
        self.notices.retain(|notice| notice.text != text);
        self.notices.push(Notice { level, text, until });
        let surplus = self.notices.len().saturating_sub(MOST_NOTICES);
        self.notices.drain(..surplus);
        self.dirty = true;
    }
}

/// More than these nobody reads.
const MOST_NOTICES: usize = 4;
