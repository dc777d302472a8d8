//! The guided rotation: where the new secret goes and how long to wait is typed, the desk plans by reads alone, and the plan is asked about.
//!
//! Of one key, or of all marked keys: then it is one plan and one yes, and each user ends as the board says.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Model, PLAN, Read};
use crate::domain::age::{age, span};
use crate::domain::change::Mutation;
use crate::domain::detail::{Field, Section};
use crate::domain::fault::Fault;
use crate::domain::key::{AccessKey, KeyHandle, KeyStatus, LastUsed};
use crate::domain::rotation::{Command, EscrowKey, OtherKey, Request, StoreChoice, parse_wait};
use crate::domain::text::clean;
use crate::domain::user::ROOT_NAME;
use crate::kit::action::{Availability, Danger};
use crate::kit::confirm::Plan;
use crate::kit::effect::{Level, Out};
use crate::panes::{Ctx, needs_row, section};

/// What stands in the field at first: the configuration's `[rotation]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Defaults {
    /// `store`, as `--store` writes it; without a profile it is the user's name.
    pub store: String,
    /// How long both keys stay active.
    pub soak: SignedDuration,
    /// How long the old key stays inactive before it is deleted.
    pub observe: SignedDuration,
}

impl Default for Defaults {
    fn default() -> Self {
        Self { store: "keyring".into(), soak: SignedDuration::from_hours(24), observe: SignedDuration::from_hours(7 * 24) }
    }
}

/// How many rotations of a campaign are at work at the same time, where nothing else is typed.
const AT_ONCE: u8 = 5;
/// A plan for more keys than these is not read by anybody.
pub const MOST_AT_ONCE: usize = 500;

/// A rotation that is wanted. Off the screen a key's id is not known: then it is told by the time when it was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// The row.
    pub handle: KeyHandle,
    /// What is asked.
    pub request: Request,
    /// `CreateDate` of the key, where it is known.
    pub created: Option<Timestamp>,
}

/// What the desk says to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Planned {
    /// The row.
    pub handle: KeyHandle,
    /// The request as it would be made, and its plan; or why it cannot be.
    pub result: Result<(Request, Plan), Fault>,
}

/// Why the key cannot be rotated by itself, and that of others.
pub(super) fn available(model: &Model) -> Availability {
    if model.table.marked_count() > MOST_AT_ONCE {
        return Availability::Unavailable(format!("at most {MOST_AT_ONCE} keys can be rotated by one plan"));
    }
    if model.table.marked_count() > 0 {
        return match model.table.marked().any(|key| why_not(key).is_none()) {
            true => Availability::Ready,
            false => Availability::Unavailable("none of the marked keys can be rotated".into()),
        };
    }
    match model.table.selected() {
        None => needs_row(model.table.selected(), "key"),
        Some(key) if is_renewal(key) => Availability::Ready,
        Some(key) => why_not(key).map_or(Availability::Ready, |why| Availability::Unavailable(why.into())),
    }
}

/// Whether a new key is made while this one, inactive, stays as it is.
fn is_renewal(key: &AccessKey) -> bool {
    key.handle.user.raw() != ROOT_NAME && key.status.value() == Some(&KeyStatus::Inactive)
}

fn why_not(key: &AccessKey) -> Option<&'static str> {
    match key.status.value() {
        _ if key.handle.user.raw() == ROOT_NAME => {
            Some("root keys are not rotated, only deleted: use an IAM user or a role instead")
        }
        Some(KeyStatus::Inactive | KeyStatus::Expired) => {
            Some("this key is not active: renew it by itself (without marks), or delete it")
        }
        _ => None,
    }
}

/// The keys that are meant: the marked ones, else the selected one.
fn meant(model: &Model) -> Vec<&AccessKey> {
    match model.table.marked_count() {
        0 => model.table.selected().into_iter().collect(),
        _ => model.table.marked().filter(|key| why_not(key).is_none()).collect(),
    }
}

