//! What became of what an event tells of: a function of the whole record, since not every failure has an `errorCode`.
//!
//! | the record says | outcome |
//! |---|---|
//! | `errorCode` that is not empty | failed, in that word |
//! | a member named as the event in `responseElements`, `serviceEventDetails` or `additionalEventData`: `ConsoleLogin: Failure` | failed, in the words of `errorMessage` where there is one; `Success` is done |
//! | `errorMessage` alone | failed, in its words |
//! | `_return: false` in `responseElements` | failed |
//! | in `responseElements` a list of what was not done, such as `unsuccessful`, `failures` or `unprocessedAccounts`, or a count such as `failedEntryCount` | failed in part |
//! | of a service's own event a state such as `FAILED` anywhere in `serviceEventDetails` | failed, in that word |
//! | of a sign-in none of this | unknown: sign-ins always say how they ended, so this record does not say all |
//! | of an Insights event | none: it is a report about calls and no call |
//! | nothing of this | done: AWS writes an error where there was one |
//!
//! The states of resources in an answer (`instanceState: pending`) are no outcome: the call was accepted.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::json::{at, text};
use crate::domain::text::Untrusted;

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done, or the request for it was accepted.
    Done,
    /// It was not done, or not all of it.
    Failed,
    /// The record does not say.
    Unknown,
    /// It is no call that could be done or not: an Insights event.
    NotACall,
}

/// Where an event says how it ended.
const STATEMENTS: [&str; 3] = ["responseElements", "serviceEventDetails", "additionalEventData"];

/// Sign-ins whose type is not `AwsConsoleSignIn`: those of IAM Identity Center.
const SIGN_INS: [&str; 3] = ["UserAuthentication", "CredentialChallenge", "CredentialVerification"];

/// Words for what was not done.
const FAILURES: [&str; 12] = [
    "failure",
    "failed",
    "fail",
    "error",
    "denied",
    "rejected",
    "timed_out",
    "timedout",
    "aborted",
    "expired",
    "partial",
    "unsuccessful",
];

/// Members of an answer that list what of the request was not done, and counts of it.
const NOT_DONE: [&str; 9] = [
    "unsuccessful",
    "unsuccessfulItems",
    "failures",
    "failedEntries",
    "failedEntryCount",
    "failedRecordCount",
    "failedResources",
    "errorEntries",
    "batchErrors",
];

/// What became of it, and in which word or words the record says that it failed.
pub(super) fn of(record: &Value) -> (Outcome, Option<Untrusted>) {
    let failed = |words: String| (Outcome::Failed, Some(Untrusted::new(words)));
    if let Some(code) = text(record, "errorCode").filter(|code| !code.trim().is_empty()) {
        return failed(code);
    }
    let message = text(record, "errorMessage").filter(|message| !message.trim().is_empty());
    let stated = stated(record);
    match (&stated, message) {
        (Some(word), message) if !is_success(word) => return failed(message.unwrap_or_else(|| word.clone())),
        (None, Some(message)) => return failed(message),
        _ => {}
    }
    if let Some(words) = refused(record).or_else(|| not_done(record)).or_else(|| state(record)) {
        return failed(words);
    }
    if text(record, "eventType").as_deref() == Some("AwsCloudTrailInsight") || at(record, "insightDetails").is_some() {
        return (Outcome::NotACall, None);
    }
    let is_unsaid = stated.is_none() && is_sign_in(record);
    (if is_unsaid { Outcome::Unknown } else { Outcome::Done }, None)
}

/// The value of the member that is named as the event is: `ConsoleLogin: Failure`.
fn stated(record: &Value) -> Option<String> {
    let name = text(record, "eventName")?;
    let object = |place: &&str| at(record, place).map(unpacked);
    STATEMENTS.iter().filter_map(object).find_map(|place| match place.as_object()?.get(&name)? {
        Value::String(word) if !word.is_empty() => Some(word.clone()),
        Value::Bool(done) => Some(if *done { "Success" } else { "Failure" }.to_owned()),
        _ => None,
    })
}

