//! Everything about one user: each fact with its source and age.

use jiff::Timestamp;

use crate::domain::detail::{Field, Section};
use crate::domain::known::Known;
use crate::domain::user::{KeySummary, Mfa, Password, User};
use crate::panes::{section, sourced, when};

/// The sections of a user's detail view.
pub fn detail(user: &User, now: Timestamp) -> Vec<Section> {
    let mut identity = vec![Field::new("name", user.name.raw()), Field::new("arn", user.arn.raw())];
    identity.extend(user.id.as_ref().map(|id| Field::new("id", id.raw())));
    identity.push(Field::new("created", sourced(&user.created, now, |at| when(*at, now))));
    let used = |used: &Option<Timestamp>| used.map_or("never since 20 October 2014".into(), |at| when(at, now));
    let console = vec![
        Field::new("password", sourced(&user.password, now, |password| password_words(password, now))),
        Field::new("last used", sourced(&user.password_last_used, now, used)),
        Field::new("MFA", sourced(&user.mfa, now, mfa_words)),
    ];
    let mut sections = vec![section("User", identity), section("Console sign-in", console)];
    sections.extend(devices(user, now));
    sections.push(keys(user, now));
    sections.push(section("Groups", vec![Field::new("groups", sourced(&user.groups, now, |groups| group_words(groups)))]));
    sections.extend(troubles(user));
    sections
}

fn password_words(password: &Password, now: Timestamp) -> String {
    match password {
        Password::None => "none: cannot sign in to the console with a password".into(),
        Password::Set { changed: Some(at) } => format!("set, changed {}", when(*at, now)),
        Password::Set { changed: None } => "set".into(),
    }
}

fn mfa_words(mfa: &Mfa) -> String {
    match mfa {
        Mfa::Off => "no device".into(),
        Mfa::On => "on; this source does not tell the device".into(),
        Mfa::Devices(devices) if devices.is_empty() => "no device".into(),
        Mfa::Devices(devices) => format!("{} device{}", devices.len(), if devices.len() == 1 { "" } else { "s" }),
    }
}

fn group_words(groups: &[crate::domain::text::Untrusted]) -> String {
    if groups.is_empty() {
        return "none".into();
    }
    groups.iter().map(|group| group.shown().into_string()).collect::<Vec<_>>().join(", ")
}

fn devices(user: &User, now: Timestamp) -> Option<Section> {
    let Some(Mfa::Devices(devices)) = user.mfa.value() else { return None };
    let fields: Vec<Field> = devices
        .iter()
        .map(|device| {
            let since = device.enabled.map(|at| format!(", since {}", when(at, now))).unwrap_or_default();
            Field::new(device.kind(), format!("{}{since}", device.serial.shown()))
        })
        .collect();
    (!fields.is_empty()).then(|| section("MFA devices", fields))
}

fn keys(user: &User, now: Timestamp) -> Section {
    let count = |keys: &Vec<KeySummary>| if keys.is_empty() { "none".to_owned() } else { keys.len().to_string() };
    let mut fields = vec![Field::new("keys", sourced(&user.keys, now, count))];
    let each = user.keys.value().into_iter().flatten().enumerate();
    fields.extend(each.map(|(number, key)| Field::new(format!("key {}", number + 1), key_words(key, now))));
    section("Access keys", fields)
}

fn key_words(key: &KeySummary, now: Timestamp) -> String {
    let id = key.id.as_ref().map_or_else(|| "id not told by the report".into(), |id| id.shown().into_string());
    let state = if key.active { "active" } else { "inactive" };
    let created = key.created.map_or_else(|| "age unknown".into(), |at| format!("created {}", when(at, now)));
    format!("{id}, {state}, {created}")
}

/// What AWS refused or failed to tell, in full.
fn troubles(user: &User) -> Option<Section> {
    fn trouble<T>(name: &str, fact: &Known<T>) -> Option<Field> {
        fact.fault().map(|fault| Field::new(name, fault.to_string()))
    }
    let all = [
        trouble("password", &user.password),
        trouble("MFA", &user.mfa),
        trouble("keys", &user.keys),
        trouble("groups", &user.groups),
    ];
    let fields: Vec<Field> = all.into_iter().flatten().collect();
    (!fields.is_empty()).then(|| section("Not told", fields))
}
