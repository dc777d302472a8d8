//! How much data one message may carry.
//!
//! AWS's relay is known to pass 1 KiB, and its true limit is unknown. Where there is no relay, larger messages save most of the work:
//! on an unencrypted web socket, which leads to this machine only, the client offers a larger size in a header of the upgrade, and
//! an agent that knows the header answers with the size that both use. Without an answer it is 1 KiB. AWS is never asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::ssm::wire::payload::LARGEST_DATA;

/// The header with which a client offers a size, and an agent agrees, in bytes.
pub const HEADER: &str = "bartizan-largest-data";

/// What this program offers and agrees to, in bytes.
pub const OFFER: usize = 16 << 10;

/// The size that both ends of the web socket in use have agreed on. Cheap to copy; copies are the same.
#[derive(Debug, Clone)]
pub struct Largest(Arc<AtomicUsize>);

impl Default for Largest {
    fn default() -> Self {
        Self(Arc::new(AtomicUsize::new(LARGEST_DATA)))
    }
}

impl Largest {
    /// Bytes of data that one message may carry.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// Takes what was agreed on for a new web socket.
    pub fn agree(&self, bytes: usize) {
        self.0.store(bytes, Ordering::Relaxed);
    }
}

/// What comes of the other end's header: something between what always passes and what we offer.
#[must_use]
pub fn agreed(header: Option<&str>) -> usize {
    header.and_then(|text| text.parse::<usize>().ok()).map_or(LARGEST_DATA, |bytes| bytes.clamp(LARGEST_DATA, OFFER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_agreement_messages_are_as_small_as_aws_wants_them() {
        assert_eq!(Largest::default().bytes(), 1024);
        assert_eq!(agreed(None), 1024);
        assert_eq!(agreed(Some("much")), 1024);
        assert_eq!(agreed(Some("0")), 1024);
        assert_eq!(agreed(Some("4096")), 4096);
        assert_eq!(agreed(Some("99999999")), OFFER);
    }
}
