//! A user as a row.

use std::cmp::Ordering;

use jiff::Timestamp;

use crate::domain::age::{age, is_over};
use crate::domain::known::Known;
use crate::domain::text::Untrusted;
use crate::domain::user::{KeySummary, Mfa, MfaDevice, Password, User};
use crate::kit::query::field::Field;
use crate::kit::table::{Cell, Column, Kinds, Limits, Row, Tone, compare_facts, fact};
use crate::panes::name_cell;

pub(super) const NAME: usize = 0;
const PASSWORD: usize = 1;
const MFA: usize = 2;
const LAST_USED: usize = 3;
const KEYS: usize = 4;
const KEY_AGE: usize = 5;
const GROUPS: usize = 6;
const CREATED: usize = 7;

/// May sign in, and is known to have no MFA: what the "no MFA" filter shows.
pub(super) const LACKS_MFA: u8 = 0;
/// May sign in, and nobody has told whether with MFA.
pub(super) const MFA_UNKNOWN: u8 = 1;

impl Row for User {
    type Id = Untrusted;

    const COLUMNS: &'static [Column] = &[
        Column::new("user", "User", 18).growing(),
        Column::new("password", "Password", 8),
        Column::new("mfa", "MFA", 13),
        Column::new("last_used", "Password used", 13).spare(1).right(),
        Column::new("keys", "Keys", 13),
        Column::new("key_age", "Oldest key", 10).right(),
        Column::new("groups", "Groups", 14).growing().spare(3),
        Column::new("created", "Created", 10).spare(2).right(),
    ];

    const FIELDS: &'static [Field<Self>] = super::fields::FIELDS;

    fn id(&self) -> Untrusted {
        self.name.clone()
    }

    fn cell(&self, column: usize, now: Timestamp) -> Cell {
        match column {
            NAME => name_cell(&self.name),
            PASSWORD => fact(&self.password, password),
            MFA => fact(&self.mfa, |mfa| mfa_cell(self, mfa)),
            LAST_USED => fact(&self.password_last_used, |used| last_used(self, used.as_ref(), now)),
            KEYS => fact(&self.keys, |keys| key_count(keys)),
            KEY_AGE => fact(&self.keys, |keys| key_age(keys, now)),
            GROUPS => fact(&self.groups, |groups| group_names(groups)),
            CREATED => fact(&self.created, |created| Cell::plain(age(*created, now))),
            _ => Cell::plain(""),
        }
    }

    fn tone(&self, column: usize, now: Timestamp, limits: Limits) -> Option<Tone> {
        let is_overdue = column == KEY_AGE && self.keys.value().is_some_and(|keys| has_overdue(keys, now, limits));
        is_overdue.then_some(Tone::Warning)
    }

    fn kinds(&self, _now: Timestamp, _limits: Limits) -> Kinds {
        let mfa = self.mfa.value();
        let signs_in = may_sign_in(self);
        Kinds::of([(LACKS_MFA, signs_in && mfa.is_some_and(|mfa| !mfa.is_on())), (MFA_UNKNOWN, signs_in && mfa.is_none())])
    }

    fn compare(&self, other: &Self, column: usize) -> Ordering {
        match column {
            PASSWORD => compare_facts(&self.password, &other.password, |password| matches!(password, Password::None)),
            MFA => compare_facts(&self.mfa, &other.mfa, Mfa::is_on),
            LAST_USED => compare_facts(&self.password_last_used, &other.password_last_used, |used| std::cmp::Reverse(*used)),
            KEYS => compare_facts(&self.keys, &other.keys, |keys| (keys.len(), keys.iter().filter(|key| key.active).count())),
            KEY_AGE => compare_facts(&self.keys, &other.keys, |keys| oldest(keys).map(std::cmp::Reverse)),
            GROUPS => compare_facts(&self.groups, &other.groups, Clone::clone),
            CREATED => compare_facts(&self.created, &other.created, |created| std::cmp::Reverse(*created)),
            // Capital letters beside small ones, as a person looks for a name. Elsewhere equal rows keep the order in which they came.
            _ => folded(&self.name).cmp(folded(&other.name)).then_with(|| self.name.cmp(&other.name)),
        }
    }

    fn is_missing(&self, column: usize) -> bool {
        match column {
            PASSWORD => self.password.value().is_none(),
            MFA => self.mfa.value().is_none(),
            LAST_USED => self.password_last_used.value().is_none(),
            KEYS => self.keys.value().is_none(),
            KEY_AGE => self.keys.value().and_then(|keys| oldest(keys)).is_none(),
            GROUPS => self.groups.value().is_none(),
            CREATED => self.created.value().is_none(),
            _ => false,
        }
    }

    fn record(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    fn absorb(&mut self, newer: Self) {
        self.merge(newer);
    }
}

