//! From the SDK's errors to [`Fault`]: what happened, and with that, what to do next.

use std::error::Error;
use std::iter;
use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId as _;
use jiff::Timestamp;

use super::guard::Refusal;
use super::profile::provider::Broken;
use crate::domain::fault::{Fault, FaultKind, Own};
use crate::domain::text::Untrusted;

/// Turns the error of one call into a fault. `call` is `service:Operation`.
pub fn from_sdk<E>(error: &SdkError<E, HttpResponse>, call: &str, region: &str, at: Timestamp) -> Fault
where
    E: Error + ProvideErrorMetadata + 'static,
{
    if let Some(own) = own(error) {
        return Fault { call: call.to_owned(), region: region.to_owned(), at, ..own.clone() };
    }
    let (kind, message) = match error {
        SdkError::TimeoutError(_) => (FaultKind::TimedOut, chain(error)),
        SdkError::DispatchFailure(failure) => {
            let kind = failure.as_connector_error().map_or(FaultKind::Offline, of_dispatch);
            (kind, chain(error))
        }
        SdkError::ServiceError(failure) => {
            let answer = Answer {
                code: error.code(),
                message: error.message().unwrap_or_default(),
                status: failure.raw().status().as_u16(),
            };
            let message = if answer.code.is_none() { strange_answer(failure.raw()) } else { answer.message.to_owned() };
            (of_answer(&answer, call, wait(failure.raw())), message)
        }
        SdkError::ResponseError(failure) if failure.raw().status().is_server_error() => (FaultKind::Unavailable, chain(error)),
        SdkError::ResponseError(_) => (FaultKind::Malformed, chain(error)),
        // The variant is open: what is left was never sent.
        _ => (of_unsent(error), chain(error)),
    };
    Fault {
        kind,
        call: call.to_owned(),
        region: region.to_owned(),
        message: Untrusted::new(message),
        request_id: error.request_id().map(str::to_owned),
        at,
    }
}

/// What the audit log calls a failure: AWS's code as far as it is kept, else a word for what happened.
pub(crate) fn code(fault: &Fault) -> String {
    match &fault.kind {
        FaultKind::Denied { .. } => "AccessDenied".into(),
        FaultKind::Throttled { .. } => "Throttling".into(),
        FaultKind::NotFound => "NotFound".into(),
        FaultKind::Refused { code } => code.clone(),
        _ => fault.title(),
    }
}

/// A fault that happened before any call.
pub(crate) fn unsent(kind: FaultKind, message: impl AsRef<str>, at: Timestamp) -> Fault {
    Fault { kind, call: String::new(), region: String::new(), message: Untrusted::new(message), request_id: None, at }
}

/// An answer that the SDK understood and we did not. `call` is `service:Operation`.
pub(crate) fn malformed(call: &str, region: &str, message: impl AsRef<str>, at: Timestamp) -> Fault {
    Fault { call: call.to_owned(), region: region.to_owned(), ..unsent(FaultKind::Malformed, message, at) }
}

/// A fault of loading credentials.
pub(crate) fn from_credentials(error: &CredentialsError, at: Timestamp) -> Fault {
    own(error).map_or_else(|| unsent(of_credentials(error), chain(error), at), |own| Fault { at, ..own.clone() })
}

/// What the credentials themselves were refused for: whose renewed ones are was asked in vain, or they are somebody else's.
fn own<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a Fault> {
    causes(error).find_map(|cause| cause.downcast_ref::<Fault>())
}

/// What AWS's error answer says.
struct Answer<'a> {
    code: Option<&'a str>,
    message: &'a str,
    status: u16,
}

