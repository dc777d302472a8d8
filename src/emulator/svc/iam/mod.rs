//! IAM: users, keys, MFA, groups, roles, the credential report, over awsQuery.

mod report;
mod state;

pub use state::{
    AccessKey, AttachedPolicy, Group, KeyUse, LoginProfile, MfaDevice, OwnedKey, PasswordPolicy, Role, Root, State, Status, User,
};

use crate::emulator::account::Account;
use crate::emulator::svc::Call;
use crate::emulator::wire::Response;
use crate::emulator::wire::error::ServiceError;

/// The resource in AWS's refusal: the user that the call is about, or all users.
pub fn resource(account: &str, call: &Call) -> String {
    let name = call.form.get("UserName").or_else(|| call.principal.user_name()).unwrap_or_default();
    match call.operation.as_str() {
        "ListUsers" => format!("arn:aws:iam::{account}:user/"),
        "ListGroups" => format!("arn:aws:iam::{account}:group/"),
        "ListRoles" => format!("arn:aws:iam::{account}:role/"),
        "GetRole" => format!("arn:aws:iam::{account}:role/{}", call.form.get("RoleName").unwrap_or_default()),
        "ListVirtualMFADevices" => format!("arn:aws:iam::{account}:mfa/"),
        operation
            if operation.contains("User")
                || operation.contains("Key")
                || operation.contains("MFA")
                || operation.contains("Login") =>
        {
            format!("arn:aws:iam::{account}:user/{name}")
        }
        _ => "*".to_owned(),
    }
}

/// Answers one call.
pub fn call(_account: &mut Account, call: &Call) -> Result<Response, ServiceError> {
    Err(ServiceError::unknown_operation(call.service, &call.operation))
}
