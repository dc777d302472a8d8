//! A control sequence: `ESC [`, perhaps a private marker, numbers, perhaps an intermediate byte, a last one.

use bytes::BytesMut;

/// So many numbers are understood by the parsers of terminals; a sequence with more is dropped.
const MOST: usize = 32;

/// A number, or none where it was left out, and what stands before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number {
    pub(super) value: Option<u16>,
    separator: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Part {
    #[default]
    Start,
    Numbers,
    Intermediates,
    /// It is malformed: nothing of it counts but its end.
    Malformed,
}

/// A sequence as far as it has come.
#[derive(Debug, Clone, Default)]
pub(super) struct Sequence {
    part: Part,
    private: Option<u8>,
    intermediate: Option<u8>,
    numbers: Vec<Number>,
}

impl Sequence {
    pub(super) fn clear(&mut self) {
        self.part = Part::Start;
        self.private = None;
        self.intermediate = None;
        self.numbers.clear();
    }

    /// The private marker and the intermediate byte; `None` if the sequence is malformed.
    pub(super) fn kind(&self) -> Option<(Option<u8>, Option<u8>)> {
        (self.part != Part::Malformed).then_some((self.private, self.intermediate))
    }

    /// The numbers.
    pub(super) fn numbers(&mut self) -> &mut Vec<Number> {
        &mut self.numbers
    }

    /// Whether there are numbers that belong to the one before them (`4:3`).
    pub(super) fn has_subordinate(&self) -> bool {
        self.numbers.iter().any(|number| number.separator == b':')
    }

    /// Takes a printable byte. Says whether it is the last one.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        match (self.part, byte) {
            (_, b'@'..) => return true,
            (Part::Malformed, _) => {}
            (Part::Start, b'<'..=b'?') => {
                self.private = Some(byte);
                self.part = Part::Numbers;
            }
            (Part::Start | Part::Numbers, b'0'..=b';') => {
                self.part = Part::Numbers;
                self.number(byte);
            }
            (Part::Start | Part::Numbers, b' '..=b'/') => {
                self.intermediate = Some(byte);
                self.part = Part::Intermediates;
            }
            _ => self.part = Part::Malformed,
        }
        false
    }

    fn number(&mut self, byte: u8) {
        if self.numbers.is_empty() {
            self.numbers.push(Number { value: None, separator: b';' });
        }
        let is_full = self.numbers.len() >= MOST;
        match (byte, self.numbers.last_mut()) {
            (b'0'..=b'9', Some(last)) => {
                let digit = u16::from(byte - b'0');
                last.value = Some(last.value.unwrap_or(0).saturating_mul(10).saturating_add(digit));
            }
            (separator, _) if !is_full => self.numbers.push(Number { value: None, separator }),
            _ => self.part = Part::Malformed,
        }
    }

    /// Writes the sequence in its plainest form.
    pub(super) fn write(&self, last: u8, out: &mut BytesMut) {
        use std::fmt::Write as _;
        out.extend_from_slice(b"\x1b[");
        out.extend(self.private);
        for (at, number) in self.numbers.iter().enumerate() {
            if at > 0 {
                out.extend([number.separator]);
            }
            if let Some(value) = number.value {
                // Memory grows as it has to: this cannot fail.
                let _never = write!(out, "{value}");
            }
        }
        out.extend(self.intermediate);
        out.extend([last]);
    }
}
