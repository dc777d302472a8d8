//! Shells on screen: their tabs, their screens, what is known about them, and the window before one is opened.

use jiff::SignedDuration;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::preferences;
use crate::app::connect::{Connect, What};
use crate::app::layout::Layout;
use crate::app::terminals::{Mode, Replay, Tab};
use crate::app::{Model, Overlay};
use crate::domain::age::span;
use crate::domain::known::Known;
use crate::domain::recording::{Playback, Wholeness, clock};
use crate::domain::shell::{Recording, ShellState};
use crate::domain::text::{Untrusted, clean};
use crate::kit::keymap::Keymap;
use crate::kit::table::{Cell, Tone};
use crate::screens::Screens;
use crate::theme::{Look, Role};
use crate::widgets::paint::{self, Piece};
use crate::widgets::terminal::{self, Marks};
use crate::widgets::{field, tabs, toast, window};

/// The tabs of the shells.
pub(super) fn tabs(model: &Model) -> impl Iterator<Item = tabs::Tab> {
    let shown = model.terminals.shown;
    model.terminals.tabs.iter().map(move |tab| {
        let state = match &tab.state {
            ShellState::Connecting => tabs::State::Loading,
            ShellState::Open if tab.has_news => tabs::State::News,
            ShellState::Open => tabs::State::Quiet,
            ShellState::Reconnecting { .. } | ShellState::Silent | ShellState::Ended { .. } | ShellState::Failed { .. } => {
                tabs::State::Fault
            }
        };
        tabs::Tab { key: Some(">".into()), name: tab.title(), count: None, state, active: shown == Some(tab.id) }
    })
}

/// Whether a shell has the whole screen.
pub(super) fn has_all(model: &Model) -> bool {
    model.terminals.full
        && model.terminals.shown.is_some()
        && !matches!(model.overlay, Some(Overlay::Help(_) | Overlay::Record(_)))
}

/// Draws a shell that has the whole screen. Its last line is ours while we have something to say.
pub(super) fn all(model: &Model, screens: &Screens, layout: &Layout, keymap: &Keymap, look: &Look, area: Rect, buf: &mut Buffer) {
    screen(model, screens, look, area, buf);
    let is_shell = |tab: &Tab| tab.state == ShellState::Open && tab.replay.is_none();
    let is_quiet = model.terminals.mode == Mode::Keys && model.terminals.current().is_some_and(is_shell);
    if !is_quiet || model.overlay.is_some() {
        let last = Rect { y: area.bottom().saturating_sub(1), height: 1, ..area };
        paint::ground(buf, last, look[Role::Text]);
        super::below(model, &Layout { status: layout.footer, ..*layout }, look, buf);
    }
    super::windows::draw(model, layout, keymap, look, buf);
    let notices: Vec<_> = model.notices.iter().map(|notice| (notice.level, notice.text.as_str())).collect();
    toast::draw(&notices, look, area, buf);
}

/// Draws the screen of the shell that is shown.
pub(super) fn screen(model: &Model, screens: &Screens, look: &Look, area: Rect, buf: &mut Buffer) {
    let Some(screen) = model.terminals.shown.and_then(|id| screens.get(id)) else { return };
    let marks = model.terminals.reading().map_or_else(Marks::default, |reading| Marks {
        line: Some(reading.line),
        chosen: reading.from.map(|_| reading.chosen()),
    });
    match model.terminals.current() {
        Some(tab) if tab.replay.is_some() => terminal::draw_framed(screen, &marks, look, area, buf),
        _ => terminal::draw(screen, &marks, look, area, buf),
    }
}

