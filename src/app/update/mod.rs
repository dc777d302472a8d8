//! The one place where anything changes: a message comes in, the model changes, effects go out. Nothing here waits, reads or draws.

mod actions;
mod back;
mod connect;
mod detail;
mod door;
mod input;
mod lock;
mod missed;
mod pivot;
mod replay;
mod session;
mod terminals;
mod ticks;

pub use actions::availability;
pub use detail::needs_draw;
pub use terminals::{direct, mouse_area};
pub use ticks::{ends, has_work, wants_ticks};

use super::{Effect, Model, Msg};
use crate::kit::effect::{self, Level, Out};
use crate::kit::keymap::Keymap;
use crate::panes;

/// Rows that one slice of waiting work looks at: a few milliseconds.
const SLICE: usize = 4096;

/// Takes a message.
pub fn update(model: &mut Model, keymap: &Keymap, msg: Msg, out: &mut Vec<Effect>) {
    match msg {
        Msg::Tick { now, moment } => ticks::tick(model, now, moment, out),
        Msg::Input(input) => input::on_input(model, keymap, input, out),
        Msg::Touched => model.lock.touched = model.moment,
        Msg::Entry(entry) => {
            model.entry = entry;
            model.dirty = true;
        }
        Msg::Guarded(is_guarded) => lock::guarded(model, is_guarded),
        Msg::Unlock => lock::try_passphrase(model, out),
        Msg::Unlocked(result) => lock::unlocked(model, result, out),
        Msg::Connected { session, view } => session::connected(model, session, view, out),
        Msg::Connection(session, news) => session::news(model, session, news, out),
        Msg::Reply { session, slot, generation, body } => {
            let wanted = session::is_wanted(model, session, &slot, generation);
            if wanted {
                run(model, out, |model, out| {
                    let Model { panes, now, moment, view, .. } = model;
                    panes.on_message(&slot, body, &panes::Ctx { now: *now, moment: *moment, regions: &view.regions }, out);
                });
                changed(model);
            } else {
                model.stale_dropped += 1;
                model.dirty |= model.focus == panes::PaneId::Activity;
            }
        }
        Msg::Changed { session, number, mutation, outcome } => door::ended(model, session, number, &mutation, &outcome, out),
        Msg::Broken { task, text } => session::broken(model, &task, &text, out),
        Msg::Call(call) => {
            let cx = panes::Ctx { now: model.now, moment: model.moment, regions: &model.view.regions };
            panes::activity::on_call(&mut model.panes.activity, call, &cx);
            if model.focus == panes::PaneId::Activity {
                changed(model);
            }
        }
        Msg::Shell(id, news) => terminals::news(model, id, news, out),
        Msg::Forward(forward) => {
            run(model, out, |model, out| {
                let cx = panes::Ctx { now: model.now, moment: model.moment, regions: &model.view.regions };
                panes::forwards::on_news(&mut model.panes.forwards, forward, &cx, out);
            });
            if model.focus == panes::PaneId::Forwards {
                changed(model);
            }
            model.dirty = true;
        }
        Msg::CallsLost(lost) => {
            let cx = panes::Ctx { now: model.now, moment: model.moment, regions: &model.view.regions };
            panes::activity::on_lost(&mut model.panes.activity, lost, &cx);
            if model.focus == panes::PaneId::Activity {
                changed(model);
            }
        }
        Msg::ReadBack { session, mutation, outcome } => door::read_back(model, session, &mutation, &outcome, out),
        Msg::Contained { session, user, news } => {
            if session == model.session {
                run(model, out, |model, out| model.panes.on_contained(&user, news, out));
                changed(model);
            } else {
                model.stale_dropped += 1;
            }
        }
        Msg::Rotations(rotations) => {
            let cx = panes::Ctx { now: model.now, moment: model.moment, regions: &model.view.regions };
            panes::rotations::on_told(&mut model.panes.rotations, rotations, &cx);
            changed(model);
        }
        Msg::TakenBack => terminals::taken_back(model, out),
        Msg::Notice(level, text) => model.notice(level, text),
        Msg::Work => work(model),
        Msg::Warning(text) => {
            model.notice(Level::Warning, text);
            // Until the person has seen it.
            if let Some(notice) = model.notices.last_mut() {
                notice.until = None;
            }
        }
    }
    missed::missed(model, out);
    terminals::watch_lent(model, out);
    settle(model, out);
}

/// The screen and the detail are behind.
fn changed(model: &mut Model) {
    model.dirty = true;
    model.detail_behind = true;
}

/// Does a slice of sorting and filtering, of the table on screen first.
fn work(model: &mut Model) {
    let now = model.now;
    let focused = model.panes.listing_mut(model.focus);
    if focused.has_work() {
        focused.work(SLICE, now);
        changed(model);
    } else if let Some(listing) = model.panes.all_listings_mut().into_iter().find(|listing| listing.has_work()) {
        listing.work(SLICE, now);
    }
}

/// Asks for what the rows on screen still lack.
fn settle(model: &mut Model, out: &mut Vec<Effect>) {
    if model.connection == super::Connection::Ready && model.visited.contains(&model.focus) {
        run(model, out, |model, out| {
            let Model { panes, now, moment, view, focus, .. } = model;
            panes.settle(*focus, &panes::Ctx { now: *now, moment: *moment, regions: &view.regions }, out);
        });
    }
}

/// Lets panes ask for effects, and turns them into the root's own.
fn run(model: &mut Model, out: &mut Vec<Effect>, ask: impl FnOnce(&mut Model, &mut Out<panes::Read>)) {
    let mut asked = Out::default();
    ask(model, &mut asked);
    let effects: Vec<effect::Effect<panes::Read>> = asked.drain().collect();
    for effect in effects {
        match effect {
            effect::Effect::Read { slot, read } => session::start(model, slot, read, out),
            effect::Effect::Cancel(slot) => {
                if model.slots.remove(&slot).is_some() {
                    out.push(Effect::Cancel(slot));
                }
            }
            effect::Effect::Session(wish) => connect::wish(model, wish, out),
            effect::Effect::Go(wanted) => pivot::go(model, &wanted, out),
            effect::Effect::Open => detail::open(model),
            effect::Effect::Notice(level, text) => model.notice(level, text),
            effect::Effect::Ask { plan, mutation } => door::ask(model, *plan, *mutation),
            effect::Effect::Copy { what, text } => out.push(Effect::Copy { what, text }),
        }
        changed(model);
    }
}
