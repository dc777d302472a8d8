//! What a real parser of terminals (`vte`) makes of a target's output, filtered and not. It has no part in the filter's own code, and lists once
//! more what may pass.

use vte::{Params, Parser, Perform};

/// What may reach a terminal: private marker, intermediate byte, last bytes.
const SEQUENCES: &[(&str, &str, &str)] = &[
    ("", "", "@ABCDEFGHIJKLMPSTXZ`abdefghlmnrsuc"),
    ("?", "", "hlJKW"),
    (">", "", "mu"),
    ("=", "", "u"),
    ("<", "", "u"),
    ("", " ", "q@A"),
    ("", "!", "p"),
    ("", "\"", "q"),
    ("", "$", "rtvxz{"),
    ("", "*", "x"),
    ("", "'", "}~"),
];
/// The private modes that may be set.
const MODES: &[u16] =
    &[1, 5, 6, 7, 9, 12, 25, 47, 66, 1000, 1002, 1003, 1004, 1005, 1006, 1015, 1016, 1047, 1048, 1049, 2004, 2026];

/// What a terminal is told to do.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Event {
    Print(char),
    Execute(u8),
    Escape(Vec<u8>, u8),
    Control(Vec<u8>, Vec<Vec<u16>>, char),
}

/// Writes down what a terminal is told to do.
#[derive(Default)]
struct Heard {
    events: Vec<Event>,
    links: Vec<Vec<u8>>,
    /// What no output that was filtered may have.
    forbidden: Vec<String>,
}

impl Perform for Heard {
    fn print(&mut self, letter: char) {
        match letter {
            '\u{7f}' => self.forbidden.push("DEL".to_owned()),
            letter => self.events.push(Event::Print(letter)),
        }
    }

    fn execute(&mut self, byte: u8) {
        match byte {
            0x07..=0x0f => self.events.push(Event::Execute(byte)),
            // A byte that is no text: `vte` takes it for a control of eight bits and does nothing.
            0x80.. => {
                self.forbidden.push(format!("byte {byte:#x}"));
                self.events.push(Event::Print('\u{fffd}'));
            }
            _ => self.forbidden.push(format!("control {byte:#x}")),
        }
    }

    fn hook(&mut self, _: &Params, _: &[u8], _: bool, action: char) {
        self.forbidden.push(format!("DCS {action:?}"));
    }

    fn osc_dispatch(&mut self, params: &[&[u8]], is_bell: bool) {
        let said = params.join(&b';');
        let is_link = params.first() == Some(&b"8".as_slice()) && said.iter().all(|byte| (0x20..0x7f).contains(byte));
        if !is_link || is_bell {
            self.forbidden.push(format!("OSC {:?}", said.escape_ascii().to_string()));
        }
        self.links.push(said);
    }

    fn csi_dispatch(&mut self, params: &Params, intermediates: &[u8], is_ignored: bool, last: char) {
        let params = params.iter().map(<[u16]>::to_vec).collect();
        match allowed(intermediates, params, last).filter(|_| !is_ignored) {
            Some(event) => self.events.push(event),
            None => self.forbidden.push(format!("CSI {} {last:?}", intermediates.escape_ascii())),
        }
    }

    fn esc_dispatch(&mut self, intermediates: &[u8], is_ignored: bool, last: u8) {
        let is_allowed = match intermediates {
            [] => b"6789=>DEHMc".contains(&last),
            b"(" | b")" => b"0AB".contains(&last),
            b"#" => b"34568".contains(&last),
            _ => false,
        };
        match last {
            _ if is_allowed && !is_ignored => self.events.push(Event::Escape(intermediates.to_vec(), last)),
            // The end of a string.
            b'\\' if intermediates.is_empty() => {}
            _ => self.forbidden.push(format!("ESC {} {:?}", intermediates.escape_ascii(), char::from(last))),
        }
    }
}

