//! Secrets at rest: the keyring of the operating system. A secret is a [`secrecy::SecretString`] on its whole way.

pub mod keyring;

pub use keyring::{Health, Keyring, KeyringError, Trouble};
