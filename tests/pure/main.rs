//! Tests of the pure floors: no AWS, no terminal, no clock.
#![allow(clippy::disallowed_methods, reason = "tests stand at the edge: they read files and clocks")]

mod architecture;
mod query;
mod table;
