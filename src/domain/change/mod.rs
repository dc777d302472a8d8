//! What can be changed in an account, as plain data: what the confirm door asks about, the audit log records and `aws/change.rs` does.
//!
//! A rotation is no single change but a job that makes several; see [`super::rotation`].

mod words;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::containment::Containment;
use crate::domain::fault::Fault;
use crate::domain::rotation::Command;
use crate::domain::text::Untrusted;

/// Whatever goes through the door: what a person approves in the confirm dialog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mutation {
    /// One call.
    Change(Change),
    /// A job that makes several.
    Rotation(Command),
    /// Everything that a user can sign in with is shut, or opened again.
    Contain(Containment),
}

/// What AWS said to a change that it made.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Done {
    /// `x-amzn-RequestId` of the answer: CloudTrail's record of the call carries it, too.
    pub request_id: Option<String>,
    /// What went wrong besides: the outcome is not in the audit log.
    pub warning: Option<String>,
    /// No answer came: that it is in effect was read afterwards, for a while.
    #[serde(default)]
    pub read_back: bool,
}

/// What became of the last change of a row, as far as this console asked for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum ChangeNote {
    /// AWS has been asked and has not answered.
    Asked {
        /// When.
        at: Timestamp,
    },
    /// AWS has done it.
    Done {
        /// When the answer came.
        at: Timestamp,
        /// `x-amzn-RequestId`.
        request_id: Option<String>,
        /// No answer came: that it is in effect was read afterwards.
        #[serde(default)]
        read_back: bool,
    },
    /// AWS has not done it.
    NotDone {
        /// Why.
        fault: Fault,
    },
    /// No answer came that could be understood: AWS may have done it.
    Unknown {
        /// Why.
        fault: Fault,
    },
}

impl ChangeNote {
    /// How a change has ended.
    pub fn ended(outcome: &Result<Done, Fault>, at: Timestamp) -> Self {
        match outcome {
            Ok(done) => Self::Done { at, request_id: done.request_id.clone(), read_back: done.read_back },
            Err(fault) if fault.leaves_unknown() => Self::Unknown { fault: fault.clone() },
            Err(fault) => Self::NotDone { fault: fault.clone() },
        }
    }
}

/// One change to the account: one mutating call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "change")]
pub enum Change {
    /// IAM `CreateAccessKey`. Only a rotation makes it: the secret must have a place before it is made.
    CreateKey {
        /// `UserName`.
        user: Untrusted,
    },
    /// IAM `UpdateAccessKey`.
    SetKeyStatus {
        /// `UserName`.
        user: Untrusted,
        /// `AccessKeyId`.
        key: Untrusted,
        /// `Active`, else `Inactive`.
        active: bool,
    },
    /// IAM `DeleteAccessKey`.
    DeleteKey {
        /// `UserName`.
        user: Untrusted,
        /// `AccessKeyId`.
        key: Untrusted,
    },
    /// IAM `PutUserPolicy` with a document of ours: [`DENY_ALL`] or [`REVOKE_SESSIONS`].
    PutPolicy {
        /// `UserName`.
        user: Untrusted,
        /// `PolicyName`.
        policy: String,
        /// `PolicyDocument`, as JSON.
        document: String,
    },
    /// IAM `DeleteUserPolicy`, of a policy that we put.
    DeletePolicy {
        /// `UserName`.
        user: Untrusted,
        /// `PolicyName`.
        policy: String,
    },
    /// IAM `DeleteLoginProfile`: the password goes.
    DeleteLoginProfile {
        /// `UserName`.
        user: Untrusted,
    },
    /// Secrets Manager `CreateSecret`, with an empty JSON object as its value: a secret's first value is current at once.
    CreateSecret {
        /// Region of the secret.
        region: String,
        /// `Name`.
        secret: String,
    },
    /// Secrets Manager `PutSecretValue` under the stage `AWSPENDING`. The value itself is no part of this.
    PutSecretValue {
        /// Region of the secret.
        region: String,
        /// Name or ARN.
        secret: String,
        /// `ClientRequestToken`, which becomes the `VersionId`: the same one twice makes one version.
        version: String,
    },
    /// Secrets Manager `UpdateSecretVersionStage`.
    MoveSecretStage {
        /// Region of the secret.
        region: String,
        /// Name or ARN.
        secret: String,
        /// `VersionStage`: `AWSCURRENT`, `AWSPENDING`, `AWSPREVIOUS`.
        stage: String,
        /// `MoveToVersionId`.
        to: Option<String>,
        /// `RemoveFromVersionId`.
        from: Option<String>,
    },
    /// SSM `StartSession`: changes nothing in the account by itself, but is a door, so it is recorded like a change.
    StartSession {
        /// Region of the node.
        region: String,
        /// `Target`.
        target: Untrusted,
        /// `DocumentName`; `None`: the account's own shell document.
        document: Option<String>,
        /// `Reason`.
        reason: Option<String>,
    },
    /// SSM `TerminateSession`.
    TerminateSession {
        /// Region of the session.
        region: String,
        /// `SessionId`.
        session: Untrusted,
    },
}

