//! The embedded AWS: one deterministic world behind the real wire protocols.
