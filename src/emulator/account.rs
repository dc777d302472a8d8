//! The one AWS account of a world: everything that exists, and who is asking.

use crate::emulator::agent::Agent;
use crate::emulator::svc::{cloudtrail, guardduty, iam, kms, secretsmanager, ssm, sts};

/// The state of the account. Services change it under the world's lock, one request at a time.
#[derive(Debug)]
pub struct Account {
    /// Twelve digits.
    pub id: String,
    /// The seed of everything made up; the same seed and start give the same account.
    pub seed: u64,
    /// Randomness for what is made while the world runs (ids of new keys, tokens).
    pub rng: fastrand::Rng,
    /// The regions that are enabled for the account; `None` is: all.
    pub regions: Option<Vec<String>>,
    /// Users, keys, groups, roles, the credential report.
    pub iam: iam::State,
    /// Temporary credentials.
    pub sts: sts::State,
    /// Detectors and findings.
    pub guardduty: guardduty::State,
    /// Event history.
    pub cloudtrail: cloudtrail::State,
    /// Managed nodes and sessions.
    pub ssm: ssm::State,
    /// Secrets.
    pub secretsmanager: secretsmanager::State,
    /// Symmetric keys; the handle may be kept elsewhere, too.
    pub kms: kms::Kms,
    /// The agents on the nodes.
    pub agent: Agent,
}

impl Account {
    /// An account with nothing in it but root.
    pub fn empty(id: &str, seed: u64) -> Self {
        let kms = kms::Kms::new(id, seed);
        Self {
            id: id.to_owned(),
            seed,
            rng: fastrand::Rng::with_seed(seed),
            regions: None,
            iam: iam::State::new(id, seed),
            sts: sts::State::default(),
            guardduty: guardduty::State::default(),
            cloudtrail: cloudtrail::State::default(),
            ssm: ssm::State::default(),
            secretsmanager: secretsmanager::State::default(),
            agent: Agent::new(kms.clone()),
            kms,
        }
    }

    /// Whether regional services answer in a region.
    pub fn is_enabled(&self, region: &str) -> bool {
        self.regions.as_ref().is_none_or(|regions| regions.iter().any(|enabled| enabled == region))
    }
}

/// Who made a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// The root user.
    Root {
        /// Twelve digits.
        account: String,
    },
    /// An IAM user with a long-term key, or with temporary credentials of `GetSessionToken`.
    User {
        /// `UserName`.
        name: String,
        /// `arn:aws:iam::…:user/…`.
        arn: String,
        /// `AIDA…`.
        id: String,
    },
    /// A session of a role, with temporary credentials of `AssumeRole`.
    Role {
        /// `arn:aws:sts::…:assumed-role/ROLE/SESSION`.
        arn: String,
        /// `AROA…:SESSION`.
        id: String,
    },
}

impl Principal {
    /// The ARN that `GetCallerIdentity` and AWS's refusals name.
    pub fn arn(&self) -> String {
        match self {
            Self::Root { account } => format!("arn:aws:iam::{account}:root"),
            Self::User { arn, .. } | Self::Role { arn, .. } => arn.clone(),
        }
    }

    /// The `UserId` of `GetCallerIdentity`.
    pub fn user_id(&self) -> &str {
        match self {
            Self::Root { account } => account,
            Self::User { id, .. } | Self::Role { id, .. } => id,
        }
    }

    /// The IAM user that calls, where it is one: some IAM operations without `UserName` mean the caller.
    pub fn user_name(&self) -> Option<&str> {
        match self {
            Self::User { name, .. } => Some(name),
            Self::Root { .. } | Self::Role { .. } => None,
        }
    }
}
