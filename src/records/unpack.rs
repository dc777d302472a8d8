//! From a file's bytes to text: gzip by its first bytes, whatever the name says, and the encodings that JSON is saved in.

use std::io::{ErrorKind, Read as _};

use flate2::bufread::GzDecoder;

/// How a member of a gzip file begins: its mark, and "deflate".
const MEMBER: [u8; 3] = [0x1f, 0x8b, 8];
/// How often a file may be packed.
const LAYERS: usize = 3;

/// What begins with these bytes may well hold records, but has to be unpacked or converted first.
const ARCHIVES: [(&[u8], &str); 13] = [
    (b"PK\x03\x04", "is a zip archive: unpack it first"),
    (b"\x28\xb5\x2f\xfd", "is packed with zstd: unpack it first (zstd -d)"),
    (b"BZh", "is packed with bzip2: unpack it first (bunzip2)"),
    (b"\xfd7zXZ\0", "is packed with xz: unpack it first (unxz)"),
    (b"7z\xbc\xaf\x27\x1c", "is a 7-Zip archive: unpack it first"),
    (b"\x04\x22\x4d\x18", "is packed with lz4: unpack it first (lz4 -d)"),
    (b"\xff\x06\0\0sNaPpY", "is packed with Snappy: unpack it first"),
    (b"\x78\x01", "is packed with zlib: unpack it first"),
    (b"\x78\x9c", "is packed with zlib: unpack it first"),
    (b"\x78\xda", "is packed with zlib: unpack it first"),
    (b"PAR1", "is a Parquet file: export its rows as JSON"),
    (b"Obj\x01", "is an Avro file: export its rows as JSON"),
    (b"ORC", "is an ORC file: export its rows as JSON"),
];

/// What became of a file's bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unpacked {
    /// Text, and what of the file could not be unpacked.
    Text(Vec<u8>, Vec<String>),
    /// No text, but something that may hold records.
    Archive(&'static str),
    /// No text, and nothing known.
    Binary,
}

/// Unpacks up to `most` bytes.
pub(super) fn unpack(mut bytes: Vec<u8>, most: usize) -> Unpacked {
    let mut problems = Vec::new();
    for _ in 0..LAYERS {
        if !is_gzip(&bytes) {
            break;
        }
        bytes = gunzip(&bytes, most, &mut problems);
    }
    if let Some((_, what)) = ARCHIVES.iter().find(|(mark, _)| bytes.starts_with(mark)) {
        return Unpacked::Archive(what);
    }
    if bytes.get(257..262) == Some(b"ustar") {
        return Unpacked::Archive("is a tar archive: unpack it first");
    }
    let bytes = decoded(bytes);
    if bytes.iter().take(512).any(|byte| *byte == 0 || *byte == 0x1f) && problems.is_empty() {
        return Unpacked::Binary;
    }
    Unpacked::Text(bytes, problems)
}

/// Whether bytes begin as gzip does.
pub(super) fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b])
}

/// All members of a gzip file in a row, as `cat *.gz` makes them. Of a member that is cut off or damaged what could be unpacked
/// stays, and the next one is looked for.
pub(super) fn gunzip(bytes: &[u8], most: usize, problems: &mut Vec<String>) -> Vec<u8> {
    let mut text = Vec::new();
    let mut rest = bytes;
    let mut member = 0;
    while !rest.is_empty() {
        if !is_gzip(rest) {
            let (between, after) = rest.split_at(next_member(rest));
            behind(between, member, &mut text, problems);
            rest = after;
            continue;
        }
        let before = text.len();
        let room = u64::try_from(most.saturating_sub(before)).unwrap_or(u64::MAX);
        let mut decoder = GzDecoder::new(rest);
        let result = decoder.by_ref().take(room.saturating_add(1)).read_to_end(&mut text);
        if text.len() > most {
            text.truncate(most);
            problems.push(format!("unpacks to more than {}: what comes after that was not read", size(most)));
            return text;
        }
        match result {
            Ok(_) => {
                member += 1;
                rest = decoder.into_inner();
            }
            Err(error) => {
                if text.len() > before || member == 0 {
                    member += 1;
                    problems.push(damage(member, &error));
                    text.push(b'\n');
                }
                let skipped = rest.get(1..).unwrap_or_default();
                rest = skipped.get(next_member(skipped)..).unwrap_or_default();
            }
        }
    }
    text
}

fn damage(member: usize, error: &std::io::Error) -> String {
    if error.kind() == ErrorKind::UnexpectedEof {
        format!("gzip member {member} is cut off: only what comes before the cut was read")
    } else {
        format!("gzip member {member} is damaged ({error}): what was read of it may be, too")
    }
}

/// What lies between or behind the members: zeros fill up a block of a tape or a disk; text is text; the rest is named.
fn behind(between: &[u8], member: usize, text: &mut Vec<u8>, problems: &mut Vec<String>) {
    let content = between.trim_ascii();
    if content.iter().all(|byte| *byte == 0) {
        return;
    }
    if matches!(content.first(), Some(b'{' | b'[' | b'"')) {
        text.push(b'\n');
        text.extend_from_slice(content);
    } else {
        problems.push(format!("{} bytes behind gzip member {member} are neither gzip nor JSON", between.len()));
    }
}

