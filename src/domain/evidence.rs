//! The record as AWS sent it, kept for evidence and for the raw view.
//!
//! Records arrive in pages whose parts are much alike, so a page is compressed as one piece and each row holds a range of it:
//! a hundred thousand CloudTrail events cost some ten megabytes instead of two hundred.

use std::hash::{DefaultHasher, Hasher as _};
use std::io::{Read as _, Write as _};
use std::sync::Arc;

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::text::Untrusted;

/// One record's JSON text, byte for byte as it was received.
#[derive(Clone)]
pub struct Evidence {
    page: Arc<[u8]>,
    start: u32,
    end: u32,
    /// A hash of the text: two rows are compared without unpacking their pages.
    mark: u64,
}

impl Evidence {
    /// Keeps the texts of one page together. The answer has one entry for each text, in order.
    pub fn page<S: AsRef<str>>(texts: &[S]) -> Vec<Self> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        let mut ranges = Vec::with_capacity(texts.len());
        let mut at = 0_u32;
        for text in texts {
            let bytes = text.as_ref().as_bytes();
            // Writing to a `Vec` cannot fail.
            let _ = encoder.write_all(bytes);
            let end = at.saturating_add(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
            ranges.push((at, end, mark(bytes)));
            at = end;
        }
        let page: Arc<[u8]> = encoder.finish().unwrap_or_default().into();
        ranges.into_iter().map(|(start, end, mark)| Self { page: Arc::clone(&page), start, end, mark }).collect()
    }

    /// Keeps a single text.
    pub fn one(text: &str) -> Self {
        Self::page(&[text]).pop().unwrap_or_else(|| Self { page: Arc::from([]), start: 0, end: 0, mark: mark(&[]) })
    }

    /// What stands in for the id of a record that has none: records without ids are not one and the same.
    pub fn stand_in(&self) -> Untrusted {
        Untrusted::new(format!("no id, record {:016x}", self.mark))
    }

    /// The text, unpacked. A page holds at most a few hundred kilobytes.
    pub fn text(&self) -> String {
        let length = u64::from(self.end.saturating_sub(self.start));
        let mut reader = DeflateDecoder::new(&*self.page);
        let mut skipped = std::io::sink();
        let _ = std::io::copy(&mut (&mut reader).take(u64::from(self.start)), &mut skipped);
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
        let _ = reader.take(length).read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

fn mark(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

impl PartialEq for Evidence {
    fn eq(&self, other: &Self) -> bool {
        self.mark == other.mark && self.end - self.start == other.end - other.start
    }
}

impl std::fmt::Debug for Evidence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Evidence({} bytes)", self.end.saturating_sub(self.start))
    }
}

impl Serialize for Evidence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text())
    }
}

impl<'de> Deserialize<'de> for Evidence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self::one(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_text_comes_back_whole(texts in proptest::collection::vec(any::<String>(), 0..20)) {
            let kept = Evidence::page(&texts);
            prop_assert_eq!(kept.iter().map(Evidence::text).collect::<Vec<_>>(), texts);
        }
    }
}
