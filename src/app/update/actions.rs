//! What each of the shared actions does, and whether it can be done.

use crate::app::actions::{
    app, confirm, field, list, menu, overlay, replay as replay_actions, scrollback, shell, terminal, text,
};
use crate::app::terminals::Mode;
use crate::app::{Effect, FilterField, Model, Overlay, Reader, help, palette};
use crate::domain::text::clean;
use crate::kit::action::{Availability, Danger};
use crate::kit::document::{Document, Motion, Scroll};
use crate::kit::effect::{Level, Pivot};
use crate::kit::field::{Edit, Field};
use crate::kit::keymap::Keymap;
use crate::kit::table::Sort;
use crate::panes::{self, AnyAction, PaneId};

use super::{back, changed, connect, detail, door, input, pivot, replay, run, session, terminals};

/// What was pressed before, of what has to be pressed twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Pressed {
    /// Ctrl-c.
    pub(super) interrupted: bool,
    /// Something that ends the console, and the person was told what ends with it.
    pub(super) warned: bool,
}

/// Runs an action by its id, as keys, palette and tests do. One that cannot be done says why.
pub(super) fn run_by_id(model: &mut Model, keymap: &Keymap, id: &str, pressed: Pressed, out: &mut Vec<Effect>) {
    if let Availability::Unavailable(reason) = availability(model, id) {
        model.notice(Level::Warning, reason);
    } else if let Ok(action) = id.parse::<app::Action>() {
        on_app(model, keymap, action, pressed, out);
    } else if let Ok(action) = id.parse::<list::Action>() {
        on_list(model, action, out);
    } else if let Ok(action) = id.parse::<text::Action>() {
        on_text(model, action, out);
    } else if let Ok(action) = id.parse::<overlay::Action>() {
        on_overlay(model, action);
    } else if let Ok(action) = id.parse::<menu::Action>() {
        on_menu(model, keymap, action, out);
    } else if let Ok(action) = id.parse::<confirm::Action>() {
        door::on_confirm(model, action, out);
    } else if let Ok(action) = id.parse::<field::Action>() {
        on_field(model, keymap, action, out);
    } else if let Ok(action) = id.parse::<shell::Action>() {
        terminals::on_shell(model, action);
    } else if let Ok(action) = id.parse::<terminal::Action>() {
        terminals::on_terminal(model, keymap, action, out);
    } else if let Ok(action) = id.parse::<replay_actions::Action>() {
        replay::on_action(model, action, out);
        changed(model);
    } else if let Ok(action) = id.parse::<scrollback::Action>() {
        terminals::on_scrollback(model, action, out);
    } else if let Ok(action) = id.parse::<AnyAction>() {
        on_pane(model, action, out);
    }
}

/// Whether an action can be done now, and why not.
pub fn availability(model: &Model, id: &str) -> Availability {
    if let Ok(action) = id.parse::<list::Action>() {
        return list_availability(model, action);
    }
    if let Some(availability) = terminals::available(model, id) {
        return availability;
    }
    if id.parse() == Ok(app::Action::Shells) && model.terminals.tabs.is_empty() {
        return Availability::Unavailable("no shell is open".into());
    }
    if id.parse() == Ok(app::Action::Recordings) && model.connection != crate::app::Connection::Ready {
        return Availability::Unavailable(
            "recordings are shown once the console is connected; `bartizan sessions --recordings` lists them without".into(),
        );
    }
    match id.parse::<AnyAction>() {
        Ok(action) if action.pane() != model.focus => {
            Availability::Unavailable(format!("this is an action of the {} pane", action.pane().name()))
        }
        Ok(action) => match door_availability(model, action) {
            Availability::Ready => model.panes.available(action, &model.ctx()),
            unavailable => unavailable,
        },
        Err(()) => Availability::Ready,
    }
}

/// What changes something needs more than the pane's own word.
fn door_availability(model: &Model, action: AnyAction) -> Availability {
    let spec = action.spec();
    if spec.needs.contains(&"ssm:StartSession")
        && let Err(why) = model.door.sessions(&model.view)
    {
        return Availability::Unavailable(why);
    }
    let refused =
        (spec.danger > Danger::Safe).then(|| model.door.refuses(spec.needs, model.session, &model.view, model.moment)).flatten();
    refused.map_or(Availability::Ready, Availability::Unavailable)
}

