//! Archiving and feedback.

use serde_json::{Value, json};

use super::{State, ids, invalid, rejected};
use crate::emulator::svc::Call;
use crate::emulator::wire::error::ServiceError;

/// `ArchiveFindings` and `UnarchiveFindings`: only the administrator account may.
pub(super) fn set(state: &mut State, call: &Call, body: &Value, archived: bool) -> Result<Value, ServiceError> {
    let is_member = state.administrator.is_some();
    let detector = state.detector(call)?;
    if is_member {
        return Err(rejected("the current account is a member account and cannot archive or unarchive findings."));
    }
    for id in ids(body)? {
        let held = detector.findings.iter_mut().find(|finding| finding.get("id").and_then(Value::as_str) == Some(id));
        match held.and_then(|finding| finding.get_mut("service")).and_then(Value::as_object_mut) {
            Some(service) => {
                service.insert("archived".into(), archived.into());
            }
            None => {
                if let Some(made) = detector.made.as_mut() {
                    made.archive(id, archived);
                }
            }
        }
    }
    Ok(json!({}))
}

/// `UpdateFindingsFeedback`.
pub(super) fn feedback(state: &mut State, call: &Call, body: &Value) -> Result<Value, ServiceError> {
    let detector = state.detector(call)?;
    let feedback = body.get("feedback").and_then(Value::as_str).filter(|word| matches!(*word, "USEFUL" | "NOT_USEFUL"));
    let feedback = feedback.ok_or_else(|| invalid("feedback"))?;
    for id in ids(body)? {
        let held = detector.findings.iter_mut().find(|finding| finding.get("id").and_then(Value::as_str) == Some(id));
        if let Some(service) = held.and_then(|finding| finding.get_mut("service")).and_then(Value::as_object_mut) {
            service.insert("userFeedback".into(), feedback.into());
        }
    }
    Ok(json!({}))
}
