//! What the keys pane changes: the status of a key, and whether there is one.

use jiff::Timestamp;

use super::model::Model;
use super::{Action, CHANGED, Read, contain};
use crate::domain::age::age;
use crate::domain::change::{Change, ChangeNote, Done, Mutation};
use crate::domain::fault::Fault;
use crate::domain::key::{AccessKey, KeyStatus, LastUsed};
use crate::domain::text::Untrusted;
use crate::domain::user::ROOT_NAME;
use crate::kit::action::{Availability, Danger};
use crate::kit::confirm::Plan;
use crate::kit::effect::Out;
use crate::panes::Ctx;

/// Whether the selected key can be changed in this way, and why not.
pub(super) fn available(model: &Model, action: Action) -> Availability {
    let why_not = |key: &AccessKey| {
        if key.handle.user.raw() == ROOT_NAME {
            return Some("only root itself can change root's keys, in the AWS console");
        }
        if key.id.value().is_none() {
            return Some("the id of this key is not known yet");
        }
        match (action, key.status.value()) {
            (_, None) => Some("the status of this key is not known"),
            (Action::Deactivate, Some(KeyStatus::Inactive)) => Some("this key is inactive already"),
            (Action::Activate, Some(KeyStatus::Active)) => Some("this key is active already"),
            (Action::Activate | Action::Deactivate, Some(KeyStatus::Expired)) => Some("AWS has ended this key for good"),
            (Action::Delete, Some(KeyStatus::Active)) => Some("deactivate this key first, and see that nobody misses it"),
            _ => None,
        }
    };
    match model.table.selected() {
        None => Availability::Unavailable("no key is selected".into()),
        Some(key) => why_not(key).map_or(Availability::Ready, |why| Availability::Unavailable(why.into())),
    }
}

/// Asks whether the selected key shall be changed.
pub(super) fn ask(model: &Model, action: Action, cx: &Ctx<'_>, out: &mut Out<Read>) {
    let Some(key) = model.table.selected() else { return };
    let Some(id) = key.id.value().cloned() else { return };
    let user = key.handle.user.clone();
    let (shown, owner) = (id.shown(), user.shown());
    let leaked = contain::is_leaked(model, &user, &id);
    let (change, title, danger) = match action {
        Action::Delete => (
            Change::DeleteKey { user: user.clone(), key: id.clone() },
            format!("Delete the key {shown} of {owner}"),
            Danger::TypeName,
        ),
        Action::Activate => {
            let change = Change::SetKeyStatus { user: user.clone(), key: id.clone(), active: true };
            let danger = if leaked { Danger::TypeName } else { Danger::Confirm };
            (change, format!("Activate the key {shown} of {owner}"), danger)
        }
        _ => {
            let change = Change::SetKeyStatus { user: user.clone(), key: id.clone(), active: false };
            (change, format!("Deactivate the key {shown} of {owner}"), Danger::Confirm)
        }
    };
    let mut plan = Plan::of(title, danger, [&change])
        .fact("user", owner.as_str())
        .fact("key", shown.as_str())
        .fact("status", key.status.value().map_or("not known", KeyStatus::word))
        .fact("last used", last_use(key, cx.now));
    if leaked && action == Action::Activate {
        let words = "its user was contained, so it is taken for leaked: whoever has its secret can use it again";
        plan = plan.fact("leaked", words).typing(shown.as_str());
    } else if danger == Danger::TypeName {
        plan = plan.typing(owner.as_str());
    }
    out.ask(plan, Mutation::Change(change));
}

fn last_use(key: &AccessKey, now: Timestamp) -> String {
    match key.last_used.value() {
        None => "not known".into(),
        Some(LastUsed::Never) => "never".into(),
        Some(LastUsed::At { when, service, region }) => {
            format!("{} ago, {} in {}", age(*when, now), service.shown_within(40), region.shown_within(40))
        }
    }
}

/// The key that a change is about: its owner and its id.
fn about(mutation: &Mutation) -> Option<(&Untrusted, &Untrusted)> {
    match mutation {
        Mutation::Change(Change::SetKeyStatus { user, key, .. } | Change::DeleteKey { user, key }) => Some((user, key)),
        _ => None,
    }
}

/// A change of a key has been asked for: its row says so.
pub fn on_asked(model: &mut Model, mutation: &Mutation, cx: &Ctx<'_>) {
    if let Mutation::Contain(containment) = mutation {
        contain::asked(model, containment, cx);
    }
    note(model, mutation, ChangeNote::Asked { at: cx.now }, cx);
}

/// A change of a key has ended: its row says how, and the owner's keys are read anew, whatever AWS has said.
pub fn on_changed(model: &mut Model, mutation: &Mutation, outcome: &Result<Done, Fault>, cx: &Ctx<'_>, out: &mut Out<Read>) {
    note(model, mutation, ChangeNote::ended(outcome, cx.now), cx);
    let contained = match mutation {
        Mutation::Contain(containment) => {
            contain::ended(model, containment, outcome.is_err(), out);
            Some(containment.user())
        }
        _ => None,
    };
    if let Some(user) = about(mutation).map(|(user, _)| user).or(contained) {
        out.read(CHANGED, Read::OfUsers(vec![user.clone()]));
    }
}

fn note(model: &mut Model, mutation: &Mutation, note: ChangeNote, cx: &Ctx<'_>) {
    let Some((user, id)) = about(mutation) else { return };
    for handle in super::update::handles_of(user) {
        if model.table.get(&handle).is_some_and(|key| key.id.value() == Some(id)) {
            model.table.update(&handle, cx.now, |key| key.change = Some(note.clone()));
        }
    }
}
