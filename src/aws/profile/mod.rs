//! Which credentials, region, endpoints and certificates the environment and the two AWS files mean. Read as the AWS CLI reads them
//! ([`crate::domain::profiles`]) and handed to the SDK as they are resolved: it reads neither file itself.

pub(crate) mod endpoints;
mod login;
pub(crate) mod provider;
pub(crate) mod way;
mod web_identity;

use std::io::ErrorKind;
use std::path::PathBuf;

use aws_types::os_shim_internal::{Env, Fs};

use self::endpoints::{Endpoints, Sources};
use self::way::{Step, Trouble, Way, WebIdentity, quoted};
use super::fault::unsent;
use super::session::Clock;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::profiles::{Configuration, DEFAULT, Files, Profile};

/// What was found.
#[derive(Debug)]
pub(crate) struct Found {
    /// The profile in use, unless it is the unnamed default.
    pub(crate) name: Option<String>,
    /// Path of the certificate bundle: `AWS_CA_BUNDLE`, else the profile's `ca_bundle`.
    pub(crate) bundle: Option<String>,
    /// The region of the environment, else of the profile.
    pub(crate) region: Option<String>,
    /// Where the credentials come from.
    pub(crate) origin: Origin,
    /// Where calls go that do not go to AWS.
    pub(crate) endpoints: Endpoints,
    /// What the profile says of the SDK's own options, as a configuration file of one profile.
    pub(crate) options: String,
}

/// Where the credentials come from.
#[derive(Debug)]
pub(crate) enum Origin {
    /// The keys of the environment.
    Environment,
    /// The profile.
    Profile(Way),
    /// The profile names none: what the machine itself has.
    Machine(Option<WebIdentity>),
}

impl Found {
    /// The roles that want a code of an MFA device somewhere along the way, which the SDK assumes without one.
    pub(crate) fn steps_with_code(&self) -> Option<&[Step]> {
        let Origin::Profile(way) = &self.origin else { return None };
        way.steps.iter().any(|step| step.serial.is_some()).then_some(way.steps.as_slice())
    }
}

/// Options of the SDK that a profile may set and that lead nowhere else.
const OPTIONS: [&str; 10] = [
    "use_fips_endpoint",
    "use_dualstack_endpoint",
    "max_attempts",
    "retry_mode",
    "sts_regional_endpoints",
    "defaults_mode",
    "account_id_endpoint_mode",
    "auth_scheme_preference",
    "disable_request_compression",
    "request_min_compression_size_bytes",
];

/// Reads the environment and both files. `asked` is `--profile`, `endpoint` is `--endpoint-url`.
pub(crate) async fn look(asked: Option<&str>, endpoint: Option<&str>, clock: &Clock) -> Result<Found, Fault> {
    Look { env: Env::real(), fs: Fs::real(), clock }.look(asked, endpoint).await
}

/// Where is looked.
struct Look<'a> {
    env: Env,
    fs: Fs,
    clock: &'a Clock,
}

