//! The account we look at and the identity we look with.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::known::Known;
use super::text::Untrusted;

/// Who we are, from STS `GetCallerIdentity`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Twelve digits.
    pub account: String,
    /// `arn:aws:iam::…:user/…` or `arn:aws:sts::…:assumed-role/…`.
    pub arn: Untrusted,
    /// AWS's unique id of the principal.
    pub user_id: Untrusted,
}

/// Where the credentials came from, as far as the SDK says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialSource {
    /// The SDK's name of the provider: `Environment`, `ProfileFile`, `SSO`, `AssumeRoleProvider`, `CredentialProcess`, `IMDSv2`, …
    pub provider: String,
    /// When they end; long-term keys have no end.
    pub expires: Option<Timestamp>,
}

/// What the header shows about the session. Nothing of it is secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionView {
    /// The profile asked for; `None` is the SDK's default chain.
    pub profile: Option<String>,
    /// The regions that the regional panes read, in the order given.
    pub regions: Vec<String>,
    /// Account and principal.
    pub identity: Known<Identity>,
    /// IAM `ListAccountAliases`; an account has at most one.
    pub alias: Known<Option<Untrusted>>,
    /// Provider and end of the credentials.
    pub credentials: Known<CredentialSource>,
    /// Whether a non-standard endpoint is in use (`--endpoint-url`, `AWS_ENDPOINT_URL`), and which.
    pub endpoint: Option<String>,
    /// Set in `--demo`: the name of the scenario. Everything on screen is then made up, and the header says so.
    pub demo: Option<String>,
}

/// The colour that an account has in the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountColour {
    /// Production.
    Red,
    /// Take care.
    Yellow,
    /// Anything goes.
    Green,
    /// No meaning of its own.
    Blue,
}

impl AccountColour {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Red, Self::Yellow, Self::Green, Self::Blue];

    /// Its name in `config.toml`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Red => "red",
            Self::Yellow => "yellow",
            Self::Green => "green",
            Self::Blue => "blue",
        }
    }
}

/// What `config.toml` says about one account.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AccountRule {
    /// The account's id (twelve digits) or its alias.
    pub account: String,
    /// What the person calls it.
    pub name: Option<String>,
    /// Its colour in the header.
    pub colour: Option<AccountColour>,
    /// Whether it can never be armed.
    pub never_arm: bool,
    /// Whether every change wants a reason.
    pub reason: bool,
}

impl AccountRule {
    /// Whether the rule names its account by the id, not by an alias.
    pub fn is_by_id(&self) -> bool {
        self.account.len() == 12 && self.account.bytes().all(|byte| byte.is_ascii_digit())
    }
}

/// What holds for an account: all rules about it at once, the strictest of each.
///
/// # Errors
/// It is not known which rules are about it: the account, or its alias where a rule goes by one, is not known. Then nothing may be changed.
pub fn rule_of(rules: &[AccountRule], view: &SessionView) -> Result<AccountRule, String> {
    let Some(identity) = view.identity.value() else {
        return Err("it is not known whose account this is".into());
    };
    let mut whole = AccountRule { account: identity.account.clone(), ..AccountRule::default() };
    for rule in rules {
        let about_us = match (rule.is_by_id(), view.alias.value()) {
            (true, _) => rule.account == identity.account,
            (false, Some(alias)) => alias.as_ref().is_some_and(|alias| alias.raw() == rule.account),
            (false, None) => {
                return Err(format!("the account's alias is not known, and there is a rule for {}", rule.account));
            }
        };
        if about_us {
            whole.name = whole.name.or_else(|| rule.name.clone());
            whole.colour = whole.colour.into_iter().chain(rule.colour).min();
            whole.never_arm |= rule.never_arm;
            whole.reason |= rule.reason;
        }
    }
    Ok(whole)
}
