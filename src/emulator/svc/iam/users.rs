//! Users, their console passwords and tags.

use super::input::{absent, constraint, path_prefix, required, required_name, user_or_caller};
use super::page::Window;
use super::state::{LoginProfile, State, User};
use crate::emulator::account::{Account, Principal};
use crate::emulator::svc::Call;
use crate::emulator::wire::Response;
use crate::emulator::wire::error::ServiceError;
use crate::emulator::wire::query::{self, time};
use crate::emulator::wire::xml::Xml;

/// A user that must be there.
pub(super) fn find<'a>(iam: &'a mut State, name: &str) -> Result<&'a User, ServiceError> {
    iam.user(name).ok_or_else(|| no_user(name))
}

/// A user that must be there, to change.
pub(super) fn find_mut<'a>(iam: &'a mut State, name: &str) -> Result<&'a mut User, ServiceError> {
    iam.user_mut(name).ok_or_else(|| no_user(name))
}

fn no_user(name: &str) -> ServiceError {
    absent(format!("The user with name {name} cannot be found."))
}

/// What every answer tells of a user.
pub(super) fn write(xml: &mut Xml, user: &User, account: &str) {
    xml.text("Path", &user.path);
    xml.text("UserName", &user.name);
    xml.text("UserId", &user.id);
    xml.text("Arn", &user.arn(account));
    xml.text("CreateDate", &time(user.created));
    xml.optional("PasswordLastUsed", user.password_last_used.map(time).as_deref());
}

/// `ListUsers`.
pub(super) fn list(account: &mut Account, call: &Call) -> Result<Response, ServiceError> {
    let window = Window::of(account.seed, call)?;
    let prefix = path_prefix(call)?;
    let users = account.iam.users_after(window.after.as_deref()).filter(|user| user.path.starts_with(prefix));
    let page = window.take(users.map(|user| (user.name.as_str(), user)));
    Ok(page.response(call, "Users", |xml, user| write(xml, user, &account.id)))
}

/// `GetUser`.
pub(super) fn get(account: &mut Account, call: &Call) -> Result<Response, ServiceError> {
    if call.form.get("UserName").is_none() && matches!(call.principal, Principal::Root { .. }) {
        return Ok(get_root(account, call));
    }
    let user = find(&mut account.iam, user_or_caller(call)?)?;
    Ok(query::result(call, |xml| {
        xml.element("User", |xml| {
            write(xml, user, &account.id);
            if !user.tags.is_empty() {
                xml.list("Tags", &user.tags, write_tag);
            }
        });
    }))
}

/// Root about itself: AWS leaves name and path out.
fn get_root(account: &Account, call: &Call) -> Response {
    query::result(call, |xml| {
        xml.element("User", |xml| {
            xml.optional("PasswordLastUsed", account.iam.root.password_last_used.map(time).as_deref());
            xml.text("CreateDate", &time(account.iam.root.created));
            xml.text("UserId", &account.id);
            xml.text("Arn", &call.principal.arn());
        });
    })
}

fn write_tag(xml: &mut Xml, (key, value): (&String, &String)) {
    xml.text("Key", key);
    xml.text("Value", value);
}

/// `ListUserTags`.
pub(super) fn list_tags(account: &mut Account, call: &Call) -> Result<Response, ServiceError> {
    let window = Window::of(account.seed, call)?;
    let user = find(&mut account.iam, required_name(call, "UserName", 128)?)?;
    let page = window.take_of_all(user.tags.iter().map(|tag| (tag.0.as_str(), tag)));
    Ok(page.response(call, "Tags", write_tag))
}

/// `GetLoginProfile`.
pub(super) fn get_login_profile(account: &mut Account, call: &Call) -> Result<Response, ServiceError> {
    let user = find(&mut account.iam, user_or_caller(call)?)?;
    let profile = user.password.as_ref().ok_or_else(|| no_password(&user.name))?;
    Ok(query::result(call, |xml| {
        xml.element("LoginProfile", |xml| {
            xml.text("UserName", &user.name);
            xml.text("CreateDate", &time(profile.created));
            xml.text("PasswordResetRequired", if profile.must_reset { "true" } else { "false" });
        });
    }))
}

