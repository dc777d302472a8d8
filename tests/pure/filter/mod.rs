//! The filter of a target's output, held against a real parser of terminals.

mod oracle;

use bartizan::ssm::client::filter::Filter;
use proptest::prelude::*;

fn in_pieces(bytes: &[u8], cut: usize) -> Vec<u8> {
    let mut filter = Filter::default();
    bytes.chunks(cut).flat_map(|piece| filter.pass(piece).to_vec()).collect()
}

fn filtered(bytes: &[u8]) -> Vec<u8> {
    in_pieces(bytes, bytes.len().max(1))
}

/// What begins and ends sequences.
const INTRODUCERS: &[&[u8]] =
    &[b"\x1b", b"\x1b[", b"\x1b]", b"\x1bP", b"\x1b_", b"\x1b^", b"\x1bX", b"\x1b\\", b"\x1b(", b"\x1b%", b"\x1b#", b"\x1b "];
/// The same in eight bits, as UTF-8.
const C1: &[&[u8]] =
    &[b"\xc2\x9b", b"\xc2\x9d", b"\xc2\x90", b"\xc2\x98", b"\xc2\x9c", b"\xc2\x9e", b"\xc2\x9f", b"\xc2\x85", b"\xc2"];
const CONTROLS: &[&[u8]] = &[b"\x07", b"\x18", b"\x1a", b"\x00", b"\x7f", b"\n", b"\r", b"\x08", b"\x05", b"\x0e", b"\t"];
const BODIES: &[&[u8]] = &[
    b"8;;http://a",
    b"8;;",
    b"8;;ssh://a",
    b"0;title",
    b"52;c;eA==",
    b"\\",
    b"?1049h",
    b"?2;25l",
    b"1;31m",
    b"38:2::1:2:3m",
    b"6n",
    b"21t",
    b"22;0t",
    b">4;2m",
    b">31u",
    b"!p",
    b"5i",
    b"4h",
    b"2h",
    b"?",
    b";",
    b":",
    b"1",
    b"$",
    b"c",
    b"[",
    b"]",
];
const LETTERS: &[&[u8]] =
    &["é".as_bytes(), "名".as_bytes(), "👍".as_bytes(), b"\xe2\x80", b"\xf0\x9f", b"\xff", b"\x9d", b"\x9b", b"\xe2\x80\x9d"];

/// Pieces of which hostile output is made.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let word = |words: &'static [&'static [u8]]| proptest::sample::select(words).prop_map(<[u8]>::to_vec);
    prop_oneof![
        6 => word(INTRODUCERS),
        4 => word(C1),
        4 => word(CONTROLS),
        4 => word(BODIES),
        2 => word(LETTERS),
        2 => proptest::collection::vec(any::<u8>(), 1..4),
        2 => "[ -~]{1,6}".prop_map(String::into_bytes),
        1 => proptest::collection::vec(any::<u8>(), 0..40),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_terminal_is_told_all_that_is_allowed_and_nothing_else(pieces in proptest::collection::vec(piece(), 0..24), cut in 1_usize..20) {
        let bytes = oracle::without_its_own_ways(&pieces.concat());
        let whole = filtered(&bytes);
        prop_assert_eq!(&whole, &in_pieces(&bytes, cut), "cuts make no difference");
        prop_assert_eq!(oracle::judge(&bytes, &whole), Ok(()));
        prop_assert_eq!(&whole, &filtered(&whole), "what has passed passes again");
    }

    #[test]
    fn a_byte_anywhere_in_a_string_lets_nothing_out(at in 0_usize..12, byte in any::<u8>(),
        string in proptest::sample::select(vec!["\x1b]52;c;eA==\x07", "\x1b]0;title\x1b\\", "\x1bP$qm\x1b\\", "\x1b_Gx\x1b\\", "\u{9d}0;title\x07"])) {
        let mut bytes = string.as_bytes().to_vec();
        bytes.insert(at.min(bytes.len()), byte);
        let bytes = oracle::without_its_own_ways(&bytes);
        prop_assert_eq!(oracle::judge(&bytes, &filtered(&bytes)), Ok(()));
    }
}

#[test]
fn three_bytes_after_escape_let_no_string_out() {
    // Every pair of bytes between ESC and the letter of a string.
    for first in 0..=u8::MAX {
        for second in 0..=u8::MAX {
            let bytes = oracle::without_its_own_ways(&[b"\x1b", [first, second].as_slice(), b"]0;title\x07\x1b\\"].concat());
            if let Err(why) = oracle::judge(&bytes, &filtered(&bytes)) {
                panic!("{first:#x} {second:#x}: {why}");
            }
        }
    }
}

#[test]
fn the_oracle_can_tell() {
    for (output, why) in [
        (b"\x1b\x00]0;t\x07".as_slice(), "OSC"),
        (b"\x1b\x7fP$qm\x1b\\", "DCS"),
        (b"\x1b[21t", "CSI"),
        (b"\x1b%@", "ESC"),
        (b"\xc2\x9b31m", "byte 0x9b"),
        (b"\xff", "UTF-8"),
        (b"\x05", "control"),
        (b"\x1b]8;;ssh://a\x1b\\", "starts a program"),
    ] {
        let judged = oracle::judge(output, output);
        assert!(judged.as_ref().is_err_and(|told| told.contains(why)), "{judged:?}");
    }
    assert!(oracle::judge(b"\x1b[31mred", b"red").is_err(), "something is missing");
}

#[test]
fn what_the_corpus_holds_passes_as_a_real_parser_says() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpora/terminal");
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let bytes = oracle::without_its_own_ways(&std::fs::read(&path).unwrap());
        assert_eq!(oracle::judge(&bytes, &filtered(&bytes)), Ok(()), "{}", path.display());
    }
}
