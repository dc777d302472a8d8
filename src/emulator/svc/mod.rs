//! One folder or file per AWS service. Each has a `State` and one function `call` from a [`Call`] to a response.

pub mod cloudtrail;
pub mod guardduty;
pub mod iam;
pub mod kms;
pub mod secretsmanager;
pub mod ssm;
pub mod sts;

use bytes::Bytes;
use http::Method;
use jiff::Timestamp;

use super::account::{Account, Principal};
use super::wire::error::ServiceError;
use super::wire::query::Params;
use super::wire::{Protocol, Response};

/// A service of the world, by its SigV4 name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// `iam`, awsQuery.
    Iam,
    /// `sts`, awsQuery.
    Sts,
    /// `guardduty`, restJson1.
    GuardDuty,
    /// `cloudtrail`, awsJson1.1.
    CloudTrail,
    /// `ssm`, awsJson1.1.
    Ssm,
    /// `kms`, awsJson1.1.
    Kms,
    /// `secretsmanager`, awsJson1.1.
    SecretsManager,
}

impl Service {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Iam, Self::Sts, Self::GuardDuty, Self::CloudTrail, Self::Ssm, Self::Kms, Self::SecretsManager];

    /// The name in SigV4 scopes, IAM actions and fault specifications.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Iam => "iam",
            Self::Sts => "sts",
            Self::GuardDuty => "guardduty",
            Self::CloudTrail => "cloudtrail",
            Self::Ssm => "ssm",
            Self::Kms => "kms",
            Self::SecretsManager => "secretsmanager",
        }
    }

    /// The service of a SigV4 scope.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.name() == name)
    }

    /// How it speaks.
    pub const fn protocol(self) -> Protocol {
        match self {
            Self::Iam | Self::Sts => Protocol::Query,
            Self::GuardDuty => Protocol::RestJson,
            Self::CloudTrail | Self::Ssm | Self::Kms | Self::SecretsManager => Protocol::Json,
        }
    }

    /// The `Version` that Query requests carry.
    pub const fn version(self) -> &'static str {
        match self {
            Self::Iam => "2010-05-08",
            Self::Sts => "2011-06-15",
            Self::GuardDuty => "2017-11-28",
            Self::CloudTrail => "2013-11-01",
            Self::Ssm => "2014-11-06",
            Self::Kms => "2014-11-01",
            Self::SecretsManager => "2017-10-17",
        }
    }

    /// What `X-Amz-Target` says before the operation, of awsJson services.
    pub const fn target(self) -> Option<&'static str> {
        match self {
            Self::Iam | Self::Sts | Self::GuardDuty => None,
            Self::CloudTrail => Some("CloudTrail_20131101"),
            Self::Ssm => Some("AmazonSSM"),
            Self::Kms => Some("TrentService"),
            Self::SecretsManager => Some("secretsmanager"),
        }
    }

    /// Every operation that it answers here.
    pub const fn operations(self) -> &'static [&'static str] {
        match self {
            Self::Iam => iam::OPERATIONS,
            Self::Sts => sts::OPERATIONS,
            Self::GuardDuty => guardduty::OPERATIONS,
            Self::CloudTrail => cloudtrail::OPERATIONS,
            Self::Ssm => ssm::OPERATIONS,
            Self::Kms => kms::OPERATIONS,
            Self::SecretsManager => secretsmanager::OPERATIONS,
        }
    }

    /// Whether it knows regions; a region that is not enabled refuses only these.
    pub const fn is_regional(self) -> bool {
        !matches!(self, Self::Iam | Self::Sts)
    }
}

/// One authenticated call: what a service gets to see of a request.
#[derive(Debug, Clone)]
pub struct Call {
    /// The service.
    pub service: Service,
    /// The API's name of the operation, like `ListUsers`.
    pub operation: String,
    /// The region of the SigV4 scope.
    pub region: String,
    /// Who calls.
    pub principal: Principal,
    /// The access key id that signed.
    pub access_key: String,
    /// When its temporary credentials were made, and whether with MFA; long-term keys have neither.
    pub session: Option<(Timestamp, bool)>,
    /// Actions that a fault denies to whomever `SimulatePrincipalPolicy` is about.
    pub forbidden: Vec<String>,
    /// `User-Agent`.
    pub user_agent: String,
    /// The account's (virtual) time.
    pub now: Timestamp,
    /// The servers' wall time: what rate limits count in.
    pub wall: Timestamp,
    /// The id under which the reply goes out.
    pub request_id: String,
    /// HTTP method.
    pub method: Method,
    /// The path as sent, percent-encoded.
    pub path: String,
    /// Query string, decoded.
    pub query: Params,
    /// The form of an awsQuery request, decoded; empty for JSON services.
    pub form: Params,
    /// The body as sent.
    pub body: Bytes,
}

/// Hands a call to its service.
pub fn dispatch(account: &mut Account, call: &Call) -> Result<Response, ServiceError> {
    match call.service {
        Service::Iam => iam::call(account, call),
        Service::Sts => sts::call(account, call),
        Service::GuardDuty => guardduty::call(account, call),
        Service::CloudTrail => cloudtrail::call(account, call),
        Service::Ssm => ssm::call(account, call),
        Service::Kms => kms::call(account, call),
        Service::SecretsManager => secretsmanager::call(account, call),
    }
}

/// The resource that AWS names when it refuses a call; `None` where its message names none.
pub fn resource(account: &str, call: &Call) -> Option<String> {
    match call.service {
        Service::Iam => Some(iam::resource(account, call)),
        Service::Sts => sts::resource(call),
        Service::GuardDuty => Some(guardduty::resource(account, call)),
        Service::CloudTrail => None,
        Service::Ssm => Some(format!("arn:aws:ssm:{}:{account}:*", call.region)),
        Service::Kms => Some(kms::resource(account, call)),
        Service::SecretsManager => Some(secretsmanager::resource(account, call)),
    }
}