/// Name of the inline policy that denies a user everything.
pub const DENY_ALL: &str = "BartizanDenyAll";
/// Name of the inline policy that ends the sessions made so far from a user's keys (`aws:TokenIssueTime`).
pub const REVOKE_SESSIONS: &str = "BartizanRevokeOlderSessions";

impl Change {
    /// The call, as (service, operation).
    pub fn call(&self) -> (&'static str, &'static str) {
        match self {
            Self::CreateKey { .. } => ("iam", "CreateAccessKey"),
            Self::SetKeyStatus { .. } => ("iam", "UpdateAccessKey"),
            Self::DeleteKey { .. } => ("iam", "DeleteAccessKey"),
            Self::PutPolicy { .. } => ("iam", "PutUserPolicy"),
            Self::DeletePolicy { .. } => ("iam", "DeleteUserPolicy"),
            Self::DeleteLoginProfile { .. } => ("iam", "DeleteLoginProfile"),
            Self::CreateSecret { .. } => ("secretsmanager", "CreateSecret"),
            Self::PutSecretValue { .. } => ("secretsmanager", "PutSecretValue"),
            Self::MoveSecretStage { .. } => ("secretsmanager", "UpdateSecretVersionStage"),
            Self::StartSession { .. } => ("ssm", "StartSession"),
            Self::TerminateSession { .. } => ("ssm", "TerminateSession"),
        }
    }

    /// The IAM action that allows it: `iam:UpdateAccessKey`.
    pub fn action(&self) -> String {
        let (service, operation) = self.call();
        format!("{service}:{operation}")
    }

    /// The region that it is made in; `None`: IAM, which is one for all regions.
    pub fn region(&self) -> Option<&str> {
        match self {
            Self::CreateSecret { region, .. }
            | Self::PutSecretValue { region, .. }
            | Self::MoveSecretStage { region, .. }
            | Self::StartSession { region, .. }
            | Self::TerminateSession { region, .. } => Some(region),
            _ => None,
        }
    }

    /// What it is done to, in one word or two: user and key, user and policy, node, session.
    pub fn object(&self) -> String {
        match self {
            Self::CreateKey { user } | Self::DeleteLoginProfile { user } => user.raw().to_owned(),
            Self::SetKeyStatus { user, key, .. } | Self::DeleteKey { user, key } => format!("{}/{}", user.raw(), key.raw()),
            Self::PutPolicy { user, policy, .. } | Self::DeletePolicy { user, policy } => format!("{}/{policy}", user.raw()),
            Self::CreateSecret { secret, .. } => secret.clone(),
            Self::PutSecretValue { secret, version, .. } => format!("{secret}/{version}"),
            Self::MoveSecretStage { secret, stage, to, from, .. } => {
                format!("{secret}/{stage} {} -> {}", from.as_deref().unwrap_or("-"), to.as_deref().unwrap_or("-"))
            }
            Self::StartSession { target, .. } => target.raw().to_owned(),
            Self::TerminateSession { session, .. } => session.raw().to_owned(),
        }
    }
}