fn list_availability(model: &Model, action: list::Action) -> Availability {
    let selected = model.panes.copied(model.focus).is_some();
    match action {
        list::Action::Open | list::Action::Record | list::Action::Copy | list::Action::Trail | list::Action::Mark
            if !selected =>
        {
            Availability::Unavailable("no row is selected".into())
        }
        list::Action::Unmark if model.listing().how_many_marked() == 0 => Availability::Unavailable("no row is marked".into()),
        list::Action::Trail if model.panes.trail_of(model.focus, &model.ctx()).is_none() => {
            Availability::Unavailable("there is nothing in this row that CloudTrail can search by".into())
        }
        list::Action::Reload if model.focus == PaneId::Forwards => {
            Availability::Unavailable("forwards are shown as they change: there is nothing to reload".into())
        }
        list::Action::Reload if model.focus == PaneId::Activity => {
            Availability::Unavailable("calls are shown as they are made: there is nothing to reload".into())
        }
        list::Action::Reload if model.focus == PaneId::Rotations => {
            Availability::Unavailable("rotations are shown as they go: there is nothing to reload".into())
        }
        _ => Availability::Ready,
    }
}

fn on_app(model: &mut Model, keymap: &Keymap, action: app::Action, pressed: Pressed, out: &mut Vec<Effect>) {
    if model.terminals.shown.is_some() {
        // The key was a command; the next one is for the target again.
        model.terminals.mode = Mode::Keys;
    }
    match action {
        app::Action::Back => back::back(model, out),
        app::Action::Help => open_help(model, keymap),
        app::Action::Palette => model.overlay = Some(Overlay::Palette { field: Field::default(), selected: 0 }),
        app::Action::Users => switch(model, PaneId::Users, out),
        app::Action::Keys => switch(model, PaneId::Keys, out),
        app::Action::Findings => switch(model, PaneId::Findings, out),
        app::Action::Trail => switch(model, PaneId::Trail, out),
        app::Action::Bastions => switch(model, PaneId::Bastions, out),
        app::Action::Activity => switch(model, PaneId::Activity, out),
        app::Action::Rotations => switch(model, PaneId::Rotations, out),
        app::Action::Forwards => switch(model, PaneId::Forwards, out),
        app::Action::Recordings => {
            switch(model, PaneId::Bastions, out);
            run(model, out, |model, out| {
                let cx = panes::Ctx { now: model.now, moment: model.moment, regions: &model.view.regions };
                model.panes.show_recordings(&cx, out);
            });
            model.detail.open = false;
            changed(model);
        }
        app::Action::Shells => {
            let last = model.terminals.last.filter(|last| model.terminals.get(*last).is_some());
            if let Some(id) = last.or(model.terminals.tabs.last().map(|tab| tab.id)) {
                terminals::show(model, id, out);
            }
        }
        app::Action::NextPane => switch(model, neighbour(model.focus, 1), out),
        app::Action::PreviousPane => switch(model, neighbour(model.focus, PaneId::ALL.len() - 1), out),
        app::Action::LastPane => {
            if let Some(pane) = model.before {
                switch(model, pane, out);
            }
        }
        app::Action::Arm => door::toggle(model, out),
        app::Action::Redraw => out.push(Effect::Redraw),
        app::Action::Suspend => out.push(Effect::Suspend),
        app::Action::Interrupt if pressed.interrupted => out.push(Effect::Quit),
        app::Action::Interrupt => {
            model.interrupted = true;
            let ends = ends_with_us(model).map(|ends| format!("; {ends}")).unwrap_or_default();
            model.notice(Level::Info, format!("press it once more to quit{ends}"));
        }
        app::Action::Quit => match ends_with_us(model).filter(|_| !pressed.warned) {
            Some(ends) => {
                model.terminals.warned = true;
                model.notice(Level::Warning, format!("{ends}; press it once more to quit"));
            }
            None => out.push(Effect::Quit),
        },
    }
}

