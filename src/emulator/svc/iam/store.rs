//! How the scenarios, the operations and the signature check get at what IAM holds.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound;

use jiff::{SignedDuration, Timestamp};

use super::denials::{self, Asked};
use super::replicas::{Changes, Reader};
use super::report::Report;
use super::state::{AccessKey, KeyUse, Role, Root, State, Status, User};
use crate::emulator::account::Principal;

/// A key and whose it is.
#[derive(Clone)]
pub struct OwnedKey {
    /// The owner as the caller of requests.
    pub principal: Principal,
    /// The secret, for the signature.
    pub secret: String,
    /// Whether the key can be used.
    pub is_active: bool,
}

impl fmt::Debug for OwnedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedKey").field("principal", &self.principal).field("is_active", &self.is_active).finish_non_exhaustive()
    }
}

impl OwnedKey {
    fn of(key: &AccessKey, principal: Principal) -> Self {
        Self { principal, secret: key.secret.clone(), is_active: key.status == Status::Active }
    }
}

/// What became of looking for a key.
#[derive(Debug, Clone)]
pub enum FoundKey {
    /// It is there.
    Owned(OwnedKey),
    /// It has not arrived yet, or was deleted.
    NotHere,
    /// The account never had it.
    Unknown,
}

/// Who uses a virtual MFA device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Owner {
    /// Nobody yet.
    Nobody,
    /// An IAM user, by name.
    User(String),
}

/// A virtual MFA device and the user that uses it.
#[derive(Debug, Clone, Copy)]
pub struct VirtualMfa<'a> {
    /// `arn:aws:iam::…:mfa/…`.
    pub serial: &'a str,
    /// The user and when the device was enabled.
    pub owner: Option<(&'a User, Timestamp)>,
}

/// Work put off until IAM is first asked, so that a world of many users starts at once.
pub(super) struct Deferred(Box<dyn FnOnce(&mut State) + Send>);

impl fmt::Debug for Deferred {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Deferred")
    }
}

impl State {
    /// An account with nothing in it but root; the seed decides how late its replicas are.
    pub fn new(account: &str, seed: u64) -> Self {
        let root = Root { created: Timestamp::UNIX_EPOCH, password_last_used: None, mfa: Vec::new(), keys: Vec::new() };
        Self {
            account: account.to_owned(),
            alias: None,
            root,
            groups: BTreeMap::new(),
            roles: BTreeMap::new(),
            password_policy: None,
            propagation: SignedDuration::ZERO,
            replicas: 1,
            flapping: false,
            seed,
            report: Report::default(),
            users: BTreeMap::new(),
            owners: BTreeMap::new(),
            virtual_mfa: BTreeMap::new(),
            administrator: String::new(),
            deferred: None,
            changes: Changes::default(),
            siege: None,
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
        for device in user.mfa.iter().filter(|device| device.is_virtual()) {
            self.virtual_mfa.insert(device.serial.clone(), Owner::User(user.name.clone()));
        }
        self.users.insert(user.name.clone(), user);
    }

    /// Adds a virtual MFA device that nobody uses yet.
    pub fn add_virtual_mfa(&mut self, serial: &str) {
        self.virtual_mfa.insert(serial.to_owned(), Owner::Nobody);
    }

    /// Takes a device from a user; a virtual one stays in the account, unused. Whether the user had it.
    pub fn deactivate_mfa(&mut self, user: &str, serial: &str) -> bool {
        let Some(owner) = self.users.get_mut(user) else { return false };
        let before = owner.mfa.len();
        owner.mfa.retain(|device| device.serial != serial);
        if let Some(user) = self.virtual_mfa.get_mut(serial) {
            *user = Owner::Nobody;
        }
        owner.mfa.len() < before
    }

    /// Virtual MFA devices in alphabetical order, from behind a serial number on.
    pub(super) fn virtual_mfa_after(&mut self, after: Option<&str>) -> impl Iterator<Item = VirtualMfa<'_>> {
        self.settle();
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let users = &self.users;
        self.virtual_mfa.range::<str, _>((from, Bound::Unbounded)).map(move |(serial, owner)| {
            let user = match owner {
                Owner::User(name) => users.get(name),
                Owner::Nobody => None,
            };
            let enabled = |user: &User| user.mfa.iter().find(|device| device.serial == *serial).map(|device| device.enabled);
            VirtualMfa { serial, owner: user.and_then(|user| Some((user, enabled(user)?))) }
        })
    }

