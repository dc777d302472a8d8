//! A secret that is being typed, as far as the model may know: that it is asked for, and how long it is by now.

use serde::{Deserialize, Serialize};

use crate::domain::question::Question;

/// An open question. The characters are in the loop, beside the model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// What is asked.
    pub question: Question,
    /// Whether it is being typed for the second time.
    pub again: bool,
    /// Characters typed so far.
    pub length: usize,
    /// Why what was typed was not taken.
    pub note: Option<String>,
}
