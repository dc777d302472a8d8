//! What a rotation would do, found out by reads alone.

use jiff::Timestamp;

use super::desk::{Environment, PlanFor};
use super::permissions::{self, Need};
use super::service::{Answer, Caller, KeyFacts, Service};
use super::stores::{Outlook, Owner};
use crate::domain::change::{Change, DENY_ALL, REVOKE_SESSIONS};
use crate::domain::key::{KeyStatus, LastUsed};
use crate::domain::rotation::{EscrowKey, OtherKey, Request, StoreChoice};
use crate::domain::text::Untrusted;
use crate::kit::action::Danger;
use crate::kit::confirm::{Plan, PlannedCall};

/// Plans one rotation: what can be seen of the store before the yes is part of it, and which permissions it takes.
pub(super) async fn make(environment: &Environment, caller: &Caller, request: Request, now: Timestamp) -> Answer<PlanFor> {
    let mut plan = plan(environment, caller, request).await;
    if let Err(fault) = &mut plan
        && fault.is_own()
    {
        fault.at = now;
    }
    plan
}

async fn plan(environment: &Environment, caller: &Caller, request: Request) -> Answer<PlanFor> {
    let (service, stores) = (environment.service.as_ref(), environment.stores.as_ref());
    refuse_root(caller, &request)?;
    let user = request.user.raw().to_owned();
    let keys = service.keys(&user, None).await?;
    let Decided { old_key, other_key, own_key, mut notes, .. } = decide(service, &request, caller, keys).await?;
    let old_last_used = last_used(service, &old_key.id, &mut notes).await;
    let owner = Owner { account: caller.account.clone(), user: user.clone() };
    let seen = stores.look(&request.store, &owner).await;
    let mut outlook = seen.or_else(|error| refuse(&error.to_string()))?;
    let arn = service.user(&user).await?.arn;
    let mut needs = permissions::needs(&arn, creates(&request, other_key.as_ref()), &outlook);
    if request.renew {
        needs.push(Need { action: "iam:DeleteUserPolicy".into(), resource: arn, is_vital: true });
    }
    notes.append(&mut outlook.notes);
    let copies = super::copies::of(environment, &owner.account, &user, &old_key.id, &request.store).await;
    notes.extend(copies.iter().map(|place| super::copies::note(&old_key.id, place)));
    let plan = dialog(&request, caller, (&old_key, other_key.as_ref()), old_last_used.as_ref(), outlook);
    let account = caller.account.clone();
    Ok(PlanFor { request, account, old_key, old_last_used, other_key, own_key, notes, needs, plan })
}

/// What is decided from a user's keys: when a person is shown the plan, and once more, by the same rules, when the rotation begins.
pub(super) struct Decided {
    pub(super) old_key: KeyFacts,
    pub(super) other_key: Option<KeyFacts>,
    /// The second key's last use, where that had to be read.
    pub(super) other_last_used: Option<LastUsed>,
    pub(super) own_key: bool,
    pub(super) notes: Vec<String>,
}

/// Root's keys are another matter.
pub(super) fn refuse_root(caller: &Caller, request: &Request) -> Answer<()> {
    let user = request.user.raw();
    if caller.is_root() && (user.is_empty() || user == "<root_account>" || user == "root") {
        return refuse(
            "root keys are not rotated, only deleted: make an IAM user or a role for the job, then sign in as root and delete the key",
        );
    }
    Ok(())
}

/// Whether this may be done to these keys. Reads the second key's last use, where it depends on that.
pub(super) async fn decide(service: &dyn Service, request: &Request, caller: &Caller, keys: Vec<KeyFacts>) -> Answer<Decided> {
    let (old_key, other_key) = choose(request, keys)?;
    match (request.renew, old_key.status == KeyStatus::Active) {
        (false, true) | (true, false) => {}
        (false, false) => {
            let words = "a new key can be made while it stays inactive (a renewal), or it can be deleted";
            return refuse(&format!("{} is {}, so there is nothing to rotate: {words}", old_key.id, old_key.status.word()));
        }
        (true, true) => return refuse(&format!("{} is active: contain its user first, or rotate it", old_key.id)),
    }
    let mut notes = Vec::new();
    let other_last_used = match &other_key {
        Some(other) => check_other(service, request, other, &mut notes).await?,
        None => None,
    };
    let own_key = caller.key.as_deref() == Some(old_key.id.as_str());
    if own_key {
        notes.push("this program signs with the key that is rotated: from the promotion on it signs with the new one".into());
    }
    if own_key && matches!(request.store, StoreChoice::SecretsManager { .. }) {
        return refuse(
            "this program signs with this key, and once that is switched off it could not read the new one in Secrets Manager: \
             choose another store, or sign in as somebody else",
        );
    }
    if request.escrow == EscrowKey::Passphrase {
        notes.push(
            "until it is in its store, the new secret is encrypted under your passphrase, not under a key in the keyring".into(),
        );
    }
    Ok(Decided { old_key, other_key, other_last_used, own_key, notes })
}