fn of_answer(answer: &Answer<'_>, call: &str, wait: Option<Duration>) -> FaultKind {
    let Some(code) = answer.code else {
        return if answer.status >= 500 { FaultKind::Unavailable } else { FaultKind::Malformed };
    };
    if is_throttle(code) || answer.status == 429 {
        return FaultKind::Throttled { wait_ms: wait.and_then(|w| u64::try_from(w.as_millis()).ok()) };
    }
    match code.strip_suffix("Exception").unwrap_or(code) {
        "AccessDenied" | "UnauthorizedOperation" | "NotAuthorized" | "AuthorizationError" | "UnauthorizedAccess" => {
            FaultKind::Denied { action: missing_action(answer.message).unwrap_or(call).to_owned() }
        }
        "ExpiredToken" | "TokenRefreshRequired" => FaultKind::Expired,
        "RequestExpired" | "RequestTimeTooSkewed" => FaultKind::ClockSkew,
        "SignatureDoesNotMatch" | "InvalidSignature" | "AuthFailure" if is_about_time(answer.message) => FaultKind::ClockSkew,
        "SignatureDoesNotMatch"
        | "InvalidSignature"
        | "AuthFailure"
        | "InvalidClientTokenId"
        | "UnrecognizedClient"
        | "InvalidAccessKeyId"
        | "MissingAuthenticationToken" => FaultKind::UnknownIdentity,
        "OptInRequired" | "SubscriptionRequired" | "RegionDisabled" => FaultKind::RegionDisabled,
        "NoSuchEntity" | "ResourceNotFound" | "DoesNotExist" | "NotFound" => FaultKind::NotFound,
        // Whatever the status: the service failed, or gave up waiting for the request, and does not say how far it came.
        "InternalFailure"
        | "InternalError"
        | "InternalServerError"
        | "InternalService"
        | "ServiceFailure"
        | "ServiceUnavailable"
        | "InternalServiceError" => FaultKind::Unavailable,
        "RequestTimeout" => FaultKind::TimedOut,
        _ if answer.status >= 500 => FaultKind::Unavailable,
        _ => FaultKind::Refused { code: code.to_owned() },
    }
}

/// Whether an error code can mean a signature of the wrong time. The SDK corrects its clock by the answer's `Date` and tries once more.
pub fn is_about_clock(code: &str) -> bool {
    matches!(
        code,
        "RequestTimeTooSkewed" | "RequestExpired" | "SignatureDoesNotMatch" | "InvalidSignatureException" | "AuthFailure"
    )
}

/// Whether an error code is about the secret, not about who owns it: the access key was found, so the region knows it.
pub(crate) fn is_about_signature(code: Option<&str>) -> bool {
    matches!(code, Some("SignatureDoesNotMatch" | "InvalidSignatureException"))
}

/// AWS's words for "slow down", those that the SDK retries.
pub(crate) fn is_throttle(code: &str) -> bool {
    matches!(
        code.strip_suffix("Exception").unwrap_or(code),
        "Throttling"
            | "Throttled"
            | "RequestThrottled"
            | "TooManyRequests"
            | "RequestLimitExceeded"
            | "BandwidthLimitExceeded"
            | "SlowDown"
            | "PriorRequestNotComplete"
            | "EC2Throttled"
            | "TransactionInProgress"
            | "ProvisionedThroughputExceeded"
    )
}

/// The action in `… is not authorized to perform: iam:ListUsers on resource: …`.
pub(crate) fn missing_action(message: &str) -> Option<&str> {
    let (_, after) = message.split_once("to perform: ")?;
    let action = after.split(|c: char| c.is_whitespace() || c == ',').next()?.trim_end_matches('.');
    let is_action = action.contains(':') && action.chars().all(|c| c.is_ascii_alphanumeric() || ":-*".contains(c));
    is_action.then_some(action)
}

fn is_about_time(message: &str) -> bool {
    ["Signature expired", "Signature not yet current", "not yet current", "Request has expired", "clock"]
        .iter()
        .any(|sign| message.contains(sign))
}

fn of_dispatch(cause: &ConnectorError) -> FaultKind {
    if cause.is_timeout() {
        return FaultKind::TimedOut;
    }
    // Credentials are resolved when the request is about to go, so that their failure arrives here as well.
    if cause.is_io() { FaultKind::Offline } else { of_unsent(cause) }
}

