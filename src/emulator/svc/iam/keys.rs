//! Access keys: at most two for each user, the secret told once.

use serde_json::json;

use super::input::{absent, access_key_id, constraint, invalid, required, too_many, user_or_caller};
use super::page::Window;
use super::state::{AccessKey, Status};
use super::users::{find, find_mut};
use crate::emulator::account::Account;
use crate::emulator::ids;
use crate::emulator::svc::Call;
use crate::emulator::wire::Response;
use crate::emulator::wire::error::ServiceError;
use crate::emulator::wire::query::{self, time};

/// `AccessKeysPerUserQuota`.
pub(super) const MOST: usize = 2;

/// `ListAccessKeys`.
pub(super) fn list(account: &mut Account, call: &Call) -> Result<Response, ServiceError> {
    let window = Window::of(account.seed, call)?;
    let name = user_or_caller(call)?;
    find(&mut account.iam, name)?;
    let keys = account.iam.listed_keys(name, call.now);
    let page = window.take_of_all(keys.iter().map(|key| (key.id.as_str(), key)));
    Ok(page.response(call, "AccessKeyMetadata", |xml, key| {
        xml.text("UserName", name);
        xml.text("AccessKeyId", &key.id);
        xml.text("Status", key.status.word());
        xml.text("CreateDate", &time(key.created));
    }))
}

/// `GetAccessKeyLastUsed`. A key that is not of this account is refused rather than not found.
pub(super) fn last_used(account: &mut Account, call: &Call) -> Result<Response, ServiceError> {
    let id = access_key_id(call)?;
    let Some((name, key)) = account.iam.key(id) else {
        let caller = call.principal.arn();
        let message =
            format!("User: {caller} is not authorized to perform: iam:GetAccessKeyLastUsed on resource: access key {id}");
        return Err(ServiceError::new(403, "AccessDenied", message));
    };
    Ok(query::result(call, |xml| {
        xml.text("UserName", name);
        xml.element("AccessKeyLastUsed", |xml| {
            xml.optional("LastUsedDate", key.last_used.as_ref().map(|used| time(used.when)).as_deref());
            xml.text("ServiceName", key.last_used.as_ref().map_or("N/A", |used| &used.service));
            xml.text("Region", key.last_used.as_ref().map_or("N/A", |used| &used.region));
        });
    }))
}

/// `CreateAccessKey`.
pub(super) fn create(account: &mut Account, call: &Call) -> Result<Response, ServiceError> {
    let name = user_or_caller(call)?;
    if find(&mut account.iam, name)?.keys.len() >= MOST {
        return Err(too_many(format!("Cannot exceed quota for AccessKeysPerUser: {MOST}")));
    }
    let id = ids::access_key("AKIA", &account.id, &mut account.rng);
    let key = AccessKey::new(&id, &ids::secret(&mut account.rng), call.now);
    let response = query::result(call, |xml| {
        xml.element("AccessKey", |xml| {
            xml.text("UserName", name);
            xml.text("AccessKeyId", &key.id);
            xml.text("Status", key.status.word());
            xml.text("SecretAccessKey", &key.secret);
            xml.text("CreateDate", &time(key.created));
        });
    });
    account.cloudtrail.note_response(json!({"accessKey": {
        "userName": name,
        "accessKeyId": id,
        "status": "Active",
        "createDate": call.now.strftime("%b %-d, %Y, %-I:%M:%S %p").to_string(),
    }}));
    account.iam.note_change(name, call.now);
    account.iam.add_key(name, key);
    Ok(response)
}

/// `UpdateAccessKey`.
pub(super) fn update(account: &mut Account, call: &Call) -> Result<Response, ServiceError> {
    let id = access_key_id(call)?;
    let word = required(call, "Status")?;
    let status = match word {
        "Active" => Status::Active,
        "Inactive" => Status::Inactive,
        _ => return Err(constraint("Status", word, "satisfy enum value set: [Active, Inactive]")),
    };
    let name = user_or_caller(call)?;
    let user = find(&mut account.iam, name)?;
    let key = user.keys.iter().find(|key| key.id == id).ok_or_else(|| no_key(id))?;
    if key.status == Status::Expired {
        return Err(invalid("The status of an expired access key cannot be changed."));
    }
    if key.status == status {
        return Ok(query::done(call));
    }
    account.iam.note_change(name, call.now);
    if let Some(key) = find_mut(&mut account.iam, name)?.keys.iter_mut().find(|key| key.id == id) {
        key.status = status;
    }
    Ok(query::done(call))
}

/// `DeleteAccessKey`.
pub(super) fn delete(account: &mut Account, call: &Call) -> Result<Response, ServiceError> {
    let id = access_key_id(call)?;
    let name = user_or_caller(call)?;
    if find(&mut account.iam, name)?.keys.iter().any(|key| key.id == id) {
        account.iam.note_change(name, call.now);
    }
    if account.iam.remove_key(name, id) { Ok(query::done(call)) } else { Err(no_key(id)) }
}

fn no_key(id: &str) -> ServiceError {
    absent(format!("The Access Key with id {id} cannot be found."))
}