    /// How many virtual MFA devices there are, and how many are in use.
    pub(super) fn count_virtual_mfa(&mut self) -> (usize, usize) {
        self.settle();
        (self.virtual_mfa.len(), self.virtual_mfa.values().filter(|owner| **owner != Owner::Nobody).count())
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

    /// Users in alphabetical order, from behind a name on.
    pub(super) fn users_after(&mut self, after: Option<&str>) -> impl Iterator<Item = &User> {
        self.settle();
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.users.range::<str, _>((from, Bound::Unbounded)).map(|(_, user)| user)
    }

    /// A user's key and the user's name.
    pub(super) fn key(&mut self, id: &str) -> Option<(&str, &AccessKey)> {
        let owner = self.owner_of(id)?.to_owned();
        let user = self.users.get(&owner)?;
        Some((&user.name, user.keys.iter().find(|key| key.id == id)?))
    }

    /// One user.
    pub fn user(&mut self, name: &str) -> Option<&User> {
        self.settle();
        self.users.get(name)
    }

    /// One user, to change. Keys and MFA devices come and go by their own functions only.
    pub fn user_mut(&mut self, name: &str) -> Option<&mut User> {
        self.settle();
        self.users.get_mut(name)
    }

    /// One role.
    pub fn role(&mut self, name: &str) -> Option<&Role> {
        self.settle();
        self.roles.get(name)
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
            self.changes.former.insert(id.to_owned(), user.to_owned());
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

    /// A key by its id, as the replica that answers a service in a region sees it.
    pub fn find_key(&mut self, id: &str, service: &str, region: &str, now: Timestamp) -> FoundKey {
        if let Some(key) = self.root.keys.iter().find(|key| key.id == id) {
            return FoundKey::Owned(OwnedKey::of(key, Principal::Root { account: self.account.clone() }));
        }
        let former = self.changes.former.get(id).cloned();
        let Some(owner) = former.or_else(|| self.owner_of(id).map(str::to_owned)) else { return FoundKey::Unknown };
        let reader = Reader::Service(service, region);
        let replica = self.choose_replica(reader);
        let Some(user) = self.users.get(&owner) else { return FoundKey::NotHere };
        let keys = self.behind(&owner, reader, replica, now).map_or(&user.keys, |seen| &seen.keys);
        match keys.iter().find(|key| key.id == id) {
            Some(key) => FoundKey::Owned(OwnedKey::of(key, self.principal(user))),
            None => FoundKey::NotHere,
        }
    }

    /// Whether a policy of a user denies something explicitly, as the replica that answers a service in a region sees it.
    pub fn is_denied(&mut self, user: &str, asked: Asked<'_>, service: &str, region: &str, now: Timestamp) -> bool {
        let reader = Reader::Service(service, region);
        let replica = self.choose_replica(reader);
        let Some(owner) = self.users.get(user) else { return false };
        let seen = self.behind(user, reader, replica, now);
        let (inline, attached) = seen.map_or((&owner.inline, &owner.attached), |seen| (&seen.inline, &seen.attached));
        denials::is_denied(inline.values().map(String::as_str), attached.iter().map(|policy| policy.arn.as_str()), asked)
    }

    /// The keys of conditions in the policies of a user that decide about something.
    pub(super) fn condition_keys(&self, user: &str, asked: Asked<'_>) -> Vec<String> {
        let inline = self.users.get(user).into_iter().flat_map(|user| user.inline.values());
        denials::condition_keys(inline.map(String::as_str), asked)
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
