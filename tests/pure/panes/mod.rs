//! The panes and the root without AWS and without a terminal: messages in, effects and rows out.

mod activity;
pub(crate) mod bastions;
mod clocks;
mod counts;
mod door;
mod entry;
mod findings;
mod forwards;
mod interleavings;
mod keys;
mod lock;
mod pivots;
mod root;
mod rotations;
mod trail;
mod users;
mod who;

use bartizan::app::{self, Effect, Model, Msg, Startup};
use bartizan::domain::account::SessionView;
use bartizan::domain::fault::{Fault, FaultKind};
use bartizan::domain::known::Known;
use bartizan::domain::moment::Moment;
use bartizan::kit::effect::{SessionId, Slot};
use bartizan::kit::input::{Input, Size};
use bartizan::kit::keymap::{Keymap, parse_sequence};
use bartizan::panes::{self, PaneId};
use jiff::{SignedDuration, Timestamp};

/// Noon of the day on which these tests play.
pub(crate) fn noon() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

/// How long the machine has been up at noon.
pub(crate) fn uptime() -> Moment {
    Moment::default() + SignedDuration::from_hours(5 * 24)
}

/// So many days before noon.
pub(crate) fn days_ago(days: i64) -> Timestamp {
    noon() - SignedDuration::from_hours(days * 24)
}

/// So many hours before noon.
pub(crate) fn hours_ago(hours: i64) -> Timestamp {
    noon() - SignedDuration::from_hours(hours)
}

/// A refusal of this call.
pub(crate) fn denied(call: &str) -> Fault {
    fault(FaultKind::Denied { action: call.into() }, call)
}

/// A failure of this call.
pub(crate) fn fault(kind: FaultKind, call: &str) -> Fault {
    let message = "User is not authorized to perform this".into();
    Fault { kind, call: call.into(), region: "us-east-1".into(), message, request_id: None, at: noon() }
}

/// A console on a stage: what it knows, and what it has asked for.
pub(crate) struct Stage {
    pub(crate) model: Model,
    pub(crate) keymap: Keymap,
    pub(crate) effects: Vec<Effect>,
}

impl Stage {
    /// The console before anything is known.
    pub(crate) fn dark(pane: PaneId) -> Self {
        let (keymap, problems) = Keymap::built_in(&app::actions::catalogue());
        assert!(problems.iter().all(|problem| problem.weight < bartizan::kit::source::Weight::Error), "{problems:?}");
        let model = Model::new(Startup { pane, now: noon(), moment: uptime(), ..Startup::default() });
        let mut stage = Self { model, keymap, effects: Vec::new() };
        stage.tell(Msg::Tick { now: noon(), moment: uptime() });
        stage.size(160, 40);
        stage
    }

    /// The console with a session over two regions, the pane's first reads asked for.
    pub(crate) fn lit(pane: PaneId) -> Self {
        let mut stage = Self::dark(pane);
        stage.connect(1);
        stage
    }

    /// A session stands.
    pub(crate) fn connect(&mut self, session: u64) {
        let view = SessionView {
            profile: None,
            instead: None,
            regions: vec!["eu-west-1".into(), "us-east-1".into()],
            identity: Known::Loading,
            alias: Known::Loading,
            credentials: Known::Loading,
            endpoint: None,
            demo: None,
        };
        self.tell(Msg::Connected { session: SessionId(session), view });
    }

    /// The screen has this size.
    pub(crate) fn size(&mut self, width: u16, height: u16) {
        self.tell(Msg::Input(Input::Resize(Size { width, height })));
    }

    /// A message comes.
    pub(crate) fn tell(&mut self, msg: Msg) {
        app::update(&mut self.model, &self.keymap, msg, &mut self.effects);
    }

    /// So many milliseconds pass.
    pub(crate) fn wait(&mut self, milliseconds: i64) {
        let time = SignedDuration::from_millis(milliseconds);
        self.clocks(time, time);
    }

    /// The wall clock moves by this, and the one that nobody can set by that.
    pub(crate) fn clocks(&mut self, wall: SignedDuration, steady: SignedDuration) {
        let (now, moment) = (self.model.now + wall, self.model.moment + steady);
        self.tell(Msg::Tick { now, moment });
    }

    /// Keys are pressed, written as keymap files write them: `/ a l i enter`.
    pub(crate) fn press(&mut self, keys: &str) {
        for key in parse_sequence(keys).unwrap() {
            self.tell(Msg::Input(Input::Key(key)));
        }
    }

    /// The answer to what was asked for last in this slot.
    pub(crate) fn answer(&mut self, slot: &Slot, body: panes::Msg) {
        let generation = *self.model.slots.get(slot).unwrap_or_else(|| panic!("nothing was asked for in {slot:?}"));
        self.tell(Msg::Reply { session: self.model.session, slot: slot.clone(), generation, body });
    }

    /// Does all waiting work.
    pub(crate) fn finish(&mut self) {
        while app::has_work(&self.model) {
            self.tell(Msg::Work);
        }
    }

    /// What was asked for since the last look.
    pub(crate) fn asked(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// What was to be read since the last look, with its slot.
    pub(crate) fn reads(&mut self) -> Vec<(Slot, panes::Read)> {
        self.asked()
            .into_iter()
            .filter_map(|effect| match effect {
                Effect::Read { slot, read, .. } => Some((slot, read)),
                _ => None,
            })
            .collect()
    }

    /// The table on screen, as rows of texts.
    pub(crate) fn rows(&self) -> Vec<Vec<String>> {
        fn cells<R: bartizan::kit::table::Row>(table: &bartizan::kit::table::Table<R>, now: Timestamp) -> Vec<Vec<String>> {
            table.ordered().map(|row| (0..R::COLUMNS.len()).map(|column| row.cell(column, now).text).collect()).collect()
        }
        let (panes, now) = (&self.model.panes, self.model.now);
        match self.model.focus {
            PaneId::Users => cells(&panes.users.table, now),
            PaneId::Keys => cells(&panes.keys.table, now),
            PaneId::Findings => cells(&panes.findings.table, now),
            PaneId::Trail => cells(&panes.trail.table, now),
            PaneId::Bastions if panes.bastions.view == panes::bastions::View::Nodes => cells(&panes.bastions.nodes, now),
            PaneId::Bastions => cells(&panes.bastions.sessions, now),
            PaneId::Activity => cells(&panes.activity.table, now),
            PaneId::Rotations => cells(&panes.rotations.table, now),
            PaneId::Forwards => cells(&panes.forwards.table, now),
        }
    }

    /// One column of the table on screen.
    pub(crate) fn column(&self, name: &str) -> Vec<String> {
        let at = self.model.listing().columns().iter().position(|column| column.id == name).unwrap();
        self.rows().into_iter().map(|row| row[at].clone()).collect()
    }

    /// Everything that stands around the table, as text.
    pub(crate) fn around(&self) -> String {
        let summary = self.model.summary();
        let cells = summary.facts.iter().chain(&summary.banner).map(|cell| cell.text.clone());
        let blank = summary.blank.iter().flat_map(|blank| std::iter::once(&blank.title).chain(&blank.text).cloned());
        cells.chain(blank).collect::<Vec<_>>().join("\n")
    }

    /// The notices on screen.
    pub(crate) fn notices(&self) -> String {
        self.model.notices.iter().map(|notice| notice.text.as_str()).collect::<Vec<_>>().join("\n")
    }
}