/// Athena and CloudTrail Lake give these members as texts of JSON.
fn unpacked(value: &Value) -> Cow<'_, Value> {
    value.as_str().and_then(|text| serde_json::from_str(text).ok()).map_or(Cow::Borrowed(value), Cow::Owned)
}

fn is_success(word: &str) -> bool {
    ["success", "succeeded", "successful", "ok"].iter().any(|success| word.trim().eq_ignore_ascii_case(success))
}

fn is_sign_in(record: &Value) -> bool {
    text(record, "eventType").as_deref() == Some("AwsConsoleSignIn")
        || text(record, "eventName").is_some_and(|name| SIGN_INS.contains(&name.as_str()))
}

/// EC2 answers `<return>false</return>`.
fn refused(record: &Value) -> Option<String> {
    let answer = text(record, "responseElements._return").or_else(|| text(record, "responseElements.return"))?;
    answer.eq_ignore_ascii_case("false").then(|| "the answer says: not done".to_owned())
}

/// A part of the request that was not done, though the call was: `CreateFlowLogs`, `RunTask`, `PutTargets`, `CreateMembers`.
fn not_done(record: &Value) -> Option<String> {
    let answer = unpacked(at(record, "responseElements")?);
    let members = answer.as_object()?;
    // EC2's answers are wrapped once more: `CreateFlowLogsResponse`.
    let inner = members.iter().filter(|(name, _)| name.ends_with("Response")).filter_map(|(_, inner)| inner.as_object());
    let all = std::iter::once(members).chain(inner).flatten();
    let is_named = |name: &str| NOT_DONE.iter().any(|known| known.eq_ignore_ascii_case(name)) || name.starts_with("unprocessed");
    let mut named = all.filter(|(name, value)| is_named(name) && is_any(value)).map(|(name, _)| name.clone());
    named.next().map(|name| format!("not all was done: {name}"))
}

/// Whether a list, a count or EC2's `{"item": …}` is not that of nothing.
fn is_any(value: &Value) -> bool {
    match value {
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => members.values().any(is_any),
        Value::Number(count) => count.as_f64().is_some_and(|count| count > 0.0),
        Value::String(text) => !matches!(text.trim(), "" | "0" | "[]" | "{}"),
        Value::Null | Value::Bool(_) => false,
    }
}

/// The state in which a service's own job ended: `createAccountStatus.state: FAILED` of Organizations, `state: FAILED` of AWS Backup.
fn state(record: &Value) -> Option<String> {
    failed_state(&unpacked(at(record, "serviceEventDetails")?), 0)
}

fn failed_state(value: &Value, depth: usize) -> Option<String> {
    let members = value.as_object().filter(|_| depth < 4)?;
    let is_state = |name: &str| {
        let small = name.to_ascii_lowercase();
        ["state", "status", "result", "outcome"].iter().any(|word| small.ends_with(word))
    };
    members.iter().find_map(|(name, value)| match value {
        Value::String(word) if is_state(name) && is_failure(word) => Some(word.clone()),
        Value::Object(_) => failed_state(value, depth + 1),
        _ => None,
    })
}

