//! The credentials of `aws login` (`login_session`): the console's own sign-in, which the AWS CLI begins and keeps in a file.
//!
//! They last a quarter of an hour. What the file says is used while it lasts; in its last minutes the SDK's provider trades the file's
//! refresh token for new credentials (signin's `CreateOAuth2Token`, signed as RFC 9449 has it) and writes both back, as the AWS CLI does.
//! A refresh token may serve but once, so renewals wait for each other, and none begins whose result could not be kept.

use std::fs::{File, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use aws_config::Region;
use aws_config::login::LoginCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, future};
use aws_types::os_shim_internal::{Env, Fs};
use jiff::{SignedDuration, Timestamp};
use rustix::fs::Access;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::files;

/// How long before their end credentials are renewed: the SDK's own figure, before which its provider would do nothing.
const RENEWED_BEFORE: SignedDuration = SignedDuration::from_mins(5);
/// How long another process may take with its renewal.
const OTHERS_TAKE: Duration = Duration::from_secs(10);
/// How often it is asked after.
const ASKED_EVERY: Duration = Duration::from_millis(50);

/// Reads the file of one sign-in, and has it renewed.
#[derive(Debug, Clone)]
pub(super) struct LoginProvider {
    session: String,
    settings: ProviderConfig,
    env: Env,
    fs: Fs,
}

/// What of the file counts here; the rest is for whoever renews it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    access_token: Token,
    /// Where the sign-in was made, if not in the profile's region; what older versions of the AWS CLI wrote says nothing of it.
    sign_in_region: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Token {
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
    expires_at: Timestamp,
}

impl Token {
    // Moved, not copied: the credentials wipe them.
    fn credentials(self) -> Credentials {
        let end = Some(SystemTime::from(self.expires_at));
        Credentials::new(self.access_key_id, self.secret_access_key, Some(self.session_token), end, "aws login")
    }

    fn lasts(&self, time: SignedDuration) -> bool {
        self.expires_at.duration_since(now()) > time
    }
}

impl LoginProvider {
    /// `settings`: how to reach signin. Its `env` and `fs` are those of `env` and `fs` but in tests.
    pub(super) fn new(session: &str, settings: ProviderConfig, env: Env, fs: Fs) -> Self {
        Self { session: session.to_owned(), settings, env, fs }
    }

    /// `AWS_LOGIN_CACHE_DIRECTORY`, or `~/.aws/login/cache`; the file is named by the session's hash.
    fn path(&self) -> Result<PathBuf, CredentialsError> {
        let set = |name: &str| self.env.get(name).ok().filter(|value| !value.is_empty()).map(PathBuf::from);
        let folder = set("AWS_LOGIN_CACHE_DIRECTORY").or_else(|| Some(set("HOME")?.join(".aws/login/cache")));
        let folder = folder.ok_or_else(|| failed("there is no home folder"))?;
        let digest = Sha256::digest(self.session.trim().as_bytes());
        let name: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(folder.join(name).with_extension("json"))
    }

    async fn read<T: DeserializeOwned>(&self, path: &Path) -> Result<T, CredentialsError> {
        let bytes = self.fs.read_to_end(path).await.map(Zeroizing::new);
        let bytes = bytes.map_err(|error| failed(format!("{}: {error}", path.display())))?;
        // An error of the reader may quote what it read.
        serde_json::from_slice(&bytes).map_err(|_| failed(format!("{} is not what `aws login` writes", path.display())))
    }

    async fn load(&self) -> provider::Result {
        let path = self.path()?;
        let token = self.read::<Kept>(&path).await?.access_token;
        if token.lasts(RENEWED_BEFORE) {
            return Ok(token.credentials());
        }
        // A task of its own: whoever stops waiting for it must not cut it off between the answer and the file. And a panic of the
        // SDK's provider, which takes an answer's members for granted, is one more failure.
        let (own, renewed) = (self.clone(), path.clone());
        let renewal = tokio::spawn(async move { own.renew(&renewed).await }).await;
        let error = match renewal {
            Ok(Ok(credentials)) => return Ok(credentials),
            Ok(Err(error)) => error,
            Err(_) => failed("signin's answer is not one"),
        };
        if token.lasts(SignedDuration::ZERO) {
            tracing::warn!(error = %chain(&error), "a sign-in of `aws login` could not be renewed yet");
            return Ok(token.credentials());
        }
        Err(failed(format!("what it got ended at {}, and was not renewed: {}", token.expires_at, chain(&error))))
    }

