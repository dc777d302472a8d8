//! What passes. Everything that is not listed is dropped: terminals have functions of their own, and get new ones.
//!
//! A mode is listed only if `runtime::tty::MEND` undoes it. Of the questions that a terminal answers, only those are listed that the console's own
//! screen answers as well (`screens::screen`): their answers say nothing but a position and that there is a terminal.

use super::sequence::Sequence;

/// BEL, BS, HT, LF, VT, FF, CR, SO, SI. Not ENQ: it is answered with a text that somebody has set.
pub(super) fn control(byte: u8) -> bool {
    matches!(byte, 0x07..=0x0f)
}

/// `ESC` and this byte.
pub(super) fn escape(last: u8) -> bool {
    match last {
        // Back and forward index, save and restore the cursor, keypad, index, next line, tab stop, reverse index, reset.
        b'6'..=b'9' | b'=' | b'>' | b'D' | b'E' | b'H' | b'M' | b'c' => true,
        // Among others DECID (`Z`), which is answered.
        _ => false,
    }
}

/// `ESC`, an intermediate byte and a last one.
pub(super) fn designation(intermediate: u8, last: u8) -> bool {
    match intermediate {
        // Character sets: line drawing, British, ASCII.
        b'(' | b')' => matches!(last, b'0' | b'A' | b'B'),
        // Lines of double size, the test picture.
        b'#' => matches!(last, b'3'..=b'6' | b'8'),
        // `%` leaves UTF-8, so that the bytes of letters become controls; a space asks for controls of eight bits.
        _ => false,
    }
}

/// A control sequence. What is not allowed of its numbers is taken out of it.
pub(super) fn sequence(sequence: &mut Sequence, last: u8) -> bool {
    let Some(kind) = sequence.kind() else { return false };
    match (kind, last) {
        // Insert, move, erase, scroll, repeat, colour, tab stops, margins, save and restore the cursor.
        ((None, None), b'@'..=b'M' | b'P' | b'S' | b'X' | b'Z' | b'`'..=b'b' | b'd'..=b'g' | b'm' | b'r' | b's' | b'u') => true,
        // With more numbers than one it is a way to report the mouse that waits for an answer.
        ((None, None), b'T') => sequence.numbers().len() <= 1,
        ((None, None), b'h' | b'l') => modes(sequence, |mode| matches!(mode, 4 | 20)),
        ((Some(b'?'), None), b'h' | b'l') => modes(sequence, is_private_mode),
        ((None, None), b'n') => only(sequence, &[5, 6]),
        ((None, None), b'c') => sequence.numbers().is_empty() || only(sequence, &[0]),
        // Erase what is not protected; tab stops as ever.
        ((Some(b'?'), None), b'J' | b'K') => true,
        ((Some(b'?'), None), b'W') => only(sequence, &[5]),
        // Other encodings of keys: xterm's, and kitty's.
        ((Some(b'>'), None), b'm') => sequence.numbers().first().is_some_and(|first| first.value == Some(4)),
        ((Some(b'>' | b'='), None), b'u') => keyboard(sequence),
        ((Some(b'<'), None), b'u') => true,
        // The cursor's shape; scroll sideways; soft reset; protection; rectangles; columns.
        ((None, Some(b' ')), b'q' | b'@' | b'A') | ((None, Some(b'!')), b'p') | ((None, Some(b'"')), b'q') => true,
        ((None, Some(b'$')), b'r' | b't' | b'v' | b'x' | b'z' | b'{') | ((None, Some(b'*')), b'x') => true,
        ((None, Some(b'\'')), b'}' | b'~') => true,
        _ => false,
    }
}

/// Cursor keys, reversed screen, origin, wrapping, the mouse, the cursor's look, the second screen, the keypad, focus, pastes, whole frames.
/// Not among them: 2, a VT52 with a grammar of its own; 1001, which stops the terminal until it is answered; 9001, other encodings of keys.
fn is_private_mode(mode: u16) -> bool {
    matches!(mode, 1 | 5..=7 | 9 | 12 | 25 | 47 | 66 | 1000 | 1002..=1006 | 1015 | 1016 | 1047..=1049 | 2004 | 2026)
}

/// Takes the other modes out; says whether any is left.
fn modes(sequence: &mut Sequence, is_allowed: impl Fn(u16) -> bool) -> bool {
    if sequence.has_subordinate() {
        return false;
    }
    sequence.numbers().retain(|mode| mode.value.is_some_and(&is_allowed));
    !sequence.numbers().is_empty()
}

fn only(sequence: &mut Sequence, allowed: &[u16]) -> bool {
    matches!(sequence.numbers().as_slice(), [one] if one.value.is_some_and(|value| allowed.contains(&value)))
}

/// Leaves of kitty's flags those with which the key that takes a lent terminal back is still known: keys told apart, and told when they
/// are let go.
fn keyboard(sequence: &mut Sequence) -> bool {
    if let Some(flags) = sequence.numbers().first_mut() {
        flags.value = flags.value.map(|flags| flags & 0b11);
    }
    true
}

/// An operating system command that is a hyperlink to the web or to a mail address, or ends one. Other schemes start programs with
/// arguments that a stranger has chosen.
pub(super) fn link(said: &[u8]) -> bool {
    let Some(target) =
        std::str::from_utf8(said).ok().and_then(|said| said.strip_prefix("8;")?.split_once(';')).map(|(_, target)| target)
    else {
        return false;
    };
    let is_scheme = |scheme: &str| target.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    said.iter().all(|byte| (b' '..0x7f).contains(byte))
        && (target.is_empty() || ["https://", "http://", "mailto:"].into_iter().any(is_scheme))
}
