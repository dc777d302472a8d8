//! `UpdateSecretVersionStage`.

use serde_json::{Value, json};

use super::secret::{CURRENT, Secret};
use super::{Request, invalid, refused};
use crate::emulator::svc::Call;
use crate::emulator::wire::error::ServiceError;

/// Moves a label, or takes it away. Whoever moves one must say which version has it now, so that nobody moves it unseen.
pub(super) fn update(secret: &mut Secret, call: &Call, request: &Request) -> Result<Value, ServiceError> {
    let label = request.version_stage.as_deref().filter(|label| (1..=256).contains(&label.chars().count()));
    let label = label.ok_or_else(|| invalid("You must provide a VersionStage of 1 to 256 characters."))?;
    let (from, to) = (request.remove_from_version_id.as_deref(), request.move_to_version_id.as_deref());
    for id in [from, to].into_iter().flatten() {
        if !secret.versions.contains_key(id) {
            let message = format!("Secrets Manager can't find the specified secret value for VersionId: {id}");
            return Err(refused("ResourceNotFoundException", message));
        }
    }
    let holder = secret.labelled(label).map(|(id, _)| id.to_owned());
    match (from, to, holder.as_deref()) {
        (None, None, _) => return Err(invalid("You must provide MoveToVersionId, RemoveFromVersionId, or both.")),
        (Some(from), _, holder) if holder != Some(from) => {
            let message = format!("The staging label {label} isn't currently attached to version {from}.");
            return Err(invalid(message));
        }
        (None, Some(to), Some(holder)) if holder != to => {
            let message = format!(
                "The parameter RemoveFromVersionId can't be empty. Staging label {label} is currently attached to version {holder}, so you \
                 must explicitly reference that version in RemoveFromVersionId."
            );
            return Err(invalid(message));
        }
        (Some(_), None, _) if label == CURRENT => {
            let message =
                format!("You can only move staging label {label} to a different secret version. It can't be completely removed.");
            return Err(invalid(message));
        }
        (_, Some(to), _) => secret.move_label(label, to),
        (Some(_), None, _) => secret.take_label(label),
    }
    secret.changed = call.now;
    Ok(json!({"ARN": secret.arn, "Name": secret.name}))
}
