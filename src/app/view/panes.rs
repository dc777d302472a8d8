//! The part of the screen that a pane fills: its list, the detail of the selected row, and what stands in their place.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::Model;
use crate::app::layout::{Area, DetailPlace, Layout};
use crate::kit::document::{Document, Scroll, fit};
use crate::panes::PaneId;
use crate::panes::bastions::View;
use crate::theme::{Look, Role};
use crate::widgets::{blank, paint, table, tabs, text};

/// Draws the list of the pane on screen, or what stands in its place.
pub(super) fn list(model: &Model, look: &Look, layout: &Layout, buf: &mut Buffer) {
    let (panes, now, area) = (&model.panes, model.now, Rect::from(layout.list));
    let focused = !model.detail.open;
    match model.focus {
        PaneId::Users => table::draw(&panes.users.table, focused, now, look, area, buf),
        PaneId::Keys => table::draw(&panes.keys.table, focused, now, look, area, buf),
        PaneId::Findings => table::draw(&panes.findings.table, focused, now, look, area, buf),
        PaneId::Trail => table::draw(&panes.trail.table, focused, now, look, area, buf),
        PaneId::Bastions => match panes.bastions.view {
            View::Nodes => table::draw(&panes.bastions.nodes, focused, now, look, area, buf),
            View::Sessions => table::draw(&panes.bastions.sessions, focused, now, look, area, buf),
            View::Recordings => table::draw(&panes.bastions.recordings, focused, now, look, area, buf),
        },
        PaneId::Activity => table::draw(&panes.activity.table, focused, now, look, area, buf),
        PaneId::Rotations => table::draw(&panes.rotations.table, focused, now, look, area, buf),
        PaneId::Forwards => table::draw(&panes.forwards.table, focused, now, look, area, buf),
    }
    if let Some(empty) = model.summary().blank {
        let below = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
        blank::draw(&empty.title, &empty.text, empty.tone, now.as_millisecond(), look, below, buf);
    }
}

/// Draws the detail of the selected row.
pub(super) fn detail(model: &Model, look: &Look, layout: &Layout, buf: &mut Buffer) {
    let detail = &model.detail;
    if detail.document.lines.is_empty() {
        return;
    }
    let scroll = Some(&detail.scroll).filter(|_| detail.open);
    titled(&detail.title, &detail.document, scroll, look, layout.detail, buf);
}

/// Draws a text with a title on the line above it, and at its right what a search has found. `scroll`: where the person is in it, once the
/// keys go to it.
pub(super) fn titled(title: &str, document: &Document, scroll: Option<&Scroll>, look: &Look, area: Area, buf: &mut Buffer) {
    let resting = Scroll::default();
    let shown = scroll.unwrap_or(&resting);
    let head = Rect { y: area.y.saturating_sub(1), height: 1, ..Rect::from(area) };
    let note = match (shown.needle.as_str(), shown.found) {
        _ if scroll.is_none() => String::new(),
        ("", _) => format!("line {} of {} ", shown.top.line + 1, document.lines.len()),
        (needle, None) => format!("{needle:?} not found "),
        (needle, Some((at, all))) => format!("{needle:?}: {} of {all} ", at + 1),
    };
    let note = paint::Piece::new(note, look[Role::Muted]);
    let room = usize::from(area.width).saturating_sub(note.width() + 2);
    let role = if scroll.is_some() { Role::Title } else { Role::Heading };
    let end = paint::text(buf, head, 0, &fit(title, room), look[role]);
    paint::pieces_right(buf, head, end + 1, &[note]);
    text::draw(document, shown, look, area.into(), buf);
}

/// Draws the line between list and detail.
pub(super) fn rule(layout: &Layout, look: &Look, buf: &mut Buffer) {
    let Some(area) = layout.rule.map(Rect::from) else { return };
    match layout.place {
        DetailPlace::Beside => {
            for number in 0..area.height {
                paint::text(buf, paint::line(area, number), 0, look.glyphs.vertical, look[Role::Rule]);
            }
        }
        DetailPlace::Below => _ = paint::text(buf, area, 0, &look.glyphs.horizontal.repeat(area.width.into()), look[Role::Rule]),
        DetailPlace::Alone => {}
    }
}

/// The tabs of all panes.
pub(super) fn tabs(model: &Model, key: impl Fn(PaneId) -> Option<String>) -> Vec<tabs::Tab> {
    let panes = &model.panes;
    let tab = |pane: PaneId| {
        let total = match pane {
            // What has ended wants no attention.
            PaneId::Rotations => panes.rotations.open(),
            _ => panes.listing(pane).counted().1,
        };
        let state = if panes.is_loading(pane) {
            tabs::State::Loading
        } else if panes.summary(pane, model.now, model.stale_dropped).banner.is_empty() {
            tabs::State::Quiet
        } else {
            tabs::State::Fault
        };
        let mut letters = pane.name().chars();
        let first = letters.next().map(|first| first.to_ascii_uppercase()).unwrap_or_default();
        let name = format!("{first}{}", letters.as_str());
        tabs::Tab {
            key: key(pane),
            name,
            count: Some(total).filter(|total| *total > 0),
            state,
            active: pane == model.focus && model.terminals.shown.is_none(),
        }
    };
    PaneId::ALL.into_iter().map(tab).collect()
}
