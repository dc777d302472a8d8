//! The credentials of `aws login` (`login_session`): the AWS CLI signs in with the console's own sign-in and keeps what it gets in a file.
//!
//! They are read from that file each time they are needed. They last a quarter of an hour, and only the AWS CLI renews them: the SDK's
//! own provider can as well (feature `credentials-login`), at the price of an elliptic-curve library beside the one that TLS has.

use std::path::PathBuf;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, future};
use aws_types::os_shim_internal::{Env, Fs};
use jiff::Timestamp;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// Reads the file of one sign-in.
#[derive(Debug)]
pub(super) struct LoginProvider {
    session: String,
    env: Env,
    fs: Fs,
}

/// What of the file counts here; the rest is for whoever renews it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    access_token: Token,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Token {
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
    expires_at: Timestamp,
}

impl LoginProvider {
    pub(super) fn new(session: &str, env: Env, fs: Fs) -> Self {
        Self { session: session.to_owned(), env, fs }
    }

    /// `AWS_LOGIN_CACHE_DIRECTORY`, or `~/.aws/login/cache`; the file is named by the session's hash.
    fn path(&self) -> Option<PathBuf> {
        let set = |name: &str| self.env.get(name).ok().filter(|value| !value.is_empty()).map(PathBuf::from);
        let folder = set("AWS_LOGIN_CACHE_DIRECTORY").or_else(|| Some(set("HOME")?.join(".aws/login/cache")))?;
        let digest = Sha256::digest(self.session.trim().as_bytes());
        let name: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        Some(folder.join(name).with_extension("json"))
    }

    async fn load(&self) -> provider::Result {
        let path = self.path().ok_or_else(|| CredentialsError::provider_error("there is no home folder"))?;
        let bytes = self.fs.read_to_end(&path).await.map(Zeroizing::new);
        let bytes = bytes.map_err(|error| CredentialsError::provider_error(format!("{}: {error}", path.display())))?;
        // An error of the reader may quote what it read.
        let kept: Kept = serde_json::from_slice(&bytes)
            .map_err(|_| CredentialsError::provider_error(format!("{} is not what `aws login` writes", path.display())))?;
        let token = kept.access_token;
        #[expect(clippy::disallowed_methods, reason = "the edge: these credentials end by this machine's time")]
        let now = Timestamp::now();
        if token.expires_at <= now {
            return Err(CredentialsError::provider_error(format!("what it got ended at {}", token.expires_at)));
        }
        let end = Some(SystemTime::from(token.expires_at));
        // Moved, not copied: the credentials wipe them.
        Ok(Credentials::new(token.access_key_id, token.secret_access_key, Some(token.session_token), end, "aws login"))
    }
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
        let empty = LoginProvider::new(SESSION, env.clone(), Fs::from_slice(&[]));
        let path = empty.path().unwrap().display().to_string();
        assert_eq!(path, FILE);
        let fs = content.map_or_else(|| Fs::from_slice(&[]), |content| Fs::from_slice(&[(path.as_str(), content)]));
        let loaded = LoginProvider::new(SESSION, env, fs).load().await;
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
        assert_eq!(load(Some(&kept("2026-01-01T00:00:00Z"))).await.unwrap_err(), "what it got ended at 2026-01-01T00:00:00Z");
        assert!(load(None).await.unwrap_err().contains("/home/.aws/login/cache/"));
        let strange = load(Some(&kept("s3cret"))).await.unwrap_err();
        assert!(strange.ends_with("is not what `aws login` writes") && !strange.contains("s3cret"), "{strange}");
    }
}
