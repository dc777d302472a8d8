//! The way to credentials that a profile names, in the order in which the AWS CLI looks for one (botocore's `credentials.py`).
//!
//! A profile that names a way uses it or fails by its name. Where botocore passes over half a way in silence and goes on to the
//! machine's own identity (a secret without its id, a token file without a role), the profile is refused instead.

use secrecy::SecretString;

use crate::domain::profiles::{Files, Profile, ini};

/// What a role's session is called where its profile does not say.
const SESSION_NAME: &str = "bartizan";

/// Why a profile's credentials cannot be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// The profile that says it: the one asked for, or one that it leads to.
    pub(crate) profile: String,
    /// What is wrong with it, as the rest of a sentence that begins with its name.
    pub(crate) what: String,
    /// What to do.
    pub(crate) advice: String,
}

/// Where credentials come from in the end.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    /// The first credentials.
    pub(crate) base: Base,
    /// The profile that has them.
    pub(crate) profile: String,
    /// The roles that are assumed with them, one after the other.
    pub(crate) steps: Vec<Step>,
}

/// The first credentials of a way.
#[derive(Debug, Clone)]
pub(crate) enum Base {
    /// They stand in the profile.
    Keys {
        /// `aws_access_key_id`.
        id: String,
        /// `aws_secret_access_key`.
        secret: SecretString,
        /// `aws_session_token`.
        token: Option<SecretString>,
    },
    /// `credential_process`: a program prints them.
    Process(String),
    /// IAM Identity Center, after `aws sso login`.
    Sso(Sso),
    /// `login_session`: the console's own sign-in, after `aws login`.
    Login(String),
    /// `web_identity_token_file` with `role_arn`.
    Token(WebIdentity),
    /// `credential_source`.
    Source(Source),
}

/// What IAM Identity Center has to be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sso {
    /// `sso_account_id`.
    pub(crate) account: String,
    /// `sso_role_name`.
    pub(crate) role: String,
    /// `sso_start_url`.
    pub(crate) start_url: String,
    /// `sso_region`.
    pub(crate) region: String,
    /// `sso_session`.
    pub(crate) session: Option<String>,
}

/// A role that is assumed with a token of another identity provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WebIdentity {
    /// `role_arn`.
    pub(crate) role: String,
    /// `web_identity_token_file`.
    pub(crate) file: String,
    /// `role_session_name`.
    pub(crate) session_name: String,
}

/// What `credential_source` can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// The keys of the environment.
    Environment,
    /// The role of the container.
    Container,
    /// The role of the instance.
    Instance,
}

/// One role of a way, as its profile has it.
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

/// The way of a profile; `None`: it names none, so that the machine's own identity may be used.
pub(crate) fn find(files: &Files, name: &str) -> Result<Option<Way>, Trouble> {
    let Some(profile) = files.profile(name) else { return Ok(None) };
    if !assumes_role(&profile) {
        let base = base(files, name, &profile)?;
        return Ok(base.map(|base| Way { base, profile: name.to_owned(), steps: Vec::new() }));
    }
    let mut seen = vec![name.to_owned()];
    let mut steps = Vec::new();
    let mut at = (name.to_owned(), profile);
    let (base, profile) = loop {
        let (name, profile) = &at;
        steps.push(step(name, profile)?);
        let source = match (profile.get("source_profile"), profile.get("credential_source")) {
            (Some(_), Some(_)) => {
                return Err(trouble(name, "has both source_profile and credential_source", "remove one of them"));
            }
            (None, None) => {
                return Err(trouble(
                    name,
                    "has role_arn, but neither source_profile nor credential_source",
                    "name with one of them whose credentials assume the role",
                ));
            }
            (None, Some(source)) => break (Base::Source(named_source(name, source)?), name.clone()),
            (Some(source), None) => source.to_owned(),
        };
        let Some(next) = files.profile(&source) else {
            let what = format!("has source_profile = {source}, and there is no profile of that name");
            return Err(trouble(name, &what, "correct the name, or add that profile"));
        };
        let is_own = source == *name;
        if seen.contains(&source) && !(is_own && has_keys(&next)) {
            let round = seen.iter().chain([&source]).map(String::as_str).collect::<Vec<_>>().join(" → ");
            let what = format!("leads round in a circle: source_profile goes {round}");
            return Err(trouble(name, &what, "let one of them name credentials of its own"));
        }
        if is_own || has_keys(&next) || !assumes_role(&next) {
            let Some(base) = base(files, &source, &next)? else {
                let what = format!("has source_profile = {source}, and that profile names no credentials");
                return Err(trouble(name, &what, "give that profile credentials, or name another one"));
            };
            break (base, source);
        }
        seen.push(source.clone());
        at = (source, next);
    };
    steps.reverse();
    Ok(Some(Way { base, profile, steps }))
}

