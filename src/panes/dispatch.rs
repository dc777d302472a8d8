//! The exhaustive matches: from a pane's name to what that pane does.

use jiff::Timestamp;

use super::{
    AnyAction, Ctx, Missed, Msg, PaneId, Panes, Read, Summary, activity, bastions, findings, forwards, keys, rotations, trail,
    users,
};
use crate::domain::change::{Done, Mutation};
use crate::domain::detail::Section;
use crate::domain::event::Search;
use crate::domain::fault::Fault;
use crate::domain::text::{Untrusted, clean};
use crate::kit::action::Availability;
use crate::kit::effect::{Effect, Out, Pivot, Slot};
use crate::kit::table::{Cell, Listing, Row, Table, Tone};

/// A line that an action wants typed before it can be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// What to type.
    pub label: &'static str,
    /// What stands in the field at first.
    pub text: String,
}

/// Runs a pane's function with an `Out` of its own, and passes on what it asks for.
fn with<R>(out: &mut Out<Read>, wrap: fn(R) -> Read, run: impl FnOnce(&mut Out<R>)) {
    let mut own = Out::default();
    run(&mut own);
    for effect in own.drain() {
        match effect {
            Effect::Read { slot, read } => out.read(slot, wrap(read)),
            Effect::Cancel(slot) => out.cancel(slot),
            Effect::Go(pivot) => out.go(pivot),
            Effect::Session(wish) => out.session(wish),
            Effect::Open => out.open(),
            Effect::Notice(level, text) => out.notice(level, text),
            Effect::Ask { plan, mutation } => out.ask(*plan, *mutation),
            Effect::Copy { what, text } => out.copy(what, text),
        }
    }
}

impl Panes {
    /// Forgets what was read in another session. Orders, filters and the calls made so far stay.
    pub fn forget(&mut self) {
        fn emptied<R: Row>(table: &Table<R>) -> Table<R> {
            let mut table = table.clone();
            table.clear();
            table
        }
        self.users = users::Model { table: emptied(&self.users.table), ..users::Model::default() };
        self.keys =
            keys::Model { table: emptied(&self.keys.table), rotation: self.keys.rotation.clone(), ..keys::Model::default() };
        self.findings = findings::Model {
            table: emptied(&self.findings.table),
            archived: self.findings.archived,
            ..findings::Model::default()
        };
        self.trail = trail::Model { table: emptied(&self.trail.table), window: self.trail.window, ..trail::Model::default() };
        self.bastions = bastions::Model {
            view: self.bastions.view,
            nodes: emptied(&self.bastions.nodes),
            sessions: emptied(&self.bastions.sessions),
            recordings: emptied(&self.bastions.recordings),
            ..bastions::Model::default()
        };
    }

    /// Why parts of what a pane reads could not be read.
    pub fn faults(&self, pane: PaneId) -> Vec<&Fault> {
        let remotes = match pane {
            PaneId::Users => vec![&self.users.remote],
            PaneId::Keys => vec![&self.keys.remote],
            PaneId::Findings => vec![&self.findings.remote],
            PaneId::Trail => vec![&self.trail.remote],
            PaneId::Bastions => vec![&self.bastions.nodes_remote, &self.bastions.sessions_remote],
            PaneId::Activity | PaneId::Rotations | PaneId::Forwards => Vec::new(),
        };
        remotes.into_iter().flat_map(|remote| remote.faults.values()).collect()
    }

    /// The table of a pane that is on screen.
    pub fn listing(&self, pane: PaneId) -> &dyn Listing {
        match pane {
            PaneId::Users => &self.users.table,
            PaneId::Keys => &self.keys.table,
            PaneId::Findings => &self.findings.table,
            PaneId::Trail => &self.trail.table,
            PaneId::Bastions => self.bastions.listing(),
            PaneId::Activity => &self.activity.table,
            PaneId::Rotations => &self.rotations.table,
            PaneId::Forwards => &self.forwards.table,
        }
    }

    /// The table of a pane that is on screen, to work on.
    pub fn listing_mut(&mut self, pane: PaneId) -> &mut dyn Listing {
        match pane {
            PaneId::Users => &mut self.users.table,
            PaneId::Keys => &mut self.keys.table,
            PaneId::Findings => &mut self.findings.table,
            PaneId::Trail => &mut self.trail.table,
            PaneId::Bastions => self.bastions.listing_mut(),
            PaneId::Activity => &mut self.activity.table,
            PaneId::Rotations => &mut self.rotations.table,
            PaneId::Forwards => &mut self.forwards.table,
        }
    }

