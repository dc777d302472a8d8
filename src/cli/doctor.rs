//! `bartizan doctor`: everything that has to be right for the console to work, looked at one by one. Names no secret.

mod kept;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::FutureExt as _;
use jiff::SignedDuration;

use super::arguments::{ConnectionArguments, ConsoleArguments};
use super::connection::Plan;
use super::passphrase::Person;
use super::{Failure, config, keymap, output, theme};
use crate::aws::observe::Observer;
use crate::aws::page::{Sink, Stopped};
use crate::aws::session::Session;
use crate::aws::{cloudtrail, fault, guardduty, iam, ssm, sts};
use crate::config::{Config, paths};
use crate::domain::age;
use crate::domain::call::Outcome;
use crate::domain::event::Lookup;
use crate::domain::fault::Fault;
use crate::domain::finding::Archived;
use crate::kit::source::{Problem, Weight};
use crate::runtime::Tty;

/// One line of the report.
struct Check {
    what: String,
    found: Found,
    text: String,
}

/// What came of looking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    /// It was looked at and is right.
    Good,
    /// It could not be looked at, or there is none: nothing is known to be wrong, and nothing to be right.
    Unknown,
    /// It is wrong.
    Bad,
}

impl Found {
    /// The word at the beginning of the line.
    fn word(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Unknown => "unknown",
            Self::Bad => "problem",
        }
    }
}

impl Check {
    fn good(what: impl Into<String>, text: impl Into<String>) -> Self {
        Self { what: what.into(), found: Found::Good, text: text.into() }
    }

    fn unknown(what: impl Into<String>, text: impl Into<String>) -> Self {
        Self { what: what.into(), found: Found::Unknown, text: text.into() }
    }

    fn bad(what: impl Into<String>, text: impl Into<String>) -> Self {
        Self { what: what.into(), found: Found::Bad, text: text.into() }
    }

    fn of(what: impl Into<String>, result: Result<String, Fault>) -> Self {
        match result {
            Ok(text) => Self::good(what, text),
            Err(fault) => Self::bad(what, fault.to_string()),
        }
    }
}

/// Looks at everything and prints one line for each: `ok`, `unknown` where it could not be looked at, or `problem`.
/// Status 1 when something is wrong.
pub(super) fn run(connection: &ConnectionArguments, console: &ConsoleArguments) -> Result<(), Failure> {
    let mut checks = vec![terminal()];
    let config = match config::load(connection, console) {
        Ok(config) => {
            checks.push(Check::good("configuration", configuration(connection)));
            config
        }
        Err(failure) => {
            checks.push(Check::bad("configuration", failure.to_string()));
            Config::built_in()
        }
    };
    checks.push(files("keymap", "built in", &keymap::effective(&config).1));
    let (look, problems) = theme::effective(&config);
    checks.push(files("theme", &format!("colours: {:?}", look.depth), &problems));
    checks.extend(kept::checks(connection));
    let plan = Plan::new(connection, &config.regions.value, Person::Terminal)?;
    checks.extend(super::run_job(async { Ok(account(plan).await) })?);
    print(&checks)
}

fn files(what: &str, good: &str, problems: &[Problem]) -> Check {
    let serious = problems.iter().filter(|problem| problem.weight > Weight::Note).map(ToString::to_string);
    match serious.collect::<Vec<_>>().as_slice() {
        [] => Check::good(what, good),
        serious => Check::bad(what, serious.join("; ")),
    }
}

fn print(checks: &[Check]) -> Result<(), Failure> {
    let mut out = output::out();
    for Check { what, found, text } in checks {
        writeln!(out, "{:<7} {what:<22} {text}", found.word())?;
    }
    match checks.iter().filter(|check| check.found == Found::Bad).count() {
        0 => Ok(()),
        1 => Err(Failure::Job("1 problem; its line above says what to do".into())),
        problems => Err(Failure::Job(format!("{problems} problems; their lines above say what to do"))),
    }
}

fn terminal() -> Check {
    match Tty::find() {
        Ok(tty) => {
            let size = tty.size();
            Check::good("terminal", format!("{}×{}", size.width, size.height))
        }
        // Not a problem of the account: doctor may well run in a script.
        Err(error) => Check::unknown("terminal", format!("none here: {error}")),
    }
}

fn configuration(connection: &ConnectionArguments) -> String {
    match connection.config.clone().or_else(paths::config_file) {
        Some(path) if path.is_file() => path.display().to_string(),
        Some(path) => format!("{} (not there; everything is as built in)", path.display()),
        None => "no home folder; everything is as built in".to_owned(),
    }
}

