//! Where the calls of each service go, where that is not AWS's own endpoint. The SDK's clients ask here, and so does the header:
//! what it names is what is called.

use std::collections::BTreeMap;

use aws_types::os_shim_internal::Env;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

use super::way::quoted;
use crate::domain::profiles::{Files, Profile, ini};

/// The services that are called: the name that IAM policies use, and the SDK's id, which options and variables are made from.
pub(crate) const SERVICES: [(&str, &str); 7] = [
    ("cloudtrail", "CloudTrail"),
    ("guardduty", "GuardDuty"),
    ("iam", "IAM"),
    ("kms", "KMS"),
    ("secretsmanager", "Secrets Manager"),
    ("ssm", "SSM"),
    ("sts", "STS"),
];

/// What is set in place of AWS's own endpoints.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Endpoints {
    /// By the SDK's id of the service. A service that is not here is called at AWS.
    own: BTreeMap<String, String>,
    /// What counts for the services that are not among [`SERVICES`], such as those of a sign-in.
    all: Option<String>,
}

/// Where endpoints are looked for.
pub(crate) struct Sources<'a> {
    /// `--endpoint-url`, which goes before everything.
    pub(crate) asked: Option<&'a str>,
    /// The environment.
    pub(crate) env: &'a Env,
    /// Both files.
    pub(crate) files: &'a Files,
    /// The profile in use, and its name.
    pub(crate) profile: Option<(&'a str, Profile<'a>)>,
}

impl Sources<'_> {
    /// Looks for the endpoint of each service, in the order of the AWS CLI: `--endpoint-url`, `AWS_ENDPOINT_URL_SERVICE`,
    /// `AWS_ENDPOINT_URL`, the `[services]` section of the profile, `endpoint_url` of the profile.
    ///
    /// # Errors
    /// One is no URL, or the profile names a `[services]` section that is not there: in one sentence.
    pub(crate) fn find(&self) -> Result<Endpoints, String> {
        if let Some(url) = self.asked {
            let url = self.checked("--endpoint-url", url)?;
            return Ok(Endpoints { own: SERVICES.map(|(_, id)| (id.to_owned(), url.clone())).into(), all: Some(url) });
        }
        if self.ignores() {
            return Ok(Endpoints::default());
        }
        let mut own = BTreeMap::new();
        for (_, id) in SERVICES {
            if let Some(url) = self.of(id)? {
                own.insert(id.to_owned(), url);
            }
        }
        Ok(Endpoints { own, all: self.everywhere()? })
    }

    /// `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS`, or what the profile says of it.
    fn ignores(&self) -> bool {
        let set = self.variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
        let set = set.or_else(|| self.says("ignore_configured_endpoint_urls").map(str::to_owned));
        set.is_some_and(|set| set.eq_ignore_ascii_case("true"))
    }

    fn of(&self, id: &str) -> Result<Option<String>, String> {
        let key = id.replace(' ', "_");
        let variable = format!("AWS_ENDPOINT_URL_{}", key.to_ascii_uppercase());
        if let Some(url) = self.variable(&variable) {
            return self.checked(&variable, &url).map(Some);
        }
        if self.variable(ALL).is_none()
            && let Some(url) = self.of_section(&key.to_ascii_lowercase())?
        {
            return self
                .checked(&format!("endpoint_url of {} in its services section", key.to_ascii_lowercase()), &url)
                .map(Some);
        }
        self.everywhere()
    }

    fn everywhere(&self) -> Result<Option<String>, String> {
        if let Some(url) = self.variable(ALL) {
            return self.checked(ALL, &url).map(Some);
        }
        self.says("endpoint_url").map(|url| self.checked("endpoint_url", url)).transpose()
    }

    /// What the `[services]` section of the profile says of a service.
    fn of_section(&self, key: &str) -> Result<Option<String>, String> {
        let Some(((profile, _), section)) = self.profile.as_ref().zip(self.says("services")) else { return Ok(None) };
        let Some(services) = self.files.configuration.services.get(section) else {
            let name = quoted(section);
            return Err(format!("profile {profile} has services = {section}, and there is no section [services {name}]"));
        };
        let url = services.get(key).and_then(|options| ini::nested(options).remove("endpoint_url"));
        Ok(url.map(|url| url.to_string()).filter(|url| !url.is_empty()))
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.env.get(name).ok().filter(|value| !value.is_empty())
    }

    fn says(&self, option: &str) -> Option<&str> {
        self.profile.as_ref()?.1.says(option)
    }

    /// An endpoint that is no URL would be passed over by the SDK, and the call would go to AWS.
    fn checked(&self, place: &str, url: &str) -> Result<String, String> {
        let parsed = url.parse::<http::Uri>().ok();
        let is_good = parsed.is_some_and(|uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some());
        if is_good {
            return Ok(url.to_owned());
        }
        let whose = match self.profile.as_ref().filter(|_| place.starts_with("endpoint_url")) {
            Some((profile, _)) => format!(" (profile {profile})"),
            None => String::new(),
        };
        Err(format!("{place} is {url:?}{whose}, which is no URL such as http://127.0.0.1:4566"))
    }
}

const ALL: &str = "AWS_ENDPOINT_URL";

impl Endpoints {
    /// The endpoint of a service, by the name that IAM policies use; `None`: AWS's own.
    pub(crate) fn of(&self, service: &str) -> Option<&str> {
        let (_, id) = SERVICES.iter().find(|(name, _)| *name == service)?;
        self.own.get(*id).map(String::as_str)
    }

