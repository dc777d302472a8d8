//! What goes over the wire, as plain data: no I/O, no clock, no randomness.
//!
//! | file | what |
//! |---|---|
//! | [`frame`] | the binary envelope of every message |
//! | [`id`] | message ids and where they come from |
//! | [`payload`] | what a frame carries: output, size, flag, acknowledgement, end of the channel |
//! | [`handshake`] | the JSON by which both ends agree on the kind of session |
//! | [`version`] | version strings and what may be expected of a version |
//! | [`smux`] | frames of smux v1, by which one session carries many connections |
//! | [`host`] | hosts in any of their forms, and which of them are the node itself |
//! | [`encryption`] | AES-256-GCM for sessions that the account encrypts with KMS |

pub mod encryption;
pub mod frame;
pub mod handshake;
pub mod host;
pub mod id;
pub mod payload;
pub mod smux;
pub mod version;

pub use frame::{Frame, FrameError, MessageType};
pub use id::{MessageId, MessageIds};
pub use payload::{Acknowledge, Flag, PayloadType, Size};
pub use version::Version;