/// What stands in the field at first.
pub fn prompt(model: &Model) -> String {
    let Defaults { store, soak, observe } = &model.rotation;
    let many = meant(model).len() > 1;
    let store = match (model.table.selected(), store.as_str()) {
        (Some(key), "keyring" | "credentials") if !many => format!("{store}:{}", key.handle.user.shown_within(64)),
        _ => store.clone(),
    };
    if !many && model.table.marked_count() == 0 && model.table.selected().is_some_and(is_renewal) {
        return store;
    }
    let at_once = if many { format!(" at-once={AT_ONCE}") } else { String::new() };
    format!("{store} soak={} observe={}{at_once}", wait(*soak), wait(*observe))
}

/// A length of time as it is typed.
pub(super) fn wait(length: SignedDuration) -> String {
    let seconds = length.as_secs();
    match seconds {
        0 => "0s".into(),
        _ if seconds % 86_400 == 0 && seconds > 86_400 => format!("{}d", seconds / 86_400),
        _ if seconds % 3600 == 0 => format!("{}h", seconds / 3600),
        _ if seconds % 60 == 0 => format!("{}m", seconds / 60),
        _ => format!("{seconds}s"),
    }
}

/// What was typed, read for one user.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Typed {
    store: String,
    soak: SignedDuration,
    observe: SignedDuration,
    other: OtherKey,
    escrow: EscrowKey,
    at_once: u8,
}

/// Reads `STORE soak=24h observe=7d other=retire escrow=passphrase at-once=5`: the store first, the rest in any order.
fn parse(text: &str, defaults: &Defaults) -> Result<Typed, String> {
    let mut typed = Typed {
        store: defaults.store.clone(),
        soak: defaults.soak,
        observe: defaults.observe,
        other: OtherKey::Stop,
        escrow: EscrowKey::Keyring,
        at_once: AT_ONCE,
    };
    for (number, word) in text.split_whitespace().enumerate() {
        match word.split_once('=') {
            Some(("soak", value)) => typed.soak = parse_wait(value)?,
            Some(("observe", value)) => typed.observe = parse_wait(value)?,
            Some(("other", "stop")) => typed.other = OtherKey::Stop,
            Some(("other", "retire")) => typed.other = OtherKey::Retire,
            Some(("other", "adopt")) => typed.other = OtherKey::Adopt,
            Some(("escrow", "keyring")) => typed.escrow = EscrowKey::Keyring,
            Some(("escrow", "passphrase")) => typed.escrow = EscrowKey::Passphrase,
            Some(("at-once", value)) => {
                let count = value.parse().ok().filter(|count| (1..=50).contains(count));
                typed.at_once = count.ok_or("at-once= takes a number from 1 to 50")?;
            }
            _ if number == 0 => typed.store = word.to_owned(),
            _ => {
                return Err(format!(
                    "{} is not understood; write STORE soak=24h observe=7d other=stop|retire|adopt escrow=keyring|passphrase",
                    clean(word)
                ));
            }
        }
    }
    Ok(typed)
}

/// Takes what was typed, and has it planned.
pub fn typed(model: &mut Model, text: &str, _cx: &Ctx<'_>, out: &mut Out<Read>) -> Result<(), String> {
    let typed = parse(text, &model.rotation)?;
    let keys = meant(model);
    if keys.len() > 1 && typed.store.contains(':') && !typed.store.ends_with(':') {
        return Err("of several users each needs a place of its own: write keyring or credentials without a name".into());
    }
    let mut wanted = Vec::new();
    for key in keys {
        let request = Request {
            user: key.handle.user.clone(),
            key: key.id.value().cloned(),
            store: StoreChoice::parse(&typed.store, key.handle.user.raw())?,
            soak: typed.soak,
            observe: typed.observe,
            other: typed.other,
            escrow: typed.escrow,
            renew: is_renewal(key),
        };
        wanted.push(Wanted { handle: key.handle.clone(), request, created: key.created.value().copied() });
    }
    let count = wanted.len();
    model.not_planned.clear();
    model.planning = true;
    out.notice(
        Level::Info,
        if count == 1 { "planning the rotation…".to_owned() } else { format!("planning {count} rotations…") },
    );
    out.read(PLAN, Read::Plan { wanted, at_once: typed.at_once });
    Ok(())
}