    /// Every table, on screen or not.
    pub fn all_listings(&self) -> [&dyn Listing; 10] {
        [
            &self.users.table,
            &self.keys.table,
            &self.findings.table,
            &self.trail.table,
            &self.bastions.nodes,
            &self.bastions.sessions,
            &self.bastions.recordings,
            &self.activity.table,
            &self.rotations.table,
            &self.forwards.table,
        ]
    }

    /// Every table, to work on.
    pub fn all_listings_mut(&mut self) -> [&mut dyn Listing; 10] {
        [
            &mut self.users.table,
            &mut self.keys.table,
            &mut self.findings.table,
            &mut self.trail.table,
            &mut self.bastions.nodes,
            &mut self.bastions.sessions,
            &mut self.bastions.recordings,
            &mut self.activity.table,
            &mut self.rotations.table,
            &mut self.forwards.table,
        ]
    }

    /// Reads a pane's lists anew.
    pub fn load(&mut self, pane: PaneId, cx: &Ctx<'_>, out: &mut Out<Read>) {
        match pane {
            PaneId::Users => with(out, Read::Users, |out| users::load(&mut self.users, cx, out)),
            PaneId::Keys => with(out, Read::Keys, |out| keys::load(&mut self.keys, cx, out)),
            PaneId::Findings => with(out, Read::Findings, |out| findings::load(&mut self.findings, cx, out)),
            PaneId::Trail => with(out, Read::Trail, |out| trail::load(&mut self.trail, cx, out)),
            PaneId::Bastions => with(out, Read::Bastions, |out| bastions::load(&mut self.bastions, cx, out)),
            // Calls, rotations and forwards are told as they go: there is nothing to read.
            PaneId::Activity | PaneId::Rotations | PaneId::Forwards => {}
        }
    }

    /// Does an action of a pane.
    pub fn on_action(&mut self, action: AnyAction, cx: &Ctx<'_>, out: &mut Out<Read>) {
        match action {
            AnyAction::Users(action) => with(out, Read::Users, |out| users::on_action(&mut self.users, action, cx, out)),
            AnyAction::Keys(action) => with(out, Read::Keys, |out| keys::on_action(&mut self.keys, action, cx, out)),
            AnyAction::Findings(action) => {
                with(out, Read::Findings, |out| findings::on_action(&mut self.findings, action, cx, out));
            }
            AnyAction::Trail(action) => with(out, Read::Trail, |out| trail::on_action(&mut self.trail, action, cx, out)),
            AnyAction::Bastions(action) => {
                with(out, Read::Bastions, |out| bastions::on_action(&mut self.bastions, action, cx, out));
            }
            AnyAction::Activity(action) => activity::on_action(&mut self.activity, action, cx, out),
            AnyAction::Rotations(action) => {
                with(out, Read::Rotations, |out| rotations::on_action(&mut self.rotations, action, cx, out))
            }
            AnyAction::Forwards(action) => forwards::on_action(&mut self.forwards, action, cx, out),
        }
    }

    /// Whether an action of a pane can be done now.
    pub fn available(&self, action: AnyAction, cx: &Ctx<'_>) -> Availability {
        match action {
            AnyAction::Users(action) => users::available(&self.users, action, cx),
            AnyAction::Keys(action) => keys::available(&self.keys, action, cx),
            AnyAction::Findings(action) => findings::available(&self.findings, action, cx),
            AnyAction::Trail(action) => trail::available(&self.trail, action, cx),
            AnyAction::Bastions(action) => bastions::available(&self.bastions, action, cx),
            AnyAction::Activity(action) => activity::available(&self.activity, action, cx),
            AnyAction::Rotations(action) => rotations::available(&self.rotations, action, cx),
            AnyAction::Forwards(action) => forwards::available(&self.forwards, action, cx),
        }
    }

    /// What has to be typed before an action can be done; `None`: nothing.
    pub fn prompt(&self, action: AnyAction) -> Option<Prompt> {
        match action {
            AnyAction::Trail(trail::Action::Attribute) => {
                let text = trail::show_attribute(self.trail.attribute.as_ref());
                Some(Prompt { label: "search CloudTrail by", text })
            }
            AnyAction::Forwards(forwards::Action::New) => {
                Some(Prompt { label: "forward TARGET [LOCAL:][HOST:]PORT", text: String::new() })
            }
            AnyAction::Keys(keys::Action::Rotate) => {
                Some(Prompt { label: "rotate, new secret into", text: keys::prompt(&self.keys) })
            }
            _ => None,
        }
    }