/// What is known about the shell that is shown, and what is wrong with it.
pub(super) fn facts(model: &Model, tab: &Tab) -> (Vec<Cell>, Vec<Cell>) {
    let mut facts = vec![Cell::plain(if tab.replay.is_some() { tab.title() } else { format!("shell on {}", tab.title()) })];
    // On a narrow screen the last facts go first, and this is none to lose.
    if matches!(tab.recording, Recording::On { .. }) && !tab.state.is_over() {
        facts.push(Cell::new("recording", Tone::Warning));
    }
    match &model.terminals.mode {
        Mode::Command => facts.push(Cell::new("the next key is a command to the console", Tone::Loading)),
        Mode::Reading(reading) => {
            facts.push(Cell::new(format!("held still, line {} of {}", reading.line + 1, reading.lines), Tone::Stale));
            if reading.missed {
                facts.push(Cell::new(format!("{:?} not found", clean(&reading.needle)), Tone::Warning));
            }
        }
        Mode::Keys => {}
    }
    let since = span(model.moment.since(tab.since));
    let mut missing = Vec::new();
    if let Some(replay) = tab.replay.as_deref().filter(|_| !tab.state.is_over()) {
        facts.extend(replayed(replay));
        return (facts, missing);
    }
    match &tab.state {
        ShellState::Connecting => facts.push(Cell::new("connecting…", Tone::Loading)),
        ShellState::Open => facts.push(Cell::new("open", Tone::Good)),
        ShellState::Reconnecting { problem } => missing.push(Cell::new(
            format!("reconnecting since {since}, nothing is lost: {}", problem.shown_within(120)),
            Tone::Warning,
        )),
        ShellState::Silent => missing.push(Cell::new(
            format!("no answer from the target since {since}: it may have gone; x after ctrl-] closes the shell"),
            Tone::Bad,
        )),
        ShellState::Ended { why, code } => facts.push(Cell::new(ended(why, *code), Tone::Warning)),
        ShellState::Failed { why } => missing.push(Cell::new(why.shown_within(400).into_string(), Tone::Bad)),
    }
    if let Some((sent, total)) = tab.paste {
        let percent = sent.saturating_mul(100) / total.max(1);
        facts.push(Cell::new(format!("pasting, {percent} % of {total} bytes; Esc stops"), Tone::Loading));
    }
    if matches!(tab.recording, Recording::Failed { .. }) {
        facts.push(Cell::new("recording has stopped", Tone::Bad));
    }
    if tab.is_encrypted == Some(true) {
        facts.push(Cell::muted("encrypted with the account's key"));
    }
    (facts, missing)
}

/// How a recording is being played.
fn replayed(replay: &Replay) -> Vec<Cell> {
    let Replay { recorded, playback } = replay;
    let at = clock(SignedDuration::from_millis(i64::try_from(playback.at).unwrap_or(i64::MAX)));
    let length = recorded.length.map_or_else(|| "?".to_owned(), clock);
    let doing = match playback {
        Playback { is_seeking: true, .. } => Cell::new("looking for the place…", Tone::Loading),
        Playback { is_over: true, .. } => Cell::new("at its end", Tone::Muted),
        Playback { is_playing: true, .. } => Cell::new("playing", Tone::Good),
        _ => Cell::new("stopped", Tone::Warning),
    };
    let mut facts = vec![Cell::plain(format!("{at} of {length}")), doing, Cell::plain(playback.speed_words())];
    facts.push(Cell::muted(format!("{}×{}", recorded.header.width, recorded.header.height)));
    match recorded.wholeness {
        Wholeness::Whole | Wholeness::Damaged { .. } => {}
        Wholeness::Running | Wholeness::Full | Wholeness::Cut => {
            facts.push(Cell::new(recorded.wholeness.words(), Tone::Warning));
        }
    }
    if playback.damaged > 0 {
        let lines = if playback.damaged == 1 { "1 line".to_owned() } else { format!("{} lines", playback.damaged) };
        facts.push(Cell::new(format!("{lines} could not be read"), Tone::Bad));
    }
    facts
}

