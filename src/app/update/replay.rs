//! Recordings being played: tabs like those of shells, in which every key is for the console.

use crate::app::actions::replay;
use crate::app::terminals::{Replay, Tab};
use crate::app::{Effect, Model, ShellEffect};
use crate::domain::recording::{Order, Playback, Recorded};
use crate::domain::shell::{ShellId, ShellState, Target};
use crate::domain::text::Untrusted;
use crate::kit::action::Availability;
use crate::kit::input::Size;

use super::terminals;

/// The steps in which a person goes through a recording, in milliseconds.
const STEPS: [i64; 2] = [5_000, 60_000];

/// Plays a recording in a tab of its own, or shows the tab in which it is played already.
pub(super) fn open(model: &mut Model, recorded: Recorded, out: &mut Vec<Effect>) {
    let is_it =
        |tab: &&Tab| tab.replay.as_ref().is_some_and(|replay| replay.recorded.file == recorded.file) && !tab.state.is_over();
    if let Some(id) = model.terminals.tabs.iter().find(is_it).map(|tab| tab.id) {
        return terminals::show(model, id, out);
    }
    model.terminals.newest += 1;
    let id = ShellId(model.terminals.newest);
    let size = Size { width: recorded.header.width, height: recorded.header.height };
    let file = recorded.file.raw().to_owned();
    let node = recorded.header.target.clone().unwrap_or_else(|| Untrusted::new("?"));
    let replay = Some(Box::new(Replay { recorded, playback: Playback::default() }));
    let tab = Tab::new(id, Target { node, region: None, name: None }, size, model.moment);
    model.terminals.tabs.push(Tab { state: ShellState::Open, replay, ..tab });
    out.push(Effect::Shell(id, ShellEffect::Replay { file, size }));
    terminals::show(model, id, out);
}

/// Stops the recording on screen, because something else comes in its place.
pub(super) fn leave(model: &Model, out: &mut Vec<Effect>) {
    if let Some(tab) = model.terminals.current()
        && tab.replay.as_ref().is_some_and(|replay| replay.playback.is_playing)
    {
        out.push(Effect::Shell(tab.id, ShellEffect::Order(Order::Stop)));
    }
}

/// A key where a recording is on screen.
pub(super) fn on_action(model: &mut Model, action: replay::Action, out: &mut Vec<Effect>) {
    let Some(id) = model.terminals.shown else { return };
    let [step, minute] = STEPS;
    let order = match action {
        replay::Action::Pause => Order::Pause,
        replay::Action::Forward => Order::Skip(step),
        replay::Action::Backward => Order::Skip(-step),
        replay::Action::Minute => Order::Skip(minute),
        replay::Action::Earlier => Order::Skip(-minute),
        replay::Action::Start => Order::Seek(0),
        replay::Action::End => Order::Seek(u64::MAX),
        replay::Action::Next => Order::Next,
        replay::Action::Faster => Order::Faster,
        replay::Action::Slower => Order::Slower,
        replay::Action::Read => {
            leave(model, out);
            out.push(Effect::Shell(id, ShellEffect::Hold));
            return;
        }
        replay::Action::Full => return terminals::toggle_full(model, out),
        replay::Action::Console => return terminals::hide(model, out),
        replay::Action::Close => return terminals::close(model, id, out),
    };
    out.push(Effect::Shell(id, ShellEffect::Order(order)));
}

/// Whether an action about the recording on screen can be done now.
pub(super) fn available(model: &Model, action: replay::Action) -> Availability {
    let no = |reason: &str| Availability::Unavailable(reason.to_owned());
    let Some(tab) = model.terminals.current().filter(|tab| tab.replay.is_some()) else {
        let shown = if model.terminals.shown.is_some() { "a shell" } else { "a pane" };
        return no(&format!("{shown} is on screen, not a recording"));
    };
    let stays = matches!(action, replay::Action::Console | replay::Action::Close | replay::Action::Full | replay::Action::Read);
    if tab.state.is_over() && !stays { no("this recording cannot be played") } else { Availability::Ready }
}
