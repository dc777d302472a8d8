//! Session Manager's data channel, spoken natively: shells and tunnels to managed nodes without any helper program.
//!
//! It depends on nothing else of this program and could be a crate of its own. From the ground up:
//!
//! | module | what |
//! |---|---|
//! | [`wire`] | frames, payloads, handshake, smux v1, encryption: plain data, no I/O |
//! | [`channel`] | acknowledgement, retransmission, ordering, window: a state machine without I/O that serves both ends, and its driver |
//! | [`mux`] | many connections over one session |
//! | [`client`] | shells, commands and forwards |

pub mod channel;
pub mod client;
pub mod mux;
pub mod seed;
pub mod wire;