/// What an error without an answer comes to.
pub(super) fn of_unanswered(error: &(dyn Error + 'static)) -> FaultKind {
    of_unsent(error)
}

/// Whether the answer to a change leaves open what became of it. `None`: an answer without a code.
pub(super) fn answer_leaves_unknown(code: Option<&str>, status: u16) -> bool {
    of_answer(&Answer { code, message: "", status }, "", None).leaves_unknown()
}

fn of_unsent(error: &(dyn Error + 'static)) -> FaultKind {
    for cause in causes(error) {
        if cause.is::<Refusal>() {
            return FaultKind::Own { own: Own::NotSent };
        }
        if let Some(cause) = cause.downcast_ref::<CredentialsError>() {
            return of_credentials(cause);
        }
    }
    FaultKind::Offline
}

fn of_credentials(error: &CredentialsError) -> FaultKind {
    if matches!(error, CredentialsError::ProviderTimedOut(_)) {
        return FaultKind::TimedOut;
    }
    // The providers' own errors are private types: their words are all there is to go by.
    let words = chain(error);
    if let Some(action) = missing_action(&words) {
        return FaultKind::Denied { action: action.to_owned() };
    }
    if causes(error).any(|cause| cause.downcast_ref::<ConnectorError>().is_some_and(ConnectorError::is_io)) {
        return FaultKind::Offline;
    }
    if words.contains("AccessDenied") {
        return FaultKind::Denied { action: "sts:AssumeRole".to_owned() };
    }
    // The profile's own words say what to do better than any kind.
    let broken: Vec<&Broken> = causes(error).filter_map(|cause| cause.downcast_ref()).collect();
    if let [first, ..] = broken.as_slice() {
        // The profile that was asked for, and what helps where its way ends.
        let advice = broken.last().map_or_else(String::new, |last| last.advice.clone());
        return FaultKind::ProfileUnusable { profile: first.profile.clone(), advice };
    }
    if words.contains("ExpiredToken") || words.contains("has expired") || words.contains("token is expired") {
        return FaultKind::Expired;
    }
    FaultKind::NoCredentials
}

/// The error and everything below it.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let below = |cause: &&'a (dyn Error + 'static)| (*cause).source();
    iter::successors(Some(error), below)
}

/// Words of the SDK that say on which of its floors an error was found, which helps nobody.
const NOISE: [&str; 10] = [
    "an error occurred while loading credentials",
    "an error occurred while loading an access token",
    "dispatch failure",
    "other",
    "io error",
    "service error",
    "unhandled error",
    "response error",
    "construction failure",
    "timeout",
];

/// The words of an error and of what is below it, each once.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut words: Vec<String> = Vec::new();
    for cause in causes(error) {
        if let Some(CredentialsError::CredentialsNotLoaded(_)) = cause.downcast_ref() {
            // What follows is a page long: every place where none were found.
            words.push("none in the environment, the profile files, SSO, the container or the instance".into());
            break;
        }
        let word = cause.to_string();
        if !NOISE.contains(&word.as_str()) && !words.iter().any(|said| said.contains(&word)) {
            words.push(word);
        }
    }
    if words.is_empty() { error.to_string() } else { words.join(": ") }
}

/// The most that an answer can make anybody wait: whoever wrote `Retry-After`, a screen that waits for a day is a dead one.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

fn wait(response: &HttpResponse) -> Option<Duration> {
    let seconds = response.headers().get("retry-after").and_then(|seconds| seconds.trim().parse().ok());
    seconds.map(|seconds| Duration::from_secs(seconds).min(LONGEST_WAIT))
}