/// The credentials that a profile has without assuming a role by `source_profile`.
fn base(files: &Files, name: &str, profile: &Profile<'_>) -> Result<Option<Base>, Trouble> {
    if let Some(file) = profile.get("web_identity_token_file") {
        return web_identity(name, profile, file).map(Some);
    }
    if profile.get("sso_account_id").is_some() || profile.get("sso_role_name").is_some() {
        return sso(files, name, profile).map(Some);
    }
    if let Some(keys) = keys(name, profile.credentials, "the credentials file")? {
        return Ok(Some(keys));
    }
    if let Some(session) = profile.get("login_session") {
        return Ok(Some(Base::Login(filled(name, "login_session", session)?)));
    }
    if let Some(command) = profile.get("credential_process") {
        return Ok(Some(Base::Process(filled(name, "credential_process", command)?)));
    }
    if let Some(keys) = keys(name, profile.configuration, "the configuration file")? {
        return Ok(Some(keys));
    }
    if let Some(source) = profile.get("credential_source") {
        return Ok(Some(Base::Source(named_source(name, source)?)));
    }
    half(name, profile).map_or(Ok(None), Err)
}

/// What is left of a way that nothing can be done with.
fn half(name: &str, profile: &Profile<'_>) -> Option<Trouble> {
    let halves = [
        ("aws_secret_access_key", "aws_access_key_id"),
        ("aws_session_token", "aws_access_key_id and aws_secret_access_key"),
        ("sso_session", "sso_account_id and sso_role_name"),
        ("sso_start_url", "sso_account_id and sso_role_name"),
        ("source_profile", "role_arn"),
    ];
    let (there, missing) = halves.into_iter().find(|(there, _)| profile.get(there).is_some())?;
    Some(trouble(name, &format!("has {there}, but no {missing}"), &format!("add {missing}, or remove {there}")))
}

fn keys(name: &str, options: Option<&ini::Options>, place: &str) -> Result<Option<Base>, Trouble> {
    let Some(options) = options else { return Ok(None) };
    let says = |option: &str| options.get(option).map(|value| value.as_str());
    let Some(id) = says("aws_access_key_id") else { return Ok(None) };
    let Some(secret) = says("aws_secret_access_key") else {
        let what = format!("has aws_access_key_id in {place}, and no aws_secret_access_key beside it");
        return Err(trouble(name, &what, "add the secret to the same section"));
    };
    let token = says("aws_security_token").or_else(|| says("aws_session_token")).filter(|token| !token.is_empty());
    Ok(Some(Base::Keys {
        id: filled(name, "aws_access_key_id", id)?,
        secret: filled(name, "aws_secret_access_key", secret)?.into(),
        token: token.map(Into::into),
    }))
}

fn web_identity(name: &str, profile: &Profile<'_>, file: &str) -> Result<Base, Trouble> {
    let Some(role) = profile.get("role_arn") else {
        return Err(trouble(name, "has web_identity_token_file, but no role_arn", "add the role that the token is for"));
    };
    Ok(Base::Token(WebIdentity {
        role: filled(name, "role_arn", role)?,
        file: filled(name, "web_identity_token_file", file)?,
        session_name: profile.says("role_session_name").unwrap_or(SESSION_NAME).to_owned(),
    }))
}