/// The sessions that would end with the console, in words.
fn ends_with_us(model: &Model) -> Option<String> {
    let count = |number: usize, what: &str| match number {
        0 => None,
        1 => Some(format!("1 {what}")),
        _ => Some(format!("{number} {what}s")),
    };
    let forwards = model.panes.forwards.table.rows().filter(|forward| forward.state.is_active()).count();
    let open: Vec<String> =
        [count(model.terminals.running(), "shell"), count(forwards, "forward")].into_iter().flatten().collect();
    (!open.is_empty()).then(|| format!("{} will end with the console", open.join(" and ")))
}

fn neighbour(pane: PaneId, by: usize) -> PaneId {
    let at = PaneId::ALL.iter().position(|other| *other == pane).unwrap_or(0);
    PaneId::ALL.into_iter().cycle().nth(at + by).unwrap_or(pane)
}

/// Goes to a pane by the person's own choice: the trace of pivots ends.
fn switch(model: &mut Model, pane: PaneId, out: &mut Vec<Effect>) {
    model.trace.clear();
    show(model, pane, out);
}

/// Puts a pane on screen, and reads it if nobody has yet.
pub(super) fn show(model: &mut Model, pane: PaneId, out: &mut Vec<Effect>) {
    model.overlay = None;
    terminals::hide(model, out);
    if pane != model.focus {
        model.before = Some(std::mem::replace(&mut model.focus, pane));
        model.filter = None;
        model.detail.open = false;
        model.detail.search = None;
    }
    session::visit(model, out);
    changed(model);
}

fn on_pane(model: &mut Model, action: AnyAction, out: &mut Vec<Effect>) {
    if let Some(prompt) = model.panes.prompt(action) {
        let field = Field::with(prompt.text);
        model.overlay = Some(Overlay::Prompt { action, label: prompt.label.into(), field, error: None });
        return;
    }
    run(model, out, |model, out| {
        let cx = panes::Ctx { now: model.now, moment: model.moment, regions: &model.view.regions };
        model.panes.on_action(action, &cx, out);
    });
    changed(model);
}

fn on_list(model: &mut Model, action: list::Action, out: &mut Vec<Effect>) {
    changed(model);
    let listing = model.panes.listing_mut(model.focus);
    let page = isize::try_from(listing.height().max(1)).unwrap_or(1);
    match action {
        list::Action::Down => listing.move_by(1),
        list::Action::Up => listing.move_by(-1),
        list::Action::HalfDown => listing.move_by((page / 2).max(1)),
        list::Action::HalfUp => listing.move_by(-(page / 2).max(1)),
        list::Action::PageDown => listing.move_by(page),
        list::Action::PageUp => listing.move_by(-page),
        list::Action::Top => listing.to_top(),
        list::Action::Bottom => listing.to_bottom(),
        list::Action::Open => detail::open(model),
        list::Action::Record => open_record(model),
        list::Action::Filter => open_filter(model),
        list::Action::Sort => model.overlay = Some(Overlay::Sort { selected: listing.order().column }),
        list::Action::SortNext => sort_neighbour(model, 1),
        list::Action::SortPrevious => sort_neighbour(model, -1),
        list::Action::Reverse => {
            let order = listing.order();
            listing.reorder(Sort { descending: !order.descending, ..order });
        }
        list::Action::Reload => session::reload(model, out),
        list::Action::Copy => {
            if let Some((what, text)) = model.panes.copied(model.focus) {
                model.notice(Level::Info, format!("copied {what} {text}"));
                out.push(Effect::Copy { what: what.into(), text });
            }
        }
        list::Action::Mark => listing.mark(),
        list::Action::MarkAll => listing.mark_all(),
        list::Action::Unmark => listing.unmark(),
        list::Action::Trail => {
            if let Some(search) = model.panes.trail_of(model.focus, &model.ctx()) {
                let others = model.panes.searched(model.focus);
                pivot::go(model, &Pivot::Trail { search }, out);
                if let Some(others) = others {
                    model.notice(Level::Info, others);
                }
            }
        }
    }
}

fn sort_neighbour(model: &mut Model, by: isize) {
    let listing = model.panes.listing_mut(model.focus);
    let count = isize::try_from(listing.columns().len()).unwrap_or(1).max(1);
    let at = isize::try_from(listing.order().column).unwrap_or(0);
    let column = usize::try_from((at + by).rem_euclid(count)).unwrap_or(0);
    listing.reorder(first_order(listing.columns(), column));
}