/// The sequence with what may pass of its numbers.
fn allowed(between: &[u8], mut params: Vec<Vec<u16>>, last: char) -> Option<Event> {
    let (private, intermediate) = match between {
        [first @ b'<'..=b'?', rest @ ..] => (vec![*first], rest),
        rest => (Vec::new(), rest),
    };
    let listed = SEQUENCES.iter().any(|(marker, between, letters)| {
        marker.as_bytes() == private && between.as_bytes() == intermediate && letters.contains(last)
    });
    let first = params.first().and_then(|first| first.first()).copied().unwrap_or(0);
    let fits = match (private.as_slice(), intermediate, last) {
        (b"?" | b"", b"", 'h' | 'l') => {
            let is_plain = params.iter().all(|param| param.len() == 1);
            let modes = if private.is_empty() { &[4, 20] } else { MODES };
            params.retain(|mode| modes.contains(&mode[0]));
            is_plain && !params.is_empty()
        }
        (b"", b"", 'T') => params.iter().map(Vec::len).sum::<usize>() == 1,
        (b"", b"", 'n') => params == [[5]] || params == [[6]],
        (b"", b"", 'c') => params == [[0]],
        (b"?", b"", 'W') => params == [[5]],
        (b">", b"", 'm') => first == 4,
        (b">" | b"=", b"", 'u') => {
            params[0][0] &= 3;
            true
        }
        _ => true,
    };
    (listed && fits).then(|| Event::Control(between.to_vec(), params, last))
}

fn heard(bytes: &[u8]) -> Heard {
    let mut heard = Heard::default();
    Parser::new().advance(&mut heard, bytes);
    heard
}

/// `vte` knows C1 controls in their form of seven bits only.
fn in_seven_bits(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((byte, after)) = rest.split_first() {
        if let [0xc2, control @ 0x80..=0x9f, after @ ..] = rest {
            out.extend([0x1b, control - 0x40]);
            rest = after;
        } else {
            out.push(*byte);
            rest = after;
        }
    }
    out
}

/// A byte 0x9c ends a device control string for `vte`, though it is no text and no control in UTF-8. Puts another in its place.
pub(super) fn without_its_own_ways(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for at in 0..bytes.len() {
        if bytes[at] == 0x9c && (at == 0 || bytes[at - 1] != 0xc2) {
            bytes[at] = 0x9d;
        }
    }
    bytes
}

/// Whether `output` has nothing that may not reach a terminal, and tells it all that may be told of `input`.
pub(super) fn judge(input: &[u8], output: &[u8]) -> Result<(), String> {
    let (wanted, got) = (heard(&in_seven_bits(input)), heard(output));
    if !got.forbidden.is_empty() {
        return Err(format!("passed: {}", got.forbidden.join(", ")));
    }
    let Ok(text) = std::str::from_utf8(output) else { return Err("what passed is no UTF-8".to_owned()) };
    if text.chars().any(|letter| ('\u{7f}'..='\u{9f}').contains(&letter)) {
        return Err("a control of eight bits passed".to_owned());
    }
    let mut links = wanted.links.iter();
    if let Some(made) = got.links.iter().find(|link| !links.any(|other| other == *link)) {
        return Err(format!("a link that was never sent: {}", made.escape_ascii()));
    }
    if let Some(link) = got.links.iter().find(|link| !is_harmless(link)) {
        return Err(format!("a link that starts a program: {}", link.escape_ascii()));
    }
    match wanted.events.iter().zip(&got.events).find(|(wanted, got)| wanted != got) {
        Some((wanted, got)) => Err(format!("{wanted:?} became {got:?}")),
        None if wanted.events.len() != got.events.len() => {
            Err(format!("{} events became {}", wanted.events.len(), got.events.len()))
        }
        None => Ok(()),
    }
}

fn is_harmless(link: &[u8]) -> bool {
    let target = link.splitn(3, |byte| *byte == b';').nth(2).unwrap_or_default().to_ascii_lowercase();
    target.is_empty() || ["http://", "https://", "mailto:"].iter().any(|scheme| target.starts_with(scheme.as_bytes()))
}