fn ended(why: &Untrusted, code: Option<i32>) -> String {
    let code = code.map(|code| format!(", exit code {code}")).unwrap_or_default();
    if why.is_empty() { format!("ended{code}") } else { format!("ended: {}{code}", why.shown_within(200)) }
}

/// The window before a session is opened.
pub(super) fn connect(model: &Model, connect: &Connect, look: &Look, area: Rect, buf: &mut Buffer) {
    let lines = lines(model, connect);
    let high = u16::try_from(lines.len() + 5).unwrap_or(u16::MAX);
    let inner = window::draw(&connect.title(), look, window::centred(area, 78, high), buf);
    for (number, (label, cell)) in lines.iter().enumerate() {
        let line = paint::line(inner, u16::try_from(number).unwrap_or(u16::MAX));
        let end = paint::text(buf, line, 0, &format!("{label:<12}"), look[Role::Muted]);
        paint::text(buf, line, end, &cell.text, look[Role::from(cell.tone)]);
    }
    let below = u16::try_from(lines.len() + 1).unwrap_or(u16::MAX);
    let note = if connect.is_required { "required" } else { "optional" };
    let prompt = format!("{:<12}", "reason");
    let note = Piece::new(connect.error.as_deref().map_or(note, |_| "see below"), look[Role::Muted]);
    field::draw(&prompt, &connect.reason, note, look, paint::line(inner, below), buf);
    let advice = connect.error.as_deref().map_or_else(
        || Piece::new("Enter opens it, Esc does not", look[Role::Muted]),
        |error| Piece::new(error, look[Role::Bad]),
    );
    paint::pieces(buf, paint::line(inner, below + 1), 0, &[advice]);
}

/// Who else has a session to the node, as far as the bastions pane has read it.
fn others(model: &Model, node: &Untrusted) -> Cell {
    let bastions = &model.panes.bastions;
    let there = bastions.sessions.rows().filter(|session| session.active && session.target == *node);
    let owners: Vec<String> = there
        .map(|session| {
            let owner = session.owner.shown_within(200).into_string();
            owner.rsplit('/').next().unwrap_or(&owner).to_owned()
        })
        .collect();
    match (owners.as_slice(), bastions.sessions_remote.is_complete()) {
        ([], true) => Cell::plain("nobody when the sessions were last read"),
        ([], false) => Cell::new("unknown: the sessions were not all read", Tone::Unknown),
        (owners, _) => Cell::new(owners.join(", "), Tone::Warning),
    }
}

fn lines(model: &Model, connect: &Connect) -> Vec<(&'static str, Cell)> {
    let mut lines = Vec::new();
    let region = |region: Option<&String>| {
        Cell::plain(clean(region.or(model.view.regions.first()).map_or("the session's first one", |region| region)))
    };
    match &connect.what {
        What::Shell(target) => {
            lines.push(("node", Cell::plain(target.node.shown_within(64).into_string())));
            lines.extend(target.name.as_ref().map(|name| ("name", Cell::plain(name.shown_within(64).into_string()))));
            lines.push(("region", region(target.region.as_ref())));
            lines.push(("connected", others(model, &target.node)));
            let region = target.region.as_ref().or(model.view.regions.first());
            let known = region.and_then(|region| model.panes.bastions.preferences.get(region));
            lines.extend(preferences::lines(known.unwrap_or(&Known::Unknown)));
        }
        What::Forward { spec, .. } => {
            lines.push(("target", Cell::plain(clean(&spec.target))));
            lines.push(("region", region(spec.region.as_ref())));
            lines.push(("leads to", Cell::plain(clean(&spec.ports.remote()))));
            // Session Manager only carries what a forward carries; the preferences are about shells.
            lines.push(("logging", Cell::new("never: what a forward carries is not logged", Tone::Warning)));
        }
    }
    if model.view.demo.is_some() {
        let text = "the demo: the session runs on this machine, in its own folder";
        lines.push(("warning", Cell::new(text, Tone::Warning)));
    }
    lines
}
