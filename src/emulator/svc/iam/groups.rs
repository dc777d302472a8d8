//! Groups and roles.

use super::input::{absent, path_prefix, required_name};
use super::page::Window;
use super::policies::encoded;
use super::state::{Group, Role};
use super::users::find;
use crate::emulator::account::Account;
use crate::emulator::svc::Call;
use crate::emulator::wire::Response;
use crate::emulator::wire::error::ServiceError;
use crate::emulator::wire::query::{self, time};
use crate::emulator::wire::xml::Xml;

fn write(xml: &mut Xml, group: &Group, account: &str) {
    xml.text("Path", &group.path);
    xml.text("GroupName", &group.name);
    xml.text("GroupId", &group.id);
    xml.text("Arn", &format!("arn:aws:iam::{account}:group{}{}", group.path, group.name));
    xml.text("CreateDate", &time(group.created));
}

/// `ListGroups`.
pub(super) fn list(account: &mut Account, call: &Call) -> Result<Response, ServiceError> {
    let window = Window::of(account.seed, call)?;
    let prefix = path_prefix(call)?;
    let groups = account.iam.groups.values().filter(|group| group.path.starts_with(prefix));
    let page = window.take_of_all(groups.map(|group| (group.name.as_str(), group)));
    Ok(page.response(call, "Groups", |xml, group| write(xml, group, &account.id)))
}

/// `ListGroupsForUser`.
pub(super) fn list_for_user(account: &mut Account, call: &Call) -> Result<Response, ServiceError> {
    let window = Window::of(account.seed, call)?;
    let names = find(&mut account.iam, required_name(call, "UserName", 128)?)?.groups.clone();
    let groups = names.iter().filter_map(|name| account.iam.groups.get(name));
    let page = window.take_of_all(groups.map(|group| (group.name.as_str(), group)));
    Ok(page.response(call, "Groups", |xml, group| write(xml, group, &account.id)))
}

fn write_role(xml: &mut Xml, role: &Role, account: &str) {
    xml.text("Path", &role.path);
    xml.text("RoleName", &role.name);
    xml.text("RoleId", &role.id);
    xml.text("Arn", &role.arn(account));
    xml.text("CreateDate", &time(role.created));
    xml.text("AssumeRolePolicyDocument", &encoded(&role.trust));
    xml.optional("Description", role.description.as_deref());
    xml.text("MaxSessionDuration", &role.max_session_seconds.to_string());
}

/// `ListRoles`; AWS leaves the last use and the tags out here.
pub(super) fn list_roles(account: &mut Account, call: &Call) -> Result<Response, ServiceError> {
    let window = Window::of(account.seed, call)?;
    let prefix = path_prefix(call)?;
    let roles = account.iam.roles.values().filter(|role| role.path.starts_with(prefix));
    let page = window.take_of_all(roles.map(|role| (role.name.as_str(), role)));
    Ok(page.response(call, "Roles", |xml, role| write_role(xml, role, &account.id)))
}

/// `GetRole`.
pub(super) fn get_role(account: &Account, call: &Call) -> Result<Response, ServiceError> {
    let name = required_name(call, "RoleName", 64)?;
    let role = account.iam.roles.get(name).ok_or_else(|| absent(format!("The role with name {name} cannot be found.")))?;
    Ok(query::result(call, |xml| {
        xml.element("Role", |xml| {
            write_role(xml, role, &account.id);
            xml.element("RoleLastUsed", |xml| {
                if let Some((when, region)) = &role.last_used {
                    xml.text("LastUsedDate", &time(*when));
                    xml.text("Region", region);
                }
            });
        });
    }))
}