    async fn renew(&self, path: &Path) -> provider::Result {
        let _lock = wait_for(path).await?;
        // Another process may have renewed it meanwhile.
        let Kept { access_token, sign_in_region } = self.read(path).await?;
        if access_token.lasts(RENEWED_BEFORE) {
            return Ok(access_token.credentials());
        }
        rustix::fs::access(path, Access::WRITE_OK).map_err(|error| {
            failed(format!("{} cannot be written, and renewing it would lose the sign-in: {error}", path.display()))
        })?;
        let before: Map<String, Value> = self.read(path).await?;
        let settings = match sign_in_region {
            Some(region) => self.settings.clone().with_region(Some(Region::new(region))),
            None => self.settings.clone(),
        };
        let renewed = LoginCredentialsProvider::builder(&self.session).configure(&settings).build();
        let credentials = renewed.provide_credentials().await?;
        if let Err(error) = self.restore(path, before).await {
            tracing::warn!(%error, "members of a sign-in of `aws login` that the SDK does not know are gone");
        }
        Ok(credentials)
    }

    /// Puts back what the SDK's provider left out of the file, such as the region of the sign-in.
    async fn restore(&self, path: &Path, before: Map<String, Value>) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let mut now: Map<String, Value> = self.read(path).await?;
        let known = now.len();
        for (name, value) in before {
            now.entry(name).or_insert(value);
        }
        if now.len() == known {
            return Ok(());
        }
        let text = Zeroizing::new(serde_json::to_vec(&now)?);
        let folder = path.parent().ok_or("the file stands in no folder")?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(&text)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    }
}

/// Waits until nobody else renews the sign-in. Where no lock can be made, the file cannot be written either, which is told later.
async fn wait_for(path: &Path) -> Result<Option<File>, CredentialsError> {
    let Ok(lock) = files::keep(&path.with_extension("lock")) else { return Ok(None) };
    let wait = async {
        while let Err(TryLockError::WouldBlock) = lock.try_lock() {
            tokio::time::sleep(ASKED_EVERY).await;
        }
    };
    match tokio::time::timeout(OTHERS_TAKE, wait).await {
        Ok(()) => Ok(Some(lock)),
        Err(_) => Err(failed("another process has been renewing it for ten seconds")),
    }
}

fn failed(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> CredentialsError {
    CredentialsError::provider_error(why)
}

/// The provider's own words for what went wrong, which stand behind those of the SDK.
fn chain(error: &CredentialsError) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

#[expect(clippy::disallowed_methods, reason = "the edge: these credentials end by this machine's time")]
fn now() -> Timestamp {
    Timestamp::now()
}

impl ProvideCredentials for LoginProvider {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.load())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SESSION: &str = "arn:aws:iam::123456789012:user/ada";
    // sha256 of the session, as `aws login` names its file.
    const FILE: &str = "/home/.aws/login/cache/397b11bbda6668a5a8d17d42c91036373f4a376627089c204bef61ce0ae993c2.json";

    async fn load(content: Option<&str>) -> Result<Credentials, String> {
        let env = Env::from_slice(&[("HOME", "/home")]);
        let empty = LoginProvider::new(SESSION, ProviderConfig::empty(), env.clone(), Fs::from_slice(&[]));
        let path = empty.path().unwrap().display().to_string();
        assert_eq!(path, FILE);
        let fs = content.map_or_else(|| Fs::from_slice(&[]), |content| Fs::from_slice(&[(path.as_str(), content)]));
        let loaded = LoginProvider::new(SESSION, ProviderConfig::empty(), env, fs).load().await;
        loaded.map_err(|error| std::error::Error::source(&error).unwrap().to_string())
    }

    fn kept(end: &str) -> String {
        format!(
            r#"{{"accessToken":{{"accessKeyId":"ASIALOGIN","secretAccessKey":"s3cret","sessionToken":"t0ken","accountId":"123456789012",
            "expiresAt":"{end}"}},"refreshToken":"r","dpopKey":"k","clientId":"c","tokenType":"aws_sigv4"}}"#
        )
    }

    #[tokio::test]
    async fn what_aws_login_keeps_is_used_until_it_ends() {
        let credentials = load(Some(&kept("2096-01-01T00:00:00Z"))).await.unwrap();
        assert_eq!((credentials.access_key_id(), credentials.session_token()), ("ASIALOGIN", Some("t0ken")));
        assert!(credentials.expiry().is_some());
        let ended = load(Some(&kept("2026-01-01T00:00:00Z"))).await.unwrap_err();
        assert!(
            ended.starts_with("what it got ended at 2026-01-01T00:00:00Z, and was not renewed: /home/.aws/login/cache/"),
            "{ended}"
        );
        assert!(load(None).await.unwrap_err().contains("/home/.aws/login/cache/"));
        let strange = load(Some(&kept("s3cret"))).await.unwrap_err();
        assert!(strange.ends_with("is not what `aws login` writes") && !strange.contains("s3cret"), "{strange}");
    }
}
