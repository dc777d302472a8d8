//! The two files in which AWS's tools keep profiles, as the AWS CLI reads them: `~/.aws/config` and `~/.aws/credentials`.
//!
//! botocore's `configloader.py` is the reference. The SDK for Rust reads the same files by other rules (it drops names with blanks,
//! merges sections that are there twice, takes `[profile default]` over `[default]`), so nothing here is left to it.

pub mod ini;

use std::collections::BTreeMap;

use ini::{Options, Section, Unreadable};

/// The name of the profile that is meant where none is named.
pub const DEFAULT: &str = "default";

/// The configuration file.
#[derive(Default)]
pub struct Configuration {
    /// `[profile NAME]` and `[default]`.
    pub profiles: BTreeMap<String, Options>,
    /// `[sso-session NAME]`.
    pub sso_sessions: BTreeMap<String, Options>,
    /// `[services NAME]`.
    pub services: BTreeMap<String, Options>,
    /// The names of the sections that are none of these; the AWS CLI passes over them without a word.
    pub others: Vec<String>,
}

impl Configuration {
    /// Reads the configuration file.
    ///
    /// # Errors
    /// The AWS CLI refuses this file.
    pub fn read(bytes: &[u8]) -> Result<Self, Unreadable> {
        let mut file = Self::default();
        for Section { name, options } in ini::sections(bytes)? {
            let kind =
                [("profile", &mut file.profiles), ("sso-session", &mut file.sso_sessions), ("services", &mut file.services)]
                    .into_iter()
                    .find(|(prefix, _)| name.starts_with(prefix));
            match kind {
                Some((_, sections)) => match second_word(&name) {
                    // A later section of the same name takes the earlier one's place.
                    Some(name) => drop(sections.insert(name, options)),
                    None => file.others.push(name),
                },
                None if name == DEFAULT => drop(file.profiles.insert(name, options)),
                None => file.others.push(name),
            }
        }
        Ok(file)
    }
}

/// The name that a section of the configuration file gives to a profile: `My Mac` for `profile 'My Mac'`. `None`: it is not a profile.
pub fn profile_named_by(section: &str) -> Option<String> {
    match section.starts_with("profile") {
        true => second_word(section),
        false => (section == DEFAULT).then(|| section.to_owned()),
    }
}

/// The name in `profile 'My Mac'`: two words by the rules of a shell, no more and no less.
fn second_word(section: &str) -> Option<String> {
    match <[String; 2]>::try_from(shlex::split(section)?) {
        Ok([_, name]) => Some(name),
        Err(_) => None,
    }
}

/// Both files.
#[derive(Default)]
pub struct Files {
    /// `~/.aws/config`.
    pub configuration: Configuration,
    /// `~/.aws/credentials`: here a section's name is the profile's, as it stands.
    pub credentials: BTreeMap<String, Options>,
}

impl Files {
    /// Takes the sections of the credentials file in.
    ///
    /// # Errors
    /// The AWS CLI refuses this file.
    pub fn read_credentials(bytes: &[u8]) -> Result<BTreeMap<String, Options>, Unreadable> {
        Ok(ini::sections(bytes)?.into_iter().map(|section| (section.name, section.options)).collect())
    }

    /// What the files say of a profile; `None`: it is in neither.
    pub fn profile(&self, name: &str) -> Option<Profile<'_>> {
        let (configuration, credentials) = (self.configuration.profiles.get(name), self.credentials.get(name));
        (configuration.is_some() || credentials.is_some()).then_some(Profile { configuration, credentials })
    }
}

/// What the files say of one profile.
#[derive(Clone, Copy)]
pub struct Profile<'a> {
    /// In the configuration file.
    pub configuration: Option<&'a Options>,
    /// In the credentials file.
    pub credentials: Option<&'a Options>,
}

