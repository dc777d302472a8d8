//! `findingCriteria` of GuardDuty: which findings a list, a statistic or a filter is about.
//!
//! A key is a path into the finding's JSON (`service.action.awsApiCallAction.api`); a path that meets a list looks into each
//! of its items. Numbers compare with numbers and times with epoch milliseconds; everything else compares as text.

use jiff::Timestamp;
use serde_json::Value;

/// The first words of the paths that GuardDuty accepts.
const ROOTS: [&str; 17] = [
    "accountId",
    "arn",
    "associatedAttackSequenceArn",
    "confidence",
    "createdAt",
    "customDetectionRuleName",
    "description",
    "id",
    "partition",
    "region",
    "resource",
    "schemaVersion",
    "service",
    "severity",
    "title",
    "type",
    "updatedAt",
];

/// All conditions of a request; a finding has to meet every one of them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Criteria(Vec<Criterion>);

/// The conditions on one path.
#[derive(Debug, Clone, PartialEq)]
pub struct Criterion {
    /// Such as `service.archived`.
    pub path: String,
    tests: Vec<Test>,
}

#[derive(Debug, Clone, PartialEq)]
enum Test {
    Equals(Vec<String>),
    NotEquals(Vec<String>),
    Above(i64),
    AtLeast(i64),
    Below(i64),
    AtMost(i64),
    Matches(Vec<String>),
    NotMatches(Vec<String>),
}

impl Criteria {
    /// Reads the `findingCriteria` member of a request; the error says which part is wrong.
    pub fn parse(criteria: Option<&Value>) -> Result<Self, String> {
        let Some(criteria) = criteria.filter(|value| !value.is_null()) else { return Ok(Self::default()) };
        let Some(criterion) = criteria.get("criterion").filter(|value| !value.is_null()) else { return Ok(Self::default()) };
        let map = criterion.as_object().ok_or("criterion")?;
        map.iter().map(|(path, condition)| Criterion::parse(path, condition)).collect::<Result<_, _>>().map(Self)
    }

    /// Whether a finding meets all conditions.
    pub fn admits(&self, finding: &Value) -> bool {
        self.0.iter().all(|criterion| criterion.admits(finding))
    }

    /// Splits the conditions by their path: first those for which `here` holds.
    pub fn split(self, here: impl Fn(&str) -> bool) -> (Self, Self) {
        let (first, second) = self.0.into_iter().partition(|criterion| here(&criterion.path));
        (Self(first), Self(second))
    }

    /// The least and the greatest number that the conditions on a path let through.
    pub fn bounds(&self, path: &str) -> (Option<i64>, Option<i64>) {
        let tests = self.0.iter().filter(|criterion| criterion.path == path).flat_map(|criterion| &criterion.tests);
        tests.fold((None, None), |(least, most): (Option<i64>, Option<i64>), test| {
            let (low, high) = match test {
                Test::Above(n) => (Some(n.saturating_add(1)), None),
                Test::AtLeast(n) => (Some(*n), None),
                Test::Below(n) => (None, Some(n.saturating_sub(1))),
                Test::AtMost(n) => (None, Some(*n)),
                _ => (None, None),
            };
            (least.max(low), [most, high].into_iter().flatten().min())
        })
    }

    /// Whether there is no condition.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Criterion {
    fn parse(path: &str, condition: &Value) -> Result<Self, String> {
        let root = path.split('.').next().unwrap_or_default();
        if !ROOTS.contains(&root) {
            return Err(path.to_owned());
        }
        let condition = condition.as_object().ok_or(path)?;
        let tests = condition
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(operator, value)| Test::parse(operator, value).ok_or_else(|| format!("{path}.{operator}")))
            .collect::<Result<Vec<_>, _>>()?;
        if tests.is_empty() {
            return Err(path.to_owned());
        }
        Ok(Self { path: path.to_owned(), tests })
    }

    fn admits(&self, finding: &Value) -> bool {
        let found = values(finding, &self.path);
        self.tests.iter().all(|test| test.admits(&found))
    }
}

impl Test {
    fn parse(operator: &str, value: &Value) -> Option<Self> {
        Some(match operator {
            "eq" | "equals" => Self::Equals(words(value)?),
            "neq" | "notEquals" => Self::NotEquals(words(value)?),
            "gt" | "greaterThan" => Self::Above(value.as_i64()?),
            "gte" | "greaterThanOrEqual" => Self::AtLeast(value.as_i64()?),
            "lt" | "lessThan" => Self::Below(value.as_i64()?),
            "lte" | "lessThanOrEqual" => Self::AtMost(value.as_i64()?),
            "matches" => Self::Matches(words(value)?),
            "notMatches" => Self::NotMatches(words(value)?),
            _ => return None,
        })
    }

    fn admits(&self, found: &[Value]) -> bool {
        let any_equal = |wanted: &[String]| found.iter().any(|value| wanted.iter().any(|word| is_equal(value, word)));
        let any_like = |wanted: &[String]| found.iter().any(|value| wanted.iter().any(|glob| is_like(&text(value), glob)));
        let any_number = |holds: &dyn Fn(f64) -> bool| found.iter().filter_map(number).any(holds);
        match self {
            Self::Equals(wanted) => any_equal(wanted),
            Self::NotEquals(unwanted) => !any_equal(unwanted),
            Self::Above(bound) => any_number(&|n| n > as_f64(*bound)),
            Self::AtLeast(bound) => any_number(&|n| n >= as_f64(*bound)),
            Self::Below(bound) => any_number(&|n| n < as_f64(*bound)),
            Self::AtMost(bound) => any_number(&|n| n <= as_f64(*bound)),
            Self::Matches(globs) => any_like(globs),
            Self::NotMatches(globs) => !any_like(globs),
        }
    }
}

