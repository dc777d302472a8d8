//! `bartizan credential-process`: gives AWS tools the key that the keyring serves for a profile.
//!
//! While a rotation has a new key pending, the former one is served; from the moment at which the pointer flips, the new one. SDKs may
//! log what a credential process writes to standard error, so nothing secret goes there.

use std::io::Write as _;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use zeroize::Zeroizing;

use super::arguments::ConnectionArguments;
use super::{Failure, output};
use crate::rotation::stores;
use crate::secrets::Keyring;

/// What an SDK reads: <https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html>. Without `Expiration` it is
/// asked for again by each new process only.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Answer<'a> {
    version: u32,
    access_key_id: &'a str,
    secret_access_key: &'a str,
}

/// Prints the key of `--profile`, or of `default`.
pub(super) fn run(connection: &ConnectionArguments) -> Result<(), Failure> {
    let profile = connection.profile.as_deref().unwrap_or("default");
    let keyring = Keyring::system();
    let serve = async { stores::served(&keyring, profile).await.map_err(|error| Failure::Job(error.to_string())) };
    let pair = super::run_job(serve)?.ok_or_else(|| {
        Failure::Job(format!("the keyring serves no key for profile {profile}; a rotation into keyring:{profile} puts one there"))
    })?;
    print(&pair.id, &pair.secret)
}

fn print(id: &str, secret: &SecretString) -> Result<(), Failure> {
    let answer = Answer { version: 1, access_key_id: id, secret_access_key: secret.expose_secret() };
    let text = serde_json::to_string(&answer).map_err(|_| Failure::Job("could not write the answer".to_owned()))?;
    let text = Zeroizing::new(text + "\n");
    let mut out = output::machine().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}
