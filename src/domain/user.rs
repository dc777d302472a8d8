//! IAM users, and root, as the users pane shows them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::known::Known;
use super::text::Untrusted;

/// The name that the credential report gives the root user; no IAM user can have it (`<` is not allowed in names).
pub const ROOT_NAME: &str = "<root_account>";

/// A console password, from `GetLoginProfile` or the report's `password_enabled`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Password {
    /// The user cannot sign in to the console with a password.
    None,
    /// The user can.
    Set {
        /// `LoginProfile.CreateDate` or the report's `password_last_changed`, where known.
        changed: Option<Timestamp>,
    },
}

impl Password {
    fn changed(&self) -> Option<Timestamp> {
        match self {
            Self::None => None,
            Self::Set { changed } => *changed,
        }
    }
}

/// One MFA device, from `ListMFADevices`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MfaDevice {
    /// ARN of a virtual or FIDO device, or the serial number of a hardware token.
    pub serial: Untrusted,
    /// `EnableDate`.
    pub enabled: Option<Timestamp>,
}

impl MfaDevice {
    /// `virtual`, `passkey or security key`, `SMS` or `hardware token`, told from the serial number's form.
    pub fn kind(&self) -> &'static str {
        let serial = self.serial.raw();
        if serial.contains(":u2f/") {
            "passkey or security key"
        } else if serial.contains(":sms-mfa/") {
            "SMS"
        } else if serial.starts_with("arn:") {
            "virtual"
        } else {
            "hardware token"
        }
    }
}

/// Multi-factor authentication of one user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mfa {
    /// No device.
    Off,
    /// At least one device; the report does not say which.
    On,
    /// The devices.
    Devices(Vec<MfaDevice>),
}

impl Mfa {
    /// Whether at least one device is enabled.
    pub fn is_on(&self) -> bool {
        match self {
            Self::Off => false,
            Self::On => true,
            Self::Devices(devices) => !devices.is_empty(),
        }
    }
}

/// An access key as far as the users pane needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeySummary {
    /// `AKIA…`; the credential report does not tell it.
    pub id: Option<Untrusted>,
    /// Whether it can be used.
    pub active: bool,
    /// When it was made (the report's `access_key_N_last_rotated`).
    pub created: Option<Timestamp>,
}

/// One row of the users pane. Each fact knows where it came from and how old it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct User {
    /// `UserName`, or [`ROOT_NAME`].
    pub name: Untrusted,
    /// `Arn`.
    pub arn: Untrusted,
    /// `UserId` (`AIDA…`); the report does not tell it.
    pub id: Option<Untrusted>,
    /// `CreateDate`.
    pub created: Known<Timestamp>,
    /// Console password.
    pub password: Known<Password>,
    /// `PasswordLastUsed`; `None` is: never since AWS records it (20 October 2014).
    pub password_last_used: Known<Option<Timestamp>>,
    /// MFA.
    pub mfa: Known<Mfa>,
    /// Access keys, at most two.
    pub keys: Known<Vec<KeySummary>>,
    /// Names of the groups; only a live call tells.
    pub groups: Known<Vec<Untrusted>>,
}

impl User {
    /// Whether this is the account's root user.
    pub fn is_root(&self) -> bool {
        self.name.raw() == ROOT_NAME
    }

    /// Takes every fact that `newer` knows better.
    pub fn merge(&mut self, newer: Self) {
        if newer.id.is_some() {
            self.id = newer.id;
        }
        self.arn = newer.arn;
        self.created.improve(newer.created);
        self.improve_password(newer.password);
        self.password_last_used.improve(newer.password_last_used);
        self.mfa.improve(newer.mfa);
        self.keys.improve(newer.keys);
        self.groups.improve(newer.groups);
    }

    /// Takes what `newer` knows better. The live answer knows when the login profile was made, the report when its password was
    /// changed last: of the two times the later is the change.
    pub fn improve_password(&mut self, newer: Known<Password>) {
        let changed = self.password.value().and_then(Password::changed).max(newer.value().and_then(Password::changed));
        self.password.improve(newer);
        if let Known::Value { value: Password::Set { changed: at }, .. } = &mut self.password {
            *at = changed;
        }
    }
}

/// The live facts about one user; each came from a call of its own and may have failed alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UserFacts {
    /// Whose facts these are.
    pub name: Untrusted,
    /// `GetLoginProfile`.
    pub password: Known<Password>,
    /// `ListMFADevices`.
    pub mfa: Known<Mfa>,
    /// `ListAccessKeys`.
    pub keys: Known<Vec<KeySummary>>,
    /// `ListGroupsForUser`.
    pub groups: Known<Vec<Untrusted>>,
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn a_password_was_changed_at_the_later_of_the_two_times_that_aws_tells() {
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(9000);
        let ago = |hours| now - SignedDuration::from_hours(hours);
        let set = |hours| Password::Set { changed: Some(ago(hours)) };
        let (report, live) = (Known::reported(set(100), ago(3)), Known::live(set(5000), now));
        for order in [[report.clone(), live.clone()], [live, report]] {
            let mut user = User {
                name: "ada".into(),
                arn: "".into(),
                id: None,
                created: Known::Unknown,
                password: Known::Unknown,
                password_last_used: Known::Unknown,
                mfa: Known::Unknown,
                keys: Known::Unknown,
                groups: Known::Unknown,
            };
            order.into_iter().for_each(|password| user.improve_password(password));
            assert_eq!(user.password, Known::live(set(100), now));
            user.improve_password(Known::live(Password::None, now));
            assert_eq!(user.password.value(), Some(&Password::None));
        }
    }
}
