//! What can go wrong with a call to AWS, in the words of the person who has to fix it.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::text::Untrusted;

/// The kind of a failure, which decides the advice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum FaultKind {
    /// AWS refused the identity; `action` is the missing IAM action (`iam:ListUsers`).
    Denied {
        /// `service:Operation`.
        action: String,
    },
    /// AWS asked to slow down and the retries are used up; `wait_ms` is the suggested pause where the answer had one.
    Throttled {
        /// Milliseconds.
        wait_ms: Option<u64>,
    },
    /// The credentials were valid once and are not any more.
    Expired,
    /// No credentials could be found or loaded.
    NoCredentials,
    /// The profile named on the command line or in `AWS_PROFILE` is not in the configuration files.
    UnknownProfile {
        /// Its name.
        profile: String,
    },
    /// The profile names a way to credentials that cannot be gone: nothing else is used in its place.
    ProfileUnusable {
        /// Its name.
        profile: String,
        /// What to do, in one sentence without a full stop.
        advice: String,
    },
    /// The profile assumes a role with a second factor (`mfa_serial`) in a way in which no code can be asked for; the SDK would leave the
    /// factor out without a word.
    NeedsMfa {
        /// The profile that has it.
        profile: String,
    },
    /// A code of an MFA device is needed, and none was given.
    NoCode,
    /// No region was chosen: not on the command line, in the environment or in the profile.
    NoRegion,
    /// A configuration file or what it names cannot be used.
    Configuration,
    /// The credentials are not known to AWS at all (`InvalidClientTokenId`, `UnrecognizedClientException`); in an opt-in region also: not enabled.
    UnknownIdentity,
    /// The credentials were renewed, and those that came belong to somebody else than the session: nothing was sent with them but the
    /// question whose they are.
    OtherIdentity {
        /// ARN of the session's identity, made harmless.
        was: String,
        /// ARN of the new credentials' identity, made harmless.
        now: String,
    },
    /// The signature was refused because this machine's clock is wrong.
    ClockSkew,
    /// No connection: name resolution, routing, refused, TLS.
    Offline,
    /// The call took longer than its deadline.
    TimedOut,
    /// The answer could not be understood: cut off, not the protocol, not AWS.
    Malformed,
    /// The region is not enabled for the account, or the service is not offered there.
    RegionDisabled,
    /// The service is there but not switched on in the region (GuardDuty without a detector).
    NotEnabled,
    /// The thing asked for does not exist (any more).
    NotFound,
    /// AWS failed on its side (HTTP 5xx) after all retries.
    Unavailable,
    /// The request was wrong: a defect of ours or a limit of the service; `code` is AWS's error code.
    Refused {
        /// AWS's error code.
        code: String,
    },
    /// Something in the program itself broke: a task panicked.
    Internal,
    /// Bartizan itself decided this, or lost track: it is no answer of AWS.
    Own {
        /// What it decided.
        own: Own,
    },
}

/// What Bartizan itself decided about a call. AWS said nothing of the kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Own {
    /// Read-only, not armed, another account, no audit log: nothing was sent.
    NotSent,
    /// A rule of rotations, or something on this machine, stands against it: nothing was begun.
    NotRotated,
    /// A dry run of the caller's policies says that this permission is missing: nothing was begun.
    WouldBeDenied {
        /// `service:Operation`.
        action: String,
    },
    /// AWS did not take the code of the MFA device; it reports that as a missing permission.
    WrongCode,
    /// The program ended between the request and its answer.
    Interrupted,
    /// The answer was lost, and what was read afterwards says that the change is not in effect.
    NotInEffect,
    /// Of several changes only some were made.
    InPart {
        /// Whether some are of unknown fate.
        unknown: bool,
    },
    /// Something that should be looked at could not be read.
    NotAllRead,
}

impl Own {
    fn title(&self) -> String {
        match self {
            Self::NotSent => "not sent".into(),
            Self::NotRotated => "not rotated".into(),
            Self::WouldBeDenied { action } => format!("would be denied: {}", super::text::clean(action)),
            Self::WrongCode => "wrong MFA code".into(),
            Self::Interrupted => "interrupted".into(),
            Self::NotInEffect => "not in effect".into(),
            Self::InPart { .. } => "done in part".into(),
            Self::NotAllRead => "not all could be read".into(),
        }
    }

