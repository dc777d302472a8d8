//! The account as a whole: alias, summary, password policy.

use super::input::absent;
use super::page::Window;
use super::{keys, policies};
use crate::emulator::account::Account;
use crate::emulator::svc::Call;
use crate::emulator::wire::Response;
use crate::emulator::wire::error::ServiceError;
use crate::emulator::wire::query;

/// `ListAccountAliases`.
pub(super) fn list_aliases(account: &Account, call: &Call) -> Result<Response, ServiceError> {
    let window = Window::of(account.seed, call)?;
    let page = window.take_of_all(account.iam.alias.iter().map(|alias| (alias.as_str(), alias.as_str())));
    Ok(page.texts(call, "AccountAliases"))
}

/// `GetAccountPasswordPolicy`.
pub(super) fn get_password_policy(account: &Account, call: &Call) -> Result<Response, ServiceError> {
    let none = || absent(format!("The Password Policy with domain name {} cannot be found.", account.id));
    let policy = account.iam.password_policy.as_ref().ok_or_else(none)?;
    Ok(query::result(call, |xml| {
        xml.element("PasswordPolicy", |xml| {
            let mixed = policy.mixed.to_string();
            xml.text("MinimumPasswordLength", &policy.minimum_length.to_string());
            xml.text("RequireSymbols", &mixed);
            xml.text("RequireNumbers", &mixed);
            xml.text("RequireUppercaseCharacters", &mixed);
            xml.text("RequireLowercaseCharacters", &mixed);
            xml.text("AllowUsersToChangePassword", "true");
            xml.text("ExpirePasswords", &policy.max_age_days.is_some().to_string());
            xml.optional("MaxPasswordAge", policy.max_age_days.map(|days| days.to_string()).as_deref());
            xml.optional("PasswordReusePrevention", policy.reuse_prevention.map(|count| count.to_string()).as_deref());
            xml.text("HardExpiry", "false");
        });
    }))
}

/// `GetAccountSummary`: what there is, and AWS's quotas.
pub(super) fn get(account: &mut Account, call: &Call) -> Response {
    let entries = entries(account);
    query::result(call, |xml| {
        xml.element("SummaryMap", |xml| {
            for (key, value) in &entries {
                xml.element("entry", |xml| {
                    xml.text("key", key);
                    xml.text("value", &value.to_string());
                });
            }
        });
    })
}

fn entries(account: &mut Account) -> Vec<(&'static str, usize)> {
    let users = account.iam.users().len();
    let (devices, in_use) = account.iam.count_virtual_mfa();
    let iam = &account.iam;
    vec![
        ("Users", users),
        ("UsersQuota", 5000.max(users)),
        ("Groups", iam.groups.len()),
        ("GroupsQuota", 300),
        ("Roles", iam.roles.len()),
        ("RolesQuota", 1000),
        ("ServerCertificates", 0),
        ("ServerCertificatesQuota", 20),
        ("InstanceProfiles", 0),
        ("InstanceProfilesQuota", 1000),
        ("Policies", 0),
        ("PoliciesQuota", 1500),
        ("PolicySizeQuota", 6144),
        ("PolicyVersionsInUse", 0),
        ("PolicyVersionsInUseQuota", 10_000),
        ("VersionsPerPolicyQuota", 5),
        ("Providers", 0),
        ("UserPolicySizeQuota", policies::MOST_LETTERS),
        ("GroupPolicySizeQuota", 5120),
        ("RolePolicySizeQuota", 10_240),
        ("AssumeRolePolicySizeQuota", 2048),
        ("GroupsPerUserQuota", 10),
        ("SigningCertificatesPerUserQuota", 2),
        ("AccessKeysPerUserQuota", keys::MOST),
        ("AttachedPoliciesPerUserQuota", policies::MOST_ATTACHED),
        ("AttachedPoliciesPerGroupQuota", 10),
        ("AttachedPoliciesPerRoleQuota", 10),
        ("MFADevices", devices),
        ("MFADevicesInUse", in_use),
        ("AccountMFAEnabled", usize::from(!iam.root.mfa.is_empty())),
        ("AccountAccessKeysPresent", usize::from(!iam.root.keys.is_empty())),
        ("AccountPasswordPresent", 1),
        ("AccountSigningCertificatesPresent", 0),
        ("GlobalEndpointTokenVersion", 1),
    ]
}
