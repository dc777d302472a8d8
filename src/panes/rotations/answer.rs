//! What a person can tell a rotation, and the plan that is shown before it is told.

use super::Action;
use super::detail::choices;
use super::model::Model;
use super::row::at_time;
use crate::domain::change::{Change, Mutation};
use crate::domain::rotation::{Choice, Command, Phase, Rotation, Wait};
use crate::kit::action::{Availability, Danger};
use crate::kit::confirm::Plan;
use crate::kit::effect::Out;
use crate::panes::Ctx;

/// The answer that an action gives.
fn choice(action: Action) -> Option<Choice> {
    Some(match action {
        Action::Continue => Choice::Continue,
        Action::SkipWait => Choice::SkipWait,
        Action::Reactivate => Choice::Reactivate,
        Action::RollBack => Choice::RollBack,
        Action::DeleteOrphan => Choice::DeleteOrphan,
        Action::Abort => Choice::Abort,
        _ => return None,
    })
}

/// Whether the selected rotation takes this answer now, and why not.
pub(super) fn available(model: &Model, action: Action) -> Availability {
    let unavailable = |why: &str| Availability::Unavailable(why.to_owned());
    let left = |rotation: &Rotation| rotation.wait == Wait::Nobody && !rotation.phase.is_final();
    match (action, model.table.selected(), choice(action)) {
        (Action::ResumeAll, ..) if model.table.rows().any(left) => Availability::Ready,
        (Action::ResumeAll, ..) => unavailable("no rotation was left unfinished"),
        (_, None, _) => unavailable("no rotation is selected"),
        (_, Some(rotation), _) if rotation.phase.is_final() => unavailable("this rotation has ended"),
        (Action::Resume, Some(rotation), _) if left(rotation) => Availability::Ready,
        (Action::Resume, ..) => unavailable("this rotation is being worked on"),
        (_, Some(rotation), _) if left(rotation) => unavailable("nobody works on this rotation: resume it first"),
        (_, Some(rotation), Some(choice)) if choices(rotation).contains(&choice) => Availability::Ready,
        _ => unavailable("this rotation does not ask for that now"),
    }
}

/// Asks whether the selected rotation shall be told so.
pub(super) fn ask<X>(model: &Model, action: Action, cx: &Ctx<'_>, out: &mut Out<X>) {
    let rotation = model.table.selected();
    match (action, rotation, choice(action)) {
        (Action::ResumeAll, ..) => resume_all(model, out),
        (Action::Resume, Some(rotation), _) => {
            let title = format!("Take up the rotation of {} again", rotation.user.shown());
            let plan = about(plan(title, Danger::Confirm, rest(rotation)), rotation, cx);
            out.ask(plan, Mutation::Rotation(Command::Resume { id: Some(rotation.id.clone()) }));
        }
        (_, Some(rotation), Some(choice)) => {
            let (danger, changes) = (danger(choice, rotation.phase), changes(choice, rotation));
            let title = format!("{}: the rotation of {}", sentence(choice), rotation.user.shown());
            let mut plan = about(plan(title, danger, changes), rotation, cx).fact("this means", choice.meaning(rotation.phase));
            if danger == Danger::TypeName {
                plan = plan.typing(rotation.user.shown().as_str());
            }
            out.ask(plan, Mutation::Rotation(Command::Answer { id: rotation.id.clone(), choice }));
        }
        _ => {}
    }
}

fn resume_all<X>(model: &Model, out: &mut Out<X>) {
    let left: Vec<&Rotation> = model.table.rows().filter(|one| one.wait == Wait::Nobody && !one.phase.is_final()).collect();
    let title = format!("Take up {} rotations again", left.len());
    let users: Vec<String> = left.iter().map(|one| one.user.shown_within(40).into_string()).collect();
    let plan = plan(title, Danger::Confirm, left.into_iter().flat_map(rest).collect()).fact("users", users.join(", "));
    out.ask(plan, Mutation::Rotation(Command::Resume { id: None }));
}

fn plan(title: String, danger: Danger, changes: Vec<Change>) -> Plan {
    Plan::of(title, danger, changes.iter())
}

/// The dialog names the account by itself: that of the session. The rotation's own is told, too, as it may be another one.
fn about(plan: Plan, rotation: &Rotation, cx: &Ctx<'_>) -> Plan {
    let waits = match &rotation.wait {
        Wait::Until { at } => format!("goes on by itself {}", at_time(*at, cx.now)),
        Wait::Operator { need, .. } => need.clone(),
        _ => "for somebody to take it up".into(),
    };
    plan.fact("rotation of account", &rotation.account)
        .fact("user", rotation.user.shown().as_str())
        .fact("old key", rotation.old_key.shown().as_str())
        .fact("new key", rotation.new_key.as_ref().map_or("not made".into(), |key| key.shown().into_string()))
        .fact("stands at", format!("{}: {}", rotation.phase.word(), rotation.meaning(rotation.phase)))
        .fact("waits", waits)
}

fn sentence(choice: Choice) -> &'static str {
    match choice {
        Choice::Continue => "Go on",
        Choice::SkipWait => "Do not wait",
        Choice::Reactivate => "Make the old key active again",
        Choice::RollBack => "Give the new key up",
        Choice::DeleteOrphan => "Delete the key without secret",
        Choice::Abort => "End it as it stands",
    }
}

/// What cannot be undone wants the name typed.
fn danger(choice: Choice, phase: Phase) -> Danger {
    match (choice, phase) {
        (Choice::RollBack | Choice::DeleteOrphan, _) | (Choice::SkipWait, Phase::Observing) => Danger::TypeName,
        (Choice::Reactivate, _) => Danger::Reversible,
        _ => Danger::Confirm,
    }
}

/// The calls that an answer leads to at once.
fn changes(choice: Choice, rotation: &Rotation) -> Vec<Change> {
    let user = rotation.user.clone();
    let old = rotation.old_key.clone();
    let status = |key, active| Change::SetKeyStatus { user: user.clone(), key, active };
    match (choice, rotation.phase, &rotation.new_key) {
        (Choice::SkipWait, Phase::Soaking, _) => vec![status(old, false)],
        (Choice::SkipWait, _, _) => vec![Change::DeleteKey { user, key: old }],
        (Choice::Reactivate, ..) => vec![status(old, true)],
        // A leaked key does not become active again, whatever becomes of the new one.
        (Choice::RollBack, _, Some(new)) if rotation.renew => {
            vec![status(new.clone(), false), Change::DeleteKey { user, key: new.clone() }]
        }
        (Choice::RollBack, _, Some(new)) => {
            vec![status(old, true), status(new.clone(), false), Change::DeleteKey { user, key: new.clone() }]
        }
        (Choice::Continue, ..) => rest(rotation),
        _ => Vec::new(),
    }
}

/// The calls that are still to be made where all goes well.
fn rest(rotation: &Rotation) -> Vec<Change> {
    let user = rotation.user.clone();
    let mut changes = Vec::new();
    if rotation.phase <= Phase::Creating && rotation.new_key.is_none() {
        changes.push(Change::CreateKey { user: user.clone() });
    }
    if rotation.phase <= Phase::Deactivating {
        changes.push(Change::SetKeyStatus { user: user.clone(), key: rotation.old_key.clone(), active: false });
    }
    changes.push(Change::DeleteKey { user, key: rotation.old_key.clone() });
    changes
}
