//! The built program in a pseudo-terminal and on the command line: real keys, real signals, bad days.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test stands at the edge, and its way to fail is to panic"
)]

mod audit;
mod bad_days;
mod campaign;
mod canary;
mod clocks;
mod command_line;
mod connection;
mod console;
mod door;
mod embedded;
mod encrypted_file;
mod ending;
mod endless;
mod forward;
mod harness;
mod hostile;
mod keyring;
mod keyring_store;
mod lock;
mod memory;
#[path = "../needs.rs"]
mod needs;
mod passphrases;
mod profiles;
mod rotating;
mod rotation_crashes;
mod second_factor;
mod secret_service;
mod shell;
mod shipped;
mod stub;
mod terminal_state;
mod whose;
