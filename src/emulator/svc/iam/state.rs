//! What IAM holds. The scenarios fill it, the operations read and change it.

use std::collections::BTreeMap;
use std::fmt;

use jiff::{SignedDuration, Timestamp};

use super::report::Report;
use crate::emulator::account::Principal;

/// `Status` of an access key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Can be used.
    Active,
    /// Refused until it is switched on again.
    Inactive,
}

impl Status {
    /// AWS's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Inactive => "Inactive",
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
    /// `RoleLastUsed`: when and in which region; `None` is: not in the last 400 days.
    pub last_used: Option<(Timestamp, String)>,
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

/// A key and whose it is.
#[derive(Debug, Clone)]
pub struct OwnedKey {
    /// The owner as the caller of requests.
    pub principal: Principal,
    /// The secret, for the signature.
    pub secret: String,
    /// Whether the key can be used.
    pub is_active: bool,
}

/// Everything in IAM.
#[derive(Debug)]
pub struct State {
    account: String,
    /// The account's alias.
    pub alias: Option<String>,
    /// The root user.
    pub root: Root,
    /// Groups by name.
    pub groups: BTreeMap<String, Group>,
    /// Roles by name.
    pub roles: BTreeMap<String, Role>,
    /// Virtual MFA devices that nobody uses yet: their serial numbers (ARNs), in alphabetical order.
    pub unassigned_mfa: Vec<String>,
    /// `None` is: not set.
    pub password_policy: Option<PasswordPolicy>,
    pub(super) report: Report,
    users: BTreeMap<String, User>,
    owners: BTreeMap<String, String>,
    administrator: String,
    deferred: Option<Deferred>,
}

/// Work put off until IAM is first asked, so that a world of many users starts at once.
struct Deferred(Box<dyn FnOnce(&mut State) + Send>);

impl fmt::Debug for Deferred {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Deferred")
    }
}

impl State {
    /// An account with nothing in it but root.
    pub fn new(account: &str) -> Self {
        let root = Root { created: Timestamp::UNIX_EPOCH, password_last_used: None, mfa: Vec::new(), keys: Vec::new() };
        Self {
            account: account.to_owned(),
            alias: None,
            root,
            groups: BTreeMap::new(),
            roles: BTreeMap::new(),
            unassigned_mfa: Vec::new(),
            password_policy: None,
            report: Report::default(),
            users: BTreeMap::new(),
            owners: BTreeMap::new(),
            administrator: String::new(),
            deferred: None,
        }
    }

    /// Puts filling off until somebody asks for what is not there yet. Give the administrator with its key at once:
    /// then even signed requests to other services do not wait for it.
    pub fn defer(&mut self, fill: impl FnOnce(&mut Self) + Send + 'static) {
        self.deferred = Some(Deferred(Box::new(fill)));
    }

    /// Does what was put off.
    pub(super) fn settle(&mut self) {
        if let Some(Deferred(fill)) = self.deferred.take() {
            fill(self);
        }
    }

    /// Adds a user with its keys, or replaces the one of that name.
    pub fn add_user(&mut self, user: User) {
        for key in &user.keys {
            self.owners.insert(key.id.clone(), user.name.clone());
        }
        self.users.insert(user.name.clone(), user);
    }

    /// Names the user whom unknown credentials are taken for, and whose first key [`crate::emulator::World::administrator`] gives.
    pub fn set_administrator(&mut self, name: &str) {
        name.clone_into(&mut self.administrator);
    }

    /// All users by name.
    pub fn users(&mut self) -> &BTreeMap<String, User> {
        self.settle();
        &self.users
    }

    /// One user.
    pub fn user(&mut self, name: &str) -> Option<&User> {
        self.settle();
        self.users.get(name)
    }

    /// One user, to change. Keys are changed by [`State::add_key`] and [`State::remove_key`] only.
    pub fn user_mut(&mut self, name: &str) -> Option<&mut User> {
        self.settle();
        self.users.get_mut(name)
    }

    /// Gives a user a further key.
    pub fn add_key(&mut self, user: &str, key: AccessKey) {
        if let Some(owner) = self.users.get_mut(user) {
            self.owners.insert(key.id.clone(), user.to_owned());
            owner.keys.push(key);
        }
    }

    /// Takes a key away; whether there was one.
    pub fn remove_key(&mut self, user: &str, id: &str) -> bool {
        let Some(owner) = self.users.get_mut(user) else { return false };
        let before = owner.keys.len();
        owner.keys.retain(|key| key.id != id);
        let removed = owner.keys.len() < before;
        if removed {
            self.owners.remove(id);
        }
        removed
    }

    /// The name of the user that owns a key.
    pub fn owner_of(&mut self, key: &str) -> Option<&str> {
        if !self.owners.contains_key(key) {
            self.settle();
        }
        self.owners.get(key).map(String::as_str)
    }

    /// A key by its id, with its owner as principal.
    pub fn find_key(&mut self, id: &str) -> Option<OwnedKey> {
        if let Some(key) = self.root.keys.iter().find(|key| key.id == id) {
            let principal = Principal::Root { account: self.account.clone() };
            return Some(OwnedKey { principal, secret: key.secret.clone(), is_active: key.status == Status::Active });
        }
        let owner = self.owner_of(id)?.to_owned();
        let user = self.users.get(&owner)?;
        let key = user.keys.iter().find(|key| key.id == id)?;
        Some(OwnedKey { principal: self.principal(user), secret: key.secret.clone(), is_active: key.status == Status::Active })
    }

    /// Remembers that a key was used.
    pub fn note_use(&mut self, id: &str, service: &str, region: &str, now: Timestamp) {
        let Some(owner) = self.owners.get(id) else { return };
        let Some(key) = self.users.get_mut(owner).and_then(|user| user.keys.iter_mut().find(|key| key.id == id)) else { return };
        let within = SignedDuration::from_secs(now.as_second().rem_euclid(60));
        let when = now.saturating_sub(within).unwrap_or(now);
        key.last_used = Some(KeyUse { when, service: service.to_owned(), region: region.to_owned() });
    }

    /// The administrator as principal; root where none was named.
    pub fn administrator(&self) -> Principal {
        self.users
            .get(&self.administrator)
            .map_or_else(|| Principal::Root { account: self.account.clone() }, |user| self.principal(user))
    }

    /// The administrator's first active key.
    pub fn administrator_key(&self) -> Option<&AccessKey> {
        self.users.get(&self.administrator)?.keys.iter().find(|key| key.status == Status::Active)
    }

    fn principal(&self, user: &User) -> Principal {
        Principal::User { name: user.name.clone(), arn: user.arn(&self.account), id: user.id.clone() }
    }
}
