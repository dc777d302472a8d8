//! `DeleteSecret`.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::lists::time;
use super::secret::Secret;
use super::{Request, alive, find, invalid, secret_id};
use crate::emulator::svc::Call;
use crate::emulator::wire::error::ServiceError;

/// Marks a secret for deletion after 7 to 30 days, or deletes it at once where that is forced. Forcing what is not there does nothing.
pub(super) fn delete(
    secrets: &mut BTreeMap<String, Secret>,
    account: &str,
    call: &Call,
    request: &Request,
) -> Result<Value, ServiceError> {
    let forced = request.force_delete_without_recovery == Some(true);
    let days = match request.recovery_window_in_days {
        Some(_) if forced => {
            return Err(invalid("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays."));
        }
        Some(days) if !(7..=30).contains(&days) => {
            return Err(invalid("The RecoveryWindowInDays value must be between 7 and 30 days (inclusive)."));
        }
        days => days.unwrap_or(30),
    };
    if forced {
        let (name, arn) = match find(secrets, request) {
            Ok(secret) => (secret.name.clone(), secret.arn.clone()),
            Err(_) => {
                let name = secret_id(request)?.to_owned();
                let arn = format!("arn:aws:secretsmanager:{}:{account}:secret:{name}-??????", call.region);
                (name, arn)
            }
        };
        secrets.remove(&name);
        return Ok(json!({"ARN": arn, "Name": name, "DeletionDate": time(call.now)}));
    }
    let secret = alive(secrets, request)?;
    let at = call.now.saturating_add(SignedDuration::from_hours(24 * days)).unwrap_or(Timestamp::MAX);
    secret.deletion = Some(at);
    Ok(json!({"ARN": secret.arn, "Name": secret.name, "DeletionDate": time(at)}))
}