    fn advice(&self) -> String {
        match self {
            Self::NotSent => "nothing was sent to AWS".into(),
            Self::NotRotated => "nothing was changed".into(),
            Self::WouldBeDenied { action } => {
                format!("ask for {} in the identity's policy; nothing was changed", super::text::clean(action))
            }
            Self::WrongCode => "type the code that the device shows now: AWS takes each code once".into(),
            Self::Interrupted => "look at what is in effect now, then repeat the step: repeating it does no harm".into(),
            Self::NotInEffect => "repeat it".into(),
            Self::InPart { unknown: false } => "open the detail for each step; what is not done can be repeated".into(),
            Self::InPart { unknown: true } => {
                "open the detail for each step: what is of unknown fate is being read back; repeating it does no harm".into()
            }
            Self::NotAllRead => "look there by hand, or ask for the missing permission".into(),
        }
    }

    /// See [`FaultKind::leaves_unknown`].
    fn leaves_unknown(&self) -> bool {
        match self {
            Self::Interrupted => true,
            Self::InPart { unknown } => *unknown,
            Self::NotSent
            | Self::NotRotated
            | Self::WouldBeDenied { .. }
            | Self::WrongCode
            | Self::NotInEffect
            | Self::NotAllRead => false,
        }
    }
}

impl FaultKind {
    /// Whether AWS may have done what it was asked to all the same: the call went out, and no answer came that says no.
    pub fn leaves_unknown(&self) -> bool {
        match self {
            Self::TimedOut | Self::Offline | Self::Malformed | Self::Unavailable | Self::Internal => true,
            Self::Own { own } => own.leaves_unknown(),
            Self::Denied { .. }
            | Self::Throttled { .. }
            | Self::Expired
            | Self::NoCredentials
            | Self::UnknownProfile { .. }
            | Self::OtherIdentity { .. }
            | Self::ProfileUnusable { .. }
            | Self::NeedsMfa { .. }
            | Self::NoCode
            | Self::NoRegion
            | Self::Configuration
            | Self::UnknownIdentity
            | Self::ClockSkew
            | Self::RegionDisabled
            | Self::NotEnabled
            | Self::NotFound
            | Self::Refused { .. } => false,
        }
    }
}

/// One failed call: what, where, why, and what to do next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// What went wrong.
    #[serde(flatten)]
    pub kind: FaultKind,
    /// The call, as IAM policies spell it: `iam:ListUsers`. Empty where no call was made yet (loading credentials).
    pub call: String,
    /// The region it went to; empty where none was chosen yet.
    pub region: String,
    /// AWS's own words, or those of the library that gave up.
    pub message: Untrusted,
    /// `x-amzn-RequestId` of the last answer, for a support case.
    pub request_id: Option<String>,
    /// When the failure reached us.
    pub at: Timestamp,
}

impl Fault {
    /// Whether AWS refused for want of a permission.
    pub fn is_denied(&self) -> bool {
        matches!(self.kind, FaultKind::Denied { .. })
    }