/// Whether the user is not known to have no password. AWS does not tell whether root has one.
fn may_sign_in(user: &User) -> bool {
    !matches!(user.password.value(), Some(Password::None))
}

fn folded(name: &Untrusted) -> impl Iterator<Item = char> + '_ {
    name.raw().chars().flat_map(char::to_lowercase)
}

fn password(password: &Password) -> Cell {
    match password {
        Password::None => Cell::muted("no"),
        Password::Set { .. } => Cell::plain("yes"),
    }
}

/// Without MFA a console password is one phishing mail from being used; root without it is worse.
fn mfa_cell(user: &User, mfa: &Mfa) -> Cell {
    match mfa {
        Mfa::On => Cell::new("yes", Tone::Good),
        Mfa::Devices(devices) if devices.len() > 1 => Cell::new(format!("yes {} dev.", devices.len()), Tone::Good),
        Mfa::Devices(devices) if !devices.is_empty() => {
            Cell::new(format!("yes {}", devices.first().map_or("", short_kind)), Tone::Good)
        }
        Mfa::Off | Mfa::Devices(_) => match user.password.value() {
            _ if user.is_root() => Cell::new("no", Tone::Bad),
            Some(Password::Set { .. }) => Cell::new("no", Tone::Bad),
            Some(Password::None) => Cell::muted("no"),
            None => Cell::new("no", Tone::Warning),
        },
    }
}

/// The kind in one word, for a narrow column.
pub(super) fn short_kind(device: &MfaDevice) -> &'static str {
    match device.kind() {
        "passkey or security key" => "passkey",
        "hardware token" => "token",
        kind => kind,
    }
}

fn last_used(user: &User, used: Option<&Timestamp>, now: Timestamp) -> Cell {
    match (used, user.password.value()) {
        (Some(used), _) => Cell::plain(age(*used, now)),
        (None, Some(Password::None)) => Cell::muted("–"),
        (None, _) => Cell::muted("never"),
    }
}

pub(super) fn key_count(keys: &[KeySummary]) -> Cell {
    let active = keys.iter().filter(|key| key.active).count();
    match (keys.len(), active) {
        (0, _) => Cell::muted("none"),
        (all, 0) => Cell::muted(format!("{all} inactive")),
        (all, active) if all == active => Cell::plain(format!("{active} active")),
        (all, active) => Cell::plain(format!("{active} of {all} active")),
    }
}

fn key_age(keys: &[KeySummary], now: Timestamp) -> Cell {
    let Some(created) = oldest(keys) else {
        return if keys.is_empty() { Cell::muted("–") } else { Cell::new("?", Tone::Unknown) };
    };
    Cell::plain(age(created, now))
}

fn has_overdue(keys: &[KeySummary], now: Timestamp, limits: Limits) -> bool {
    let active = keys.iter().filter(|key| key.active);
    active.filter_map(|key| key.created).any(|created| is_over(created, now, limits.key_age.days()))
}

/// When the oldest key that can be used was made; where none can, the oldest of all.
pub(super) fn oldest(keys: &[KeySummary]) -> Option<Timestamp> {
    let active = keys.iter().filter(|key| key.active).filter_map(|key| key.created).min();
    active.or_else(|| keys.iter().filter_map(|key| key.created).min())
}

fn group_names(groups: &[Untrusted]) -> Cell {
    if groups.is_empty() {
        return Cell::muted("none");
    }
    Cell::plain(groups.iter().map(|group| group.shown_within(64).into_string()).collect::<Vec<_>>().join(", "))
}

/// A row for root where no credential report brings one.
pub(super) fn root() -> User {
    User {
        name: crate::domain::user::ROOT_NAME.into(),
        arn: "".into(),
        id: None,
        created: Known::Unknown,
        password: Known::Unknown,
        password_last_used: Known::Unknown,
        mfa: Known::Unknown,
        keys: Known::Unknown,
        groups: Known::Unknown,
    }
}
