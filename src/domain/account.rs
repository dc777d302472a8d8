//! The account we look at and the identity we look with.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::known::Known;
use super::text::Untrusted;

/// Who we are, from STS `GetCallerIdentity`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Twelve digits.
    pub account: String,
    /// `arn:aws:iam::…:user/…` or `arn:aws:sts::…:assumed-role/…`.
    pub arn: Untrusted,
    /// AWS's unique id of the principal.
    pub user_id: Untrusted,
}

/// Where the credentials came from, as far as the SDK says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialSource {
    /// The SDK's name of the provider: `Environment`, `ProfileFile`, `SSO`, `AssumeRoleProvider`, `CredentialProcess`, `IMDSv2`, …
    pub provider: String,
    /// When they end; long-term keys have no end.
    pub expires: Option<Timestamp>,
}

/// What the header shows about the session. Nothing of it is secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionView {
    /// The profile asked for; `None` is the SDK's default chain.
    pub profile: Option<String>,
    /// The regions that the regional panes read, in the order given.
    pub regions: Vec<String>,
    /// Account and principal.
    pub identity: Known<Identity>,
    /// IAM `ListAccountAliases`; an account has at most one.
    pub alias: Known<Option<Untrusted>>,
    /// Provider and end of the credentials.
    pub credentials: Known<CredentialSource>,
    /// Whether a non-standard endpoint is in use (`--endpoint-url`, `AWS_ENDPOINT_URL`), and which.
    pub endpoint: Option<String>,
    /// Set in `--demo`: the name of the scenario. Everything on screen is then made up, and the header says so.
    pub demo: Option<String>,
}
