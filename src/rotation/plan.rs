//! What a rotation would do, found out by reads alone.

use jiff::Timestamp;

use super::desk::PlanFor;
use super::service::{Answer, Caller, KeyFacts, Service};
use crate::domain::change::Change;
use crate::domain::key::{KeyStatus, LastUsed};
use crate::domain::rotation::{EscrowKey, OtherKey, Request, StoreChoice};
use crate::domain::text::Untrusted;
use crate::kit::action::Danger;
use crate::kit::confirm::{Plan, PlannedCall};

/// Plans one rotation.
pub(super) async fn make(service: &dyn Service, request: Request, now: Timestamp) -> Answer<PlanFor> {
    let mut plan = plan(service, request).await;
    if let Err(fault) = &mut plan {
        fault.at = now;
    }
    plan
}

async fn plan(service: &dyn Service, request: Request) -> Answer<PlanFor> {
    let caller = service.caller().await?;
    let user = request.user.raw().to_owned();
    if caller.is_root() && (user.is_empty() || user == "<root_account>" || user == "root") {
        return refuse(
            "root keys are not rotated, only deleted: make an IAM user or a role for the job, then sign in as root and delete the key",
        );
    }
    let keys = service.keys(&user, None).await?;
    let (old_key, other_key) = choose(&request, keys)?;
    if old_key.status != KeyStatus::Active {
        let words = format!("{} is {}: there is nothing to rotate; delete it instead", old_key.id, old_key.status.word());
        return refuse(&words);
    }
    let mut notes = Vec::new();
    let old_last_used = last_used(service, &old_key.id, &mut notes).await;
    if let Some(other) = &other_key {
        check_other(service, &request, other, &mut notes).await?;
    }
    let own_key = caller.key.as_deref() == Some(old_key.id.as_str());
    if own_key {
        notes.push("this program signs with the key that is rotated: from the promotion on it signs with the new one".into());
    }
    if let StoreChoice::SecretsManager { name, create } = &request.store {
        if own_key {
            return refuse(
                "this program signs with this key, and once that is switched off it could not read the new one in Secrets Manager: \
                 choose another store, or sign in as somebody else",
            );
        }
        let make = if *create { "secretsmanager:CreateSecret, " } else { "" };
        notes.push(format!(
            "the secret {name} is read and changed too ({make}secretsmanager:DescribeSecret, GetSecretValue, PutSecretValue, \
             UpdateSecretVersionStage); its former version comes back by moving AWSCURRENT"
        ));
    }
    if request.escrow == EscrowKey::Passphrase {
        notes.push(
            "until it is in its store, the new secret is encrypted under your passphrase, not under a key in the keyring".into(),
        );
    }
    let plan = dialog(&request, &caller, &old_key, other_key.as_ref(), old_last_used.as_ref());
    Ok(PlanFor { request, account: caller.account, old_key, old_last_used, other_key, own_key, notes, plan })
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

/// Whether the second key may be treated as asked.
async fn check_other(service: &dyn Service, request: &Request, other: &KeyFacts, notes: &mut Vec<String>) -> Answer<()> {
    if request.other == OtherKey::Adopt {
        notes.push(format!("{} becomes the new key; none is made", other.id));
        return Ok(());
    }
    if other.status == KeyStatus::Active && service.last_used(&other.id, None).await? != LastUsed::Never {
        return refuse(&format!("{} is active and has been used: deactivate it first, and see that nobody misses it", other.id));
    }
    notes.push(format!("{} is deactivated, soaked and deleted first, to make room for a new key", other.id));
    Ok(())
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

fn dialog(request: &Request, caller: &Caller, old: &KeyFacts, other: Option<&KeyFacts>, used: Option<&LastUsed>) -> Plan {
    let user = request.user.clone();
    let status = |key: &str, active| Change::SetKeyStatus { user: user.clone(), key: Untrusted::new(key), active };
    let delete = |key: &str| Change::DeleteKey { user: user.clone(), key: Untrusted::new(key) };
    let mut changes = Vec::new();
    if let Some(other) = other.filter(|_| request.other == OtherKey::Retire) {
        changes.extend([status(&other.id, false), delete(&other.id)]);
    }
    if request.other != OtherKey::Adopt || other.is_none() {
        changes.push(Change::CreateKey { user: user.clone() });
    }
    changes.extend([status(&old.id, false), delete(&old.id)]);
    let used = match used {
        None => "unknown".to_owned(),
        Some(LastUsed::Never) => "never".to_owned(),
        Some(LastUsed::At { when, service, .. }) => format!("{when} for {}", service.shown_within(40)),
    };
    let facts = [
        ("account", caller.account.clone()),
        ("user", user.shown().into_string()),
        ("old key", old.id.clone()),
        ("last used", used),
        ("store", request.store.to_string()),
        ("soak", format!("{:#}", request.soak)),
        ("observe", format!("{:#}", request.observe)),
    ];
    Plan {
        title: format!("Rotate the key {} of {}", old.id, user.shown_within(64)),
        danger: Danger::TypeName,
        facts: facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        calls: changes.iter().map(PlannedCall::from).collect(),
        must_type: Some(user.shown().into_string()),
        wants_reason: false,
    }
}

fn refuse<T>(words: &str) -> Answer<T> {
    Err(Box::new(super::refusal(words, Timestamp::UNIX_EPOCH)))
}
