//! Keys that a containment has taken for leaked. A rotation that began before knows nothing of it, and makes none of them active again:
//! neither on its own when its new key fails, nor because it is told to go back.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

/// Whose key a rotation is about to make active, and when it began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Awakening {
    /// Twelve digits.
    pub account: String,
    /// `UserName`.
    pub user: String,
    /// `AccessKeyId`.
    pub key: String,
    /// When the rotation began.
    pub began: Timestamp,
}

/// Whether it is, or why nobody knows.
type Asked = dyn Fn(&Awakening) -> Result<bool, String> + Send + Sync;

/// Tells whether a key is taken for leaked.
#[derive(Clone)]
pub struct Leaked(Arc<Asked>);

impl Leaked {
    /// Asks this. It may read files; an error says why nobody knows, and then the key stays inactive.
    pub fn new(is_leaked: impl Fn(&Awakening) -> Result<bool, String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(is_leaked))
    }

    /// Where nobody is ever contained.
    pub fn none() -> Self {
        Self::new(|_| Ok(false))
    }

    /// Why the key may not be made active; `None`: it may.
    pub(super) async fn forbids(&self, awakening: Awakening) -> Option<String> {
        let (ask, key) = (Arc::clone(&self.0), awakening.key.clone());
        let said = tokio::task::spawn_blocking(move || ask(&awakening)).await;
        let why = match said.unwrap_or_else(|_| Err("looking broke".to_owned())) {
            Ok(false) => return None,
            Ok(true) => "it is taken for leaked".to_owned(),
            Err(why) => format!("whether it is taken for leaked is not known: {why}"),
        };
        Some(format!("{key} is not made active again: {why}; activate that key in the keys pane, by its id"))
    }
}

impl fmt::Debug for Leaked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Leaked")
    }
}
