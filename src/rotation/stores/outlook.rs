//! What can be seen of a store before anything is approved.

use super::StoreError;
use super::secrets_manager::{CURRENT, Described, PENDING, Seen, absent, deleted, rotating};
use crate::domain::change::Change;
use crate::kit::confirm::PlannedCall;

/// What a rotation will find in a store, and the calls to AWS that the store makes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outlook {
    /// What the operator should know and may go on with. One sentence each.
    pub notes: Vec<String>,
    /// Calls before a key is made.
    pub before: Vec<PlannedCall>,
    /// Calls once the new key is there.
    pub after: Vec<PlannedCall>,
    /// Calls once the old key is gone.
    pub last: Vec<PlannedCall>,
    /// ARN of what the calls are about.
    pub resource: Option<String>,
}

impl Outlook {
    /// The outlook of a store on this machine, which calls nobody.
    pub fn of_notes(notes: Vec<String>) -> Self {
        Self { notes, ..Self::default() }
    }

    /// All calls, in order.
    pub fn calls(&self) -> impl Iterator<Item = &PlannedCall> {
        self.before.iter().chain(&self.after).chain(&self.last)
    }

    /// The outlook of a secret. `account`: whose, twelve digits; `may_create`: it may be made where there is none.
    ///
    /// # Errors
    /// There is no such secret, it is about to be deleted, or Secrets Manager rotates it by itself.
    pub(super) fn of_secret(name: &str, seen: &Seen, account: &str, may_create: bool) -> Result<Self, StoreError> {
        let described = match &seen.described {
            Some(described) if described.is_deleted => return Err(deleted(name)),
            Some(described) if described.rotates => return Err(rotating(name)),
            None if !may_create => return Err(absent(name)),
            described => described.as_ref(),
        };
        let mut before = vec![read(seen, name, "DescribeSecret", "describe-secret", "")];
        match described {
            Some(_) => before.push(read(seen, name, "GetSecretValue", "get-secret-value", " --version-stage AWSCURRENT")),
            None => before.push((&Change::CreateSecret { region: seen.region.clone(), secret: name.to_owned() }).into()),
        }
        let current = described.and_then(|described| described.version_at(CURRENT)).unwrap_or(FORMER);
        let moved = |stage: &str, to: Option<&str>, from: Option<&str>| {
            PlannedCall::from(&Change::MoveSecretStage {
                region: seen.region.clone(),
                secret: name.to_owned(),
                stage: stage.to_owned(),
                to: to.map(str::to_owned),
                from: from.map(str::to_owned),
            })
        };
        let put = Change::PutSecretValue { region: seen.region.clone(), secret: name.to_owned(), version: NEW.to_owned() };
        let after = vec![
            PlannedCall::from(&put),
            read(seen, name, "GetSecretValue", "get-secret-value", " --version-stage AWSPENDING"),
            moved(CURRENT, Some(NEW), Some(current)),
            moved(PENDING, None, Some(NEW)),
        ];
        let last = vec![moved("AWSPREVIOUS", None, Some(current))];
        let resource = described.and_then(|described| described.arn.clone()).or_else(|| Some(expected(name, seen, account)));
        Ok(Self { notes: Vec::new(), before, after, last, resource })
    }
}

/// Stands for the version that the new key will have; its id is made of the key's.
const NEW: &str = "NEW_VERSION";
/// Stands for the version that is current until then, where there is none yet.
const FORMER: &str = "FORMER_VERSION";

fn read(seen: &Seen, name: &str, operation: &str, command: &str, rest: &str) -> PlannedCall {
    let name = crate::domain::text::clean(name);
    let id = shlex::try_quote(&name).map_or_else(|_| format!("{name:?}"), std::borrow::Cow::into_owned);
    PlannedCall {
        action: format!("secretsmanager:{operation}"),
        cli: format!("aws secretsmanager {command} --region {} --secret-id {id}{rest}", seen.region),
        undo: "nothing needs to be: it is a read".into(),
    }
}

/// The ARN that a secret of this name will have: AWS adds six letters of its own.
fn expected(name: &str, seen: &Seen, account: &str) -> String {
    let partition = match seen.region.as_str() {
        region if region.starts_with("cn-") => "aws-cn",
        region if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    };
    format!("arn:{partition}:secretsmanager:{}:{account}:secret:{name}-AbCdEf", seen.region)
}

impl Described {
    /// The version that has a stage.
    pub(super) fn version_at(&self, stage: &str) -> Option<&str> {
        let has = |stages: &&Vec<String>| stages.iter().any(|known| known == stage);
        self.versions.iter().find(|(_, stages)| has(stages)).map(|(version, _)| version.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rotation::stores::StoreErrorKind;

    fn seen(described: Option<Described>) -> Seen {
        Seen { region: "eu-west-1".into(), described }
    }

    fn operations(outlook: &Outlook) -> Vec<&str> {
        outlook.calls().filter_map(|call| call.action.strip_prefix("secretsmanager:")).collect()
    }

    #[test]
    fn a_secret_is_described_read_put_and_its_stages_moved() {
        let mut described = Described { arn: Some("arn:of:it".into()), ..Described::default() };
        described.versions.insert("v1".into(), vec![CURRENT.into()]);
        let outlook = Outlook::of_secret("team/ada", &seen(Some(described)), "123456789012", false).unwrap();
        let moves = ["UpdateSecretVersionStage"; 3];
        let reads = ["DescribeSecret", "GetSecretValue", "PutSecretValue", "GetSecretValue"];
        assert_eq!(operations(&outlook), [&reads[..], &moves[..]].concat());
        assert_eq!(outlook.resource.as_deref(), Some("arn:of:it"));
        let line = &outlook.after[2].cli;
        for word in ["--region eu-west-1", "--secret-id team/ada", "AWSCURRENT", "--move-to-version-id NEW_VERSION", "v1"] {
            assert!(line.contains(word), "{word}: {line}");
        }
    }

    #[test]
    fn a_secret_that_is_not_there_is_made_or_refused_and_one_in_other_hands_is_left_alone() {
        let outlook = Outlook::of_secret("ada", &seen(None), "123456789012", true).unwrap();
        assert_eq!(operations(&outlook)[..3], ["DescribeSecret", "CreateSecret", "PutSecretValue"]);
        let arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ada-AbCdEf";
        assert_eq!(outlook.resource.as_deref(), Some(arn));
        let refused = |described, may_create| Outlook::of_secret("ada", &seen(described), "1", may_create).unwrap_err().kind;
        assert_eq!(refused(None, false), StoreErrorKind::Absent);
        assert_eq!(refused(Some(Described { is_deleted: true, ..Described::default() }), true), StoreErrorKind::Denied);
        assert_eq!(refused(Some(Described { rotates: true, ..Described::default() }), false), StoreErrorKind::Denied);
    }
}
