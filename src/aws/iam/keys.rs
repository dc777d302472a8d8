//! Access keys of one user, and their last use.

use aws_sdk_iam::types::AccessKeyMetadata;

use crate::aws::call;
use crate::aws::pages::Pages;
use crate::aws::session::Session;
use crate::aws::time::timestamp;
use crate::domain::fault::Fault;
use crate::domain::key::{AccessKey, KeyHandle, KeyStatus, LastUsed};
use crate::domain::known::Known;
use crate::domain::text::Untrusted;

/// The keys of a user, oldest first, without their last use.
pub async fn access_keys(session: &Session, user: &Untrusted) -> Result<Vec<AccessKey>, Fault> {
    let listed = list(session, user).await?;
    let now = session.now();
    let key = |(ordinal, key): (u8, &AccessKeyMetadata)| AccessKey {
        handle: KeyHandle { user: user.clone(), ordinal },
        id: key.access_key_id().map_or(Known::Unknown, |id| Known::live(Untrusted::new(id), now)),
        status: key.status().map_or(Known::Unknown, |status| Known::live(KeyStatus::from_word(status.as_str()), now)),
        created: key.create_date().and_then(timestamp).map_or(Known::Unknown, |created| Known::live(created, now)),
        last_used: Known::Unknown,
        change: None,
    };
    Ok((1..).zip(&listed).map(key).collect())
}

/// `ListAccessKeys`, all pages, oldest first.
pub(in crate::aws) async fn list(session: &Session, user: &Untrusted) -> Result<Vec<AccessKeyMetadata>, Fault> {
    let mut keys = Vec::new();
    let mut pages = Pages::new(session, ("iam", "ListAccessKeys"), session.home());
    loop {
        let send = session.iam().list_access_keys().user_name(user.raw()).set_marker(pages.token()).send();
        let answer = call::make(session, ("iam", "ListAccessKeys"), session.home(), send).await?;
        let next = answer.marker().filter(|_| answer.is_truncated());
        let more = pages.turn(next, answer.access_key_metadata().len())?;
        keys.extend(answer.access_key_metadata);
        if !more {
            break;
        }
    }
    keys.sort_by_key(|key| key.create_date().and_then(timestamp));
    Ok(keys)
}

/// When a key was last used. AWS says `N/A` for a key that never was.
pub async fn key_last_used(session: &Session, id: &Untrusted) -> Result<LastUsed, Fault> {
    let send = session.iam().get_access_key_last_used().access_key_id(id.raw()).send();
    let answer = call::make(session, ("iam", "GetAccessKeyLastUsed"), session.home(), send).await?;
    let Some(used) = answer.access_key_last_used() else { return Ok(LastUsed::Never) };
    Ok(used.last_used_date().and_then(timestamp).map_or(LastUsed::Never, |when| LastUsed::At {
        when,
        service: Untrusted::new(used.service_name()),
        region: Untrusted::new(used.region()),
    }))
}