/// The desk has planned: asks, or says why there is nothing to ask.
pub(super) fn planned(model: &mut Model, all: Vec<Planned>, at_once: u8, cx: &Ctx<'_>, out: &mut Out<Read>) {
    model.planning = false;
    let (mut ready, mut refused) = (Vec::new(), Vec::new());
    for Planned { handle, result } in all {
        match result {
            Ok((request, plan)) => ready.push((handle, request, plan)),
            Err(fault) => refused.push((handle, fault)),
        }
    }
    model.not_planned = refused.iter().cloned().collect();
    match (ready.as_slice(), refused.as_slice()) {
        ([], []) => {}
        ([], [(_, fault), rest @ ..]) => {
            let others = if rest.is_empty() { String::new() } else { format!(", nor {} others", rest.len()) };
            out.notice(Level::Error, format!("cannot be rotated{others}: {}", fault.message.shown_within(400)));
            out.open();
        }
        ([(handle, request, plan)], []) => {
            let plan = plan.clone().fact("who else uses it", others(model, handle, cx));
            out.ask(plan, start(vec![request.clone()], 1));
        }
        _ => {
            let plan = campaign(&ready, &refused, at_once);
            out.ask(plan, start(ready.into_iter().map(|(_, request, _)| request).collect(), at_once));
        }
    }
}

fn start(requests: Vec<Request>, at_once: u8) -> Mutation {
    Mutation::Rotation(Command::Start { requests, at_once })
}

/// What the search for users of the key has found, as far as it was made.
fn others(model: &Model, handle: &KeyHandle, cx: &Ctx<'_>) -> String {
    let Some(who) = model.who.as_ref().filter(|who| who.handle == *handle) else {
        return "not looked at: \"who uses the selected key\" (palette) asks CloudTrail".into();
    };
    let places = who.uses.places();
    let count = places.iter().filter(|(place, _)| !place.says_it_is_us()).count();
    let newest = places
        .first()
        .map(|(place, uses)| format!("; the last one {} ago from {}", age(uses.last, cx.now), place.origin.shown_within(40)));
    let so_far = if who.remote.is_complete() { "" } else { ", not all regions read" };
    format!("{count} kinds of use in CloudTrail{}{so_far}", newest.unwrap_or_default())
}

/// One plan for many.
fn campaign(ready: &[(KeyHandle, Request, Plan)], refused: &[(KeyHandle, Fault)], at_once: u8) -> Plan {
    let count = ready.len();
    let noun = if count == 1 { "key" } else { "keys" };
    let mut plan = Plan::of(format!("Rotate {count} {noun}, each for its own user"), Danger::TypeName, []);
    plan.calls = ready.iter().flat_map(|(_, _, plan)| plan.calls.clone()).collect();
    if let Some((_, request, _)) = ready.first() {
        plan = plan.fact("soak", span(request.soak)).fact("observe", span(request.observe));
    }
    plan = plan.fact("at once", at_once.to_string());
    for (handle, request, own) in ready {
        let used = own.facts.iter().find(|(name, _)| name == "last used").map_or("unknown", |(_, value)| value.as_str());
        let key = request.key.as_ref().map_or_else(|| "its only key".to_owned(), |key| key.shown_within(40).into_string());
        plan = plan.fact(
            handle.user.shown_within(40).as_str(),
            format!("{key} → {}, last used {used}", clean(&request.store.to_string())),
        );
    }
    for (words, users) in remarks(ready) {
        let whose = match users.as_slice() {
            [only] if count > 1 => format!("{only}: "),
            some if some.len() < count => format!("{} of {count}: ", some.len()),
            _ => String::new(),
        };
        plan = plan.fact("note", format!("{whose}{words}"));
    }
    for (handle, fault) in refused {
        plan = plan.fact(format!("not {}", handle.user.shown_within(40)), fault.message.shown_within(300).as_str());
    }
    plan.typing(format!("{count} {noun}"))
}

