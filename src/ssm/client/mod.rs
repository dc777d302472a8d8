//! A client of Session Manager: shells, commands, forwards.
//!
//! [`session::Opener::open`] starts a session and returns when it runs; [`shell`], [`forward`] and [`byte_stream`] use it;
//! [`session::Closer::close`] ends it on every way out. What calls AWS is behind [`gateway::Gateway`].

pub mod address;
pub mod byte_stream;
mod connector;
pub mod dial;
pub mod escape;
pub mod filter;
pub mod forward;
pub mod gateway;
mod handshake;
pub mod journal;
pub mod proxies;
pub mod session;
pub mod shell;
mod unfinished;
