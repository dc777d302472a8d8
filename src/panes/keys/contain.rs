//! Emergency: everything that the owner of a key can sign in with is shut first, and looked at again later. The rest can wait.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Action, BEFORE, Model, Read};
use crate::domain::age::{span, utc};
use crate::domain::change::Mutation;
use crate::domain::containment::{Access, CHECKS_S, Case, Containment, Seen};
use crate::domain::detail::{Field, Section};
use crate::domain::fault::Fault;
use crate::domain::text::{Untrusted, clean};
use crate::domain::user::ROOT_NAME;
use crate::kit::action::{Availability, Danger};
use crate::kit::confirm::Plan;
use crate::kit::effect::{Level, Out};
use crate::panes::{Ctx, needs_row, section, when};

/// What is told of a containment as it goes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Contained {
    /// A step has been made, or not.
    Step {
        /// Which, counted from 0.
        step: usize,
        /// When.
        at: Timestamp,
        /// How.
        result: Result<(), Fault>,
    },
    /// The facts were read again.
    Check {
        /// So many seconds after the last step.
        after_s: u64,
        /// When.
        at: Timestamp,
        /// What is not as it was left, or why that is not known.
        result: Result<Vec<String>, Fault>,
    },
    /// The operator has made a key active: it is taken for leaked no more.
    Allowed {
        /// `AccessKeyId`.
        key: Untrusted,
    },
    /// A renewal has lifted the policies: nothing is left to be looked at.
    Lifted(Box<Case>),
    /// A containment that an earlier console, or an earlier session of this one, has made.
    Kept(Box<Case>),
}

/// Whether a key is taken for leaked: then it is made active by typing its id, and never by the way.
pub(super) fn is_leaked(model: &Model, user: &Untrusted, key: &Untrusted) -> bool {
    model.cases.get(user).is_some_and(|case| case.containment.is_leaked(key) && case.containment.before.keys.contains_key(key))
}

/// Whether the owner of the selected key can be contained or released, and why not.
pub(super) fn available(model: &Model, action: Action) -> Availability {
    let unavailable = |why: &str| Availability::Unavailable(why.to_owned());
    let Some(key) = model.table.selected() else { return needs_row(model.table.selected(), "key") };
    let case = model.cases.get(&key.handle.user);
    if let Some(why) = why_not(model, &key.handle.user) {
        return unavailable(why);
    }
    match action {
        Action::Release if !case.is_some_and(Case::can_be_released) => {
            unavailable("this user was not contained by this console, nor by an earlier one that is not undone")
        }
        _ => Availability::Ready,
    }
}

/// Reads what there is before anything is asked.
pub fn contain(model: &mut Model, user: Untrusted, password: bool, out: &mut Out<Read>) {
    model.containing = true;
    out.notice(Level::Info, format!("reading what {} can sign in with…", user.shown_within(64)));
    out.read(BEFORE, Read::Before { user, password });
}

/// Another pane wants this user contained: the plan opens as if one of the user's keys were selected here.
pub fn contain_wanted(model: &mut Model, user: &Untrusted, out: &mut Out<Read>) {
    super::update::want(model, user);
    match why_not(model, user) {
        Some(why) => out.notice(Level::Warning, why),
        None => contain(model, user.clone(), false, out),
    }
}

/// Why a user cannot be contained now, nor released.
fn why_not(model: &Model, user: &Untrusted) -> Option<&'static str> {
    if user.raw() == ROOT_NAME {
        return Some("root cannot be contained by policies: use its own sign-in");
    }
    let open = model.cases.get(user).is_some_and(Case::is_open);
    open.then_some("this user is being contained or released")
}

/// The state before is known: asks.
pub(super) fn before(model: &mut Model, result: Result<Access, Fault>, password: bool, cx: &Ctx<'_>, out: &mut Out<Read>) {
    model.containing = false;
    match result {
        Ok(access) => {
            let password = password && access.password;
            // What was there before the first of several containments is what has to come back.
            let earlier = model.cases.get(&access.user).filter(|case| case.can_be_released());
            let access = match earlier {
                Some(case) => access.contained_again(&case.containment.before),
                None => access,
            };
            let containment = Containment { password, ..Containment::of(access, cx.now) };
            out.ask(plan(&containment), Mutation::Contain(containment));
        }
        Err(fault) => out.notice(Level::Error, format!("not contained: the state before could not be read: {fault}")),
    }
}

/// Asks whether the containment shall be undone.
pub(super) fn release(model: &Model, out: &mut Out<Read>) {
    let user = model.table.selected().map(|key| &key.handle.user);
    if let Some(case) = user.and_then(|user| model.cases.get(user)) {
        let undo = case.containment.undo();
        out.ask(plan(&undo), Mutation::Contain(undo));
    }
}