impl Look<'_> {
    async fn look(&self, asked: Option<&str>, endpoint: Option<&str>) -> Result<Found, Fault> {
        let files = self.files().await?;
        let by_variable = ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"].iter().find_map(|variable| self.variable(variable));
        let name = asked.map(str::to_owned).or(by_variable);
        let selected = name.as_deref().unwrap_or(DEFAULT);
        let profile = files.profile(selected);
        if let (Some(name), None) = (&name, profile) {
            return Err(self.unknown(&files, name));
        }
        let says = |option: &str| profile.and_then(|profile| profile.says(option)).map(str::to_owned);
        let sources =
            Sources { asked: endpoint, env: &self.env, files: &files, profile: profile.map(|profile| (selected, profile)) };
        Ok(Found {
            bundle: self.variable("AWS_CA_BUNDLE").or_else(|| says("ca_bundle")),
            region: self.variable("AWS_REGION").or_else(|| self.variable("AWS_DEFAULT_REGION")).or_else(|| says("region")),
            endpoints: sources.find().map_err(|words| self.configuration(&words))?,
            options: options(profile),
            origin: self.origin(&files, (name.as_deref(), selected), asked.is_some())?,
            name,
        })
    }

    /// `--profile` goes before the keys of the environment, and they go before `AWS_PROFILE`: as the AWS CLI has it.
    fn origin(&self, files: &Files, (name, selected): (Option<&str>, &str), is_asked: bool) -> Result<Origin, Fault> {
        if !is_asked && self.variable("AWS_ACCESS_KEY_ID").is_some() {
            return match self.variable("AWS_SECRET_ACCESS_KEY") {
                Some(_) => Ok(Origin::Environment),
                None => Err(self.configuration("AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not")),
            };
        }
        let way = way::find(files, selected).map_err(|trouble| self.refused(files, selected, trouble))?;
        // Whoever names a profile means its credentials; without a name the token of a container goes before the default's own.
        let token = if is_asked { None } else { self.token(files.profile(selected))? };
        Ok(match (way, token) {
            (Some(way), None) => Origin::Profile(way),
            (Some(way), Some(_)) if name.is_some() || !way.steps.is_empty() => Origin::Profile(way),
            (_, token) => Origin::Machine(token),
        })
    }

    /// The token that a container's environment names.
    fn token(&self, profile: Option<Profile<'_>>) -> Result<Option<WebIdentity>, Fault> {
        let Some(file) = self.variable("AWS_WEB_IDENTITY_TOKEN_FILE") else { return Ok(None) };
        let role = self.variable("AWS_ROLE_ARN").or_else(|| profile?.says("role_arn").map(str::to_owned));
        let missing = || self.configuration("AWS_WEB_IDENTITY_TOKEN_FILE is set, and AWS_ROLE_ARN is not");
        let session_name = self.variable("AWS_ROLE_SESSION_NAME").unwrap_or_else(|| "bartizan".into());
        Ok(Some(WebIdentity { role: role.ok_or_else(missing)?, file, session_name }))
    }

    async fn files(&self) -> Result<Files, Fault> {
        let (configuration, credentials) = tokio::join!(self.read(&CONFIGURATION), self.read(&CREDENTIALS));
        let wrong = |place: &Place, error: String| {
            let path = self.path(place).map(|path| path.display().to_string()).unwrap_or_default();
            self.configuration(&format!("{path}: {error}"))
        };
        let configuration = Configuration::read(&configuration?).map_err(|error| wrong(&CONFIGURATION, error.to_string()))?;
        let credentials = Files::read_credentials(&credentials?).map_err(|error| wrong(&CREDENTIALS, error.to_string()))?;
        Ok(Files { configuration, credentials })
    }

    /// What is in a file; one that is not there is empty.
    async fn read(&self, place: &Place) -> Result<zeroize::Zeroizing<Vec<u8>>, Fault> {
        let Some(path) = self.path(place) else { return Ok(zeroize::Zeroizing::default()) };
        match self.fs.read_to_end(&path).await {
            Ok(bytes) => Ok(zeroize::Zeroizing::new(bytes)),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                Ok(zeroize::Zeroizing::default())
            }
            Err(error) => Err(self.configuration(&format!("{}: {error}", path.display()))),
        }
    }

    fn path(&self, place: &Place) -> Option<PathBuf> {
        let home = self.variable("HOME").map(PathBuf::from);
        let Some(set) = self.variable(place.variable).map(PathBuf::from) else {
            return home.map(|home| home.join(".aws").join(place.name));
        };
        match (set.strip_prefix("~"), home) {
            (Ok(below), Some(home)) => Some(home.join(below)),
            _ => Some(set),
        }
    }

    /// A profile that is in neither file, with what may have been meant.
    fn unknown(&self, files: &Files, name: &str) -> Fault {
        let path = |place| self.path(place).map_or_else(|| "no file".to_owned(), |path| path.display().to_string());
        let mut words = format!("it is neither in {} nor in {}", path(&CONFIGURATION), path(&CREDENTIALS));
        let meant = files.configuration.others.iter().find(|section| {
            let bare = section.strip_prefix("profile").unwrap_or(section).trim();
            bare == name || shlex::split(bare).is_some_and(|words| words.join(" ") == name)
        });
        if let Some(section) = meant {
            words.push_str(&format!(
                "; the first has a section [{section}], which AWS's tools do not take for a profile: write [profile {}]",
                quoted(name)
            ));
        }
        unsent(FaultKind::UnknownProfile { profile: name.to_owned() }, words, self.clock.now())
    }

    /// The fault of a profile whose credentials cannot be had.
    fn refused(&self, files: &Files, asked: &str, trouble: Trouble) -> Fault {
        let Trouble { profile, what, advice } = trouble;
        let subject = if profile == asked { "it".to_owned() } else { format!("its source {profile}") };
        let is_there = |place: &Place| match place.name == CONFIGURATION.name {
            true => files.configuration.profiles.contains_key(&profile),
            false => files.credentials.contains_key(&profile),
        };
        let places: Vec<String> = [CONFIGURATION, CREDENTIALS]
            .iter()
            .filter(|place| is_there(place))
            .filter_map(|place| self.path(place))
            .map(|path| path.display().to_string())
            .collect();
        let words = match places.as_slice() {
            [] => format!("{subject} {what}"),
            places => format!("{subject} {what} ({})", places.join(" and ")),
        };
        unsent(FaultKind::ProfileUnusable { profile: asked.to_owned(), advice }, words, self.clock.now())
    }

    fn configuration(&self, words: &str) -> Fault {
        unsent(FaultKind::Configuration, words, self.clock.now())
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.env.get(name).ok().filter(|value| !value.is_empty())
    }
}

/// One of the two files.
struct Place {
    variable: &'static str,
    name: &'static str,
}

const CONFIGURATION: Place = Place { variable: "AWS_CONFIG_FILE", name: "config" };
const CREDENTIALS: Place = Place { variable: "AWS_SHARED_CREDENTIALS_FILE", name: "credentials" };

fn options(profile: Option<Profile<'_>>) -> String {
    let says = |option: &&str| profile.and_then(|profile| profile.says(option)).filter(|value| !value.contains(['\n', '#', ';']));
    let lines = OPTIONS.iter().filter_map(|option| says(option).map(|value| format!("{option} = {value}\n")));
    format!("[default]\n{}", lines.collect::<String>())
}

#[cfg(test)]
mod tests;
