//! IAM: users, keys, MFA, groups, roles, the credential report, over awsQuery.

mod attacker;
mod csv;
mod denials;
mod groups;
mod input;
mod keys;
mod page;
mod policies;
mod replicas;
mod report;
mod simulate;
mod state;
mod store;
mod summary;
mod users;

pub use attacker::{Attacker, Undone};
pub use denials::Asked;
pub use report::Report;
pub use state::{
    AccessKey, AttachedPolicy, Group, KeyUse, LoginProfile, MfaDevice, PasswordPolicy, Role, Root, State, Status, User,
};
pub use store::{FoundKey, OwnedKey, VirtualMfa};

use crate::emulator::account::Account;
use crate::emulator::svc::Call;
use crate::emulator::wire::Response;
use crate::emulator::wire::error::ServiceError;

/// Every operation that IAM answers here.
pub const OPERATIONS: &[&str] = &[
    "ListUsers",
    "GetUser",
    "ListUserTags",
    "GetLoginProfile",
    "CreateLoginProfile",
    "DeleteLoginProfile",
    "ListMFADevices",
    "ListVirtualMFADevices",
    "DeactivateMFADevice",
    "ListAccessKeys",
    "GetAccessKeyLastUsed",
    "CreateAccessKey",
    "UpdateAccessKey",
    "DeleteAccessKey",
    "GenerateCredentialReport",
    "GetCredentialReport",
    "GetAccountSummary",
    "ListAccountAliases",
    "GetAccountPasswordPolicy",
    "ListGroups",
    "ListGroupsForUser",
    "ListRoles",
    "GetRole",
    "ListAttachedUserPolicies",
    "AttachUserPolicy",
    "DetachUserPolicy",
    "ListUserPolicies",
    "GetUserPolicy",
    "PutUserPolicy",
    "DeleteUserPolicy",
    "SimulatePrincipalPolicy",
];

/// The resource in AWS's refusal: the user that the call is about, or all users.
pub fn resource(account: &str, call: &Call) -> String {
    let name = call.form.get("UserName").or_else(|| call.principal.user_name()).unwrap_or_default();
    let below = |kind: &str, name: &str| format!("arn:aws:iam::{account}:{kind}/{name}");
    match call.operation.as_str() {
        "SimulatePrincipalPolicy" => call.form.get("PolicySourceArn").unwrap_or("*").to_owned(),
        "ListUsers" => below("user", ""),
        "ListGroups" => below("group", ""),
        "ListRoles" => below("role", ""),
        "GetRole" => below("role", call.form.get("RoleName").unwrap_or_default()),
        "ListVirtualMFADevices" => below("mfa", ""),
        "GetUser"
        | "GetUserPolicy"
        | "PutUserPolicy"
        | "DeleteUserPolicy"
        | "ListUserPolicies"
        | "ListAttachedUserPolicies"
        | "AttachUserPolicy"
        | "DetachUserPolicy"
        | "ListUserTags"
        | "ListGroupsForUser"
        | "GetLoginProfile"
        | "CreateLoginProfile"
        | "DeleteLoginProfile"
        | "ListMFADevices"
        | "DeactivateMFADevice"
        | "ListAccessKeys"
        | "CreateAccessKey"
        | "UpdateAccessKey"
        | "DeleteAccessKey" => below("user", name),
        _ => "*".to_owned(),
    }
}

/// Answers one call.
pub fn call(account: &mut Account, call: &Call) -> Result<Response, ServiceError> {
    account.iam.settle();
    match call.operation.as_str() {
        "ListUsers" => users::list(account, call),
        "GetUser" => users::get(account, call),
        "ListUserTags" => users::list_tags(account, call),
        "GetLoginProfile" => users::get_login_profile(account, call),
        "CreateLoginProfile" => users::create_login_profile(account, call),
        "DeleteLoginProfile" => users::delete_login_profile(account, call),
        "ListMFADevices" => users::list_mfa(account, call),
        "ListVirtualMFADevices" => users::list_virtual_mfa(account, call),
        "DeactivateMFADevice" => users::deactivate_mfa(account, call),
        "ListAccessKeys" => keys::list(account, call),
        "GetAccessKeyLastUsed" => keys::last_used(account, call),
        "CreateAccessKey" => keys::create(account, call),
        "UpdateAccessKey" => keys::update(account, call),
        "DeleteAccessKey" => keys::delete(account, call),
        "GenerateCredentialReport" => Ok(report::generate(account, call)),
        "GetCredentialReport" => report::get(account, call),
        "GetAccountSummary" => Ok(summary::get(account, call)),
        "ListAccountAliases" => summary::list_aliases(account, call),
        "GetAccountPasswordPolicy" => summary::get_password_policy(account, call),
        "ListGroups" => groups::list(account, call),
        "ListGroupsForUser" => groups::list_for_user(account, call),
        "ListRoles" => groups::list_roles(account, call),
        "GetRole" => groups::get_role(account, call),
        "ListAttachedUserPolicies" => policies::list_attached(account, call),
        "AttachUserPolicy" => policies::attach(account, call),
        "DetachUserPolicy" => policies::detach(account, call),
        "ListUserPolicies" => policies::list_inline(account, call),
        "GetUserPolicy" => policies::get_inline(account, call),
        "PutUserPolicy" => policies::put_inline(account, call),
        "DeleteUserPolicy" => policies::delete_inline(account, call),
        "SimulatePrincipalPolicy" => simulate::principal(account, call),
        _ => Err(ServiceError::unknown_operation(call.service, &call.operation)),
    }
}