    /// Does an action with what was typed. An error says what would be right; the field stays open.
    pub fn answer(&mut self, action: AnyAction, text: &str, cx: &Ctx<'_>, out: &mut Out<Read>) -> Result<(), String> {
        let mut result = Ok(());
        match action {
            AnyAction::Trail(trail::Action::Attribute) => {
                with(out, Read::Trail, |out| result = trail::search(&mut self.trail, text, cx, out));
            }
            AnyAction::Forwards(forwards::Action::New) => {
                result = forwards::new_forward(&mut self.forwards, text, cx, out);
            }
            AnyAction::Keys(keys::Action::Rotate) => {
                with(out, Read::Keys, |out| result = keys::typed(&mut self.keys, text, cx, out));
            }
            _ => {}
        }
        result
    }

    /// Takes what a read has brought.
    pub fn on_message(&mut self, slot: &Slot, message: Msg, cx: &Ctx<'_>, out: &mut Out<Read>) {
        match message {
            Msg::Users(message) => users::on_message(&mut self.users, message, cx),
            Msg::Keys(message) => with(out, Read::Keys, |out| keys::on_message(&mut self.keys, slot, message, cx, out)),
            Msg::Findings(message) => findings::on_message(&mut self.findings, message, cx),
            Msg::Trail(message) => trail::on_message(&mut self.trail, message, cx),
            Msg::Bastions(message) => bastions::on_message(&mut self.bastions, message, cx),
            Msg::Rotations(msg) => rotations::on_msg(msg, out),
        }
    }

    /// Shows the recordings of shells, and reads what there is of them.
    pub fn show_recordings(&mut self, cx: &Ctx<'_>, out: &mut Out<Read>) {
        with(out, Read::Bastions, |out| bastions::show_recordings(&mut self.bastions, cx, out));
    }

    /// Somebody is about to open a shell in this region: its preferences of Session Manager are read.
    pub fn want_preferences(&mut self, region: &str, out: &mut Out<Read>) {
        with(out, Read::Bastions, |out| bastions::want_preferences(&mut self.bastions, region, out));
    }

    /// A containment tells how it goes.
    pub fn on_contained(&mut self, user: &Untrusted, news: keys::Contained, out: &mut Out<Read>) {
        with(out, Read::Keys, |out| keys::on_contained(&mut self.keys, user, news, out));
    }

    /// A change has been asked for: the rows that it is about say so.
    pub fn on_asked(&mut self, mutation: &Mutation, cx: &Ctx<'_>) {
        keys::on_asked(&mut self.keys, mutation, cx);
    }

    /// A change has ended, one way or another: the rows that it is about are read anew.
    pub fn on_changed(&mut self, mutation: &Mutation, outcome: &Result<Done, Fault>, cx: &Ctx<'_>, out: &mut Out<Read>) {
        with(out, Read::Keys, |out| keys::on_changed(&mut self.keys, mutation, outcome, cx, out));
        with(out, Read::Bastions, |out| bastions::on_changed(&mut self.bastions, mutation, outcome, cx, out));
    }

    /// A task that was reading for a slot broke.
    pub fn on_broken(&mut self, slot: &Slot, fault: &Fault, cx: &Ctx<'_>, out: &mut Out<Read>) {
        users::on_broken(&mut self.users, slot, fault, cx);
        with(out, Read::Keys, |out| keys::on_broken(&mut self.keys, slot, fault, cx, out));
        findings::on_broken(&mut self.findings, slot, fault, cx);
        trail::on_broken(&mut self.trail, slot, fault, cx);
        bastions::on_broken(&mut self.bastions, slot, fault, cx);
    }

    /// Asks for what the rows on screen still lack.
    pub fn settle(&mut self, pane: PaneId, cx: &Ctx<'_>, out: &mut Out<Read>) {
        match pane {
            PaneId::Users => with(out, Read::Users, |out| users::settle(&mut self.users, cx, out)),
            PaneId::Keys => with(out, Read::Keys, |out| keys::settle(&mut self.keys, cx, out)),
            PaneId::Findings | PaneId::Trail | PaneId::Bastions | PaneId::Activity | PaneId::Rotations | PaneId::Forwards => {}
        }
    }

    /// Whether a pane waits for the window to stand still.
    pub fn waits(&self, pane: PaneId) -> bool {
        match pane {
            PaneId::Users => self.users.watch.waits(),
            PaneId::Keys => self.keys.watch.waits(),
            PaneId::Findings | PaneId::Trail | PaneId::Bastions | PaneId::Activity | PaneId::Rotations | PaneId::Forwards => {
                false
            }
        }
    }