/// What should be known before the yes, and of whom it is said: the same of many is said once.
fn remarks(ready: &[(KeyHandle, Request, Plan)]) -> Vec<(String, Vec<String>)> {
    let mut remarks: Vec<(String, Vec<String>)> = Vec::new();
    for (handle, _, plan) in ready {
        let user = handle.user.shown_within(40).into_string();
        for (name, value) in plan.facts.iter().filter(|(name, _)| name == "note" || name == "permissions") {
            let words = if name == "note" { value.clone() } else { format!("{name}: {value}") };
            match remarks.iter_mut().find(|(known, _)| *known == words) {
                Some((_, users)) => users.push(user.clone()),
                None => remarks.push((words, vec![user.clone()])),
            }
        }
    }
    remarks
}

/// Why the key was not rotated, in its detail: with both keys of a user who has two, to choose between.
pub(super) fn sections(model: &Model, key: &AccessKey, now: Timestamp) -> Vec<Section> {
    let Some(fault) = model.not_planned.get(&key.handle) else { return Vec::new() };
    let mut fields = vec![Field::new("why", fault.message.raw())];
    if fault.message.is_empty() {
        fields = vec![Field::new("why", fault.to_string())];
    }
    let both = super::update::handles_of(&key.handle.user).map(|handle| model.table.get(&handle));
    if let [Some(first), Some(second)] = both {
        for key in [first, second] {
            fields.push(Field::new(key.id.value().map_or("key".into(), |id| id.shown_within(40).into_string()), which(key, now)));
        }
        fields
            .push(Field::new("other=retire", "deactivates and deletes the other key first, if it is inactive or was never used"));
        fields.push(Field::new("other=adopt", "takes the other key as the new one, if its secret is in the store"));
    }
    vec![section("Not rotated", fields)]
}

fn which(key: &AccessKey, now: Timestamp) -> String {
    let status = key.status.value().map_or("status not known", KeyStatus::word);
    let created = key.created.value().map_or_else(|| "age not known".to_owned(), |at| format!("{} old", age(*at, now)));
    let used = match key.last_used.value() {
        None => "last use not known".to_owned(),
        Some(LastUsed::Never) => "never used".to_owned(),
        Some(LastUsed::At { when, service, .. }) => format!("used {} ago for {}", age(*when, now), service.shown_within(40)),
    };
    format!("{status}, {created}, {used}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_read_in_any_order_and_what_is_not_understood_is_said() {
        let defaults = Defaults::default();
        let typed = parse("file:/tmp/x.age observe=0s other=retire at-once=3 soak=2h", &defaults).unwrap();
        assert_eq!((typed.store.as_str(), typed.at_once, typed.other), ("file:/tmp/x.age", 3, OtherKey::Retire));
        assert_eq!((typed.soak, typed.observe), (SignedDuration::from_hours(2), SignedDuration::ZERO));
        assert_eq!(parse("", &defaults).unwrap().store, "keyring");
        for wrong in ["keyring soak=soon", "keyring sock=1h", "keyring at-once=0", "keyring at-once=99", "keyring more"] {
            assert!(parse(wrong, &defaults).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_length_of_time_is_written_as_it_is_read() {
        for text in ["0s", "45s", "30m", "24h", "7d", "25h"] {
            assert_eq!(wait(parse_wait(text).unwrap()), text);
        }
    }
}
