//! What a rotation needs of AWS, as a trait: `aws/rotation.rs` implements it, tests script it.

use futures::future::BoxFuture;
use jiff::Timestamp;

use super::stores::KeyPair;
use crate::domain::fault::Fault;
use crate::domain::key::{KeyStatus, LastUsed};
use crate::domain::rotation::Command;
use crate::kit::confirm::Approved;

/// Who calls (`GetCallerIdentity`), and with which key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Twelve digits.
    pub account: String,
    /// `Arn`.
    pub arn: String,
    /// `UserId`: `AIDA…`, `AROA…:session`, or the account's number for root.
    pub user_id: String,
    /// `AccessKeyId` that signs the console's calls, where it is a long-term one.
    pub key: Option<String>,
}

impl Caller {
    /// Whether it is the account's root user.
    pub fn is_root(&self) -> bool {
        self.arn.ends_with(":root")
    }
}

/// A user (`GetUser`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserFacts {
    /// `UserName`.
    pub name: String,
    /// `UserId`, `AIDA…`: stays the same when the user is renamed, and differs when a user is made anew under an old name.
    pub id: String,
    /// `Arn`, with the user's path.
    pub arn: String,
}

/// One key (`ListAccessKeys`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFacts {
    /// `AccessKeyId`.
    pub id: String,
    /// `Status`.
    pub status: KeyStatus,
    /// `CreateDate`.
    pub created: Option<Timestamp>,
}

/// A key just made: the only time at which AWS tells its secret.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// Id and secret.
    pub pair: KeyPair,
    /// `CreateDate`.
    pub created: Option<Timestamp>,
}

/// Why `CreateAccessKey` brought no key.
#[derive(Debug, Clone, PartialEq)]
pub enum CreateFailed {
    /// AWS refused: no key was made.
    Refused(Box<Fault>),
    /// No answer, or none that can be read: a key may have been made.
    Uncertain(Box<Fault>),
}

/// What a check of a key found wrong.
#[derive(Debug, Clone, PartialEq)]
pub enum CheckFailed {
    /// AWS does not know the key (`InvalidClientTokenId`): not arrived yet, deactivated or deleted.
    Unknown(Box<Fault>),
    /// AWS knows the key and the secret is another one (`SignatureDoesNotMatch`).
    WrongSecret(Box<Fault>),
    /// The key belongs to somebody else.
    WrongUser(String),
    /// This machine's clock is wrong.
    Clock(Box<Fault>),
    /// The call itself failed, which says nothing of the key.
    Call(Box<Fault>),
}

/// Whether CloudTrail knows of the making of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trace {
    /// Made by this program, by its user agent.
    Ours,
    /// Made by another program.
    Foreign,
    /// Nothing to be seen (yet): events come up to 15 minutes late.
    Unseen,
}

/// What the caller's policies say to an action on a resource (`EvalDecision`, `EvalResourceDecision`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// They allow it.
    Allowed,
    /// They forbid it, or nothing allows it.
    Denied,
    /// They forbid it as far as the simulation knows; these condition keys of the real call were missing (`MissingContextValues`).
    Depends(Vec<String>),
}

/// One answer of the simulation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    /// `iam:CreateAccessKey`.
    pub action: String,
    /// ARN.
    pub resource: String,
    /// What the policies say.
    pub verdict: Verdict,
}

/// What came of asking for a simulation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Simulated {
    /// One for each action and resource that IAM has an answer to.
    Rulings(Vec<Ruling>),
    /// The policies of this caller cannot be simulated, for this reason.
    Impossible(String),
}

/// A result whose error is a fault of a call.
pub type Answer<T> = Result<T, Box<Fault>>;

/// Reads, and the check of a key. Cancelling a future gives the call up.
pub trait Service: Send + Sync {
    /// The account that may be changed: twelve digits. The rules about it were asked before there was a service, and nothing is changed in
    /// any other.
    fn account(&self) -> &str;
    /// `GetCallerIdentity` by the console's own credentials.
    fn caller(&self) -> BoxFuture<'_, Answer<Caller>>;
    /// `GetUser`.
    fn user<'a>(&'a self, user: &'a str) -> BoxFuture<'a, Answer<UserFacts>>;
    /// `ListAccessKeys`, all pages, oldest first. `as_key`: signed by this key instead of the console's own.
    fn keys<'a>(&'a self, user: &'a str, as_key: Option<&'a KeyPair>) -> BoxFuture<'a, Answer<Vec<KeyFacts>>>;
    /// `GetAccessKeyLastUsed`. `as_key` as before.
    fn last_used<'a>(&'a self, key: &'a str, as_key: Option<&'a KeyPair>) -> BoxFuture<'a, Answer<LastUsed>>;
    /// `GetCallerIdentity` by a key, in the first region and in the one where IAM lives; both must tell the user of this id.
    fn check<'a>(&'a self, key: &'a KeyPair, account: &'a str, user_id: &'a str) -> BoxFuture<'a, Result<(), CheckFailed>>;
    /// Looks for the key's `CreateAccessKey` event.
    fn trace<'a>(&'a self, user: &'a str, key: &'a str) -> BoxFuture<'a, Answer<Trace>>;
    /// `SimulatePrincipalPolicy`: whether the caller's policies allow each of these actions on each of these ARNs. Nothing of it is done.
    fn may<'a>(&'a self, caller: &'a Caller, actions: &'a [String], resources: &'a [String]) -> BoxFuture<'a, Answer<Simulated>>;
    /// The changes that were approved, signed by the console's own key or by another.
    fn changes<'a>(
        &'a self,
        approved: &'a Approved<Command>,
        as_key: Option<&'a KeyPair>,
    ) -> BoxFuture<'a, Answer<Box<dyn Changes>>>;
}

/// Changes to the account. Each is audited: the intent is on disk before the call.
pub trait Changes: Send + Sync {
    /// `CreateAccessKey`: once, never repeated by the SDK, at most ten seconds.
    fn create<'a>(&'a self, user: &'a str) -> BoxFuture<'a, Result<NewKey, CreateFailed>>;
    /// `UpdateAccessKey`.
    fn set_status<'a>(&'a self, user: &'a str, key: &'a str, active: bool) -> BoxFuture<'a, Answer<()>>;
    /// `DeleteUserPolicy` for each policy that a containment has put and that is there still.
    fn lift<'a>(&'a self, user: &'a str) -> BoxFuture<'a, Answer<()>>;
    /// `DeleteAccessKey`.
    fn delete<'a>(&'a self, user: &'a str, key: &'a str) -> BoxFuture<'a, Answer<()>>;
}
