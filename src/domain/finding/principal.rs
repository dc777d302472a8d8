//! Who a finding names: every user, role and database or cluster user in it, each with what it is.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::json::{at, items, untrusted};
use crate::domain::text::Untrusted;

/// Somebody that a finding names. A name alone does not identify anyone: a role, a federated session and a database user may all be
/// called what an IAM user is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Principal {
    /// `userName` of a key, `user.name` of an actor, `username` of Kubernetes, `user` of a database. For a role it is the role's name.
    pub name: Untrusted,
    /// What it is.
    pub kind: PrincipalKind,
    /// `principalId` or `user.uid`: `AIDA…` for a user, `AROA…:session` for a role.
    pub id: Option<Untrusted>,
}

/// What a principal is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrincipalKind {
    /// An IAM user: the only kind that has a page of its own in the users pane, beside root.
    User,
    /// A role, through one of its sessions.
    Role,
    /// The account's root user.
    Root,
    /// A session that an identity provider or `GetFederationToken` vouches for.
    Federated,
    /// A user of IAM Identity Center.
    IdentityCenter,
    /// Another AWS account.
    Account,
    /// A service of AWS.
    Service,
    /// A user of a Kubernetes cluster.
    Kubernetes,
    /// A user of a database.
    Database,
    /// A type that this program does not know, in AWS's word, or none.
    Other(Untrusted),
}

impl Principal {
    /// What it is, in words: `role`, `IAM user`.
    pub fn what(&self) -> String {
        match &self.kind {
            PrincipalKind::User => "IAM user".into(),
            PrincipalKind::Role => "role".into(),
            PrincipalKind::Root => "root user".into(),
            PrincipalKind::Federated => "federated session".into(),
            PrincipalKind::IdentityCenter => "Identity Center user".into(),
            PrincipalKind::Account => "AWS account".into(),
            PrincipalKind::Service => "AWS service".into(),
            PrincipalKind::Kubernetes => "Kubernetes user".into(),
            PrincipalKind::Database => "database user".into(),
            PrincipalKind::Other(word) if word.is_empty() => "principal of unknown type".into(),
            PrincipalKind::Other(word) => format!("principal of type {}", word.shown_within(40)),
        }
    }

    /// Whether it is an IAM user.
    pub fn is_user(&self) -> bool {
        self.kind == PrincipalKind::User
    }
}

impl PrincipalKind {
    /// From GuardDuty's `userType`, which is CloudTrail's `userIdentity.type`; where that says nothing, from the unique id.
    fn of(word: Option<Untrusted>, id: Option<&Untrusted>) -> Self {
        let plain: String = word.iter().flat_map(|word| word.raw().chars()).filter(char::is_ascii_alphanumeric).collect();
        match plain.to_ascii_lowercase().as_str() {
            "iamuser" => Self::User,
            "assumedrole" | "role" => Self::Role,
            "root" => Self::Root,
            "federateduser" | "samluser" | "webidentityuser" => Self::Federated,
            "identitycenteruser" => Self::IdentityCenter,
            "awsaccount" => Self::Account,
            "awsservice" => Self::Service,
            _ => match id.map(Untrusted::raw) {
                Some(id) if id.starts_with("AIDA") => Self::User,
                Some(id) if id.starts_with("AROA") => Self::Role,
                _ => Self::Other(word.unwrap_or_else(|| "".into())),
            },
        }
    }
}

/// Everybody a finding names: the caller first, then users of clusters and databases, then the actors of a sequence and the owners of
/// its keys.
pub(super) fn principals(value: &Value) -> Vec<Principal> {
    let mut all = Vec::new();
    let mut add = |principal: Option<Principal>| {
        let Some(principal) = principal else { return };
        match all.iter_mut().find(|known: &&mut Principal| known.name == principal.name && known.kind == principal.kind) {
            Some(known) => known.id = known.id.take().or(principal.id),
            None => all.push(principal),
        }
    };
    add(caller(at(value, "resource.accessKeyDetails"), "userName", "principalId", "userType"));
    let user = at(value, "resource.kubernetesDetails.kubernetesUserDetails");
    add(named(user, "username", PrincipalKind::Kubernetes));
    add(named(user.and_then(|user| at(user, "impersonatedUser")), "username", PrincipalKind::Kubernetes));
    add(named(at(value, "resource.rdsDbUserDetails"), "user", PrincipalKind::Database));
    for tried in items(value, "service.action.rdsLoginAttemptAction.loginAttributes") {
        add(named(Some(tried), "user", PrincipalKind::Database));
    }
    for actor in items(value, "service.detection.sequence.actors") {
        add(caller(at(actor, "user"), "name", "uid", "type"));
    }
    for resource in items(value, "service.detection.sequence.resources") {
        add(caller(at(resource, "data.accessKey"), "userName", "principalId", "userType"));
    }
    all
}

fn caller(details: Option<&Value>, name: &str, id: &str, kind: &str) -> Option<Principal> {
    let details = details?;
    let id = untrusted(details, id);
    Some(Principal { name: untrusted(details, name)?, kind: PrincipalKind::of(untrusted(details, kind), id.as_ref()), id })
}

fn named(details: Option<&Value>, name: &str, kind: PrincipalKind) -> Option<Principal> {
    Some(Principal { name: untrusted(details?, name)?, kind, id: None })
}

/// Every access key a finding names: the caller's, those of a sequence's actors, those among its resources.
pub(super) fn access_keys(value: &Value) -> Vec<Untrusted> {
    let mut keys: Vec<Untrusted> = untrusted(value, "resource.accessKeyDetails.accessKeyId").into_iter().collect();
    keys.extend(items(value, "service.detection.sequence.actors").filter_map(|actor| untrusted(actor, "user.credentialUid")));
    let of_resource = |resource: &Value| {
        let uid = untrusted(resource, "uid")?;
        let is_key = untrusted(resource, "resourceType").is_some_and(|kind| kind.raw().eq_ignore_ascii_case("ACCESS_KEY"));
        (is_key || ["AKIA", "ASIA"].iter().any(|start| uid.raw().starts_with(start))).then_some(uid)
    };
    keys.extend(items(value, "service.detection.sequence.resources").filter_map(of_resource));
    super::once_each(keys)
}