impl<'a> Profile<'a> {
    /// The value of an option, which may be empty. The credentials file goes before the configuration file.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        let of = |options: Option<&'a Options>| options?.get(name).map(|value| value.as_str());
        of(self.credentials).or_else(|| of(self.configuration))
    }

    /// The value of an option that is there and not empty.
    pub fn says(&self, name: &str) -> Option<&'a str> {
        self.get(name).filter(|value| !value.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Configuration {
        Configuration::read(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_profile_has_the_name_that_the_aws_cli_gives_it() {
        for (section, name) in [
            ("default", Some("default")),
            ("profile default", Some("default")),
            ("profile 'default'", Some("default")),
            ("profile plain", Some("plain")),
            ("profile\ttabbed", Some("tabbed")),
            ("profile   wide  ", Some("wide")),
            ("profile 'My MacBook Pro'", Some("My MacBook Pro")),
            ("profile \"Someone's\"", Some("Someone's")),
            ("profile My\\ Mac", Some("My Mac")),
            ("profile 'half'and'half'", Some("halfandhalf")),
            ("profile ''", Some("")),
            ("profile a:b@c+d%e", Some("a:b@c+d%e")),
            ("profile Größe", Some("Größe")),
            ("profile role of mine", None),
            ("profile 'open", None),
            ("profile", None),
            (" profile x", None),
            ("plain", None),
            (" default ", None),
            ("Default", None),
        ] {
            let file = read(&format!("[{section}]\nregion = x\n"));
            let found: Vec<&str> = file.profiles.keys().map(String::as_str).collect();
            assert_eq!(found, name.into_iter().collect::<Vec<_>>(), "[{section}]");
            assert_eq!(profile_named_by(section).as_deref(), name, "[{section}]");
            assert_eq!(file.others.is_empty(), name.is_some(), "[{section}]");
        }
    }

    #[test]
    fn a_later_section_of_the_same_name_takes_the_place_of_the_earlier_one() {
        let file = read("[profile a]\nregion = one\noutput = json\n[profile 'a']\nregion = two\n");
        let options = &file.profiles["a"];
        assert_eq!((options["region"].as_str(), options.get("output")), ("two", None));
        let file = read("[default]\nregion = one\n[profile default]\nregion = two\n");
        assert_eq!(file.profiles["default"]["region"].as_str(), "two");
    }

    #[test]
    fn sessions_and_services_are_named_like_profiles() {
        let file = read(
            "[sso-session 'FOO BAR']\nsso_region = x\n[services local]\niam =\n  endpoint_url = http://a\n  other = 1\nssm=\n\tendpoint_url=http://b\n",
        );
        assert_eq!(file.sso_sessions["FOO BAR"]["sso_region"].as_str(), "x");
        let services = &file.services["local"];
        let url = |service: &str| ini::nested(&services[service])["endpoint_url"].to_string();
        assert_eq!((url("iam"), url("ssm")), ("http://a".into(), "http://b".into()));
    }

    #[test]
    fn the_credentials_file_goes_first_and_its_names_are_taken_as_they_stand() {
        let files = Files {
            configuration: read("[profile a]\nregion = config\noutput = json\n"),
            credentials: Files::read_credentials(b"[a]\nregion = credentials\n['a']\nregion = quoted\n[profile a]\nx=1\n")
                .unwrap(),
        };
        let profile = files.profile("a").unwrap();
        assert_eq!((profile.get("region"), profile.get("output")), (Some("credentials"), Some("json")));
        assert_eq!(files.profile("'a'").unwrap().get("region"), Some("quoted"));
        assert!(files.profile("profile a").is_some() && files.profile("b").is_none());
    }

    #[test]
    fn what_the_aws_cli_refuses_is_refused() {
        for (file, words) in [
            ("[a]\nx = 1\n[b]\n[a]\n", "line 4 begins a second section [a]"),
            ("[a]\nx = 1\nX = 2\n", "line 3 sets x a second time"),
            ("[a]\nx =\n  no delimiter\n", "line 2 sets x to lines of which one has no ="),
        ] {
            assert_eq!(Configuration::read(file.as_bytes()).err().unwrap().to_string(), words);
        }
        assert_eq!(Configuration::read(b"[a]\nx = \xff\n").err().unwrap().to_string(), "line 2 is not UTF-8");
    }

    #[test]
    fn values_are_read_as_they_stand() {
        let file = read(
            "[DEFAULT]\noutput = json\n[default]\nregion = eu-west-1 # Dublin\ncredential_process = /bin/x 'a # b' #c\n\
             sso_start_url = https://x/start#/\nempty =\nlong = one\n  two\n  # not this\n\n  three\n\n",
        );
        let options = &file.profiles["default"];
        for (name, value) in [
            ("region", "eu-west-1"),
            ("credential_process", "/bin/x 'a # b' #c"),
            ("sso_start_url", "https://x/start#/"),
            ("empty", ""),
            ("long", "one\ntwo\n\nthree"),
            ("output", "json"),
        ] {
            assert_eq!(options[name].as_str(), value, "{name}");
        }
    }
}