/// Numbers and ages greatest first, names from A to Z.
fn first_order(columns: &[crate::kit::table::Column], column: usize) -> Sort {
    Sort { column, descending: columns.get(column).is_some_and(|column| column.right) }
}

fn open_filter(model: &mut Model) {
    let before = model.listing().shown_query().text().to_owned();
    model.filter = Some(FilterField { field: Field::with(before.clone()), error: None, before });
}

fn open_record(model: &mut Model) {
    let Some(record) = model.listing().selected_record() else { return };
    let title = model.panes.copied(model.focus).map(|(what, text)| format!("{what} {text}")).unwrap_or_default();
    let reader = reader(model, title, Document::record(&record));
    model.overlay = Some(Overlay::Record(reader));
}

fn open_help(model: &mut Model, keymap: &Keymap) {
    let scopes = model.scopes();
    let document = help::document(keymap, &scopes, &|id| availability(model, id));
    let reader = reader(model, "keys that work here".into(), document);
    model.overlay = Some(Overlay::Help(reader));
}

fn reader(model: &Model, title: String, document: Document) -> Reader {
    let mut scroll = Scroll::default();
    if let Some(layout) = model.layout() {
        scroll.resize(layout.text().size(), &document);
    }
    Reader { title, document, scroll, search: None }
}

/// The text that has the keys: a record over the panes, else the detail.
fn text_parts(model: &mut Model) -> (&Document, &mut Scroll, &mut Option<Field>) {
    match &mut model.overlay {
        Some(Overlay::Help(reader) | Overlay::Record(reader)) => (&reader.document, &mut reader.scroll, &mut reader.search),
        _ => (&model.detail.document, &mut model.detail.scroll, &mut model.detail.search),
    }
}

fn on_text(model: &mut Model, action: text::Action, out: &mut Vec<Effect>) {
    let (document, scroll, search) = text_parts(model);
    match action {
        text::Action::Down => scroll.go(Motion::Rows(1), document),
        text::Action::Up => scroll.go(Motion::Rows(-1), document),
        text::Action::HalfDown => scroll.go(Motion::Halves(1), document),
        text::Action::HalfUp => scroll.go(Motion::Halves(-1), document),
        text::Action::PageDown => scroll.go(Motion::Pages(1), document),
        text::Action::PageUp => scroll.go(Motion::Pages(-1), document),
        text::Action::Top => scroll.go(Motion::Top, document),
        text::Action::Bottom => scroll.go(Motion::Bottom, document),
        text::Action::Left => scroll.go(Motion::Sideways(-1), document),
        text::Action::Right => scroll.go(Motion::Sideways(1), document),
        text::Action::Search => *search = Some(Field::with(scroll.needle.clone())),
        text::Action::Next => scroll.step(1, document),
        text::Action::Previous => scroll.step(-1, document),
        text::Action::Wrap => scroll.toggle_wrap(document),
        text::Action::Copy => {
            let text = document.text();
            model.notice(Level::Info, "copied the text");
            out.push(Effect::Copy { what: "text".into(), text });
        }
        text::Action::Close => match model.overlay.take() {
            Some(_) => {}
            None => model.detail.open = false,
        },
    }
}

fn on_overlay(model: &mut Model, action: overlay::Action) {
    let (document, scroll, _) = text_parts(model);
    match action {
        overlay::Action::Down => scroll.go(Motion::Rows(1), document),
        overlay::Action::Up => scroll.go(Motion::Rows(-1), document),
        overlay::Action::PageDown => scroll.go(Motion::Pages(1), document),
        overlay::Action::PageUp => scroll.go(Motion::Pages(-1), document),
        overlay::Action::Top => scroll.go(Motion::Top, document),
        overlay::Action::Bottom => scroll.go(Motion::Bottom, document),
        overlay::Action::Close => model.overlay = None,
    }
}