fn plan(containment: &Containment) -> Plan {
    let (steps, before, user) = (containment.steps(), &containment.before, containment.user().shown());
    let keys: Vec<String> = before
        .keys
        .iter()
        .map(|(key, active)| format!("{} {}", key.shown_within(40), if *active { "Active" } else { "Inactive" }))
        .collect();
    let keys = if keys.is_empty() { "none".to_owned() } else { keys.join(", ") };
    let title = match containment.release {
        false => format!("Contain {user}: shut everything the user can sign in with"),
        true => format!("Release {user}: lift the policies of the containment"),
    };
    let password = match (before.password, containment.password) {
        (false, _) => "none",
        (true, true) => "there is one: it goes, and does not come back",
        (true, false) => "there is one: it stays, and the policy denies whatever is done with it",
    };
    let mut plan = Plan::of(title, Danger::TypeName, steps.iter()).fact("user", user.as_str());
    plan = plan.fact("keys before", keys).fact("password", password);
    if containment.release {
        let kept: Vec<_> = containment.kept_inactive().map(|key| key.shown_within(40).into_string()).collect();
        plan =
            plan.fact("this means", "the user's permissions are what they were; what is signed with an active key works again");
        let older =
            format!("made before {}, until they expire: 36 h after they were made at the latest", utc(containment.planned));
        plan = plan.fact("work again", format!("temporary credentials that STS gave for the keys, {older}"));
        plan = plan.fact("looked at again", "no more: a release ends that");
        if !kept.is_empty() {
            let words = "taken for leaked, so inactive until you activate them (E) and type their id";
            plan = plan.fact("stay inactive", format!("{}: {words}", kept.join(", ")));
        }
    } else {
        let stops = "calls signed with these keys, or with temporary credentials that STS gave for them, are refused within seconds, once \
                     IAM has spread the change";
        let stays = "sessions of roles that the user has assumed, until they expire: look for AssumeRole in the trail (t)";
        plan = plan.fact("this means", stops).fact("goes on", stays);
        plan = sessions(before).into_iter().fold(plan, |plan, (name, words)| plan.fact(name, words));
        plan = plan.fact("looked at again", format!("{} s later", CHECKS_S.map(|s| s.to_string()).join(", ")));
        if before.ours.len() == containment.documents().len() {
            plan = plan.fact("note", "both policies are there already: they are put anew");
        }
    }
    plan.typing(user.as_str())
}

/// What is known of the SSM sessions that the user has open: no policy ends them.
fn sessions(before: &Access) -> Vec<(&'static str, String)> {
    let Some(sessions) = &before.sessions else {
        return vec![("SSM sessions", "not looked for: open ones go on".into())];
    };
    let mut facts = Vec::new();
    let listed = sessions.listed.join(", ");
    match sessions.open.as_slice() {
        [] if sessions.listed.is_empty() => {}
        [] => facts.push(("SSM sessions", format!("none of the user's own is open in {listed}"))),
        open => {
            let each = open.iter().map(|open| format!("{} on {}", open.id.shown_within(96), open.node.shown_within(40)));
            let each = each.collect::<Vec<_>>().join(", ");
            facts.push((
                "SSM sessions",
                format!("{} open in {listed}, which no policy ends: terminated as steps: {each}", open.len()),
            ));
        }
    }
    for (region, why) in &sessions.unlisted {
        let words = format!("could not be listed in {}: {}; what is open there goes on", clean(region), clean(why));
        facts.push(("SSM sessions", words));
    }
    facts
}

/// A containment has been approved: its case is opened.
pub(super) fn asked(model: &mut Model, containment: &Containment, cx: &Ctx<'_>) {
    let user = containment.user();
    if let Some(before) = model.cases.insert(user.clone(), Case::begun(containment.clone(), cx.now)) {
        model.cases_before.insert(user.clone(), before);
    }
}

/// What comes after a containment.
const NEXT: &str = "close the way in; then renew the key (r), which makes a new one and lifts the policies, or only lift them (L). The leaked \
                    key stays inactive";

/// A containment has ended: what comes next is told. One that was not begun at all leaves everything as it was.
pub(super) fn ended(model: &mut Model, containment: &Containment, failed: bool, out: &mut Out<Read>) {
    let user = containment.user();
    let before = model.cases_before.remove(user);
    if !failed {
        let shown = user.shown_within(64);
        out.notice(
            Level::Info,
            match containment.release {
                false => format!("{shown} is contained. Next: {NEXT}"),
                true => format!("{shown} is released; its keys stay inactive. Next: renew one (r), or delete it (X)"),
            },
        );
    }
    if failed && model.cases.get(user).is_some_and(|case| case.steps.iter().all(Option::is_none)) {
        model.cases.remove(user);
        model.cases.extend(before.map(|before| (user.clone(), before)));
    }
}