fn is_failure(word: &str) -> bool {
    FAILURES.iter().any(|failure| word.trim().eq_ignore_ascii_case(failure))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn outcome(members: Value) -> (Outcome, Option<String>) {
        let (outcome, words) = of(&members);
        (outcome, words.map(|words| words.raw().to_owned()))
    }

    fn failed(words: &str) -> (Outcome, Option<String>) {
        (Outcome::Failed, Some(words.to_owned()))
    }

    const DONE: (Outcome, Option<String>) = (Outcome::Done, None);

    #[test]
    fn a_sign_in_says_how_it_ended_without_an_error_code() {
        let login = |more: Value| {
            let mut login =
                json!({"eventName": "ConsoleLogin", "eventType": "AwsConsoleSignIn", "eventSource": "signin.amazonaws.com"});
            login.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            outcome(login)
        };
        let failure = json!({"ConsoleLogin": "Failure"});
        assert_eq!(
            login(json!({"errorMessage": "Failed authentication", "responseElements": failure})),
            failed("Failed authentication")
        );
        assert_eq!(login(json!({"responseElements": failure})), failed("Failure"));
        assert_eq!(login(json!({"responseElements": failure.to_string()})), failed("Failure"), "as Athena has it");
        assert_eq!(
            login(json!({"errorMessage": "No username found in supplied account"})),
            failed("No username found in supplied account")
        );
        assert_eq!(login(json!({"errorCode": "", "errorMessage": null, "responseElements": {"ConsoleLogin": "Success"}})), DONE);
        assert_eq!(login(json!({"responseElements": null})), (Outcome::Unknown, None));
        for name in ["CheckMfa", "SwitchRole", "ExitRole", "RenewRole", "GetSigninToken", "PasswordUpdated", "EmailUpdated"] {
            let event =
                |word: &str| json!({"eventName": name, "eventType": "AwsConsoleSignIn", "responseElements": {name: word}});
            assert_eq!(outcome(event("Failure")), failed("Failure"), "{name}");
            assert_eq!(outcome(event("Success")), DONE, "{name}");
        }
        for name in SIGN_INS {
            let event =
                |details: Value| json!({"eventName": name, "eventType": "AwsServiceEvent", "serviceEventDetails": details});
            assert_eq!(outcome(event(json!({name: "Failure"}))), failed("Failure"), "{name}");
            assert_eq!(outcome(event(json!({name: "Success"}))), DONE, "{name}");
            assert_eq!(outcome(event(Value::Null)), (Outcome::Unknown, None), "{name}");
            assert_eq!(
                outcome(json!({"eventName": name, "additionalEventData": {name: "Failure"}})),
                failed("Failure"),
                "{name}"
            );
        }
    }

    #[test]
    fn a_job_of_a_service_ends_in_a_state() {
        let event =
            |details: Value| outcome(json!({"eventName": "X", "eventType": "AwsServiceEvent", "serviceEventDetails": details}));
        assert_eq!(
            event(json!({"createAccountStatus": {"state": "FAILED", "failureReason": "EMAIL_ALREADY_EXISTS"}})),
            failed("FAILED")
        );
        assert_eq!(event(json!({"createManagedAccountStatus": {"state": "SUCCEEDED"}})), DONE);
        assert_eq!(event(json!({"state": "EXPIRED", "backupJobId": "b"})), failed("EXPIRED"));
        assert_eq!(event(json!({"snapshotId": "snap-1"})), DONE);
    }

    #[test]
    fn what_was_done_in_part_is_not_done() {
        let event = |response: Value| outcome(json!({"eventName": "X", "responseElements": response}));
        assert_eq!(event(json!({"_return": false})).0, Outcome::Failed);
        assert_eq!(event(json!({"_return": true})), DONE);
        assert_eq!(event(json!({"failedEntryCount": 1, "failedEntries": [{"errorCode": "x"}]})).0, Outcome::Failed);
        assert_eq!(event(json!({"failedEntryCount": 0, "failedEntries": []})), DONE);
        assert_eq!(
            event(json!({"tasks": [], "failures": [{"reason": "RESOURCE:MEMORY"}]})),
            failed("not all was done: failures")
        );
        assert_eq!(event(json!({"unprocessedAccounts": [{"result": "x"}]})).0, Outcome::Failed);
        assert_eq!(
            event(json!({"CreateFlowLogsResponse": {"unsuccessful": {"item": {"error": {"code": "x"}}}}})).0,
            Outcome::Failed
        );
        assert_eq!(event(json!({"CreateFlowLogsResponse": {"unsuccessful": ""}})), DONE);
        assert_eq!(event(json!({"status": "failed", "instanceState": {"name": "pending"}})), DONE, "the state of a resource");
    }

    #[test]
    fn an_error_code_is_an_error_and_an_empty_one_is_none() {
        assert_eq!(outcome(json!({"errorCode": "AccessDenied", "errorMessage": "no"})), failed("AccessDenied"));
        assert_eq!(outcome(json!({"errorCode": " ", "errorMessage": ""})), DONE);
        assert_eq!(
            outcome(json!({"eventType": "AwsCloudTrailInsight", "insightDetails": {"errorCode": "x"}})),
            (Outcome::NotACall, None)
        );
        assert_eq!(outcome(json!({})), DONE);
    }
}
