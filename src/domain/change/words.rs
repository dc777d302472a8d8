//! How a change is said: as a line of the AWS CLI, and what takes it back. Names are written as they are safe to be shown.

use super::Change;
use crate::domain::text::{Untrusted, clean};

impl Change {
    /// The line of the AWS CLI that does the same.
    pub fn cli(&self) -> String {
        let (command, options) = match self {
            Self::CreateKey { user } => ("iam create-access-key", vec![of_user(user)]),
            Self::SetKeyStatus { user, key, active } => {
                let status = if *active { "Active" } else { "Inactive" };
                ("iam update-access-key", vec![of_user(user), of_key(key), ("--status", status.to_owned())])
            }
            Self::DeleteKey { user, key } => ("iam delete-access-key", vec![of_user(user), of_key(key)]),
            Self::PutPolicy { user, policy, document } => {
                let policy = ("--policy-name", policy.clone());
                ("iam put-user-policy", vec![of_user(user), policy, ("--policy-document", document.clone())])
            }
            Self::DeletePolicy { user, policy } => {
                ("iam delete-user-policy", vec![of_user(user), ("--policy-name", policy.clone())])
            }
            Self::DeleteLoginProfile { user } => ("iam delete-login-profile", vec![of_user(user)]),
            Self::CreateSecret { region, secret } => {
                let mut options = with_region(region, [("--name", secret)]);
                options.push(("--secret-string", "{}".to_owned()));
                ("secretsmanager create-secret", options)
            }
            Self::PutSecretValue { region, secret, version } => {
                let mut options = with_region(region, [("--secret-id", secret), ("--client-request-token", version)]);
                options.push(("--version-stages", "AWSPENDING".to_owned()));
                ("secretsmanager put-secret-value", options)
            }
            Self::MoveSecretStage { region, secret, stage, to, from } => {
                let mut options = with_region(region, [("--secret-id", secret), ("--version-stage", stage)]);
                options.extend(to.clone().map(|to| ("--move-to-version-id", to)));
                options.extend(from.clone().map(|from| ("--remove-from-version-id", from)));
                ("secretsmanager update-secret-version-stage", options)
            }
            Self::StartSession { region, target, document, reason } => {
                let mut options = with_region(region, []);
                options.push(("--target", target.shown().into_string()));
                options.extend(document.clone().map(|document| ("--document-name", document)));
                options.extend(reason.clone().map(|reason| ("--reason", reason)));
                ("ssm start-session", options)
            }
            Self::TerminateSession { region, session } => {
                let mut options = with_region(region, []);
                options.push(("--session-id", session.shown().into_string()));
                ("ssm terminate-session", options)
            }
        };
        let options: Vec<String> = options.into_iter().map(|(name, value)| format!("{name} {}", quoted(&value))).collect();
        format!("aws {command} {}", options.join(" "))
    }

    /// What undoes it, in one sentence without a full stop, or that nothing does.
    pub fn undo(&self) -> String {
        match self {
            Self::CreateKey { .. } => "delete the new key".into(),
            Self::SetKeyStatus { active: true, .. } => "deactivate it again".into(),
            Self::SetKeyStatus { active: false, .. } => "activate it again: at once, as it was".into(),
            Self::DeleteKey { .. } => "nothing: a deleted key does not come back".into(),
            Self::PutPolicy { policy, .. } => format!("delete the policy {policy}"),
            Self::DeletePolicy { policy, .. } => format!("put the policy {policy} again"),
            Self::DeleteLoginProfile { .. } => "a new password: the old one does not come back".into(),
            Self::CreateSecret { .. } => "delete the secret; AWS keeps it for some days".into(),
            Self::PutSecretValue { .. } => "take its stage away: a version without a stage goes by itself".into(),
            Self::MoveSecretStage { stage, .. } => format!("move {stage} back"),
            Self::StartSession { .. } => "terminate the session; what was done in it stays".into(),
            Self::TerminateSession { .. } => "nothing: start a new session; what was not saved in it is lost".into(),
        }
    }
}

/// An option of the AWS CLI and its value.
type CliOption = (&'static str, String);

fn of_user(user: &Untrusted) -> CliOption {
    ("--user-name", user.shown().into_string())
}

fn of_key(key: &Untrusted) -> CliOption {
    ("--access-key-id", key.shown().into_string())
}

fn with_region<const N: usize>(region: &str, rest: [(&'static str, &String); N]) -> Vec<CliOption> {
    let mut options = vec![("--region", region.to_owned())];
    options.extend(rest.map(|(name, value)| (name, value.clone())));
    options
}

/// A value as a shell takes it for one word.
fn quoted(value: &str) -> String {
    let value = clean(value);
    shlex::try_quote(&value).map_or_else(|_| format!("{value:?}"), std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_the_aws_cli_is_one_that_a_shell_takes() {
        let change = Change::SetKeyStatus { user: "it's; rm".into(), key: "AKIAIOSFODNN7EXAMPLE".into(), active: false };
        let words = shlex::split(&change.cli()).unwrap();
        let expected = ["aws", "iam", "update-access-key", "--user-name", "it's; rm", "--access-key-id", "AKIAIOSFODNN7EXAMPLE"];
        assert_eq!(words[..7], expected);
        assert_eq!(change.action(), "iam:UpdateAccessKey");
    }

    #[test]
    fn a_stranger_cannot_break_out_of_the_line() {
        let change = Change::DeleteKey { user: "a\u{1b}[2J\n\u{202e}b".into(), key: "AKIA".into() };
        assert!(change.cli().chars().all(|character| !character.is_control() && character != '\u{202e}'), "{}", change.cli());
    }
}
