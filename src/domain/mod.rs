//! What AWS things are to us: plain data, no I/O, no SDK, no terminal.
//!
//! Everything here is `Clone + PartialEq + Serialize + Deserialize`, so that messages and the whole model can be logged,
//! replayed and compared. Text that came from AWS is [`text::Untrusted`]; a secret has no place in this folder.

pub mod account;
pub mod age;
pub mod call;
pub mod change;
pub mod containment;
pub mod detail;
pub mod event;
pub mod evidence;
pub mod fault;
pub mod finding;
pub mod forward;
pub(crate) mod json;
pub mod key;
pub mod key_use;
pub mod known;
pub mod moment;
pub mod node;
pub mod preferences;
pub mod profiles;
pub mod question;
pub mod recording;
pub mod report;
pub mod rotation;
pub mod shell;
pub mod text;
pub mod user;

#[cfg(test)]
pub(crate) mod testing;
