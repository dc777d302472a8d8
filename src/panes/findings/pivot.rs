//! From a finding to what it names, and from elsewhere to the findings that name something.
//!
//! A finding may name several users, keys and instances. Each press of a key leads to the next of them, and says so.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Model;
use crate::domain::age::age;
use crate::domain::event::{LookupKey, Reach, Search};
use crate::domain::finding::{Finding, FindingKey, Principal, PrincipalKind};
use crate::domain::text::Untrusted;
use crate::domain::user::ROOT_NAME;
use crate::kit::action::Availability;
use crate::kit::effect::About;
use crate::kit::query::Query;
use crate::kit::remote::Phase;
use crate::panes::{Ctx, Missed, exactly, needs};

/// Which of several a pivot leads to next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    finding: FindingKey,
    way: Way,
    next: usize,
}

/// What is gone through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Way {
    User,
    Keys,
    Contain,
    Node,
    Trail,
}

/// The one of `all` whose turn it is, and a word about the others. The turn moves on.
pub(super) fn next<T: Clone>(
    turn: &mut Option<Turn>,
    finding: &Finding,
    way: Way,
    all: &[T],
    name: impl Fn(&T) -> String,
) -> Option<(T, Option<String>)> {
    let at = position(turn.as_ref(), finding, way, all.len());
    let one = all.get(at)?.clone();
    let next = (at + 1) % all.len().max(1);
    *turn = Some(Turn { finding: finding.key.clone(), way, next });
    let others = all.get(next).filter(|_| all.len() > 1);
    let note = others.map(|other| format!("{} of {} in the finding; again from there: {}", at + 1, all.len(), name(other)));
    Some((one, note))
}

fn position(turn: Option<&Turn>, finding: &Finding, way: Way, count: usize) -> usize {
    let same = turn.filter(|turn| turn.finding == finding.key && turn.way == way);
    same.map_or(0, |turn| turn.next).checked_rem(count).unwrap_or(0)
}

/// The users of this account that a finding names: who has a page. Root has one under its own name.
pub(super) fn users(finding: &Finding) -> Vec<Principal> {
    let has_page = |principal: &&Principal| matches!(principal.kind, PrincipalKind::User | PrincipalKind::Root);
    let mut users: Vec<Principal> = finding.principals.iter().filter(has_page).cloned().collect();
    for user in users.iter_mut().filter(|user| user.kind == PrincipalKind::Root) {
        user.name = ROOT_NAME.into();
        user.id = None;
    }
    users
}

/// Whether a finding leads to a user, and why not. A role, a session or a user of a database may have the name of a user, and is not that
/// user.
pub(super) fn user_available(finding: &Finding) -> Availability {
    if !users(finding).is_empty() {
        return Availability::Ready;
    }
    Availability::Unavailable(match finding.principals.first() {
        None => "the finding names no user".to_owned(),
        Some(who) => {
            let what = who.what();
            let article = if what.starts_with(['A', 'I']) { "an" } else { "a" };
            format!("the finding names no IAM user: {} is {article} {what}", who.name.shown_within(64))
        }
    })
}

/// Whether the users of a finding can be contained.
pub(super) fn contain_available(finding: &Finding) -> Availability {
    needs(finding.users().next(), "the finding is about no IAM user: there are no keys to shut")
}

/// What CloudTrail is searched by: each key, else each user, else the name of each role, instance and resource. A role's calls stand under
/// its sessions' names, so they are not found by its own.
fn attributes(finding: &Finding) -> Vec<(LookupKey, String)> {
    let by = |key: LookupKey, texts: &mut dyn Iterator<Item = &Untrusted>| {
        texts.filter(|text| !text.is_empty()).map(|text| (key, text.raw().to_owned())).collect::<Vec<_>>()
    };
    let keys = by(LookupKey::AccessKeyId, &mut finding.access_keys.iter());
    if !keys.is_empty() {
        return keys;
    }
    let name = |user: Principal| if user.name.raw() == ROOT_NAME { "root".to_owned() } else { user.name.raw().to_owned() };
    let users: Vec<_> = users(finding).into_iter().map(|user| (LookupKey::Username, name(user))).collect();
    if !users.is_empty() {
        return users;
    }
    let roles = finding.principals.iter().filter(|principal| principal.kind == PrincipalKind::Role).map(|role| &role.name);
    by(LookupKey::ResourceName, &mut roles.chain(finding.resources.iter().map(|resource| &resource.name)))
}

