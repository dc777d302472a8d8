//! A world of users and the real SDK on it, for the tests of the embedded AWS.

use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use bartizan::emulator::clock::Clock;
use bartizan::emulator::fault::Rule;
use bartizan::emulator::svc::iam::{AccessKey, Group, LoginProfile, MfaDevice, Role, User};
use bartizan::emulator::{Account, Options, World, ids, in_process};
use jiff::{SignedDuration, Timestamp};

pub(crate) const ACCOUNT: &str = "123456789012";

/// Noon of a day; the clock stands still.
pub(crate) fn noon() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

/// An account with an administrator and `count` users `user-00000`…: every third has a password, every fourth MFA, every second a key.
pub(crate) fn account(count: usize) -> Account {
    let mut account = Account::empty(ACCOUNT, 7);
    let created = noon() - SignedDuration::from_hours(24 * 300);
    account.iam.alias = Some("castle".into());
    account.iam.root.created = created;
    account.iam.groups.insert(
        "guards".into(),
        Group { name: "guards".into(), path: "/".into(), id: ids::unique("AGPA", &mut account.rng), created },
    );
    account.iam.roles.insert("watch".into(), role(&ids::unique("AROA", &mut account.rng), created));
    let mut admin = User::new("admin", &ids::unique("AIDA", &mut account.rng), created);
    admin.keys.push(key(&mut account, created));
    account.iam.add_user(admin);
    account.iam.set_administrator("admin");
    for number in 0..count {
        let mut user = User::new(&format!("user-{number:05}"), &ids::unique("AIDA", &mut account.rng), created);
        if number % 3 == 0 {
            user.password = Some(LoginProfile { created, must_reset: false });
        }
        if number % 4 == 0 {
            let serial = format!("arn:aws:iam::{ACCOUNT}:mfa/{}", user.name);
            user.mfa.push(MfaDevice { serial, enabled: created });
        }
        if number % 2 == 0 {
            user.keys.push(key(&mut account, created));
        }
        user.groups.push("guards".into());
        account.iam.add_user(user);
    }
    account
}

fn key(account: &mut Account, created: Timestamp) -> AccessKey {
    AccessKey::new(&ids::access_key("AKIA", ACCOUNT, &mut account.rng), &ids::secret(&mut account.rng), created)
}

fn role(id: &str, created: Timestamp) -> Role {
    Role {
        name: "watch".into(),
        path: "/".into(),
        id: id.into(),
        created,
        trust: format!(r#"{{"Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{ACCOUNT}"}},"Action":"sts:AssumeRole"}}]}}"#),
        description: None,
        max_session_seconds: 3600,
        last_used: None,
    }
}

/// A world in which only known keys count, and whose clock is moved by hand.
pub(crate) fn strict(account: Account, faults: &[&str]) -> Arc<World> {
    crate::needs::has_to_end();
    let options = Options { accept_any_credentials: false, speed: 0.0, ..Options::default() };
    let faults = faults.iter().map(|text| Rule::parse(text).unwrap()).collect();
    Arc::new(World::new(account, faults, Clock::new(Some(noon()), 0.0), options))
}

/// The administrator's credentials.
pub(crate) fn administrator(world: &World) -> Credentials {
    let key = world.administrator().unwrap();
    Credentials::new(key.access_key_id, key.secret_access_key, None, None, "test")
}

/// An IAM client without retries, by any HTTP client.
pub(crate) fn iam_by(http: SharedHttpClient, credentials: Credentials) -> aws_sdk_iam::config::Builder {
    aws_sdk_iam::Config::builder()
        .behavior_version(aws_sdk_iam::config::BehaviorVersion::latest())
        .region(aws_sdk_iam::config::Region::new("us-east-1"))
        .credentials_provider(credentials)
        .http_client(http)
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::disabled())
}

/// An IAM client of the administrator without retries, in process.
pub(crate) fn iam(world: &Arc<World>) -> aws_sdk_iam::Client {
    let config = iam_by(in_process::client(Arc::clone(world)), administrator(world)).build();
    aws_sdk_iam::Client::from_conf(config)
}

/// An STS client without retries, in process.
pub(crate) fn sts(world: &Arc<World>, credentials: Credentials) -> aws_sdk_sts::Client {
    let config = aws_sdk_sts::Config::builder()
        .behavior_version(aws_sdk_sts::config::BehaviorVersion::latest())
        .region(aws_sdk_sts::config::Region::new("us-east-1"))
        .credentials_provider(credentials)
        .http_client(in_process::client(Arc::clone(world)))
        .retry_config(RetryConfig::disabled())
        .build();
    aws_sdk_sts::Client::from_conf(config)
}