fn next_member(bytes: &[u8]) -> usize {
    bytes.windows(MEMBER.len()).position(|window| window == MEMBER).unwrap_or(bytes.len())
}

/// UTF-8 without its mark and without zeros at the end; UTF-16, as PowerShell's `>` writes it, turned into UTF-8.
fn decoded(bytes: Vec<u8>) -> Vec<u8> {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units =
            bytes.chunks_exact(2).map(|pair| unit([pair.first().copied().unwrap_or(0), pair.last().copied().unwrap_or(0)]));
        char::decode_utf16(units).map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER)).collect::<String>().into_bytes()
    };
    match bytes.as_slice() {
        [0xef, 0xbb, 0xbf, text @ ..] => trimmed(text.to_vec()),
        [0xff, 0xfe, text @ ..] => utf16(text, u16::from_le_bytes),
        [0xfe, 0xff, text @ ..] => utf16(text, u16::from_be_bytes),
        [b'{' | b'[' | b'"', 0, ..] => utf16(&bytes, u16::from_le_bytes),
        [0, b'{' | b'[' | b'"', ..] => utf16(&bytes, u16::from_be_bytes),
        _ => trimmed(bytes),
    }
}

fn trimmed(mut bytes: Vec<u8>) -> Vec<u8> {
    let length = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    bytes.truncate(length);
    bytes
}

/// A size in words.
pub(super) fn size(bytes: usize) -> String {
    if bytes >= 1 << 20 { format!("{} MiB", bytes >> 20) } else { format!("{bytes} bytes") }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn text(bytes: Vec<u8>) -> (String, Vec<String>) {
        match unpack(bytes, 1 << 20) {
            Unpacked::Text(text, problems) => (String::from_utf8(text).unwrap(), problems),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn members_in_a_row_are_one_text() {
        let row = [gzip(b"{\"a\":1}"), gzip(b""), gzip(b"{\"b\":2}"), vec![0; 512]].concat();
        assert_eq!(text(row), ("{\"a\":1}{\"b\":2}".into(), vec![]));
        assert_eq!(text(gzip(&gzip(b"{}"))), ("{}".into(), vec![]));
        assert_eq!(text([gzip(b"{}"), b"{\"plain\":1}\n".to_vec()].concat()).0, "{}\n{\"plain\":1}");
    }

    #[test]
    fn of_a_broken_member_the_whole_part_stays_and_the_next_is_read() {
        let long: Vec<u8> = (0..9_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_string().into_bytes()).collect();
        let whole = gzip(&long);
        let (unpacked, problems) = text([&whole[..whole.len() / 2], &gzip(b"{\"b\":2}")].concat());
        assert!(unpacked.len() > 1_000 && long.starts_with(&unpacked.as_bytes()[..1_000]));
        assert!(unpacked.ends_with("\n{\"b\":2}"), "{}", &unpacked[unpacked.len() - 30..]);
        assert!(problems[0].contains("gzip member 1"), "{problems:?}");
        let (unpacked, problems) = text(whole[..whole.len() - 4].to_vec());
        assert_eq!(unpacked.trim_end().as_bytes(), long);
        assert!(problems[0].contains("cut off"), "{problems:?}");
        let mut damaged = whole.clone();
        *damaged.iter_mut().rev().nth(6).unwrap() ^= 1;
        assert!(text(damaged).1[0].contains("damaged"));
        let (unpacked, problems) = text([gzip(b"{}"), b"garbage".to_vec(), gzip(b"[]")].concat());
        assert_eq!(unpacked, "{}[]");
        assert_eq!(problems, ["7 bytes behind gzip member 1 are neither gzip nor JSON"]);
    }

    #[test]
    fn a_bomb_is_cut_at_the_cap_which_is_named() {
        let bomb = gzip(&vec![b' '; 3 << 20]);
        let (unpacked, problems) = text(bomb);
        assert_eq!(unpacked.len(), 1 << 20);
        assert_eq!(problems, ["unpacks to more than 1 MiB: what comes after that was not read"]);
    }

    #[test]
    fn every_encoding_that_json_is_saved_in_is_read() {
        let wide = |text: &str, unit: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
        let json = "{\"name\": \"Jürgen\"}";
        for bytes in [
            json.as_bytes().to_vec(),
            [b"\xef\xbb\xbf", json.as_bytes()].concat(),
            [json.as_bytes(), &[0, 0, 0]].concat(),
            wide(&format!("\u{feff}{json}"), u16::to_le_bytes),
            wide(&format!("\u{feff}{json}"), u16::to_be_bytes),
            wide(json, u16::to_le_bytes),
        ] {
            assert_eq!(text(bytes), (json.into(), vec![]));
        }
    }

    #[test]
    fn what_is_no_text_is_named() {
        assert_eq!(unpack(b"PK\x03\x04...".to_vec(), 100), Unpacked::Archive("is a zip archive: unpack it first"));
        assert_eq!(unpack(b"\x28\xb5\x2f\xfd".to_vec(), 100), Unpacked::Archive(ARCHIVES[1].1));
        assert_eq!(unpack(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(), 100), Unpacked::Binary);
        let mut tar = vec![b'a'; 512];
        tar[257..262].copy_from_slice(b"ustar");
        assert_eq!(unpack(gzip(&tar), 1_000), Unpacked::Archive("is a tar archive: unpack it first"));
    }
}
