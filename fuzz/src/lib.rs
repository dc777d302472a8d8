//! The parts of the program that read what strangers send, taken from their sources.
#![allow(unfulfilled_lint_expectations, reason = "the program's lints are not asked for here")]

#[path = "../../src/domain/mod.rs"]
pub mod domain;
#[path = "../../src/kit/mod.rs"]
pub mod kit;
#[path = "../../src/screens/mod.rs"]
pub mod screens;
#[path = "../../src/ssm/mod.rs"]
pub mod ssm;
