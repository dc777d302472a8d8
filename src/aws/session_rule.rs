//! Whether a session may be opened in an account, as the configuration has it: asked where sessions are opened, whoever wants one.

use super::iam;
use super::session::Session;
use crate::domain::account::{AccountRule, Identity, Whose, session_rule};

/// Whether sessions in this account want a reason. The alias is asked for only where a rule goes by one.
///
/// # Errors
/// Why no session may be opened there.
pub async fn asks_reason(session: &Session, rules: &[AccountRule], identity: Option<&Identity>) -> Result<bool, String> {
    let by_alias = rules.iter().any(|rule| !rule.is_by_id());
    let alias = if by_alias { iam::account_alias(session).await.ok() } else { Some(None) };
    let account = identity.map(|identity| identity.account.as_str());
    session_rule(rules, Whose { account, alias: alias.as_ref().map(Option::as_ref) })
}