    /// Whether something on a pane is on its way.
    pub fn is_loading(&self, pane: PaneId) -> bool {
        match pane {
            PaneId::Users => self.users.remote.is_loading(),
            PaneId::Keys => self.keys.is_loading(),
            PaneId::Findings => self.findings.remote.is_loading(),
            PaneId::Trail => self.trail.remote.is_loading(),
            PaneId::Bastions => self.bastions.is_loading(),
            PaneId::Activity => self.activity.in_flight() > 0,
            PaneId::Rotations => self.rotations.is_working(),
            PaneId::Forwards => self.forwards.is_starting(),
        }
    }

    /// Stops what a pane is reading; what has come stays. Returns whether there was anything to stop.
    pub fn stop(&mut self, pane: PaneId, cx: &Ctx<'_>, out: &mut Out<Read>) -> bool {
        let mut stopped = false;
        match pane {
            PaneId::Users => with(out, Read::Users, |out| stopped = users::stop(&mut self.users, cx, out)),
            PaneId::Keys => with(out, Read::Keys, |out| stopped = keys::stop(&mut self.keys, cx, out)),
            PaneId::Findings => with(out, Read::Findings, |out| stopped = findings::stop(&mut self.findings, cx, out)),
            PaneId::Trail => with(out, Read::Trail, |out| stopped = trail::stop(&mut self.trail, cx, out)),
            PaneId::Bastions => with(out, Read::Bastions, |out| stopped = bastions::stop(&mut self.bastions, cx, out)),
            PaneId::Activity | PaneId::Rotations | PaneId::Forwards => {}
        }
        stopped
    }

    /// The pane that a pivot leads to, made ready to show what is wanted, and true where it has been told to read already.
    ///
    /// # Errors
    /// It is known that there is no such thing: nothing was done. Says so.
    pub fn pivot(&mut self, pivot: &Pivot, cx: &Ctx<'_>, out: &mut Out<Read>) -> Result<(PaneId, bool), String> {
        Ok(match pivot {
            Pivot::Trail { search } => {
                with(out, Read::Trail, |out| trail::go_to(&mut self.trail, search, cx, out));
                (PaneId::Trail, true)
            }
            Pivot::User { name, id } => {
                users::go_to(&mut self.users, name, id.as_ref(), cx)?;
                (PaneId::Users, false)
            }
            Pivot::Keys { user } => {
                keys::go_to(&mut self.keys, user)?;
                (PaneId::Keys, false)
            }
            Pivot::Contain { user, .. } => {
                with(out, Read::Keys, |out| keys::contain_wanted(&mut self.keys, user, out));
                (PaneId::Keys, false)
            }
            Pivot::Findings { about } => {
                findings::go_to(&mut self.findings, about, cx)?;
                (PaneId::Findings, false)
            }
            Pivot::Node { id } => {
                bastions::go_to(&mut self.bastions, id)?;
                (PaneId::Bastions, false)
            }
        })
    }

    /// What became of a pivot that had to read first and found nothing: the pane it led to, and what to say.
    pub fn missed(&mut self, now: Timestamp) -> Option<(PaneId, Missed)> {
        (self.users.missed(now).map(|missed| (PaneId::Users, missed)))
            .or_else(|| keys::missed(&mut self.keys).map(|missed| (PaneId::Keys, missed)))
            .or_else(|| findings::missed(&mut self.findings, now).map(|missed| (PaneId::Findings, missed)))
            .or_else(|| bastions::missed(&mut self.bastions).map(|missed| (PaneId::Bastions, missed)))
    }

    /// What the selected row of a pane is called, and the account of whoever it names: a finding's user, an event's caller. Empty: it does
    /// not say. `None`: there is no row, or what the pane shows is this account's.
    pub fn account_named(&self, pane: PaneId) -> Option<(&'static str, String)> {
        match pane {
            PaneId::Findings => Some(("finding", self.findings.table.selected()?.key.account.clone())),
            PaneId::Trail => Some(("event", self.trail.table.selected()?.account_of_caller()?)),
            PaneId::Rotations => Some(("rotation", self.rotations.table.selected()?.account.clone())),
            PaneId::Users | PaneId::Keys | PaneId::Bastions | PaneId::Activity | PaneId::Forwards => None,
        }
    }

    /// The CloudTrail search for the selected row of a pane.
    pub fn trail_of(&self, pane: PaneId, cx: &Ctx<'_>) -> Option<Search> {
        match pane {
            PaneId::Users => users::trail_of(&self.users),
            PaneId::Keys => keys::trail_of(&self.keys),
            PaneId::Findings => findings::trail_of(&self.findings, cx),
            PaneId::Trail => trail::trail_of(&self.trail),
            PaneId::Bastions => bastions::trail_of(&self.bastions),
            PaneId::Activity | PaneId::Rotations => None,
            PaneId::Forwards => forwards::trail_of(&self.forwards),
        }
    }

