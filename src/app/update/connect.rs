//! Sessions that panes want: what a person sees and says before one is opened.

use crate::app::connect::{Connect, What};
use crate::app::{Effect, Model, Overlay};
use crate::domain::account::rule_of;
use crate::domain::shell::SessionWish;
use crate::kit::field::Field;

use super::{replay, run, terminals};

/// Does what a pane wants with sessions, or asks first.
pub(super) fn wish(model: &mut Model, wish: SessionWish, out: &mut Vec<Effect>) {
    match wish {
        SessionWish::Shell(target) => {
            let region = target.region.clone().or_else(|| model.view.regions.first().cloned());
            ask(model, What::Shell(target), false);
            if let Some(region) = region {
                run(model, out, |model, out| model.panes.want_preferences(&region, out));
            }
        }
        SessionWish::Replay(recorded) => replay::open(model, *recorded, out),
        SessionWish::StartForward { number, spec } if spec.asks_reason || asks_reason(model) || model.view.demo.is_some() => {
            let is_required = spec.asks_reason;
            ask(model, What::Forward { number, spec }, is_required);
        }
        SessionWish::StartForward { number, spec } => out.push(Effect::StartForward { number, spec, reason: None }),
        SessionWish::StopForward { number } => out.push(Effect::StopForward(number)),
    }
}

/// Whether every session needs a reason: by the settings, or by the rule about this account. Where it is not known whose account it is, a
/// rule that asks for one may be about it.
fn asks_reason(model: &Model) -> bool {
    let rules = &model.door.rules;
    let rule = rule_of(rules, &model.view);
    model.asks_reason || rule.map_or_else(|_| rules.iter().any(|rule| rule.reason), |rule| rule.reason)
}

fn ask(model: &mut Model, what: What, is_required: bool) {
    let is_required = is_required || asks_reason(model);
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