/// A containment tells how it goes.
pub fn on_contained(model: &mut Model, user: &Untrusted, news: Contained, out: &mut Out<Read>) {
    if let Contained::Kept(case) = news {
        // What this console has done since is newer.
        model.cases.entry(user.clone()).or_insert(*case);
        return;
    }
    if let Contained::Lifted(case) = news {
        out.notice(Level::Info, format!("{}: the renewal has lifted the policies of the containment", user.shown_within(64)));
        model.cases.insert(user.clone(), *case);
        return;
    }
    let Some(case) = model.cases.get_mut(user) else { return };
    match news {
        Contained::Kept(_) | Contained::Lifted(_) => {}
        Contained::Allowed { key } => drop(case.containment.allowed.insert(key)),
        Contained::Step { step, at, result } => {
            if let Some(slot) = case.steps.get_mut(step) {
                *slot = Some((at, result));
            }
        }
        Contained::Check { after_s, at, result } => {
            let shown = user.shown_within(64);
            match &result {
                Ok(reverted) if reverted.is_empty() => {
                    out.notice(Level::Info, format!("{shown}: the containment holds after {after_s} s"));
                }
                Ok(found) => {
                    let word = Seen::of(found).word();
                    out.notice(Level::Error, format!("{shown}: {word} after {after_s} s: {}", found.join("; ")));
                }
                Err(fault) => out.notice(Level::Error, format!("{shown}: whether it holds is not known: {}", fault.cause())),
            }
            case.checks.push((after_s, at, result));
        }
    }
}

/// What comes after a step of which nobody knows.
const UNKNOWN: &str = "AWS may have done it; it is being read back, and containing once more (K) does no harm";

/// What is to be said of a check that was not made.
fn yet(case: &Case, after_s: u64, now: Timestamp) -> String {
    if case.checks.iter().any(|(made, ..)| *made > after_s) {
        return "not looked at: no console was running".into();
    }
    let after = SignedDuration::from_secs(i64::try_from(after_s).unwrap_or(i64::MAX));
    match case.ended().and_then(|ended| ended.checked_add(after).ok()) {
        None => "to come, once all steps are made".into(),
        Some(due) if due <= now => "being looked at…".into(),
        Some(due) => {
            let left = span(due.duration_since(now));
            format!("to come at {}, in {left}; if no console runs then, when the next one starts", utc(due))
        }
    }
}

/// The case of a user, in the detail of each of his keys.
pub(super) fn sections(model: &Model, user: &Untrusted, now: Timestamp) -> Vec<Section> {
    let Some(case) = model.cases.get(user) else { return Vec::new() };
    let mut fields = vec![Field::new("approved", when(case.begun, now))];
    for (number, (change, state)) in case.containment.steps().iter().zip(&case.steps).enumerate() {
        let state = match state {
            None => "… not made yet".to_owned(),
            Some((at, Ok(()))) => format!("✓ {}", utc(*at)),
            Some((at, Err(fault))) if fault.leaves_unknown() => {
                format!("? {}: outcome unknown: {}; {UNKNOWN}", utc(*at), fault.cause())
            }
            Some((at, Err(fault))) => format!("✗ {}: {fault}", utc(*at)),
        };
        fields.push(Field::new(format!("{}. {}", number + 1, change.call().1), format!("{state}  {}", change.object())));
    }
    if case.containment.release {
        let kept: Vec<_> = case.containment.kept_inactive().map(|key| key.shown_within(40).into_string()).collect();
        if !kept.is_empty() {
            fields.push(Field::new(
                "stay inactive",
                format!("{}: taken for leaked; to activate one (E), type its id", kept.join(", ")),
            ));
        }
        return vec![section("Released", fields)];
    }
    for (name, words) in sessions(&case.containment.before) {
        fields.push(Field::new(name, words));
    }
    let mut checks = Vec::new();
    for after_s in CHECKS_S {
        let seen = case.checks.iter().find(|(seen, ..)| *seen == after_s);
        let said = match seen {
            None => yet(case, after_s, now),
            Some((_, at, Ok(reverted))) if reverted.is_empty() => format!("holding at {}", utc(*at)),
            Some((_, at, Ok(found))) => format!("{} at {}: {}", Seen::of(found).word(), utc(*at), found.join("; ")),
            Some((_, at, Err(fault))) => format!("not known at {}: {fault}", utc(*at)),
        };
        let after = i64::try_from(after_s).unwrap_or(i64::MAX);
        checks.push(Field::new(format!("after {}", span(SignedDuration::from_secs(after))), said));
    }
    if case.steps.iter().all(Option::is_some) {
        fields.push(Field::new("next", NEXT));
    }
    vec![section("Containment", fields), section("Does it hold?", checks)]
}
