//! What IAM holds. The scenarios fill it, the operations read and change it.

use std::collections::BTreeMap;
use std::fmt;

use jiff::{SignedDuration, Timestamp};

use super::attacker::Siege;
use super::replicas::Changes;
use super::report::Report;
use super::store::{Deferred, Owner};

/// `Status` of an access key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Can be used.
    Active,
    /// Refused until it is switched on again.
    Inactive,
    /// Refused for good: no operation sets or leaves this state.
    Expired,
}

impl Status {
    /// AWS's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Inactive => "Inactive",
            Self::Expired => "Expired",
        }
    }
}

/// The last use of an access key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyUse {
    /// To the minute.
    pub when: Timestamp,
    /// SigV4 name of the service.
    pub service: String,
    /// Region of the request.
    pub region: String,
}

/// A long-term access key.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessKey {
    /// `AKIA…`.
    pub id: String,
    /// Shown once, by `CreateAccessKey`; opens this world only.
    pub secret: String,
    /// Whether it can be used.
    pub status: Status,
    /// `CreateDate`.
    pub created: Timestamp,
    /// `None` is: never used.
    pub last_used: Option<KeyUse>,
}

impl AccessKey {
    /// An active key that was never used.
    pub fn new(id: &str, secret: &str, created: Timestamp) -> Self {
        Self { id: id.to_owned(), secret: secret.to_owned(), status: Status::Active, created, last_used: None }
    }
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessKey").field("id", &self.id).field("status", &self.status).finish_non_exhaustive()
    }
}

/// A console password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginProfile {
    /// `CreateDate`; changes when the password is made anew.
    pub created: Timestamp,
    /// `PasswordResetRequired`.
    pub must_reset: bool,
}

/// An MFA device that is in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MfaDevice {
    /// `arn:aws:iam::…:mfa/…` (virtual), `arn:aws:iam::…:u2f/user/…` (passkey), or letters and digits (hardware token).
    pub serial: String,
    /// `EnableDate`.
    pub enabled: Timestamp,
}

impl MfaDevice {
    /// Whether `ListVirtualMFADevices` lists it.
    pub fn is_virtual(&self) -> bool {
        self.serial.starts_with("arn:") && self.serial.contains(":mfa/")
    }
}

/// A managed policy on a user, group or role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachedPolicy {
    /// `PolicyName`.
    pub name: String,
    /// `arn:aws:iam::aws:policy/…` or `arn:aws:iam::ACCOUNT:policy/…`.
    pub arn: String,
}

impl AttachedPolicy {
    /// The policy of an ARN; its name is the ARN's last part.
    pub fn from_arn(arn: &str) -> Self {
        Self { name: arn.rsplit('/').next().unwrap_or_default().to_owned(), arn: arn.to_owned() }
    }
}

/// An IAM user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// `UserName`; unique in the account.
    pub name: String,
    /// `/` or `/path/`.
    pub path: String,
    /// `AIDA…`.
    pub id: String,
    /// `CreateDate`.
    pub created: Timestamp,
    /// `None` is: no console password.
    pub password: Option<LoginProfile>,
    /// `PasswordLastUsed`; `None` is: never.
    pub password_last_used: Option<Timestamp>,
    /// Enabled devices, at most eight.
    pub mfa: Vec<MfaDevice>,
    /// At most two, oldest first.
    pub keys: Vec<AccessKey>,
    /// Names of groups, in alphabetical order.
    pub groups: Vec<String>,
    /// Managed policies.
    pub attached: Vec<AttachedPolicy>,
    /// Inline policies: name → JSON document.
    pub inline: BTreeMap<String, String>,
    /// Tags: key → value.
    pub tags: BTreeMap<String, String>,
}

impl User {
    /// A user with nothing; fill the fields and give it to [`State::add_user`].
    pub fn new(name: &str, id: &str, created: Timestamp) -> Self {
        Self {
            name: name.to_owned(),
            path: "/".to_owned(),
            id: id.to_owned(),
            created,
            password: None,
            password_last_used: None,
            mfa: Vec::new(),
            keys: Vec::new(),
            groups: Vec::new(),
            attached: Vec::new(),
            inline: BTreeMap::new(),
            tags: BTreeMap::new(),
        }
    }

    /// `arn:aws:iam::ACCOUNT:user/PATH/NAME`.
    pub fn arn(&self, account: &str) -> String {
        format!("arn:aws:iam::{account}:user{}{}", self.path, self.name)
    }
}

/// A group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// `GroupName`.
    pub name: String,
    /// `/` or `/path/`.
    pub path: String,
    /// `AGPA…`.
    pub id: String,
    /// `CreateDate`.
    pub created: Timestamp,
}

/// A role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// `RoleName`.
    pub name: String,
    /// `/` or `/path/`.
    pub path: String,
    /// `AROA…`.
    pub id: String,
    /// `CreateDate`.
    pub created: Timestamp,
    /// The trust policy, a JSON document.
    pub trust: String,
    /// `Description`.
    pub description: Option<String>,
    /// `MaxSessionDuration`, 3600 to 43200.
    pub max_session_seconds: u32,
    /// `RoleLastUsed`: when and in which region; `None` is: not in the last 400 days.
    pub last_used: Option<(Timestamp, String)>,
}

impl Role {
    /// `arn:aws:iam::ACCOUNT:role/PATH/NAME`.
    pub fn arn(&self, account: &str) -> String {
        format!("arn:aws:iam::{account}:role{}{}", self.path, self.name)
    }
}

/// The root user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// When the account was made.
    pub created: Timestamp,
    /// Last sign-in with the password; `None` is: never since AWS records it.
    pub password_last_used: Option<Timestamp>,
    /// Whether root has an MFA device.
    pub mfa: Vec<MfaDevice>,
    /// Root should have none.
    pub keys: Vec<AccessKey>,
}

/// `GetAccountPasswordPolicy`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordPolicy {
    /// 6 to 128.
    pub minimum_length: u32,
    /// Symbols, numbers, upper case, lower case: all required, or none.
    pub mixed: bool,
    /// Days until a password ends, 1 to 1095; `None` is: never.
    pub max_age_days: Option<u32>,
    /// How many old passwords may not come back, 1 to 24.
    pub reuse_prevention: Option<u32>,
}

/// Everything in IAM.
#[derive(Debug)]
pub struct State {
    /// The account's alias.
    pub alias: Option<String>,
    /// The root user.
    pub root: Root,
    /// Groups by name.
    pub groups: BTreeMap<String, Group>,
    /// Roles by name.
    pub roles: BTreeMap<String, Role>,
    /// `None` is: not set.
    pub password_policy: Option<PasswordPolicy>,
    /// How long a change to a user's keys or policies takes at most until it is in force everywhere; some seconds in AWS, zero here
    /// unless set.
    pub propagation: SignedDuration,
    /// How many replicas learn of a change, each after its own time up to [`Self::propagation`]; at least 1.
    pub replicas: u32,
    /// Whether every request goes to any replica; otherwise each service and region keeps to one.
    pub flapping: bool,
    /// The seed of lags and of the choice of replicas.
    pub seed: u64,
    /// The credential report.
    pub report: Report,
    pub(super) account: String,
    pub(super) users: BTreeMap<String, User>,
    /// Access key id → name of its user.
    pub(super) owners: BTreeMap<String, String>,
    /// Serial number of each virtual MFA device → who uses it.
    pub(super) virtual_mfa: BTreeMap<String, Owner>,
    pub(super) administrator: String,
    pub(super) deferred: Option<Deferred>,
    pub(super) changes: Changes,
    pub(super) siege: Option<Siege>,
}
