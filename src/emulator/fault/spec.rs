//! Reads the text form of a fault rule.

use std::time::Duration;

use jiff::SignedDuration;
use thiserror::Error;

use super::{Failure, Kind, Rule, matches};
use crate::emulator::svc::Service;

/// A text that is no fault rule.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("--fault {text}: {problem} (write OPERATION=KIND[,NAME=VALUE]…, for example iam:ListAccessKeys=throttle,every=3)")]
pub struct InvalidFault {
    text: String,
    problem: String,
}

/// The kinds without a quantity.
const FAILURES: [(&str, Failure); 13] = [
    ("throttle", Failure::Throttle),
    ("denied", Failure::Denied),
    ("expired", Failure::Expired),
    ("disabled", Failure::Disabled),
    ("error", Failure::Error),
    ("unavailable", Failure::Unavailable),
    ("malformed", Failure::Malformed),
    ("truncated", Failure::Truncated),
    ("reset", Failure::Reset),
    ("hang", Failure::Hang),
    ("dropped", Failure::Dropped),
    ("failed", Failure::Failed),
    ("stalled", Failure::Stalled),
];

pub(super) fn parse(text: &str) -> Result<Rule, InvalidFault> {
    read(text).map_err(|problem| InvalidFault { text: text.to_owned(), problem })
}

fn read(text: &str) -> Result<Rule, String> {
    let (operation, rest) = text.split_once('=').ok_or("there is no '='")?;
    let mut parts = rest.split(',');
    let word = parts.next().unwrap_or_default();
    let settings = parts.map(setting).collect::<Result<Vec<_>, _>>()?;
    let mut rule = Rule::new(operation.trim(), kind(word.trim(), &settings)?);
    check_operation(&rule)?;
    for (name, value) in settings {
        match name {
            "every" => rule.every = count(name, value)?,
            "after" => rule.after = count(name, value)?,
            "first" => rule.first = Some(count(name, value)?),
            "percent" => rule.percent = Some(percent(value)?),
            "region" => rule.region = Some(value.to_owned()),
            "user" => rule.user = Some(value.to_owned()),
            "on" => rule.on = Some(value.to_owned()),
            "ms" | "seconds" if !matches!(rule.kind, Kind::Failure(_)) => {}
            other => return Err(format!("'{other}' means nothing to {word}")),
        }
    }
    if rule.every == 0 {
        return Err("every=0 would never apply".into());
    }
    Ok(rule)
}

fn setting(part: &str) -> Result<(&str, &str), String> {
    let (name, value) = part.split_once('=').ok_or_else(|| format!("'{part}' is no NAME=VALUE"))?;
    Ok((name.trim(), value.trim()))
}

fn check_operation(rule: &Rule) -> Result<(), String> {
    if rule.service == "*" {
        return if rule.operation == "*" {
            Ok(())
        } else {
            Err("an operation needs its service before it: iam:ListUsers".into())
        };
    }
    let Some(service) = Service::from_name(&rule.service) else {
        let names = Service::ALL.map(Service::name).join(", ");
        return Err(format!("'{}' is no service of this world ({names} or *)", rule.service));
    };
    // A misspelt rule would never apply, and a test that relies on it would prove nothing.
    if service.operations().iter().any(|name| matches(&rule.operation, name)) {
        return Ok(());
    }
    let nearest = service
        .operations()
        .iter()
        .max_by(|one, other| strsim::jaro_winkler(one, &rule.operation).total_cmp(&strsim::jaro_winkler(other, &rule.operation)));
    let hint = nearest.map(|name| format!("; did you mean {name}?")).unwrap_or_default();
    Err(format!("{} has no operation '{}' in this world{hint}", service.name(), rule.operation))
}

fn kind(word: &str, settings: &[(&str, &str)]) -> Result<Kind, String> {
    let milliseconds = || -> Result<i64, String> {
        let find = |wanted: &str| settings.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value);
        let number = |value: &str| value.parse::<i64>().map_err(|_| format!("'{value}' is no number"));
        match (find("ms"), find("seconds")) {
            (Some(ms), None) => number(ms),
            (None, Some(seconds)) => number(seconds).map(|seconds| seconds.saturating_mul(1000)),
            _ => Err(format!("{word} needs ms=N or seconds=N")),
        }
    };
    match word {
        "latency" => {
            let ms = u64::try_from(milliseconds()?).map_err(|_| "latency cannot be negative")?;
            Ok(Kind::Latency(Duration::from_millis(ms)))
        }
        "skew" => Ok(Kind::Skew(SignedDuration::from_millis(milliseconds()?))),
        _ => FAILURES.iter().find(|(name, _)| *name == word).map(|(_, failure)| Kind::Failure(*failure)).ok_or_else(|| {
            let names = FAILURES.map(|(name, _)| name).join(", ");
            format!("'{word}' is no kind of fault (latency, skew, {names})")
        }),
    }
}

fn percent(value: &str) -> Result<u8, String> {
    let percent = value.parse().ok().filter(|percent| (1..=100).contains(percent));
    percent.ok_or_else(|| format!("percent={value} is no whole number from 1 to 100"))
}

fn count(name: &str, value: &str) -> Result<u64, String> {
    value.parse().map_err(|_| format!("{name}={value} is no whole number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_are_read() {
        let rule = parse("iam:ListAccessKeys=throttle,every=3").unwrap();
        assert_eq!((rule.service.as_str(), rule.operation.as_str(), rule.every), ("iam", "ListAccessKeys", 3));
        assert_eq!(rule.kind, Kind::Failure(Failure::Throttle));
        assert_eq!(parse("*=latency,ms=200").unwrap().kind, Kind::Latency(Duration::from_millis(200)));
        assert_eq!(parse("guardduty:*=denied,region=eu-west-1").unwrap().region.as_deref(), Some("eu-west-1"));
        assert_eq!(parse("*=skew,seconds=-3600").unwrap().kind, Kind::Skew(SignedDuration::from_hours(-1)));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, problem) in [
            ("iam:ListUsers", "no '='"),
            ("s3:ListBuckets=throttle", "'s3' is no service"),
            ("iam:ListUser=throttle", "did you mean ListUsers?"),
            ("iam:Lost*=throttle", "no operation 'Lost*'"),
            ("*:ListUsers=throttle", "needs its service"),
            ("*=explode", "'explode' is no kind"),
            ("*=latency", "needs ms=N"),
            ("*=latency,ms=-1", "cannot be negative"),
            ("*=throttle,ms=3", "'ms' means nothing to throttle"),
            ("*=throttle,every=0", "never apply"),
            ("*=throttle,every=x", "no whole number"),
            ("*=throttle,percent=0", "from 1 to 100"),
            ("*=throttle,percent=101", "from 1 to 100"),
            ("*=throttle,often", "no NAME=VALUE"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(problem), "{text}: {error}");
        }
    }
}