    /// The failure in a few words.
    pub fn title(&self) -> String {
        match &self.kind {
            FaultKind::Denied { action } => format!("denied: {action}"),
            FaultKind::Throttled { .. } => "throttled".into(),
            FaultKind::Expired => "credentials expired".into(),
            FaultKind::NoCredentials => "no credentials".into(),
            FaultKind::UnknownProfile { profile } => format!("unknown profile {}", super::text::clean(profile)),
            FaultKind::ProfileUnusable { profile, .. } => format!("no credentials from profile {}", super::text::clean(profile)),
            FaultKind::NeedsMfa { profile } => format!("profile {} needs a second factor", super::text::clean(profile)),
            FaultKind::NoCode => "no MFA code".into(),
            FaultKind::NoRegion => "no region".into(),
            FaultKind::Configuration => "configuration not usable".into(),
            FaultKind::UnknownIdentity => "credentials not recognised".into(),
            FaultKind::OtherIdentity { .. } => "these are somebody else's credentials".into(),
            FaultKind::ClockSkew => "clock is wrong".into(),
            FaultKind::Offline => "no connection".into(),
            FaultKind::TimedOut => "timed out".into(),
            FaultKind::Malformed => "answer not understood".into(),
            FaultKind::RegionDisabled => "region not enabled".into(),
            FaultKind::NotEnabled => "not enabled here".into(),
            FaultKind::NotFound => "not found".into(),
            FaultKind::Unavailable => "AWS is unavailable".into(),
            FaultKind::Refused { code } => format!("refused: {}", super::text::clean(code)),
            FaultKind::Internal => "internal error".into(),
            FaultKind::Own { own } => own.title(),
        }
    }

    /// [`FaultKind::leaves_unknown`].
    pub fn leaves_unknown(&self) -> bool {
        self.kind.leaves_unknown()
    }

    /// Whether Bartizan itself decided this: no answer of AWS stands behind it.
    pub fn is_own(&self) -> bool {
        matches!(self.kind, FaultKind::Own { .. })
    }

    /// A decision of Bartizan itself, about no call in particular.
    pub fn own(own: Own, message: impl AsRef<str>, at: Timestamp) -> Self {
        let message = Untrusted::new(message);
        Self { kind: FaultKind::Own { own }, call: String::new(), region: String::new(), message, request_id: None, at }
    }

    /// Whether other credentials would help, and these never will again.
    pub fn is_about_credentials(&self) -> bool {
        matches!(
            self.kind,
            FaultKind::Expired
                | FaultKind::UnknownIdentity
                | FaultKind::NoCredentials
                | FaultKind::NoCode
                | FaultKind::ProfileUnusable { .. }
                | FaultKind::OtherIdentity { .. }
        )
    }

    /// What to do next in a few words, for a line that has no room for [`Fault::advice`].
    pub fn hint(&self) -> String {
        match &self.kind {
            FaultKind::Denied { action } => format!("ask for {action}; see `bartizan iam-policy`"),
            FaultKind::Expired => "sign in again: `aws sso login`".into(),
            FaultKind::NoCredentials => "sign in, or set --profile".into(),
            FaultKind::NeedsMfa { .. } => "use SSO or credential_process".into(),
            FaultKind::NoCode => "try again with a new code".into(),
            FaultKind::UnknownIdentity => "check the key and the region".into(),
            FaultKind::ClockSkew => "set this machine's clock".into(),
            FaultKind::Offline => "check the network".into(),
            FaultKind::TimedOut => "try again".into(),
            FaultKind::Malformed => "check proxies and AWS_ENDPOINT_URL".into(),
            FaultKind::RegionDisabled => "leave it out of --region".into(),
            FaultKind::NotEnabled => "enable it, or leave the region out".into(),
            FaultKind::Unavailable => "see health.aws.amazon.com".into(),
            FaultKind::Internal => "report it with --log FILE -v".into(),
            // The first half of the sentence says it.
            _ => {
                let advice = self.advice();
                advice.split([';', ':', ',', '(']).next().unwrap_or(&advice).trim().to_owned()
            }
        }
    }