/// An answer without an AWS error code: a proxy's page, another server. Its beginning tells which.
fn strange_answer(response: &HttpResponse) -> String {
    const MOST: usize = 200;
    let body = response.body().bytes().unwrap_or_default();
    let start: String = String::from_utf8_lossy(body.get(..MOST.min(body.len())).unwrap_or_default())
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    format!("HTTP {} without an AWS error code: {start}", response.status().as_u16())
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;

    fn answered(status: u16, code: Option<&str>, message: &str, headers: &[(&'static str, &'static str)]) -> Fault {
        let mut raw = HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from("<html>nginx</html>"));
        for (name, value) in headers {
            raw.headers_mut().insert(*name, *value);
        }
        let mut error = ErrorMetadata::builder().message(message);
        if let Some(code) = code {
            error = error.code(code);
        }
        from_sdk(&SdkError::service_error(error.build(), raw), "iam:ListUsers", "us-east-1", Timestamp::UNIX_EPOCH)
    }

    fn unsent_kind(error: SdkError<ErrorMetadata, HttpResponse>) -> FaultKind {
        from_sdk(&error, "iam:ListUsers", "us-east-1", Timestamp::UNIX_EPOCH).kind
    }

    #[test]
    fn a_refusal_names_the_missing_action() {
        let message = "User: arn:aws:iam::123456789012:user/eve is not authorized to perform: iam:ListMFADevices on resource: user x \
                       because no identity-based policy allows the iam:ListMFADevices action";
        assert_eq!(
            answered(403, Some("AccessDenied"), message, &[]).kind,
            FaultKind::Denied { action: "iam:ListMFADevices".into() }
        );
        assert_eq!(
            answered(400, Some("AccessDeniedException"), "no", &[]).kind,
            FaultKind::Denied { action: "iam:ListUsers".into() }
        );
    }

    #[test]
    fn a_hostile_message_is_no_action() {
        assert_eq!(missing_action("not authorized to perform: iam:\u{1b}[2J on"), None);
        assert_eq!(missing_action("not authorized to perform: "), None);
    }

    #[test]
    fn every_answer_has_its_kind() {
        let kind = |status, code, message| answered(status, Some(code), message, &[]).kind;
        assert_eq!(kind(400, "Throttling", "Rate exceeded"), FaultKind::Throttled { wait_ms: None });
        assert_eq!(kind(403, "ExpiredToken", ""), FaultKind::Expired);
        assert_eq!(kind(400, "ExpiredTokenException", ""), FaultKind::Expired);
        assert_eq!(kind(403, "InvalidClientTokenId", ""), FaultKind::UnknownIdentity);
        assert_eq!(kind(400, "UnrecognizedClientException", ""), FaultKind::UnknownIdentity);
        assert_eq!(
            kind(403, "SignatureDoesNotMatch", "Signature expired: 20200101T000000Z is now earlier"),
            FaultKind::ClockSkew
        );
        assert_eq!(kind(400, "InvalidSignatureException", "Signature not yet current: 2030"), FaultKind::ClockSkew);
        assert_eq!(kind(403, "SignatureDoesNotMatch", "The request signature we calculated"), FaultKind::UnknownIdentity);
        assert_eq!(kind(400, "RequestExpired", ""), FaultKind::ClockSkew);
        assert_eq!(kind(403, "OptInRequired", ""), FaultKind::RegionDisabled);
        assert_eq!(kind(404, "NoSuchEntity", ""), FaultKind::NotFound);
        assert_eq!(kind(500, "InternalFailure", ""), FaultKind::Unavailable);
        assert_eq!(kind(400, "InternalFailure", ""), FaultKind::Unavailable, "it does not say that nothing was done");
        assert_eq!(kind(503, "ServiceUnavailable", ""), FaultKind::Unavailable);
        assert_eq!(kind(400, "RequestTimeout", ""), FaultKind::TimedOut);
        assert_eq!(kind(400, "ValidationError", ""), FaultKind::Refused { code: "ValidationError".into() });
    }

    #[test]
    fn a_throttle_keeps_the_wait_and_the_request_id() {
        let fault =
            answered(400, Some("ThrottlingException"), "Rate exceeded", &[("retry-after", "3"), ("x-amzn-requestid", "r-1")]);
        assert_eq!(fault.kind, FaultKind::Throttled { wait_ms: Some(3000) });
        assert_eq!(fault.request_id.as_deref(), Some("r-1"));
    }

    #[test]
    fn nobody_waits_longer_than_a_minute_because_an_answer_says_so() {
        for (said, kept) in [("60", 60_000), ("86400", 60_000), ("18446744073709551615", 60_000)] {
            let fault = answered(400, Some("ThrottlingException"), "", &[("retry-after", said)]);
            assert_eq!(fault.kind, FaultKind::Throttled { wait_ms: Some(kept) });
        }
    }

    #[test]
    fn a_wrong_signature_says_nothing_about_the_region() {
        assert!(is_about_signature(Some("SignatureDoesNotMatch")) && is_about_signature(Some("InvalidSignatureException")));
        assert!(!is_about_signature(Some("UnrecognizedClientException")) && !is_about_signature(None));
    }

    #[test]
    fn an_answer_that_is_not_from_aws() {
        assert_eq!(answered(502, None, "", &[]).kind, FaultKind::Unavailable);
        let fault = answered(200, None, "", &[]);
        assert_eq!(fault.kind, FaultKind::Malformed);
        assert!(fault.message.raw().contains("nginx"));
        let cut = SdkError::response_error("cut off", HttpResponse::new(StatusCode::try_from(200).unwrap(), SdkBody::empty()));
        assert_eq!(unsent_kind(cut), FaultKind::Malformed);
    }

    #[test]
    fn what_never_arrived() {
        let io = ConnectorError::io("connection refused".into());
        assert_eq!(unsent_kind(SdkError::dispatch_failure(io)), FaultKind::Offline);
        assert_eq!(unsent_kind(SdkError::dispatch_failure(ConnectorError::timeout("slow".into()))), FaultKind::TimedOut);
        assert_eq!(unsent_kind(SdkError::timeout_error("operation timed out")), FaultKind::TimedOut);
        let none = ConnectorError::other(CredentialsError::not_loaded("nothing found").into(), None);
        assert_eq!(unsent_kind(SdkError::dispatch_failure(none)), FaultKind::NoCredentials);
        let expired = ConnectorError::other(CredentialsError::provider_error("the SSO session has expired").into(), None);
        assert_eq!(unsent_kind(SdkError::dispatch_failure(expired)), FaultKind::Expired);
    }
}
