//! The rules about an account, asked where whatever can change it is made: a [`Cleared`] has no other maker than [`Rules::clear`], and
//! without one there is no [`super::change::Changer`], no [`super::rotation::Account`], no [`super::secrets_manager::SecretsManagers`]
//! and no [`super::session_manager::SessionManager`].

use std::fmt;

use super::session::Session;
use super::{iam, sts};
use crate::domain::account::{AccountRule, Identity, Whose, rule_for};
use crate::domain::fault::Fault;
use crate::rotation::stores::KeyPair;

/// What the configuration and the command line say about changes.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    closed: Option<String>,
    accounts: Vec<AccountRule>,
    sessions_want_reason: bool,
}

/// Why an account may not be changed. Nothing was sent that changes anything.
#[derive(Debug, Clone, PartialEq)]
pub enum Refused {
    /// By the rules, or because it is not known which of them hold: one sentence without a full stop.
    Policy(String),
    /// It is not known whose account it is, and no rule is about any.
    Unknown(Box<Fault>),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy(why) => f.write_str(why),
            Self::Unknown(fault) => write!(f, "it is not known whose account this is: {fault}"),
        }
    }
}

/// Proof that the rules let an account be changed, and with it the only way to change it.
#[derive(Debug, Clone)]
pub struct Cleared {
    session: Session,
    account: String,
    asks_reason: bool,
    asks_session_reason: bool,
}

impl Rules {
    /// The rules of the configuration.
    pub fn new(accounts: Vec<AccountRule>) -> Self {
        Self { closed: None, accounts, sessions_want_reason: false }
    }

    /// Nothing may be changed in any account, for this reason (`started with --read-only`).
    #[must_use]
    pub fn closed(self, why: Option<String>) -> Self {
        Self { closed: why.or(self.closed), ..self }
    }

    /// Every session wants a reason, whatever the rules of its account say (`[sessions] reason`).
    #[must_use]
    pub fn sessions_want_reason(self, wanted: bool) -> Self {
        Self { sessions_want_reason: wanted, ..self }
    }

    /// Asks whose account the session is in, its alias where a rule goes by one, and what the rules say to that.
    ///
    /// # Errors
    /// Nothing may be changed there, or it is not known.
    pub async fn clear(&self, session: &Session) -> Result<Cleared, Refused> {
        if let Some(why) = &self.closed {
            return Err(Refused::Policy(why.clone()));
        }
        let identity = self.identity(session).await?;
        let alias = if self.forbids_by_alias() {
            let alias = iam::account_alias(session).await;
            alias
                .map_err(|fault| Refused::Policy(format!("the account's alias is not known, and a rule goes by one: {fault}")))?
        } else {
            None
        };
        let whose = Whose { account: Some(&identity.account), alias: Some(alias.as_ref()) };
        let rule = rule_for(&self.accounts, whose).map_err(Refused::Policy)?;
        if rule.never_arm {
            return Err(never(&rule));
        }
        Ok(self.cleared(session, identity.account, &rule))
    }

    /// Clears the account of a session whose own key was retired by a rotation of it, so that STS names nobody for it any more. `account` is
    /// what STS named when that rotation began, and `key` the key that it retires. The session itself can change nothing after that: the
    /// new key signs, and whose that is is asked before each change.
    ///
    /// `None`: the session has another key, or one that STS knows.
    pub(crate) async fn clear_retired(&self, session: &Session, account: &str, key: &str) -> Option<Result<Cleared, Refused>> {
        let own = session.signing_credentials().await.ok().flatten()?;
        if session.identity().is_some() || own.session_token().is_some() || own.access_key_id() != key {
            return None;
        }
        if let Some(why) = &self.closed {
            return Some(Err(Refused::Policy(why.clone())));
        }
        let rule = match rule_for(&self.accounts, Whose { account: Some(account), alias: None }) {
            Ok(rule) => rule,
            Err(why) => return Some(Err(Refused::Policy(why))),
        };
        if rule.never_arm {
            return Some(Err(never(&rule)));
        }
        Some(Ok(self.cleared(session, account.to_owned(), &rule)))
    }

    fn cleared(&self, session: &Session, account: String, rule: &AccountRule) -> Cleared {
        let asks_session_reason = rule.reason || self.sessions_want_reason;
        Cleared { session: session.clone(), account, asks_reason: rule.reason, asks_session_reason }
    }

    async fn identity(&self, session: &Session) -> Result<Identity, Refused> {
        sts::known(session).await.map_err(|fault| {
            if self.accounts.iter().any(AccountRule::forbids) {
                let words =
                    "it is not known whose account this is, and the configuration has rules about accounts (never_arm, reason)";
                Refused::Policy(format!("{words}: {fault}"))
            } else {
                Refused::Unknown(Box::new(fault))
            }
        })
    }

    fn forbids_by_alias(&self) -> bool {
        self.accounts.iter().any(|rule| !rule.is_by_id() && rule.forbids())
    }
}

fn never(rule: &AccountRule) -> Refused {
    let name = rule.name.as_deref().unwrap_or(&rule.account);
    Refused::Policy(format!("the configuration never lets {name} be changed (never_arm)"))
}

impl Cleared {
    /// The session that may change its account.
    pub(crate) fn session(&self) -> &Session {
        &self.session
    }

    /// The account: twelve digits.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// Whether every change wants a reason.
    pub fn asks_reason(&self) -> bool {
        self.asks_reason
    }

    /// Whether every session wants a reason: where changes do, or where the configuration asks for one everywhere.
    pub fn asks_session_reason(&self) -> bool {
        self.asks_session_reason
    }

    /// Who has the session, as STS has said.
    pub fn identity(&self) -> Option<Identity> {
        self.session.identity()
    }

    /// The same account, changed by another key of it. Whose that key is is asked before it changes anything.
    pub(crate) fn signed_by(&self, pair: &KeyPair) -> Self {
        Self { session: self.session.signed_by(pair), ..self.clone() }
    }
}
