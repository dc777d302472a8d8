//! Where randomness and the time of day enter.

use ring::rand::{SecureRandom, SystemRandom};

/// Random bytes, fit for keys.
#[must_use]
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // The system's source does not fail once it is up; a program that runs at all has it.
    let _never_fails = SystemRandom::new().fill(&mut bytes);
    bytes
}

/// Milliseconds since 1970.
#[must_use]
pub fn epoch_millis() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "the edge: messages carry the time of their making")]
    let now = std::time::SystemTime::now();
    let since = now.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
