//! What the profile files say that the SDK does not look at, or passes over in silence.

use std::borrow::Cow;
use std::collections::BTreeSet;

use aws_config::profile::Profile;
use aws_credential_types::Credentials;
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_types::os_shim_internal::{Env, Fs};

use super::fault::{chain, unsent};
use super::session::Clock;
use crate::domain::fault::{Fault, FaultKind};

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The profile in use, unless it is the unnamed default.
    pub(crate) name: Option<String>,
    /// Path of the certificate bundle: `AWS_CA_BUNDLE`, else the profile's `ca_bundle`.
    pub(crate) bundle: Option<String>,
    /// The region of the environment, else of the profile.
    pub(crate) region: Option<String>,
    /// The profile was asked for by name while the environment holds keys of somebody else.
    pub(crate) against_environment: bool,
    /// Roles of which one wants a second factor; `None`: the SDK assumes what there is to assume.
    pub(crate) chain: Option<Chain>,
}

/// Roles to assume one after the other, where one of them wants a code.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Chain {
    /// The profile whose own credentials are the first, and which assumes no role.
    pub(crate) base: Base,
    /// The roles, in the order in which they are assumed.
    pub(crate) steps: Vec<Step>,
}

/// Where a chain of roles begins.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Base {
    /// The credentials of this profile, as the SDK finds them.
    Profile(String),
    /// The keys that stand in the profile with the role itself: it names itself as its source.
    Keys(Credentials),
}

/// One role of a chain, as its profile has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    /// The profile.
    pub(crate) profile: String,
    /// `role_arn`.
    pub(crate) role: String,
    /// `mfa_serial`.
    pub(crate) serial: Option<String>,
    /// `external_id`.
    pub(crate) external_id: Option<String>,
    /// `role_session_name`.
    pub(crate) session_name: String,
    /// `duration_seconds`.
    pub(crate) duration: Option<i32>,
}

/// What a role's session is called where its profile does not say.
const SESSION_NAME: &str = "bartizan";

/// Reads the profile files. `asked` is `--profile`.
pub(crate) async fn look(asked: Option<&str>, clock: &Clock) -> Result<Found, Fault> {
    let env = Env::real();
    let name = asked.map(|name| Cow::Owned(name.to_owned()));
    let set = aws_config::profile::load(&Fs::real(), &env, &EnvConfigFiles::default(), name)
        .await
        .map_err(|error| unsent(FaultKind::Configuration, chain(&error), clock.now()))?;
    let selected = set.selected_profile().to_owned();
    let profile = set.get_profile(&selected);
    if profile.is_none() && (asked.is_some() || selected != "default") {
        return Err(unsent(FaultKind::UnknownProfile { profile: selected }, "", clock.now()));
    }
    let keys_in_environment = env.get("AWS_ACCESS_KEY_ID").is_ok_and(|key| !key.is_empty());
    let is_used = asked.is_some() || !keys_in_environment;
    // The SDK for Rust assumes roles without their second factor and says nothing; then the role's trust policy refuses it, or worse,
    // does not.
    let refused = |profile| unsent(FaultKind::NeedsMfa { profile }, "", clock.now());
    let chain = if is_used { find_chain(&selected, |name| set.get_profile(name)).map_err(refused)? } else { None };
    let set_to = |variable: &str| env.get(variable).ok().filter(|value| !value.is_empty());
    let says = |name: &str| profile.and_then(|profile| profile.get(name)).map(str::to_owned);
    Ok(Found {
        bundle: set_to("AWS_CA_BUNDLE").or_else(|| says("ca_bundle")),
        region: set_to("AWS_REGION").or_else(|| set_to("AWS_DEFAULT_REGION")).or_else(|| says("region")),
        against_environment: asked.is_some() && keys_in_environment,
        chain,
        name: (asked.is_some() || selected != "default").then_some(selected),
    })
}

