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
    /// AWS's unique id of the principal: `AIDA…`, `AROA…:session`, or the account's number for root.
    pub user_id: Untrusted,
}

/// Where IAM Identity Center's roles begin: the name of their sessions is the person's.
const IDENTITY_CENTER: &str = "AWSReservedSSO_";

impl Identity {
    /// Whether this is the same principal as another one, so that credentials of the one may go on where those of the other began.
    ///
    /// Account, ARN and unique id have to be equal: a user that was deleted and made again is another one. Of the sessions of a role,
    /// the role and its unique id: the SDK and tools like `aws-vault` make up a new session name for each renewal. The roles of IAM
    /// Identity Center are the exception, as the names of their sessions are the names of people. What is not known is not the same.
    pub fn is_same_principal(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.principal(), other.principal());
        !self.account.is_empty() && self.account == other.account && ours.is_some() && ours == theirs
    }

    /// ARN and unique id without what changes from one session of a principal to its next.
    fn principal(&self) -> Option<(&str, &str)> {
        let (arn, id) = (self.arn.raw(), self.user_id.raw());
        if arn.is_empty() || id.is_empty() {
            return None;
        }
        match arn.split_once(":assumed-role/") {
            Some((_, role)) if !role.starts_with(IDENTITY_CENTER) => Some((arn.rsplit_once('/')?.0, id.split_once(':')?.0)),
            _ => Some((arn, id)),
        }
    }
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

    /// Whether it forbids something. A name and a colour do not.
    pub fn forbids(&self) -> bool {
        self.never_arm || self.reason
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
/// It is not known which rules are about it: the account is not known, or its alias is not and a rule by alias forbids something. Then
/// nothing may be changed.
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
        let about_us = match whose.is_meant_by(rule) {
            Some(about_us) => about_us,
            None if !rule.forbids() => false,
            None => return Err(format!("the account's alias is not known, and there is a rule for {}", rule.account)),
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

/// Whether sessions in an account want a reason. Through a session everything behind it can be changed: where nothing may ever be changed,
/// none is opened. Sessions need no arming beyond that; the window before each of them is their question.
///
/// # Errors
/// Why no session may be opened there, in one sentence without a full stop: the account is never changed, or it is not known which rules
/// are about it. Where no rule forbids anything that need not be known here: it is asked where the session is opened.
pub fn session_rule(rules: &[AccountRule], whose: Whose<'_>) -> Result<bool, String> {
    if !rules.iter().any(AccountRule::forbids) {
        return Ok(false);
    }
    let rule = rule_for(rules, whose).map_err(|why| format!("no session: {why}"))?;
    if rule.never_arm {
        let name = rule.name.unwrap_or(rule.account);
        return Err(format!(
            "no session: the configuration never lets {name} be changed, and through a session it could be (never_arm)"
        ));
    }
    Ok(rule.reason)
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
            (vec![rule("castle", false, false)], nobody, Some(false)),
            (vec![rule("123456789012", false, true)], known, Some(true)),
            (vec![rule("123456789012", true, false)], known, None),
            (vec![rule("castle", true, false)], known, None),
            (vec![rule("castle", false, true)], known, Some(true)),
            (vec![rule("999999999999", true, true)], known, Some(false)),
            (vec![rule("castle", true, false)], no_alias, None),
            (vec![rule("castle", false, true)], no_alias, None),
            // A rule that only names the account forbids nothing, whoever's it is.
            (vec![rule("999999999999", true, false), rule("castle", false, false)], no_alias, Some(false)),
            (vec![rule("999999999999", true, false)], nobody, None),
            (vec![rule("999999999999", false, true)], nobody, None),
        ] {
            let told = session_rule(&rules, whose);
            assert_eq!(told.clone().ok(), wanted, "{rules:?} {whose:?}: {told:?}");
            assert!(told.is_ok() || told.is_err_and(|why| why.starts_with("no session: ")));
        }
    }
    fn identity(account: &str, arn: &str, id: &str) -> Identity {
        Identity { account: account.into(), arn: arn.into(), user_id: id.into() }
    }

    #[test]
    fn the_same_principal_is_known_by_account_arn_and_unique_id() {
        let ada = identity("123456789012", "arn:aws:iam::123456789012:user/ada", "AIDAADA");
        assert!(ada.is_same_principal(&ada.clone()));
        for (account, arn, id) in [
            ("999999999999", "arn:aws:iam::999999999999:user/ada", "AIDAADA"),
            ("123456789012", "arn:aws:iam::123456789012:user/eve", "AIDAEVE"),
            // Deleted and made again, and renamed into somebody else's name.
            ("123456789012", "arn:aws:iam::123456789012:user/ada", "AIDANEW"),
            ("123456789012", "arn:aws:iam::123456789012:user/eve", "AIDAADA"),
            ("123456789012", "arn:aws:iam::123456789012:root", "123456789012"),
            ("", "", ""),
        ] {
            assert!(!ada.is_same_principal(&identity(account, arn, id)), "{account} {arn} {id}");
        }
        let nobody = identity("", "", "");
        assert!(!nobody.is_same_principal(&nobody.clone()), "what is not known is not the same");
    }

    #[test]
    fn sessions_of_a_role_go_on_under_another_name_unless_the_name_is_a_persons() {
        let role = |role: &str, id: &str, session: &str| {
            identity(
                "123456789012",
                &format!("arn:aws:sts::123456789012:assumed-role/{role}/{session}"),
                &format!("{id}:{session}"),
            )
        };
        let first = role("admin", "AROAADMIN", "aws-sdk-1");
        assert!(first.is_same_principal(&role("admin", "AROAADMIN", "aws-sdk-2")));
        assert!(!first.is_same_principal(&role("reader", "AROAREADER", "aws-sdk-1")));
        assert!(!first.is_same_principal(&role("admin", "AROAAGAIN", "aws-sdk-1")), "a role that was made again");
        let person = role("AWSReservedSSO_Admin_1234", "AROASSO", "ada@example.com");
        assert!(person.is_same_principal(&person.clone()));
        assert!(!person.is_same_principal(&role("AWSReservedSSO_Admin_1234", "AROASSO", "eve@example.com")));
        let federated = |name: &str| {
            identity("123456789012", &format!("arn:aws:sts::123456789012:federated-user/{name}"), &format!("123456789012:{name}"))
        };
        assert!(!federated("ada").is_same_principal(&federated("eve")));
    }
}
