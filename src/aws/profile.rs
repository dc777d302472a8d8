//! What the profile files say that the SDK does not look at, or passes over in silence.

use std::borrow::Cow;
use std::collections::BTreeSet;

use aws_config::profile::{Profile, ProfileSet};
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
}

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
    if asked.is_some() || !keys_in_environment {
        refuse_mfa(&set, &selected, clock)?;
    }
    let set_to = |variable: &str| env.get(variable).ok().filter(|value| !value.is_empty());
    let says = |name: &str| profile.and_then(|profile| profile.get(name)).map(str::to_owned);
    Ok(Found {
        bundle: set_to("AWS_CA_BUNDLE").or_else(|| says("ca_bundle")),
        region: set_to("AWS_REGION").or_else(|| set_to("AWS_DEFAULT_REGION")).or_else(|| says("region")),
        against_environment: asked.is_some() && keys_in_environment,
        name: (asked.is_some() || selected != "default").then_some(selected),
    })
}

/// The SDK for Rust assumes the role without the second factor and says nothing; then the role's trust policy refuses it,
/// or worse, does not. Along the chain of `source_profile` every profile with a role counts.
fn refuse_mfa(set: &ProfileSet, selected: &str, clock: &Clock) -> Result<(), Fault> {
    match wants_mfa(selected, |name| set.get_profile(name)) {
        Some(profile) => Err(unsent(FaultKind::NeedsMfa { profile }, "", clock.now())),
        None => Ok(()),
    }
}

fn wants_mfa<'a>(selected: &str, get: impl Fn(&str) -> Option<&'a Profile>) -> Option<String> {
    let mut seen = BTreeSet::new();
    let mut name = selected.to_owned();
    while seen.insert(name.clone()) {
        let profile = get(&name)?;
        profile.get("role_arn")?;
        if profile.get("mfa_serial").is_some() {
            return Some(name);
        }
        name = profile.get("source_profile")?.to_owned();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
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
             [profile serial]\nmfa_serial = unused without a role\n",
        )
        .await;
        let wants = |name| wants_mfa(name, |name| set.get_profile(name));
        assert_eq!(wants("top").as_deref(), Some("mid"));
        assert_eq!(wants("mid").as_deref(), Some("mid"));
        assert_eq!(wants("base"), None);
        assert_eq!(wants("loop"), None);
        assert_eq!(wants("serial"), None);
    }
}
