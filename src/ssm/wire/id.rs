//! Message ids: UUIDs, which the binary header carries with their halves exchanged.

use std::fmt;
use std::str::FromStr;

/// A message's UUID.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub [u8; 16]);

impl MessageId {
    /// The id as the header has it: bytes 8 to 16 first, then bytes 0 to 8.
    #[must_use]
    pub fn swapped(self) -> Self {
        let mut bytes = self.0;
        bytes.rotate_left(8);
        Self(bytes)
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, byte) in self.0.iter().enumerate() {
            if matches!(at, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Text that is no UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID")]
pub struct InvalidMessageId;

impl FromStr for MessageId {
    type Err = InvalidMessageId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b'-').collect();
        let mut bytes = [0; 16];
        if digits.len() != 32 {
            return Err(InvalidMessageId);
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| InvalidMessageId)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| InvalidMessageId)?;
        }
        Ok(Self(bytes))
    }
}

/// An endless supply of version 4 UUIDs from one seed, so that tests are the same in every run. The seed must be random in earnest.
#[derive(Debug, Clone)]
pub struct MessageIds {
    /// Counts in the bits that are not fixed by the version and the variant: every id is another one.
    next: u128,
}

impl MessageIds {
    /// The supply of a seed.
    #[must_use]
    pub fn new(seed: [u8; 16]) -> Self {
        Self { next: u128::from_be_bytes(seed) }
    }

    /// The next id. 2⁶² of them are distinct.
    pub fn fresh(&mut self) -> MessageId {
        let mut number = self.next;
        self.next = number.wrapping_add(1);
        // Version 4, variant 1 (RFC 9562): the official client parses what we send.
        number = number & !(0xf << 76) | (0x4 << 76);
        number = number & !(0x3 << 62) | (0x2 << 62);
        MessageId(number.to_be_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_distinct_uuids_of_version_4() {
        let mut ids = MessageIds::new([7; 16]);
        let (first, second) = (ids.fresh().to_string(), ids.fresh().to_string());
        assert_ne!(first, second);
        for text in [first, second] {
            assert_eq!(text.as_bytes()[14], b'4', "{text}");
            assert!(matches!(text.as_bytes()[19], b'8' | b'9' | b'a' | b'b'), "{text}");
            assert_eq!(text.parse::<MessageId>().unwrap().to_string(), text);
        }
        assert!("00112233".parse::<MessageId>().is_err());
    }
}