/// `DeleteLoginProfile`.
pub(super) fn delete_login_profile(account: &mut Account, call: &Call) -> Result<Response, ServiceError> {
    let name = user_or_caller(call)?;
    let user = find_mut(&mut account.iam, name)?;
    user.password.take().ok_or_else(|| no_password(name))?;
    Ok(query::done(call))
}

/// `CreateLoginProfile`. Any password of at least eight letters will do, or of as many as the account's policy asks for; it opens
/// nothing here.
pub(super) fn create_login_profile(account: &mut Account, call: &Call) -> Result<Response, ServiceError> {
    let name = required_name(call, "UserName", 64)?;
    let password = required(call, "Password")?;
    let least = account.iam.password_policy.as_ref().map_or(8, |policy| policy.minimum_length);
    let must_reset = call.form.get("PasswordResetRequired") == Some("true");
    let user = find_mut(&mut account.iam, name)?;
    if user.password.is_some() {
        let message = format!("Login Profile for user {name} already exists.");
        return Err(ServiceError::new(409, "EntityAlreadyExists", message));
    }
    if password.chars().count() < usize::try_from(least).unwrap_or(8) {
        let message = format!("Password should have a minimum length of {least}");
        return Err(ServiceError::new(400, "PasswordPolicyViolation", message));
    }
    user.password = Some(LoginProfile { created: call.now, must_reset });
    Ok(query::result(call, |xml| {
        xml.element("LoginProfile", |xml| {
            xml.text("UserName", name);
            xml.text("CreateDate", &time(call.now));
            xml.text("PasswordResetRequired", if must_reset { "true" } else { "false" });
        });
    }))
}

fn no_password(name: &str) -> ServiceError {
    absent(format!("Login Profile for User {name} cannot be found."))
}

/// `ListMFADevices`.
pub(super) fn list_mfa(account: &mut Account, call: &Call) -> Result<Response, ServiceError> {
    let window = Window::of(account.seed, call)?;
    let user = find(&mut account.iam, user_or_caller(call)?)?;
    let page = window.take_of_all(user.mfa.iter().map(|device| (device.serial.as_str(), device)));
    Ok(page.response(call, "MFADevices", |xml, device| {
        xml.text("UserName", &user.name);
        xml.text("SerialNumber", &device.serial);
        xml.text("EnableDate", &time(device.enabled));
    }))
}

/// `DeactivateMFADevice`.
pub(super) fn deactivate_mfa(account: &mut Account, call: &Call) -> Result<Response, ServiceError> {
    let serial = required(call, "SerialNumber")?;
    super::input::length("SerialNumber", serial, 9, 256)?;
    let name = user_or_caller(call)?;
    find(&mut account.iam, name)?;
    if account.iam.deactivate_mfa(name, serial) { Ok(query::done(call)) } else { Err(absent("MFA Device invalid for user.")) }
}

/// `ListVirtualMFADevices`.
pub(super) fn list_virtual_mfa(account: &mut Account, call: &Call) -> Result<Response, ServiceError> {
    let window = Window::of(account.seed, call)?;
    let status = call.form.get("AssignmentStatus").unwrap_or("Any");
    if !["Assigned", "Unassigned", "Any"].contains(&status) {
        return Err(constraint("AssignmentStatus", status, "satisfy enum value set: [Assigned, Unassigned, Any]"));
    }
    let devices = account.iam.virtual_mfa_after(window.after.as_deref()).filter(|device| match status {
        "Assigned" => device.owner.is_some(),
        "Unassigned" => device.owner.is_none(),
        _ => true,
    });
    let page = window.take(devices.map(|device| (device.serial, device)));
    Ok(page.response(call, "VirtualMFADevices", |xml, device| {
        xml.text("SerialNumber", device.serial);
        if let Some((user, enabled)) = device.owner {
            xml.element("User", |xml| write(xml, user, &account.id));
            xml.text("EnableDate", &time(enabled));
        }
    }))
}
