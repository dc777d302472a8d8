//! Sessions that panes want: what a person sees and says before one is opened.

use crate::app::connect::{Connect, What};
use crate::app::{Effect, Model, Overlay};
use crate::domain::shell::SessionWish;
use crate::kit::field::Field;

use super::terminals;

/// Does what a pane wants with sessions, or asks first.
pub(super) fn wish(model: &mut Model, wish: SessionWish, out: &mut Vec<Effect>) {
    match wish {
        SessionWish::Shell(target) => ask(model, What::Shell(target), false),
        SessionWish::StartForward { number, spec } if spec.asks_reason || model.asks_reason || model.view.demo.is_some() => {
            let is_required = spec.asks_reason;
            ask(model, What::Forward { number, spec }, is_required);
        }
        SessionWish::StartForward { number, spec } => out.push(Effect::StartForward { number, spec, reason: None }),
        SessionWish::StopForward { number } => out.push(Effect::StopForward(number)),
    }
}

fn ask(model: &mut Model, what: What, is_required: bool) {
    let is_required = is_required || model.asks_reason;
    model.overlay = Some(Overlay::Connect(Connect { what, reason: Field::default(), is_required, error: None }));
}

/// The person has said yes. A reason that is missing or too long leaves the window open.
pub(super) fn accept(model: &mut Model, mut connect: Connect, out: &mut Vec<Effect>) {
    match (connect.reason(), connect.what.clone()) {
        (Err(error), _) => {
            connect.error = Some(error);
            model.overlay = Some(Overlay::Connect(connect));
        }
        (Ok(reason), What::Shell(target)) => terminals::open(model, target, reason, out),
        (Ok(reason), What::Forward { number, spec }) => out.push(Effect::StartForward { number, spec, reason }),
    }
}
