//! What only a live call tells of one user: four calls side by side, each of which may fail alone.

use futures::join;

use super::keys;
use crate::aws::call;
use crate::aws::pages::Pages;
use crate::aws::session::Session;
use crate::aws::time::timestamp;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::known::Known;
use crate::domain::text::Untrusted;
use crate::domain::user::{KeySummary, Mfa, MfaDevice, Password, ROOT_NAME, UserFacts};

/// The live facts of a user. Of root, `GetAccountSummary` tells whether it has MFA, and that it has no keys.
pub async fn user_facts(session: &Session, name: &Untrusted) -> UserFacts {
    if name.raw() == ROOT_NAME {
        return root_facts(session, name).await;
    }
    let (password, mfa, keys, groups) =
        join!(password(session, name), devices(session, name), keys(session, name), groups(session, name));
    let now = session.now();
    UserFacts {
        name: name.clone(),
        password: Known::from_result(password, now),
        mfa: Known::from_result(mfa, now),
        keys: Known::from_result(keys, now),
        groups: Known::from_result(groups, now),
    }
}

async fn root_facts(session: &Session, name: &Untrusted) -> UserFacts {
    let summary =
        call::make(session, ("iam", "GetAccountSummary"), session.home(), session.iam().get_account_summary().send()).await;
    let now = session.now();
    let of = |entry: &str| -> Result<Option<i32>, Fault> {
        let map = summary.as_ref().map_err(Clone::clone)?.summary_map();
        Ok(map.into_iter().flatten().find(|(key, _)| key.as_str() == entry).map(|(_, count)| *count))
    };
    UserFacts {
        name: name.clone(),
        password: Known::Unknown,
        mfa: match of("AccountMFAEnabled") {
            Ok(Some(count)) => Known::live(if count > 0 { Mfa::On } else { Mfa::Off }, now),
            Ok(None) => Known::Unknown,
            Err(fault) => Known::from_fault(fault),
        },
        keys: match of("AccountAccessKeysPresent") {
            Ok(Some(0)) => Known::live(Vec::new(), now),
            // Only that there are keys, not how many nor how old: the report knows more.
            Ok(_) => Known::Unknown,
            Err(fault) => Known::from_fault(fault),
        },
        groups: Known::live(Vec::new(), now),
    }
}

pub(super) async fn password(session: &Session, name: &Untrusted) -> Result<Password, Fault> {
    let send = session.iam().get_login_profile().user_name(name.raw()).send();
    match call::make(session, ("iam", "GetLoginProfile"), session.home(), send).await {
        Ok(answer) => Ok(Password::Set { changed: answer.login_profile().and_then(|profile| timestamp(profile.create_date())) }),
        Err(fault) if fault.kind == FaultKind::NotFound => Ok(Password::None),
        Err(fault) => Err(fault),
    }
}

async fn devices(session: &Session, name: &Untrusted) -> Result<Mfa, Fault> {
    let mut devices = Vec::new();
    let mut pages = Pages::new(session, ("iam", "ListMFADevices"), session.home());
    loop {
        let send = session.iam().list_mfa_devices().user_name(name.raw()).set_marker(pages.token()).send();
        let answer = call::make(session, ("iam", "ListMFADevices"), session.home(), send).await?;
        devices.extend(answer.mfa_devices().iter().map(|device| MfaDevice {
            serial: Untrusted::new(device.serial_number()),
            enabled: timestamp(device.enable_date()),
        }));
        if !pages.turn(answer.marker().filter(|_| answer.is_truncated()), answer.mfa_devices().len())? {
            return Ok(if devices.is_empty() { Mfa::Off } else { Mfa::Devices(devices) });
        }
    }
}

pub(super) async fn keys(session: &Session, name: &Untrusted) -> Result<Vec<KeySummary>, Fault> {
    let listed = keys::list(session, name).await?;
    let summary = |key: &aws_sdk_iam::types::AccessKeyMetadata| KeySummary {
        id: key.access_key_id().map(Untrusted::new),
        active: key.status().is_some_and(|status| status.as_str() == "Active"),
        created: key.create_date().and_then(timestamp),
    };
    Ok(listed.iter().map(summary).collect())
}

async fn groups(session: &Session, name: &Untrusted) -> Result<Vec<Untrusted>, Fault> {
    let mut groups = Vec::new();
    let mut pages = Pages::new(session, ("iam", "ListGroupsForUser"), session.home());
    loop {
        let send = session.iam().list_groups_for_user().user_name(name.raw()).set_marker(pages.token()).send();
        let answer = call::make(session, ("iam", "ListGroupsForUser"), session.home(), send).await?;
        groups.extend(answer.groups().iter().map(|group| Untrusted::new(group.group_name())));
        if !pages.turn(answer.marker().filter(|_| answer.is_truncated()), answer.groups().len())? {
            return Ok(groups);
        }
    }
}
