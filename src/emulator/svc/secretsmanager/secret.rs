//! A secret, its versions, and how labels move between them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;

use super::Tag;

/// The version that is read where none is named.
pub(super) const CURRENT: &str = "AWSCURRENT";

/// The version that was current before.
pub(super) const PREVIOUS: &str = "AWSPREVIOUS";

/// What a version holds.
#[derive(Clone, PartialEq, Eq)]
pub enum Content {
    /// `SecretString`.
    Text(String),
    /// `SecretBinary`, in base 64.
    Binary(String),
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Content(…)")
    }
}

/// One version of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// What it holds.
    pub content: Content,
    /// Staging labels; a version without any is deprecated.
    pub labels: BTreeSet<String>,
    /// `CreatedDate`.
    pub created: Timestamp,
    /// `LastAccessedDate`, a day.
    pub accessed: Option<Timestamp>,
}

/// One secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// `Name`; unique in its region.
    pub name: String,
    /// `arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-` and six letters.
    pub arn: String,
    /// `Description`.
    pub description: Option<String>,
    /// `KmsKeyId`; `None` is `aws/secretsmanager`.
    pub key: Option<String>,
    /// `Tags`.
    pub tags: Vec<Tag>,
    /// `CreatedDate`.
    pub created: Timestamp,
    /// `LastChangedDate`.
    pub changed: Timestamp,
    /// When it is deleted for good, where it is marked for deletion.
    pub deletion: Option<Timestamp>,
    /// By `VersionId`.
    pub versions: BTreeMap<String, Version>,
}

impl Secret {
    /// The version that has a label.
    pub fn labelled(&self, label: &str) -> Option<(&str, &Version)> {
        self.versions.iter().find(|(_, version)| version.labels.contains(label)).map(|(id, version)| (id.as_str(), version))
    }

    /// Moves a label to a version, from whichever had it. The version that is no longer current is the previous one from then on.
    pub(super) fn move_label(&mut self, label: &str, to: &str) {
        let from = self.labelled(label).map(|(id, _)| id.to_owned());
        if from.as_deref() == Some(to) {
            return;
        }
        self.take_label(label);
        if let Some(version) = self.versions.get_mut(to) {
            version.labels.insert(label.to_owned());
        }
        if label == CURRENT
            && let Some(from) = from
        {
            self.move_label(PREVIOUS, &from);
        }
    }

    /// Takes a label away from whichever version has it.
    pub(super) fn take_label(&mut self, label: &str) {
        for version in self.versions.values_mut() {
            version.labels.remove(label);
        }
    }
}