/// One to fifty words, as every list of a condition.
fn words(value: &Value) -> Option<Vec<String>> {
    let list = value.as_array().filter(|list| (1..=50).contains(&list.len()))?;
    list.iter().map(|word| word.as_str().map(str::to_owned)).collect()
}

/// All scalars at a path; lists on the way and at its end are looked through.
pub fn values(finding: &Value, path: &str) -> Vec<Value> {
    let mut found = Vec::new();
    gather(finding, Some(path), &mut found);
    found
}

fn gather(value: &Value, path: Option<&str>, found: &mut Vec<Value>) {
    match (value, path) {
        (Value::Array(items), path) => items.iter().for_each(|item| gather(item, path, found)),
        (Value::Object(members), Some(path)) => {
            let (word, rest) = path.split_once('.').map_or((path, None), |(word, rest)| (word, Some(rest)));
            if let Some(next) = members.get(word) {
                gather(next, rest, found);
            } else if let Some(inner) =
                members.get("value").and_then(Value::as_str).and_then(|text| serde_json::from_str(text).ok())
            {
                // `service.additionalInfo` is sent as `{"type": …, "value": "<JSON text>"}`; paths speak of what is in the text.
                gather(&inner, Some(path), found);
            }
        }
        (Value::Null | Value::Object(_), _) | (_, Some(_)) => {}
        (scalar, None) => found.push(scalar.clone()),
    }
}

fn is_equal(value: &Value, word: &str) -> bool {
    match value {
        Value::Number(_) => word.parse::<f64>().is_ok_and(|wanted| number(value) == Some(wanted)),
        _ => text(value) == word,
    }
}

/// A scalar as the text that conditions compare with.
pub fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A number, or a time as epoch milliseconds.
pub fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse::<Timestamp>().ok().map(|time| as_f64(time.as_millisecond())),
        _ => None,
    }
}

/// Epoch milliseconds fit an `f64` without loss.
fn as_f64(n: i64) -> f64 {
    n as f64
}

/// `*` stands for any text, `?` for one character.
fn is_like(text: &str, glob: &str) -> bool {
    let (text, glob): (Vec<char>, Vec<char>) = (text.chars().collect(), glob.chars().collect());
    let (mut at, mut want) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while at < text.len() {
        match glob.get(want) {
            Some('*') => {
                star = Some((want, at));
                want += 1;
            }
            Some(&c) if c == '?' || text.get(at) == Some(&c) => {
                at += 1;
                want += 1;
            }
            _ => match star {
                Some((back, from)) => {
                    star = Some((back, from + 1));
                    at = from + 1;
                    want = back + 1;
                }
                None => return false,
            },
        }
    }
    glob.iter().skip(want).all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn finding() -> Value {
        json!({
            "severity": 8.0, "type": "Recon:EC2/Portscan", "updatedAt": "2024-01-01T00:00:00.000Z",
            "service": {"archived": false, "additionalInfo": {"type": "default", "value": "{\"threatListName\":\"Known\"}"}},
            "resource": {"instanceDetails": {"tags": [{"key": "team", "value": "web"}, {"key": "env", "value": "prod"}]}},
        })
    }

    fn admits(criterion: &Value) -> bool {
        Criteria::parse(Some(&json!({"criterion": criterion}))).expect("criteria").admits(&finding())
    }

    #[test]
    fn old_and_new_operators_mean_the_same() {
        assert!(admits(&json!({"severity": {"gte": 7}})));
        assert!(admits(&json!({"severity": {"greaterThanOrEqual": 8}})));
        assert!(!admits(&json!({"severity": {"gt": 8}})));
        assert!(!admits(&json!({"severity": {"lessThan": 8}})));
        assert!(admits(&json!({"severity": {"eq": ["8"]}})));
        assert!(admits(&json!({"type": {"neq": ["Other"]}})));
    }

    #[test]
    fn times_are_epoch_milliseconds() {
        assert!(admits(&json!({"updatedAt": {"gte": 1_704_067_200_000_i64}})));
        assert!(!admits(&json!({"updatedAt": {"gt": 1_704_067_200_000_i64}})));
    }

    #[test]
    fn paths_look_through_lists_and_additional_info() {
        assert!(admits(&json!({"resource.instanceDetails.tags.value": {"equals": ["prod"]}})));
        assert!(!admits(&json!({"resource.instanceDetails.tags.value": {"notEquals": ["prod"]}})));
        assert!(admits(&json!({"service.additionalInfo.threatListName": {"eq": ["Known"]}})));
        assert!(admits(&json!({"service.archived": {"eq": ["false"]}})));
        assert!(!admits(&json!({"service.archived": {"eq": ["true"]}})));
    }

    #[test]
    fn globs_match() {
        assert!(admits(&json!({"type": {"matches": ["Recon:*"]}})));
        assert!(admits(&json!({"type": {"matches": ["*EC2/Port?can"]}})));
        assert!(!admits(&json!({"type": {"notMatches": ["*"]}})));
    }

    #[test]
    fn wrong_criteria_are_named() {
        for wrong in
            [json!({"nonsense": {"eq": ["x"]}}), json!({"type": {"eq": []}}), json!({"type": {"like": ["x"]}}), json!([])]
        {
            assert!(Criteria::parse(Some(&json!({"criterion": wrong}))).is_err());
        }
    }
}
