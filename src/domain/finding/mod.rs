//! GuardDuty findings, decoded from the JSON that the API or EventBridge gives.

mod decode;
mod detail;
mod principal;
mod resource;

pub use decode::decode;
pub use detail::detail;
pub use principal::{Principal, PrincipalKind};
pub use resource::Resource;

use std::cmp::Ordering;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::evidence::Evidence;
use crate::domain::text::Untrusted;

/// GuardDuty's severity, 1.0 to 10.0. Bands go by number: the same type may come with different severities.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Severity(pub f64);

impl Ord for Severity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Severity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Severity {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Severity {}

/// The four bands of the GuardDuty console.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Band {
    /// Below 4.0.
    Low,
    /// 4.0 to 6.9.
    Medium,
    /// 7.0 to 8.9.
    High,
    /// 9.0 and above: attack sequences.
    Critical,
}

impl Severity {
    /// The band the number falls into.
    pub fn band(self) -> Band {
        match self.0 {
            n if n >= 9.0 => Band::Critical,
            n if n >= 7.0 => Band::High,
            n if n >= 4.0 => Band::Medium,
            _ => Band::Low,
        }
    }
}

impl Band {
    /// The word for it, never colour alone.
    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "Low",
            Self::Medium => "Medium",
            Self::High => "High",
            Self::Critical => "Critical",
        }
    }
}

/// Which findings to read, by `service.archived`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Archived {
    /// Only those that are not archived.
    #[default]
    Current,
    /// Only the archived.
    Archived,
    /// Both.
    All,
}

impl Archived {
    /// Whether a finding with this `service.archived` is wanted.
    pub fn admits(self, archived: bool) -> bool {
        match self {
            Self::Current => !archived,
            Self::Archived => archived,
            Self::All => true,
        }
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Archived => "archived",
            Self::All => "current and archived",
        }
    }

    /// The next one, round and round.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Current => Self::Archived,
            Self::Archived => Self::All,
            Self::All => Self::Current,
        }
    }
}

/// What identifies a finding everywhere: ids are unique in a detector only.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FindingKey {
    /// `accountId`.
    pub account: String,
    /// `region`.
    pub region: String,
    /// `id`.
    pub id: Untrusted,
}

/// One row of the findings pane: what the list, the filter and the pivots need. Everything else is read from `raw` when the detail opens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Account, region, id.
    pub key: FindingKey,
    /// `severity`; absent where it is missing or no number.
    pub severity: Option<Severity>,
    /// `type`, an open list: unknown types are shown as they are.
    pub kind: Untrusted,
    /// `title`.
    pub title: Untrusted,
    /// `resource.resourceType`.
    pub resource_type: Untrusted,
    /// What the finding is about, by `resource_type`: the bucket of an S3 finding, the cluster of an EKS finding. The type's own word where
    /// the finding has no details of it.
    pub resource: Untrusted,
    /// The first of [`Self::principals`].
    pub principal: Option<Untrusted>,
    /// The first of [`Self::access_keys`].
    pub access_key: Option<Untrusted>,
    /// The first of [`Self::instances`].
    pub instance: Option<Untrusted>,
    /// The first of [`Self::remote_ips`].
    pub remote_ip: Option<Untrusted>,
    /// Everything the finding names, what it is about first.
    #[serde(default)]
    pub resources: Vec<Resource>,
    /// Everybody it names, the caller first.
    #[serde(default)]
    pub principals: Vec<Principal>,
    /// Every access key it names, the caller's first.
    #[serde(default)]
    pub access_keys: Vec<Untrusted>,
    /// The ids of the instances among the resources.
    #[serde(default)]
    pub instances: Vec<Untrusted>,
    /// Every address on the far side.
    #[serde(default)]
    pub remote_ips: Vec<Untrusted>,
    /// Every domain on the far side.
    #[serde(default)]
    pub domains: Vec<Untrusted>,
    /// `service.count`.
    pub count: Option<u64>,
    /// `service.eventFirstSeen`.
    pub first_seen: Option<Timestamp>,
    /// `service.eventLastSeen`.
    pub last_seen: Option<Timestamp>,
    /// `updatedAt`.
    pub updated: Option<Timestamp>,
    /// `service.archived`.
    pub archived: bool,
    /// Whether it is a sample made by `CreateSampleFindings`.
    pub sample: bool,
    /// The finding as AWS sent it.
    pub raw: Evidence,
}

/// What `affectedResources` calls an IAM user.
pub const IAM_USER: &str = "AWS::IAM::User";

impl Finding {
    /// The IAM users it names. Roles, federated sessions and users of clusters and databases are none, whatever they are called.
    pub fn users(&self) -> impl Iterator<Item = &Principal> {
        self.principals.iter().filter(|principal| principal.is_user())
    }

    /// Whether it names this IAM user: as who acted, or as what was acted upon.
    pub fn names_user(&self, name: &Untrusted) -> bool {
        self.user_names().any(|user| user == name)
    }

    /// The names of the IAM users it names, of who acted before those of who was acted upon.
    pub fn user_names(&self) -> impl Iterator<Item = &Untrusted> {
        let affected = self.resources.iter().filter(|resource| resource.kind.raw() == IAM_USER).map(|resource| &resource.name);
        self.users().map(|user| &user.name).chain(affected)
    }
}

/// The same texts in the same order, each once.
fn once_each(all: Vec<Untrusted>) -> Vec<Untrusted> {
    let mut seen = std::collections::BTreeSet::new();
    all.into_iter().filter(|text| seen.insert(text.clone())).collect()
}

#[cfg(test)]
mod tests;
