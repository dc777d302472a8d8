//! Whether anything may be changed now: the console reads until it is armed.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::domain::account::{AccountRule, SessionView, Whose, rule_of, session_rule};
use crate::domain::moment::Moment;
use crate::kit::effect::SessionId;

/// How long the console stays armed.
pub const ARMED_FOR: SignedDuration = SignedDuration::from_mins(15);

/// What stands between a person and a change.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Door {
    /// Why nothing can ever be changed in this process: `--read-only`, or no place for the audit log.
    pub closed: Option<String>,
    /// What the configuration says about accounts.
    pub rules: Vec<AccountRule>,
    /// Until when the session may change something.
    pub armed: Option<(SessionId, Moment)>,
    /// IAM actions that AWS refused, and when. Forgotten when the list is read anew, as somebody may have granted them.
    pub denied: BTreeMap<String, Timestamp>,
    /// Changes that AWS has been asked for and has not answered: number and title.
    pub running: BTreeMap<u64, String>,
    /// The number of the newest change.
    pub newest: u64,
}

impl Door {
    /// Until when the session may change something; `None`: it may not.
    pub fn armed_until(&self, session: SessionId, now: Moment) -> Option<Moment> {
        self.armed.filter(|(armed, until)| *armed == session && *until > now).map(|(_, until)| until)
    }

    /// What holds for the account on screen.
    ///
    /// # Errors
    /// Why the console cannot be armed there, in one sentence without a full stop.
    pub fn rule(&self, view: &SessionView) -> Result<AccountRule, String> {
        if let Some(why) = &self.closed {
            return Err(format!("read-only: {why}"));
        }
        let rule = rule_of(&self.rules, view).map_err(|why| format!("read-only: {why}"))?;
        if rule.never_arm {
            let name = rule.name.as_deref().unwrap_or(&rule.account);
            return Err(format!("read-only: the configuration never lets {name} be changed (never_arm)"));
        }
        Ok(rule)
    }

    /// Whether sessions in the account on screen want a reason.
    ///
    /// # Errors
    /// Why none may be opened there.
    pub fn sessions(&self, view: &SessionView) -> Result<bool, String> {
        match &self.closed {
            Some(why) => Err(format!("no session: the console is read-only: {why}")),
            None => session_rule(&self.rules, Whose::of(view)),
        }
    }

    /// Why an action that calls these may not be done now; `None`: it may.
    pub fn refuses(&self, needs: &[&str], session: SessionId, view: &SessionView, now: Moment) -> Option<String> {
        if let Err(why) = self.rule(view) {
            return Some(why);
        }
        if self.armed_until(session, now).is_none() {
            return Some("read-only: not armed".into());
        }
        let (action, at) = needs.iter().find_map(|need| self.denied.get_key_value(*need))?;
        Some(format!("{action} was denied at {}; reload to ask anew", at.strftime("%H:%M:%SZ")))
    }
}
