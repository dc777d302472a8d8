//! Bartizan: a terminal console for the AWS administrator on call.
//!
//! The modules are the floors of the house, from the ground up; a floor may use what lies below it, never above.
//! `ARCHITECTURE.md` has the picture, `tests/pure/floors` holds it.

pub mod app;
pub mod audit;
pub mod domain;
pub mod files;
pub mod kit;
pub mod panes;
pub mod recordings;
pub mod records;
pub mod rotation;
pub mod screens;
pub mod secrets;
pub mod ssm;
pub mod theme;
pub mod widgets;

pub mod aws;
pub mod emulator;

pub mod cli;
pub mod config;
pub mod runtime;