/// The search for what happened around the selected finding: from an hour before it was first seen to now while it is current, else to an
/// hour after it was last seen.
pub fn trail_of(model: &Model, cx: &Ctx<'_>) -> Option<Search> {
    let finding = model.table.selected()?;
    let all = attributes(finding);
    let attribute = all.get(position(model.turn.as_ref(), finding, Way::Trail, all.len()))?.clone();
    let last = finding.last_seen.or(finding.updated).unwrap_or(cx.now);
    let first = finding.first_seen.unwrap_or(last);
    Some(Search { reach: Reach::of_finding(first, last, !finding.archived), attribute: Some(attribute) })
}

/// The search of the selected finding has been made: the next one is by the next key. Says so.
pub fn searched(model: &mut Model) -> Option<String> {
    let finding = model.table.selected().cloned()?;
    let all = attributes(&finding);
    next(&mut model.turn, &finding, Way::Trail, &all, |(key, value)| format!("{}={value}", key.word()))?.1
}

/// Shows only the findings that name somebody or something.
///
/// # Errors
/// There are none: nothing was done. Says so.
pub fn go_to(model: &mut Model, about: &About, cx: &Ctx<'_>) -> Result<(), String> {
    let query = model.table.rows().find_map(|finding| query(finding, about));
    if query.is_none() && model.remote.is_complete() {
        return Err(none(model, about, cx.now));
    }
    let text = query.clone().unwrap_or_else(|| first_query(about));
    let parsed = Query::of::<Finding>(&text).map_err(|error| error.to_string())?;
    let before = model.table.query().clone();
    model.table.filter(parsed);
    model.wanted = query.is_none().then(|| (about.clone(), before));
    Ok(())
}

/// What became of a pivot that has not found a finding, once that is known.
pub fn missed(model: &mut Model, now: Timestamp) -> Option<Missed> {
    if model.remote.is_loading() || model.remote.phase == Phase::NotAsked {
        return None;
    }
    let (about, before) = model.wanted.take()?;
    if model.table.rows().any(|finding| query(finding, &about).is_some()) {
        return None;
    }
    if model.remote.is_complete() {
        model.table.filter(before);
        Some(Missed::nothing(none(model, &about, now)))
    } else {
        Some(Missed::unknown(format!("whether a finding names {} is not known: not all regions could be read", words(&about))))
    }
}

fn none(model: &Model, about: &About, now: Timestamp) -> String {
    let read = model.remote.fresh.map_or_else(String::new, |at| format!(", read {} ago", age(at, now)));
    format!("none of the {} {} findings{read} names {}", model.table.tally().rows(), model.archived.word(), words(about))
}

fn words(about: &About) -> String {
    match about {
        About::User(name, _) if name.raw() == ROOT_NAME => "root".into(),
        About::User(name, _) => format!("the user {}", name.shown_within(64)),
        About::Node(id) => id.shown_within(64).into_string(),
    }
}

/// The filter that shows this finding and others like it, if it names what is looked for.
fn query(finding: &Finding, about: &About) -> Option<String> {
    match about {
        About::User(name, _) if name.raw() == ROOT_NAME => {
            let root = finding.principals.iter().find(|principal| principal.kind == PrincipalKind::Root)?;
            Some(exactly("principal", root.name.raw()))
        }
        About::User(name, _) if finding.names_user(name) => Some(exactly("user", name.raw())),
        About::User(_, Some(key)) if finding.access_keys.contains(key) => Some(exactly("access_key", key.raw())),
        About::User(..) => None,
        About::Node(id) => finding.instances.contains(id).then(|| exactly("resource", id.raw())),
    }
}

/// The same before any finding is here.
fn first_query(about: &About) -> String {
    match about {
        About::User(name, _) if name.raw() == ROOT_NAME => exactly("principal", "Root"),
        About::User(name, _) => exactly("user", name.raw()),
        About::Node(id) => exactly("resource", id.raw()),
    }
}
