//! The audit log: what this console changed, on disk before the call is made.
//!
//! | file | what |
//! |---|---|
//! | [`record`] | one line of the log: its fields, its hash |
//! | [`log`] | appending: locked, written, fsynced |
//! | [`tail`] | the end of the log, as the next append finds it |
//! | [`anchor`] | the newest number and hash, in the keyring |
//! | [`mod@verify`] | whether anything was changed, removed or reordered |
//! | [`aside`] | the way on after that |
//! | [`history`] | intents paired with their outcomes |
//!
//! The log is a folder: one file for each month, `2026-11.jsonl`, whose first record goes on where the file before it ended, and
//! `head`, which holds the lock and repeats the number and hash of the newest record. Each line is a JSON object whose last field,
//! `hash`, is the SHA-256 of the line without that field; the field before it, `previous`, is the hash of the line before. Nothing is
//! ever removed from the log or changed in it: what a crash left unfinished stays, and the record after it says so. Old months are
//! not pruned, so the least time that an auditor asks for, 90 days, is kept without a clock deciding it.

mod anchor;
mod aside;
mod error;
mod files;
pub mod history;
mod log;
mod record;
mod tail;
mod verify;

pub use anchor::item_name;
pub use aside::set_aside;
pub use error::AuditError;
pub use log::{AuditLog, Entry, Intent};
pub use record::{Mark, Phase, ReadBack, Record, SetAside};
pub use verify::{Anchoring, Bad, Report, verify};

#[cfg(test)]
mod forged_tests;
#[cfg(test)]
mod tests;