async fn account(plan: Plan) -> Vec<Check> {
    let refused = Arc::new(AtomicBool::new(false));
    let (aws, is_demo) = match plan.connect(refusals_of_the_clock(Arc::clone(&refused))).await {
        Ok(connected) => (connected.aws, connected.demo.is_some()),
        Err(fault) => return vec![Check::of("credentials", Err(fault))],
    };
    let source = aws.credentials().await.map(|source| match source.expires {
        Some(end) => format!("{}, ending {}", source.provider, age::age(end, aws.now())),
        None => format!("{}, without an end", source.provider),
    });
    let has_credentials = source.is_ok();
    let mut checks: Vec<Check> = profile(&aws).into_iter().collect();
    checks.push(Check::of("credentials", source));
    checks.extend(endpoints(&aws, is_demo).await);
    if !has_credentials {
        return checks;
    }
    let identity = sts::identity(&aws).await.map(|identity| identity.arn.shown().into_string());
    let reached = identity.is_ok();
    checks.push(Check::of("identity", identity));
    checks.extend(global(&aws).await);
    let regions = aws.regions().iter().map(|region| regional(&aws, region));
    checks.extend(futures::future::join_all(regions).await.into_iter().flatten());
    if refused.load(Ordering::Relaxed) {
        let advice = "AWS refused signatures as too old or too new: set this machine's clock";
        checks.push(Check::bad("clock", advice));
    } else if reached {
        checks.push(Check::good("clock", "within the five minutes that AWS accepts"));
    } else {
        checks.push(Check::unknown("clock", "AWS was not reached, so nobody said what time it is"));
    }
    checks
}

/// The profile in use, and whether its credentials are.
fn profile(aws: &Session) -> Option<Check> {
    let name = aws.profile()?;
    Some(match aws.instead_of_profile() {
        None => Check::good("profile", name),
        Some("the environment") => Check::good(
            "profile",
            format!(
                "{name} gives settings only: the keys of the environment (AWS_ACCESS_KEY_ID) go before AWS_PROFILE; \
                 --profile {name} uses its own credentials"
            ),
        ),
        Some(instead) => {
            Check::good("profile", format!("{name} gives settings only: it names no credentials, {instead} has some"))
        }
    })
}

/// Where calls go: one line where all go to one place in AWS's stead, else the host of each service.
async fn endpoints(aws: &Session, is_demo: bool) -> Vec<Check> {
    if is_demo {
        return vec![Check::good("endpoints", "the embedded AWS: no call leaves this machine")];
    }
    let urls: BTreeSet<Option<&str>> = aws.endpoints().map(|(_, url)| url).collect();
    if let (1, Some(Some(url))) = (urls.len(), urls.first()) {
        return vec![Check::good("endpoints", format!("{url} (not AWS)"))];
    }
    let mut checks = Vec::new();
    for (service, url) in aws.endpoints() {
        let what = format!("endpoint {service}");
        let hosts = aws.hosts_of(service).await;
        checks.push(match url {
            Some(url) => Check::good(what, format!("{url} (not AWS)")),
            None if hosts.is_empty() => Check::bad(what, "AWS has none for this region and these settings (FIPS, dual-stack)"),
            None => Check::good(what, format!("{} (AWS)", hosts.join(", "))),
        });
    }
    checks
}

/// The SDK corrects a wrong clock by itself after the first refusal, so the refusal has to be caught where it happens.
fn refusals_of_the_clock(refused: Arc<AtomicBool>) -> Observer {
    Observer::new(move |call| {
        let (Outcome::Retrying { reason: code } | Outcome::Failed { code, .. }) = &call.outcome else { return };
        if fault::is_about_clock(code.raw()) {
            refused.store(true, Ordering::Relaxed);
        }
    })
}

/// IAM is one for all regions.
async fn global(aws: &Session) -> Vec<Check> {
    let pages = first_page();
    let (users, report, alias) = futures::join!(
        iam::users(aws, &pages),
        iam::credential_report(aws).map(|report| report.map(|_| ())),
        iam::account_alias(aws).map(|alias| alias.map(|_| ()))
    );
    let answered = |result: Result<(), Fault>| result.map(|()| "answers".to_owned());
    vec![
        Check::of("iam users", answered(users)),
        Check::of("iam credential report", answered(report)),
        Check::of("iam account alias", answered(alias)),
    ]
}

async fn regional(aws: &Session, region: &str) -> Vec<Check> {
    let now = aws.now();
    let hour = Lookup { from: now - SignedDuration::from_hours(1), to: now, attribute: None };
    let (pages, events, nodes, sessions) = (first_page(), first_page(), first_page(), first_page());
    let results = futures::join!(
        guardduty::findings(aws, region, Archived::Current, &pages),
        cloudtrail::lookup(aws, region, &hour, &events),
        ssm::nodes(aws, region, &nodes),
        ssm::sessions(aws, region, true, &sessions)
    );
    let (guardduty, cloudtrail, nodes, sessions) = results;
    [("guardduty", guardduty), ("cloudtrail", cloudtrail), ("ssm nodes", nodes), ("ssm sessions", sessions)]
        .into_iter()
        .map(|(service, result)| Check::of(format!("{region} {service}"), result.map(|()| "answers".to_owned())))
        .collect()
}

/// Takes one page and wants no more.
fn first_page<T: Send + 'static>() -> Sink<T> {
    Sink::new(|_| std::future::ready(Err(Stopped)).boxed())
}
