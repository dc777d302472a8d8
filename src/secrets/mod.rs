//! Secrets on their way: the keyring of the operating system, and asking the person for one. A secret is a [`secrecy::SecretString`] on
//! its whole way.

pub mod asking;
pub mod guard;
pub mod keyring;

pub use asking::{Asked, Asker};
pub use keyring::{Health, Keyring, KeyringError, Trouble};