    /// Whether anything at all stands in AWS's place.
    pub(crate) fn is_empty(&self) -> bool {
        self.own.is_empty()
    }

    /// In the words of the header; `None`: AWS's own, for all services.
    pub(crate) fn text(&self) -> Option<String> {
        let mut places: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (service, _) in SERVICES {
            if let Some(url) = self.of(service) {
                places.entry(url).or_default().push(service);
            }
        }
        let of_all = |services: &Vec<&str>| services.len() == SERVICES.len();
        let mut texts: Vec<String> = places
            .iter()
            .map(
                |(url, services)| if of_all(services) { (*url).to_owned() } else { format!("{url} for {}", services.join(", ")) },
            )
            .collect();
        if !texts.is_empty() && self.own.len() < SERVICES.len() {
            texts.push("AWS for the rest".into());
        }
        (!texts.is_empty()).then(|| texts.join("; "))
    }
}

impl LoadServiceConfig for Endpoints {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        if key.env() != ALL {
            return None;
        }
        match SERVICES.iter().any(|(_, id)| *id == key.service_id()) {
            true => self.own.get(key.service_id()).cloned(),
            false => self.all.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::profiles::Configuration;

    fn find(asked: Option<&str>, env: &[(&str, &str)], configuration: &str, profile: &str) -> Result<Endpoints, String> {
        let files = Files { configuration: Configuration::read(configuration.as_bytes()).unwrap(), ..Files::default() };
        let profile = files.profile(profile).map(|found| (profile, found));
        Sources { asked, env: &Env::from_slice(env), files: &files, profile }.find()
    }

    const FILE: &str = "[profile p]\nservices = local\nendpoint_url = http://all\n[services local]\niam =\n  endpoint_url = http://iam\n\
                        secrets_manager =\n  endpoint_url = http://secrets\n[profile q]\nendpoint_url = http://q\n[profile broken]\n\
                        services = absent\n[profile off]\nendpoint_url = http://off\nignore_configured_endpoint_urls = True\n\
                        [profile only]\nservices = local\n[profile wrong]\nendpoint_url = localhost:4566\n";

    #[test]
    fn each_service_goes_where_the_aws_cli_would_send_it() {
        type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], [Option<&'a str>; 3]);
        let rows: [Row<'_>; 9] = [
            ("p", &[], [Some("http://iam"), Some("http://secrets"), Some("http://all")]),
            ("q", &[], [Some("http://q"); 3]),
            ("off", &[], [None; 3]),
            ("only", &[], [Some("http://iam"), Some("http://secrets"), None]),
            // The environment goes before the file, a service's own variable before the one for all.
            ("p", &[("AWS_ENDPOINT_URL", "http://env")], [Some("http://env"); 3]),
            ("p", &[("AWS_ENDPOINT_URL_STS", "http://sts")], [Some("http://iam"), Some("http://secrets"), Some("http://sts")]),
            (
                "q",
                &[("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://s"), ("AWS_ENDPOINT_URL", "")],
                [Some("http://q"), Some("http://s"), Some("http://q")],
            ),
            ("p", &[("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "TRUE"), ("AWS_ENDPOINT_URL_IAM", "http://iam")], [None; 3]),
            ("off", &[("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "false")], [Some("http://off"); 3]),
        ];
        for (profile, env, wanted) in rows {
            let found = find(None, env, FILE, profile).unwrap();
            let of = ["iam", "secretsmanager", "sts"].map(|service| found.of(service));
            assert_eq!(of, wanted, "{profile} {env:?}");
            // What the SDK's clients are told is the same.
            let key = |id| ServiceConfigKey::builder().service_id(id).env(ALL).profile("endpoint_url").build().unwrap();
            let told = ["IAM", "Secrets Manager", "STS"].map(|id| found.load_config(key(id)));
            assert_eq!(told.each_ref().map(Option::as_deref), wanted, "{profile} {env:?}");
        }
        let asked = find(Some("http://asked"), &[("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")], FILE, "p").unwrap();
        assert_eq!(asked.text().as_deref(), Some("http://asked"));
    }

    #[test]
    fn the_header_says_which_services_go_elsewhere() {
        let text = |env: &[(&str, &str)], profile| find(None, env, FILE, profile).unwrap().text();
        assert_eq!(text(&[], "q").as_deref(), Some("http://q"));
        assert_eq!(text(&[], "off"), None);
        let only = "http://iam for iam; http://secrets for secretsmanager; AWS for the rest";
        assert_eq!(text(&[], "only").as_deref(), Some(only));
        assert_eq!(text(&[("AWS_ENDPOINT_URL_SSM", "http://s")], "none").as_deref(), Some("http://s for ssm; AWS for the rest"));
    }

    #[test]
    fn what_is_no_endpoint_is_said_instead_of_passed_over() {
        assert!(find(None, &[], FILE, "broken").unwrap_err().contains("[services absent]"));
        assert!(find(None, &[], FILE, "wrong").unwrap_err().contains("localhost:4566"));
        assert!(find(Some("127.0.0.1"), &[], FILE, "q").unwrap_err().starts_with("--endpoint-url"));
        assert!(find(None, &[("AWS_ENDPOINT_URL_IAM", "not a url")], FILE, "q").unwrap_err().starts_with("AWS_ENDPOINT_URL_IAM"));
        // Nobody looks for the section where the environment has an answer.
        assert!(find(None, &[("AWS_ENDPOINT_URL", "http://env")], FILE, "broken").is_ok());
    }
}