/// The key to be retired, and the other one.
fn choose(request: &Request, keys: Vec<KeyFacts>) -> Answer<(KeyFacts, Option<KeyFacts>)> {
    let ids = || keys.iter().map(|key| format!("{} ({})", key.id, key.status.word())).collect::<Vec<_>>().join(" and ");
    let (old, other) = match (&request.key, keys.as_slice()) {
        (_, []) => return refuse("the user has no access key"),
        (None, [only]) => (only.clone(), None),
        (None, _) => return refuse(&format!("the user has two keys, {}: say which one is to be retired with --key", ids())),
        (Some(wanted), _) => {
            let Some(old) = keys.iter().find(|key| key.id == wanted.raw()) else {
                return refuse(&format!("{} is no key of this user, who has {}", wanted.raw(), ids()));
            };
            (old.clone(), keys.iter().find(|key| key.id != old.id).cloned())
        }
    };
    if other.is_some() && request.other == OtherKey::Stop {
        return refuse(&format!(
            "the user has two keys, {}, and AWS allows no third: retire the other one (--other retire, if it is inactive or was never \
             used), or adopt it as the new key (--other adopt, if its secret is in the store)",
            ids()
        ));
    }
    Ok((old, other))
}

/// Whether a key is made: an adopted one is there already.
fn creates(request: &Request, other: Option<&KeyFacts>) -> bool {
    request.other != OtherKey::Adopt || other.is_none()
}

/// Whether the second key may be treated as asked.
async fn check_other(
    service: &dyn Service,
    request: &Request,
    other: &KeyFacts,
    notes: &mut Vec<String>,
) -> Answer<Option<LastUsed>> {
    if request.other == OtherKey::Adopt {
        notes.push(format!("{} becomes the new key; none is made", other.id));
        return Ok(None);
    }
    let used = match other.status {
        KeyStatus::Active => Some(service.last_used(&other.id, None).await?),
        _ => None,
    };
    if used.as_ref().is_some_and(|used| *used != LastUsed::Never) {
        return refuse(&format!("{} is active and has been used: deactivate it first, and see that nobody misses it", other.id));
    }
    notes.push(format!("{} is deactivated, soaked and deleted first, to make room for a new key", other.id));
    Ok(used)
}

async fn last_used(service: &dyn Service, key: &str, notes: &mut Vec<String>) -> Option<LastUsed> {
    match service.last_used(key, None).await {
        Ok(used) => Some(used),
        Err(fault) => {
            notes.push(format!("when {key} was last used could not be read: {}", fault.title()));
            None
        }
    }
}

fn dialog(
    request: &Request,
    caller: &Caller,
    (old, other): (&KeyFacts, Option<&KeyFacts>),
    used: Option<&LastUsed>,
    store: Outlook,
) -> Plan {
    let user = request.user.clone();
    let status = |key: &str, active| Change::SetKeyStatus { user: user.clone(), key: Untrusted::new(key), active };
    let delete = |key: &str| Change::DeleteKey { user: user.clone(), key: Untrusted::new(key) };
    let mut calls = store.before;
    let mut make = |change: Change| calls.push(PlannedCall::from(&change));
    if let Some(other) = other.filter(|_| request.other == OtherKey::Retire) {
        make(status(&other.id, false));
        make(delete(&other.id));
    }
    if creates(request, other) {
        make(Change::CreateKey { user: user.clone() });
    }
    calls.extend(store.after);
    if request.renew {
        let lift = |policy: &str| Change::DeletePolicy { user: user.clone(), policy: policy.to_owned() };
        calls.extend([REVOKE_SESSIONS, DENY_ALL].map(lift).iter().chain([&delete(&old.id)]).map(PlannedCall::from));
    } else {
        calls.extend([status(&old.id, false), delete(&old.id)].iter().map(PlannedCall::from));
    }
    calls.extend(store.last);
    let used = match used {
        None => "unknown".to_owned(),
        Some(LastUsed::Never) => "never".to_owned(),
        Some(LastUsed::At { when, service, .. }) => format!("{when} for {}", service.shown_within(40)),
    };
    let mut facts = vec![
        ("account", caller.account.clone()),
        ("user", user.shown().into_string()),
        ("old key", old.id.clone()),
        ("last used", used),
        ("store", request.store.to_string()),
    ];
    if request.renew {
        facts.push((
            "this means",
            "a new key is made and stored, then the policies of a containment are lifted and it is proven".into(),
        ));
        let older = "temporary credentials of the old key that a containment denied, until they expire: 36 h after they were made at the latest";
        facts.push(("work again", older.into()));
        facts.push(("the old key", "taken for leaked: it stays inactive, and is deleted when you say so (x, skip-wait)".into()));
    } else {
        facts.extend([("soak", format!("{:#}", request.soak)), ("observe", format!("{:#}", request.observe))]);
    }
    let verb = if request.renew { "Renew" } else { "Rotate" };
    Plan {
        title: format!("{verb} the key {} of {}", old.id, user.shown_within(64)),
        danger: Danger::TypeName,
        facts: facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        calls,
        must_type: Some(user.shown().into_string()),
        wants_reason: false,
    }
}

fn refuse<T>(words: &str) -> Answer<T> {
    Err(Box::new(super::refusal(words, Timestamp::UNIX_EPOCH)))
}