    /// That search has been made. Returns what to say about others like it.
    pub fn searched(&mut self, pane: PaneId) -> Option<String> {
        if pane == PaneId::Findings { findings::searched(&mut self.findings) } else { None }
    }

    /// What `copy` copies from a pane: its name for the notice, and the text.
    pub fn copied(&self, pane: PaneId) -> Option<(&'static str, String)> {
        match pane {
            PaneId::Users => users::copied(&self.users),
            PaneId::Keys => keys::copied(&self.keys),
            PaneId::Findings => findings::copied(&self.findings),
            PaneId::Trail => trail::copied(&self.trail),
            PaneId::Bastions => bastions::copied(&self.bastions),
            PaneId::Activity => activity::copied(&self.activity),
            PaneId::Rotations => rotations::copied(&self.rotations),
            PaneId::Forwards => forwards::copied(&self.forwards),
        }
    }

    /// Everything about the selected row of a pane, and its heading. `None` where no row is selected.
    pub fn detail(&self, pane: PaneId, now: Timestamp) -> Option<(String, Vec<Section>)> {
        Some(match pane {
            PaneId::Users => {
                let user = self.users.table.selected()?;
                (format!("user {}", user.name.shown_within(64)), users::detail(user, now))
            }
            PaneId::Keys => {
                let key = self.keys.table.selected()?;
                (format!("key of {}", key.handle.user.shown_within(64)), keys::detail(&self.keys, key, now))
            }
            PaneId::Findings => {
                let finding = self.findings.table.selected()?;
                (finding.kind.shown_within(100).into_string(), findings::detail(finding, now))
            }
            PaneId::Trail => {
                let event = self.trail.table.selected()?;
                (format!("event {}", event.name.shown_within(64)), trail::detail(event, now))
            }
            PaneId::Bastions => match self.bastions.view {
                bastions::View::Nodes => {
                    let node = self.bastions.nodes.selected()?;
                    (format!("node {}", node.id.shown_within(64)), bastions::node_detail(node, now))
                }
                bastions::View::Sessions => {
                    let session = self.bastions.sessions.selected()?;
                    (format!("session {}", session.id.shown_within(64)), bastions::session_detail(session, now))
                }
                bastions::View::Recordings => {
                    let recorded = self.bastions.recordings.selected()?;
                    (format!("recording {}", recorded.file.shown_within(64)), bastions::recording_detail(recorded, now))
                }
            },
            PaneId::Activity => {
                let call = self.activity.table.selected()?;
                (format!("call {}", call.number), activity::detail(call, now))
            }
            PaneId::Rotations => {
                let rotation = self.rotations.table.selected()?;
                (format!("rotation of a key of {}", rotation.user.shown_within(64)), rotations::detail(rotation, now))
            }
            PaneId::Forwards => {
                let forward = self.forwards.table.selected()?;
                (format!("forward to {}", clean(&forward.spec.ports.remote())), forwards::detail(forward, now))
            }
        })
    }

    /// What stands around a pane's table. `stale` is how many replies came too late to be wanted.
    pub fn summary(&self, pane: PaneId, now: Timestamp, stale: u64) -> Summary {
        let mut summary = match pane {
            PaneId::Users => self.users.summary(now),
            PaneId::Keys => self.keys.summary(now),
            PaneId::Findings => self.findings.summary(now),
            PaneId::Trail => self.trail.summary(now),
            PaneId::Bastions => self.bastions.summary(now),
            PaneId::Activity => self.activity.summary(stale),
            PaneId::Rotations => self.rotations.summary(now),
            PaneId::Forwards => self.forwards.summary(),
        };
        let listing = self.listing(pane);
        let query = listing.shown_query().text().trim();
        if !query.is_empty() {
            let at = summary.facts.len().min(1);
            summary.facts.insert(at, Cell::new(format!("filter: {}", clean(query)), Tone::Narrowed));
        }
        let marked = listing.how_many_marked();
        if marked > 0 {
            let at = summary.facts.len().min(if query.is_empty() { 1 } else { 2 });
            summary.facts.insert(at, marks(marked, listing.how_many_marked_hidden(now)));
        }
        summary
    }
}

/// An action is done to hidden rows, too, so they are said.
fn marks(marked: usize, hidden: Option<usize>) -> Cell {
    match hidden {
        Some(0) => Cell::plain(format!("{marked} marked")),
        Some(hidden) => Cell::new(format!("{marked} marked ({hidden} hidden)"), Tone::Warning),
        None => Cell::new(format!("{marked} marked (hidden ones, too)"), Tone::Warning),
    }
}
