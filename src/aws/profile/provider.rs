//! From a way to the provider that goes it. What fails on the way fails by the profile's name and with what to do.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use aws_config::credential_process::CredentialProcessProvider;
use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::provider_config::ProviderConfig;
use aws_config::sso::SsoCredentialsProvider;
use aws_config::sts::AssumeRoleProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_types::os_shim_internal::{Env, Fs};
use secrecy::ExposeSecret as _;

use super::login::LoginProvider;
use super::way::{Base, Source, Step, Way, WebIdentity, quoted};
use super::web_identity::TokenProvider;

/// What made credentials, in the words of the header: a mark on the credentials.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MadeBy(pub(crate) &'static str);

/// Why the credentials of a profile could not be had, and what to do.
#[derive(Debug)]
pub(crate) struct Broken {
    /// The profile.
    pub(crate) profile: String,
    /// What to do.
    pub(crate) advice: String,
    what: String,
    cause: Option<CredentialsError>,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl Error for Broken {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_ref().map(|cause| cause as &(dyn Error + 'static))
    }
}

/// A provider whose failures have a name.
#[derive(Debug)]
struct Named {
    inner: SharedCredentialsProvider,
    made_by: Option<&'static str>,
    profile: String,
    /// What is said of any failure, before the provider's own words.
    what: String,
    advice: String,
}

impl Named {
    async fn load(&self) -> provider::Result {
        match self.inner.provide_credentials().await {
            Ok(mut credentials) => {
                if let Some(made_by) = self.made_by {
                    credentials.set_property(MadeBy(made_by));
                }
                Ok(credentials)
            }
            // Whoever waits too long is told so, whoever it is that does not answer.
            Err(error @ CredentialsError::ProviderTimedOut(_)) => Err(error),
            Err(error) => {
                // Where the provider had nothing to try, its words are a list of all that it did not find.
                let has_nothing = matches!(error, CredentialsError::CredentialsNotLoaded(_));
                Err(CredentialsError::provider_error(Broken {
                    profile: self.profile.clone(),
                    advice: self.advice.clone(),
                    what: self.what.clone(),
                    cause: (!has_nothing).then_some(error),
                }))
            }
        }
    }
}

impl ProvideCredentials for Named {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.load())
    }
}

/// The first credentials of a way. `asked`: the profile in use; `config`: everything but credentials.
pub(crate) fn of_base(way: &Way, asked: &str, config: &SdkConfig) -> SharedCredentialsProvider {
    let Way { base, profile, .. } = way;
    let settings = settings(config);
    let subject = if profile == asked { "it".to_owned() } else { format!("its source {profile}") };
    let named = |inner, made_by, what: &str, advice: String| {
        let (profile, what) = (asked.to_owned(), format!("{subject} {what}"));
        SharedCredentialsProvider::new(Named { inner, made_by: Some(made_by), profile, what, advice })
    };
    let name = quoted(profile);
    match base {
        Base::Keys { id, secret, token } => {
            let token = token.as_ref().map(|token| token.expose_secret().to_owned());
            let mut keys = Credentials::new(id, secret.expose_secret(), token, None, "profile file");
            keys.set_property(MadeBy("profile file"));
            SharedCredentialsProvider::new(keys)
        }
        Base::Process(command) => {
            let inner = SharedCredentialsProvider::new(CredentialProcessProvider::new(command.clone()));
            let advice = "run the program of credential_process by hand and see what it prints".to_owned();
            named(inner, "credential process", "has its credentials from a program (credential_process)", advice)
        }
        Base::Sso(sso) => {
            let mut provider = SsoCredentialsProvider::builder().configure(&settings);
            provider.set_session_name(sso.session.clone());
            let provider = provider.account_id(&sso.account).role_name(&sso.role).start_url(&sso.start_url);
            let inner = SharedCredentialsProvider::new(provider.region(Region::new(sso.region.clone())).build());
            named(inner, "SSO", "signs in with SSO", format!("run `aws sso login --profile {name}`, then try again"))
        }
        Base::Login(session) => {
            let provider = LoginProvider::new(session, settings, Env::real(), Fs::real());
            let advice = format!("run `aws login --profile {name}`, then try again");
            named(SharedCredentialsProvider::new(provider), "aws login", "signs in with `aws login` (login_session)", advice)
        }
        Base::Token(token) => {
            let advice = "see whether web_identity_token_file can be read, and whether the role trusts it".to_owned();
            named(of_token(token, config), "web identity", "assumes its role with a token (web_identity_token_file)", advice)
        }
        Base::Source(Source::Environment) => {
            let inner = SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new());
            let what = "has credential_source = Environment, and AWS_ACCESS_KEY_ID or AWS_SECRET_ACCESS_KEY is not set";
            named(inner, "environment", what, "set both, or name another source".into())
        }
        Base::Source(Source::Container) => {
            let inner = SharedCredentialsProvider::new(EcsCredentialsProvider::builder().configure(&settings).build());
            let what = "has credential_source = EcsContainer, and no container's role can be had here";
            named(inner, "container", what, "run it in the container, or name another source".into())
        }
        Base::Source(Source::Instance) => {
            let inner = SharedCredentialsProvider::new(ImdsCredentialsProvider::builder().configure(&settings).build());
            let what = "has credential_source = Ec2InstanceMetadata, and no instance's role can be had here";
            named(inner, "instance metadata", what, "run it on the instance, or name another source".into())
        }
    }
}

