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

/// [`CredentialSource::provider`] of a session that was made with a code of an MFA device: nobody can renew it but a person.
pub const MFA_SESSION: &str = "MFA session";

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
    /// The profile in use; `None` is the default one.
    pub profile: Option<String>,
    /// What gives the credentials in the profile's place (`the environment`, `this machine`); `None`: the profile does.
    pub instead: Option<String>,
    /// The regions that the regional panes read, in the order given.
    pub regions: Vec<String>,
    /// Account and principal.
    pub identity: Known<Identity>,
    /// IAM `ListAccountAliases`; an account has at most one.
    pub alias: Known<Option<Untrusted>>,
    /// Provider and end of the credentials.
    pub credentials: Known<CredentialSource>,
    /// Where calls go that do not go to AWS's usual endpoints, and which services where they differ.
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

/// What is known of whose account it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whose<'a> {
    /// Its id; `None`: not known.
    pub account: Option<&'a str>,
    /// Its alias, where it has one; `None`: not known.
    pub alias: Option<Option<&'a Untrusted>>,
}

impl<'a> Whose<'a> {
    /// As the header has it.
    pub fn of(view: &'a SessionView) -> Self {
        let account = view.identity.value().map(|identity| identity.account.as_str());
        Self { account, alias: view.alias.value().map(Option::as_ref) }
    }

    /// Whether a rule is about this account; `None`: nobody knows.
    fn is_meant_by(&self, rule: &AccountRule) -> Option<bool> {
        if rule.is_by_id() {
            return self.account.map(|account| rule.account == account);
        }
        self.alias.map(|alias| alias.is_some_and(|alias| alias.raw() == rule.account))
    }
}

/// What holds for an account: all rules about it at once, the strictest of each.
///
/// # Errors
/// It is not known which rules are about it: the account, or its alias where a rule goes by one, is not known. Then nothing may be changed.
pub fn rule_of(rules: &[AccountRule], view: &SessionView) -> Result<AccountRule, String> {
    rule_for(rules, Whose::of(view))
}

/// Like [`rule_of`], from what is known of the account alone.
///
/// # Errors
/// Like those of [`rule_of`].
pub fn rule_for(rules: &[AccountRule], whose: Whose<'_>) -> Result<AccountRule, String> {
    let account = whose.account.ok_or_else(|| "it is not known whose account this is".to_owned())?;
    let mut whole = AccountRule { account: account.to_owned(), ..AccountRule::default() };
    for rule in rules {
        let about_us = whose
            .is_meant_by(rule)
            .ok_or_else(|| format!("the account's alias is not known, and there is a rule for {}", rule.account))?;
        if about_us {
            whole.name = whole.name.or_else(|| rule.name.clone());
            whole.colour = whole.colour.into_iter().chain(rule.colour).min();
            whole.never_arm |= rule.never_arm;
            whole.reason |= rule.reason;
        }
    }
    Ok(whole)
}

/// Whether sessions in an account want a reason. Through a session everything behind it can be changed: where nothing may ever be changed,
/// none is opened. Sessions need no arming beyond that; the window before each of them is their question.
///
/// # Errors
/// Why no session may be opened there, in one sentence without a full stop. Where it is not known whose account it is, a rule may be
/// about it.
pub fn session_rule(rules: &[AccountRule], whose: Whose<'_>) -> Result<bool, String> {
    const WHY: &str = "through a session it could be (never_arm)";
    match rule_for(rules, whose) {
        Ok(rule) if rule.never_arm => {
            let name = rule.name.unwrap_or(rule.account);
            Err(format!("no session: the configuration never lets {name} be changed, and {WHY}"))
        }
        Ok(rule) => Ok(rule.reason),
        Err(why) => {
            let may_be_meant = |rule: &&AccountRule| whose.is_meant_by(rule) != Some(false);
            match rules.iter().filter(may_be_meant).any(|rule| rule.never_arm) {
                true => Err(format!("no session: {why}; the configuration has accounts that are never changed, and {WHY}")),
                false => Ok(rules.iter().filter(may_be_meant).any(|rule| rule.reason)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_refused_where_nothing_may_ever_be_changed_or_may_be_so() {
        let rule = |account: &str, never_arm, reason| AccountRule {
            account: account.into(),
            never_arm,
            reason,
            ..AccountRule::default()
        };
        let castle = Untrusted::new("castle");
        let known = Whose { account: Some("123456789012"), alias: Some(Some(&castle)) };
        let no_alias = Whose { alias: None, ..known };
        let nobody = Whose { account: None, alias: None };
        // Rules, whose account, what comes: None is refused.
        for (rules, whose, wanted) in [
            (vec![], known, Some(false)),
            (vec![], nobody, Some(false)),
            (vec![rule("123456789012", false, true)], known, Some(true)),
            (vec![rule("123456789012", true, false)], known, None),
            (vec![rule("castle", true, false)], known, None),
            (vec![rule("castle", false, true)], known, Some(true)),
            (vec![rule("999999999999", true, true)], known, Some(false)),
            (vec![rule("castle", true, false)], no_alias, None),
            (vec![rule("castle", false, true)], no_alias, Some(true)),
            (vec![rule("999999999999", true, false), rule("castle", false, false)], no_alias, Some(false)),
            (vec![rule("999999999999", true, false)], nobody, None),
            (vec![rule("999999999999", false, true)], nobody, Some(true)),
        ] {
            let told = session_rule(&rules, whose);
            assert_eq!(told.clone().ok(), wanted, "{rules:?} {whose:?}: {told:?}");
            assert!(told.is_ok() || told.is_err_and(|why| why.contains("never_arm")));
        }
    }
}
