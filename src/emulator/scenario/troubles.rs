//! Bad days on top of the incident: what one may not see, and what does not answer.

use std::time::Duration;

use crate::emulator::fault::{Failure, Kind, Rule};

/// What the caller may not do; everything else works.
pub(super) fn denied() -> Vec<Rule> {
    let everywhere = [
        "iam:GetLoginProfile",
        "iam:ListMFADevices",
        "iam:GenerateCredentialReport",
        "iam:GetCredentialReport",
        "iam:ListAccountAliases",
        "ssm:DescribeSessions",
    ];
    let denied = |operation: &str| Rule::new(operation, Kind::Failure(Failure::Denied));
    let mut rules: Vec<Rule> = everywhere.into_iter().map(denied).collect();
    for service in ["guardduty:*", "cloudtrail:LookupEvents"] {
        rules.push(Rule { region: Some(super::cast::AWAY.into()), ..denied(service) });
    }
    rules
}

/// A slow network that breaks at fixed intervals.
pub(super) fn flaky() -> Vec<Rule> {
    let every = |operation: &str, every: u64, failure: Failure| Rule { every, ..Rule::new(operation, Kind::Failure(failure)) };
    vec![
        Rule::new("*", Kind::Latency(Duration::from_millis(120))),
        Rule { every: 9, ..Rule::new("*", Kind::Latency(Duration::from_millis(1_400))) },
        every("iam:List*", 4, Failure::Throttle),
        every("iam:Get*", 11, Failure::Unavailable),
        every("guardduty:ListFindings", 3, Failure::Truncated),
        every("guardduty:GetFindings", 4, Failure::Unavailable),
        every("cloudtrail:LookupEvents", 3, Failure::Throttle),
        every("ssm:Describe*", 3, Failure::Error),
        every("sts:*", 5, Failure::Reset),
    ]
}
