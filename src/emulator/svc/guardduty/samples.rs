//! `CreateSampleFindings`.

use serde_json::{Value, json};

use super::build::{self, Draft, Place, Remote};
use super::{Detector, invalid};
use crate::emulator::svc::Call;
use crate::emulator::wire::error::ServiceError;

/// A type and the severity that its sample has.
const TYPES: [(&str, f64); 14] = [
    ("AttackSequence:IAM/CompromisedCredentials", 9.0),
    ("Backdoor:EC2/C&CActivity.B", 8.0),
    ("CredentialAccess:IAMUser/AnomalousBehavior", 5.0),
    ("CryptoCurrency:EC2/BitcoinTool.B!DNS", 8.0),
    ("DefenseEvasion:IAMUser/AnomalousBehavior", 5.0),
    ("Discovery:S3/TorIPCaller", 5.0),
    ("Exfiltration:S3/MaliciousIPCaller", 8.0),
    ("Impact:EC2/PortSweep", 8.0),
    ("Persistence:IAMUser/AnomalousBehavior", 5.0),
    ("Policy:IAMUser/RootCredentialUsage", 2.0),
    ("Recon:EC2/PortProbeUnprotectedPort", 2.0),
    ("Stealth:IAMUser/CloudTrailLoggingDisabled", 2.0),
    ("UnauthorizedAccess:EC2/SSHBruteForce", 2.0),
    ("UnauthorizedAccess:IAMUser/ConsoleLoginSuccess.B", 5.0),
];

const FAR: Remote = Remote {
    address: "198.51.100.0",
    country: ("XX", "GeneratedFindingCountryName"),
    city: "GeneratedFindingCityName",
    network: ("-1", "GeneratedFindingASNOrg"),
    at: (0.0, 0.0),
};

/// `CreateSampleFindings`: one finding of each type asked for, or of every type.
pub(super) fn create(
    detector: &mut Detector,
    call: &Call,
    body: &Value,
    account: &str,
    rng: &mut fastrand::Rng,
) -> Result<Value, ServiceError> {
    let place = Place { account: account.to_owned(), region: call.region.clone(), detector: detector.id.clone() };
    let made: Vec<Value> = asked(body)?.into_iter().map(|(kind, severity)| sample(&place, call, kind, severity, rng)).collect();
    detector.findings.extend(made);
    Ok(json!({}))
}

fn asked(body: &Value) -> Result<Vec<(&'static str, f64)>, ServiceError> {
    let Some(types) = body.get("findingTypes").filter(|value| !value.is_null()) else { return Ok(TYPES.to_vec()) };
    let types = types.as_array().filter(|types| types.len() <= 50).ok_or_else(|| invalid("findingTypes"))?;
    let known = |name: &Value| TYPES.iter().find(|(kind, _)| name == kind).copied();
    types.iter().map(|name| known(name).ok_or_else(|| invalid("findingTypes"))).collect()
}

fn sample(place: &Place, call: &Call, kind: &str, severity: f64, rng: &mut fastrand::Rng) -> Value {
    let title = format!("{}.", kind.replace(['/', ':'], " "));
    let draft = Draft::new(place, kind, severity, &title, "This is a sample finding; nothing happened.")
        .seen(call.now, call.now, 1)
        .additional(&json!({"sample": true}));
    let draft = if kind.contains(":EC2/") {
        draft
            .resource(build::instance("i-99999999", "GeneratedFindingInstanceName", "10.0.0.1", "198.51.100.1", &place.region))
            .action(build::connection("INBOUND", (22, "SSH"), (39_677, "Unknown"), "10.0.0.1", &FAR))
    } else {
        draft
            .resource(build::access_key(
                "GeneratedFindingAccessKeyId",
                "GeneratedFindingPrincipalId",
                "GeneratedFindingUserName",
                "IAMUser",
            ))
            .action(build::api_call(
                "GeneratedFindingAPIName",
                "GeneratedFindingAPIServiceName",
                &FAR,
                None,
                "GeneratedFindingUserAgent",
            ))
    };
    // Two samples of one type in one moment are two findings.
    draft.finish_as(&build::hex(&format!("{kind}{}", rng.u64(..))))
}