fn on_menu(model: &mut Model, keymap: &Keymap, action: menu::Action, out: &mut Vec<Effect>) {
    let scopes = model.pane_scopes();
    let columns = model.listing().columns();
    let Some(overlay) = &mut model.overlay else { return };
    let (selected, count) = match overlay {
        Overlay::Palette { field, selected } => {
            let count = palette::matches(field.text(), keymap, &scopes).len();
            (selected, count)
        }
        Overlay::Sort { selected } => (selected, columns.len()),
        Overlay::Help(_) | Overlay::Record(_) | Overlay::Prompt { .. } | Overlay::Confirm(_) | Overlay::Connect(_) => return,
    };
    match action {
        menu::Action::Down => *selected = if *selected + 1 < count { *selected + 1 } else { 0 },
        menu::Action::Up => *selected = selected.checked_sub(1).unwrap_or(count.saturating_sub(1)),
        menu::Action::Accept => accept(model, keymap, out),
    }
}

/// Takes what is selected in a menu.
fn accept(model: &mut Model, keymap: &Keymap, out: &mut Vec<Effect>) {
    let scopes = model.pane_scopes();
    match model.overlay.take() {
        Some(Overlay::Palette { field, selected }) => {
            let matches = palette::matches(field.text(), keymap, &scopes);
            if let Some(spec) = matches.get(selected) {
                let pressed = Pressed { warned: palette::is_forced(field.text()), ..Pressed::default() };
                run_by_id(model, keymap, spec.id, pressed, out);
            } else {
                model.notice(Level::Warning, format!("nothing is called \"{}\"", clean(field.text())));
                model.overlay = Some(Overlay::Palette { field, selected });
            }
        }
        Some(Overlay::Sort { selected }) => {
            let listing = model.panes.listing_mut(model.focus);
            let order = listing.order();
            let again = order.column == selected;
            let first = first_order(listing.columns(), selected);
            listing.reorder(if again { Sort { descending: !order.descending, ..order } } else { first });
        }
        other => model.overlay = other,
    }
    changed(model);
}

fn on_field(model: &mut Model, keymap: &Keymap, action: field::Action, out: &mut Vec<Effect>) {
    let edit = match action {
        field::Action::Accept => return accept_field(model, keymap, out),
        field::Action::Left => Edit::Left,
        field::Action::Right => Edit::Right,
        field::Action::WordLeft => Edit::WordLeft,
        field::Action::WordRight => Edit::WordRight,
        field::Action::Start => Edit::Start,
        field::Action::End => Edit::End,
        field::Action::Backspace => Edit::Backspace,
        field::Action::Delete => Edit::Delete,
        field::Action::DeleteWord => Edit::DeleteWord,
        field::Action::DeleteToStart => Edit::DeleteToStart,
        field::Action::DeleteToEnd => Edit::DeleteToEnd,
    };
    input::edit(model, edit);
}

/// Keeps what was typed. What is not understood stays in its field, with the reason.
fn accept_field(model: &mut Model, keymap: &Keymap, out: &mut Vec<Effect>) {
    match model.overlay.take() {
        Some(Overlay::Prompt { action, label, field, .. }) => {
            let mut result = Ok(());
            run(model, out, |model, out| {
                let cx = panes::Ctx { now: model.now, moment: model.moment, regions: &model.view.regions };
                result = model.panes.answer(action, field.text(), &cx, out);
            });
            if let Err(error) = result {
                model.overlay = Some(Overlay::Prompt { action, label, field, error: Some(error) });
            }
        }
        Some(Overlay::Connect(connect)) => connect::accept(model, connect, out),
        Some(Overlay::Help(reader)) => model.overlay = Some(Overlay::Help(Reader { search: None, ..reader })),
        Some(Overlay::Record(reader)) => model.overlay = Some(Overlay::Record(Reader { search: None, ..reader })),
        Some(palette @ Overlay::Palette { .. }) => {
            model.overlay = Some(palette);
            accept(model, keymap, out);
        }
        Some(confirm @ Overlay::Confirm(_)) => {
            model.overlay = Some(confirm);
            door::accept(model, out);
        }
        Some(sort @ Overlay::Sort { .. }) => model.overlay = Some(sort),
        None if model.terminals.shown.is_some() => terminals::search(model, out),
        None => {
            if model.filter.as_ref().is_some_and(|filter| filter.error.is_none()) {
                model.filter = None;
            }
            model.detail.search = None;
        }
    }
    changed(model);
}