    /// What the person at the keyboard can do next, in one sentence.
    pub fn advice(&self) -> String {
        match &self.kind {
            FaultKind::Denied { action } => format!("ask for {action} in the identity's policy; `bartizan iam-policy` prints the whole statement"),
            FaultKind::Throttled { wait_ms: Some(ms) } => format!("wait {} s, then try again", ms.div_ceil(1000)),
            FaultKind::Throttled { wait_ms: None } => "wait a moment, then try again: other clients share this account's rate".into(),
            FaultKind::Expired => "sign in again (`aws sso login`, or new session credentials), then try again".into(),
            FaultKind::NoCredentials => "set AWS_PROFILE or --profile, or sign in with `aws sso login`; `bartizan --demo` needs none".into(),
            FaultKind::UnknownProfile { .. } => "correct the name, or choose another profile with --profile".into(),
            FaultKind::ProfileUnusable { advice, .. } => super::text::clean(advice).into_owned(),
            FaultKind::NeedsMfa { .. } => {
                "sign in where a code can be asked for, or use a profile with SSO or credential_process"
                    .into()
            }
            FaultKind::NoCode => "have the device at hand and try again, each code is sent once; where nobody can be asked use SSO or credential_process".into(),
            FaultKind::NoRegion => "name one with --region or AWS_REGION, or set it in the profile".into(),
            FaultKind::Configuration => "correct the option, the variable or the file that says so".into(),
            FaultKind::UnknownIdentity => "the access key is deleted or deactivated, belongs to another partition, or the region is not enabled for the account".into(),
            FaultKind::OtherIdentity { was, now } => format!(
                "they are of {now}, and the session is of {was}: nothing was sent with them; connect again to go on as the new identity"
            ),
            FaultKind::ClockSkew => "set this machine's clock: AWS accepts at most five minutes of difference".into(),
            FaultKind::Offline => "check the network, the proxy and AWS_ENDPOINT_URL, then try again".into(),
            FaultKind::TimedOut => "the service did not answer in time: try again".into(),
            FaultKind::Malformed => "something between here and AWS changed the answer: check proxies and AWS_ENDPOINT_URL, then try again".into(),
            FaultKind::RegionDisabled => "enable the region for the account or leave it out of --region".into(),
            FaultKind::NotEnabled => "switch the service on in this region, or leave the region out".into(),
            FaultKind::NotFound => "check the name; what was there before has been deleted since".into(),
            FaultKind::Unavailable => "see https://health.aws.amazon.com, and try again later".into(),
            FaultKind::Refused { .. } => "the request was not accepted, and nothing was done".into(),
            FaultKind::Internal => "this is a defect of bartizan: please report it with the log (--log FILE -v)".into(),
            FaultKind::Own { own } => own.advice(),
        }
    }
}

impl Fault {
    /// What, where and why in one line, without [`Fault::advice`]: for places that say what to do next by themselves.
    pub fn cause(&self) -> String {
        let mut cause = self.title();
        if !self.call.is_empty() {
            let region = if self.region.is_empty() { String::new() } else { format!(" in {}", super::text::clean(&self.region)) };
            cause.push_str(&format!(" ({}{region})", self.call));
        }
        if !self.message.is_empty() {
            // AWS ends some messages with a full stop and others not.
            cause.push_str(&format!(": {}", self.message.shown_within(400).as_str().trim_end_matches('.')));
        }
        cause
    }
}

impl fmt::Display for Fault {
    /// One line for standard error: what, where, why, what next.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.cause(), self.advice())
    }
}

impl std::error::Error for Fault {}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Bartizan decided itself is never told as an answer of AWS, and only what was under way is of unknown fate.
    #[test]
    fn our_own_refusals_are_no_answers_of_aws() {
        let all = [
            Own::NotSent,
            Own::NotRotated,
            Own::WouldBeDenied { action: "iam:CreateAccessKey".into() },
            Own::WrongCode,
            Own::Interrupted,
            Own::NotInEffect,
            Own::InPart { unknown: false },
            Own::InPart { unknown: true },
            Own::NotAllRead,
        ];
        for own in all {
            let fault = Fault::own(own.clone(), "why", Timestamp::UNIX_EPOCH);
            let is_open = matches!(own, Own::Interrupted | Own::InPart { unknown: true });
            assert_eq!(fault.leaves_unknown(), is_open, "{own:?}");
            let text = fault.to_string();
            assert!(!text.contains("refused") && !text.contains("not accepted"), "{text}");
            assert!(!(fault.leaves_unknown() && text.contains("nothing was")), "{text}");
            assert_eq!(text.matches(&fault.advice()).count(), 1, "{text}");
            assert!(!fault.cause().contains(&fault.advice()), "{text}");
            let back: Fault = serde_json::from_str(&serde_json::to_string(&fault).unwrap()).unwrap();
            assert_eq!(back, fault);
        }
    }
}
