//! What the official agent does to terminal output: it sends whole UTF-8 sequences only.

use bytes::{Bytes, BytesMut};

/// Takes what may be sent, and leaves a character's beginning (at most three bytes) until the rest comes.
///
/// As with the official agent, invalid bytes further inside pass unchanged, and a true U+FFFD becomes the single byte 0xEF.
pub(super) fn whole(buffer: &mut BytesMut) -> Bytes {
    let held = unfinished(buffer);
    let text = buffer.split_to(buffer.len().saturating_sub(held)).freeze();
    if !text.windows(3).any(|three| three == REPLACEMENT) {
        return text;
    }
    let mut out = BytesMut::with_capacity(text.len());
    let mut rest: &[u8] = &text;
    while let Some((first, tail)) = rest.split_first() {
        out.extend_from_slice(&[*first]);
        rest = if rest.starts_with(REPLACEMENT) { rest.get(3..).unwrap_or_default() } else { tail };
    }
    out.freeze()
}

/// U+FFFD in UTF-8.
const REPLACEMENT: &[u8] = &[0xef, 0xbf, 0xbd];

/// How many bytes at the end begin a character that is not complete.
fn unfinished(bytes: &[u8]) -> usize {
    for length in 1..=3 {
        let Some(first) = bytes.len().checked_sub(length).and_then(|at| bytes.get(at)) else { return 0 };
        let needed = match first {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            0x80..=0xbf => continue,
            _ => return 0,
        };
        return if needed > length { length } else { 0 };
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn send(bytes: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let mut buffer = BytesMut::from(bytes);
        let sent = whole(&mut buffer);
        (sent.to_vec(), buffer.to_vec())
    }

    #[test]
    fn only_the_beginning_of_a_character_waits() {
        assert_eq!(send("hé".as_bytes()), ("hé".as_bytes().to_vec(), vec![]));
        assert_eq!(send(b"h\xc3"), (b"h".to_vec(), vec![0xc3]));
        assert_eq!(send(b"h\xf0\x9f\x98"), (b"h".to_vec(), vec![0xf0, 0x9f, 0x98]));
        assert_eq!(send(b"\xff\x80\x80"), (b"\xff\x80\x80".to_vec(), vec![]));
        assert_eq!(send(b""), (vec![], vec![]));
    }

    #[test]
    fn the_replacement_character_is_cut_as_the_official_agent_cuts_it() {
        assert_eq!(send("a\u{fffd}b".as_bytes()).0, b"a\xefb");
    }
}