/// Along the chain of `source_profile` every profile with a role counts. The error is the profile that wants a code where none can be
/// asked for.
fn find_chain<'a>(selected: &str, get: impl Fn(&str) -> Option<&'a Profile>) -> Result<Option<Chain>, String> {
    let (mut seen, mut steps) = (BTreeSet::new(), Vec::new());
    let mut name = selected.to_owned();
    let base = loop {
        let Some((profile, role)) = get(&name).and_then(|profile| Some((profile, profile.get("role_arn")?))) else {
            break Some(Base::Profile(name));
        };
        if !seen.insert(name.clone()) {
            break None;
        }
        steps.push(step(&name, role, profile));
        match profile.get("source_profile") {
            Some(source) if source == name => break own_keys(profile).map(Base::Keys),
            Some(source) => name = source.to_owned(),
            None => break None,
        }
    };
    let Some(wants) = steps.iter().find(|step| step.serial.is_some()).map(|step| step.profile.clone()) else { return Ok(None) };
    steps.reverse();
    base.map(|base| Some(Chain { base, steps })).ok_or(wants)
}

fn step(name: &str, role: &str, profile: &Profile) -> Step {
    let says = |name: &str| profile.get(name).map(str::to_owned).filter(|value| !value.is_empty());
    Step {
        profile: name.to_owned(),
        role: role.to_owned(),
        serial: says("mfa_serial"),
        external_id: says("external_id"),
        session_name: says("role_session_name").unwrap_or_else(|| SESSION_NAME.to_owned()),
        duration: says("duration_seconds").and_then(|seconds| seconds.parse().ok()),
    }
}

fn own_keys(profile: &Profile) -> Option<Credentials> {
    let (id, secret) = (profile.get("aws_access_key_id")?, profile.get("aws_secret_access_key")?);
    let token = profile.get("aws_session_token").map(str::to_owned);
    Some(Credentials::new(id, secret, token, None, "profile file"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_config::profile::ProfileSet;
    use aws_runtime::env_config::file::EnvConfigFileKind;

    async fn load(contents: &str) -> ProfileSet {
        let files = EnvConfigFiles::builder().with_contents(EnvConfigFileKind::Config, contents).build();
        aws_config::profile::load(&Fs::from_slice(&[]), &Env::from_slice(&[]), &files, None).await.unwrap()
    }

    #[tokio::test]
    async fn a_second_factor_anywhere_along_the_chain_is_found() {
        let set = load(
            "[profile base]\nregion = x\n[profile mid]\nrole_arn = arn:aws:iam::1:role/a\nsource_profile = base\nmfa_serial = arn:mfa\n\
             [profile top]\nrole_arn = arn:aws:iam::1:role/b\nsource_profile = mid\n[profile loop]\nrole_arn = r\nsource_profile = loop\n\
             [profile serial]\nmfa_serial = unused without a role\n[profile plain]\nrole_arn = r\nsource_profile = base\n\
             [profile self]\nrole_arn = r\nmfa_serial = m\nsource_profile = self\naws_access_key_id = AKIAOWN\n\
             aws_secret_access_key = x\n[profile machine]\nrole_arn = r\nmfa_serial = m\ncredential_source = Environment\n\
             [profile round]\nrole_arn = r\nmfa_serial = m\nsource_profile = about\n\
             [profile about]\nrole_arn = r\nsource_profile = round\n",
        )
        .await;
        let find = |name| find_chain(name, |name| set.get_profile(name));
        let steps = |name| {
            let chain = find(name).unwrap().unwrap();
            let steps = chain.steps.into_iter().map(|step| (step.profile, step.serial.is_some()));
            (chain.base, steps.collect::<Vec<_>>())
        };
        let base = Base::Profile("base".into());
        assert_eq!(steps("top"), (base.clone(), vec![("mid".into(), true), ("top".into(), false)]));
        assert_eq!(steps("mid"), (base, vec![("mid".into(), true)]));
        let Base::Keys(keys) = steps("self").0 else { panic!("its own keys are the first") };
        assert_eq!(keys.access_key_id(), "AKIAOWN");
        for name in ["base", "loop", "serial", "plain"] {
            assert_eq!(find(name), Ok(None), "{name}");
        }
        assert_eq!(find("machine"), Err("machine".into()));
        assert_eq!(find("round"), Err("round".into()));
    }
}