/// A role that is assumed with the credentials of another provider. `asked`: the profile in use.
pub(crate) async fn of_step(
    step: &Step,
    asked: &str,
    inner: SharedCredentialsProvider,
    config: &SdkConfig,
) -> SharedCredentialsProvider {
    let mut role = AssumeRoleProvider::builder(&step.role).configure(config).session_name(&step.session_name);
    if let Some(id) = &step.external_id {
        role = role.external_id(id);
    }
    if let Some(seconds) = step.duration.and_then(|seconds| u64::try_from(seconds).ok()) {
        role = role.session_length(Duration::from_secs(seconds));
    }
    let subject = if step.profile == asked { "it".to_owned() } else { format!("its source {}", step.profile) };
    let what = format!("{subject} assumes {}", step.role);
    SharedCredentialsProvider::new(Named {
        inner: SharedCredentialsProvider::new(role.build_from_provider(inner).await),
        made_by: Some("assumed role"),
        profile: asked.to_owned(),
        what,
        advice: "see whether the role is there and trusts whose credentials assume it".into(),
    })
}

/// What the machine itself has: the token of its environment, its container's role, its instance's role. `profile`: the one that was
/// asked for by name and names no way of its own.
pub(crate) fn of_machine(token: Option<&WebIdentity>, profile: Option<&str>, config: &SdkConfig) -> SharedCredentialsProvider {
    if let Some(token) = token {
        return of_token(token, config);
    }
    let settings = settings(config);
    let container = EcsCredentialsProvider::builder().configure(&settings).build();
    let instance = ImdsCredentialsProvider::builder().configure(&settings).build();
    let chain = CredentialsProviderChain::first_try("EcsContainer", container).or_else("Ec2InstanceMetadata", instance);
    let inner = SharedCredentialsProvider::new(chain);
    let Some(profile) = profile else { return inner };
    let what = "it names no credentials, and this machine has none of its own (container, instance)".to_owned();
    SharedCredentialsProvider::new(Named {
        inner,
        made_by: None,
        profile: profile.to_owned(),
        what,
        advice: format!("give it credentials (`aws configure --profile {}`), or choose another with --profile", quoted(profile)),
    })
}

/// The keys of the environment.
pub(crate) fn of_environment() -> SharedCredentialsProvider {
    SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new())
}

fn of_token(token: &WebIdentity, config: &SdkConfig) -> SharedCredentialsProvider {
    SharedCredentialsProvider::new(TokenProvider::new(token.clone(), config))
}

fn settings(config: &SdkConfig) -> ProviderConfig {
    let settings = ProviderConfig::without_region()
        .with_region(config.region().cloned())
        .with_use_fips(config.use_fips())
        .with_use_dual_stack(config.use_dual_stack())
        .with_sleep_impl(TokioSleep::new())
        .with_behavior_version(Some(BehaviorVersion::latest()));
    match config.http_client() {
        Some(http) => settings.with_http_client(http),
        None => settings,
    }
}
