//! tests
#![allow(clippy::disallowed_methods, reason = "tests stand at the edge: they read files and clocks")]