fn sso(files: &Files, name: &str, profile: &Profile<'_>) -> Result<Base, Trouble> {
    let session = match profile.get("sso_session") {
        None => None,
        Some(session) => {
            Some((session, files.configuration.sso_sessions.get(session).ok_or_else(|| no_session(files, name, session))?))
        }
    };
    let get = |option: &str| -> Result<String, Trouble> {
        let own = profile.get(option);
        let of_session = session.and_then(|(_, options)| options.get(option)).map(|value| value.as_str());
        let value = match (own, of_session, session) {
            (Some(own), Some(other), Some((session, _))) if own != other => {
                let what = format!("has {option} = {own}, and its sso-session {session} says {other}");
                return Err(trouble(name, &what, "remove it from the profile"));
            }
            (own, of_session, _) => own.or(of_session),
        };
        let place = session.map_or_else(String::new, |(session, _)| format!(", and neither has its sso-session {session}"));
        let missing = || trouble(name, &format!("signs in with SSO and has no {option}{place}"), "run `aws configure sso`");
        filled(name, option, value.ok_or_else(missing)?)
    };
    Ok(Base::Sso(Sso {
        account: get("sso_account_id")?,
        role: get("sso_role_name")?,
        start_url: get("sso_start_url")?,
        region: get("sso_region")?,
        session: session.map(|(session, _)| session.to_owned()),
    }))
}

fn no_session(files: &Files, name: &str, session: &str) -> Trouble {
    let what = format!("has sso_session = {session}, and there is no section [sso-session {}]", quoted(session));
    let known = files.configuration.sso_sessions.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    let advice = match known.as_str() {
        "" => "add it with `aws configure sso-session`".to_owned(),
        known => format!("add it with `aws configure sso-session`, or name one that is there: {known}"),
    };
    trouble(name, &what, &advice)
}

fn named_source(name: &str, source: &str) -> Result<Source, Trouble> {
    match source {
        "Environment" => Ok(Source::Environment),
        "EcsContainer" => Ok(Source::Container),
        "Ec2InstanceMetadata" => Ok(Source::Instance),
        _ => {
            let what = format!("has credential_source = {source}");
            Err(trouble(name, &what, "write Environment, EcsContainer or Ec2InstanceMetadata"))
        }
    }
}

fn step(name: &str, profile: &Profile<'_>) -> Result<Step, Trouble> {
    let says = |option: &str| profile.says(option).map(str::to_owned);
    Ok(Step {
        profile: name.to_owned(),
        role: filled(name, "role_arn", profile.get("role_arn").unwrap_or_default())?,
        serial: says("mfa_serial"),
        external_id: says("external_id"),
        session_name: says("role_session_name").unwrap_or_else(|| SESSION_NAME.to_owned()),
        duration: says("duration_seconds").and_then(|seconds| seconds.parse().ok()),
    })
}

/// Whether it assumes a role with other credentials. A token of another identity provider is not that.
fn assumes_role(profile: &Profile<'_>) -> bool {
    profile.get("role_arn").is_some() && profile.get("web_identity_token_file").is_none()
}

fn has_keys(profile: &Profile<'_>) -> bool {
    profile.get("aws_access_key_id").is_some() || profile.get("aws_secret_access_key").is_some()
}

fn filled(name: &str, option: &str, value: &str) -> Result<String, Trouble> {
    if value.is_empty() {
        return Err(trouble(name, &format!("has {option}, and nothing behind it"), &format!("fill {option} in, or remove it")));
    }
    Ok(value.to_owned())
}

fn trouble(profile: &str, what: &str, advice: &str) -> Trouble {
    Trouble { profile: profile.to_owned(), what: what.to_owned(), advice: advice.to_owned() }
}

/// A name as it has to be written into a section's header.
pub(super) fn quoted(name: &str) -> String {
    shlex::try_quote(name).map_or_else(|_| name.to_owned(), std::borrow::Cow::into_owned)
}
