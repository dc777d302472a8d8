//! Sessions that panes want: what a person sees and says before one is opened.

use crate::app::connect::{Connect, What};
use crate::app::{Effect, Model, Overlay};
use crate::domain::shell::SessionWish;
use crate::kit::effect::Level;
use crate::kit::field::Field;

use super::{pivot, replay, run, terminals};

/// Does what a pane wants with sessions, or asks first.
pub(super) fn wish(model: &mut Model, wish: SessionWish, out: &mut Vec<Effect>) {
    match wish {
        SessionWish::Shell(target) => {
            if let Some(why) = pivot::not_here(model) {
                return model.notice(Level::Warning, why);
            }
            let region = target.region.clone().or_else(|| model.view.regions.first().cloned());
            if ask(model, What::Shell(target), false)
                && let Some(region) = region
            {
                run(model, out, |model, out| model.panes.want_preferences(&region, out));
            }
        }
        SessionWish::Replay(recorded) => replay::open(model, *recorded, out),
        SessionWish::StartForward { number, spec } => match asks_reason(model) {
            Ok(false) if !spec.asks_reason && model.view.demo.is_none() => {
                out.push(Effect::StartForward { number, spec, reason: None });
            }
            _ => {
                let is_required = spec.asks_reason;
                ask(model, What::Forward { number, spec }, is_required);
            }
        },
        SessionWish::StopForward { number } => out.push(Effect::StopForward(number)),
    }
}

/// Whether every session needs a reason: by the settings, or by the rule about this account.
fn asks_reason(model: &Model) -> Result<bool, String> {
    Ok(model.door.sessions(&model.view)? || model.asks_reason)
}

/// Opens the window before a session, if there may be one.
fn ask(model: &mut Model, what: What, is_required: bool) -> bool {
    match asks_reason(model) {
        Ok(asks) => {
            let is_required = is_required || asks;
            model.overlay = Some(Overlay::Connect(Connect { what, reason: Field::default(), is_required, error: None }));
            true
        }
        Err(why) => {
            model.notice(Level::Warning, why);
            false
        }
    }
}

/// The person has said yes. A reason that is missing or too long leaves the window open.
pub(super) fn accept(model: &mut Model, mut connect: Connect, out: &mut Vec<Effect>) {
    // It may have become known meanwhile whose account it is.
    let asked = asks_reason(model).and_then(|asks| {
        connect.is_required |= asks;
        connect.reason()
    });
    match (asked, connect.what.clone()) {
        (Err(error), _) => {
            connect.error = Some(error);
            model.overlay = Some(Overlay::Connect(connect));
        }
        (Ok(reason), What::Shell(target)) => terminals::open(model, target, reason, out),
        (Ok(reason), What::Forward { number, spec }) => out.push(Effect::StartForward { number, spec, reason }),
    }
}
