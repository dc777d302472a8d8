//! From the mouse to the bytes that a terminal sends for it, as the target has asked: xterm's protocols ("Mouse Tracking" in its control
//! sequences).

use vt100::{MouseProtocolEncoding as Encoding, MouseProtocolMode as Mode};

/// A button.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Button {
    /// The left one.
    Left,
    /// The middle one.
    Middle,
    /// The right one.
    Right,
}

/// Where a wheel turns to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wheel {
    /// Away from the person.
    Up,
    /// Towards the person.
    Down,
    /// To the left.
    Left,
    /// To the right.
    Right,
}

/// What has happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A button was pressed.
    Press(Button),
    /// A button was released.
    Release(Button),
    /// The mouse was moved with this button held.
    Drag(Button),
    /// The mouse was moved.
    Move,
    /// The wheel was turned by a notch.
    Turn(Wheel),
}

/// Something done with the mouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mouse {
    /// What.
    pub kind: Kind,
    /// In which column, from 0.
    pub column: u16,
    /// In which line, from 0.
    pub line: u16,
    /// With shift.
    pub shift: bool,
    /// With alt.
    pub alt: bool,
    /// With control.
    pub ctrl: bool,
}

/// What a target wants to be told of the mouse, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wish {
    /// What.
    pub mode: Mode,
    /// How.
    pub encoding: Encoding,
}

/// The bytes for it; none where the target does not want to be told.
pub fn encode(mouse: Mouse, wish: Wish) -> Vec<u8> {
    let wanted = match (wish.mode, mouse.kind) {
        (Mode::None, _) => false,
        (Mode::Press, kind) => matches!(kind, Kind::Press(_)),
        (Mode::PressRelease, Kind::Drag(_) | Kind::Move) | (Mode::ButtonMotion, Kind::Move) => false,
        (Mode::PressRelease | Mode::ButtonMotion | Mode::AnyMotion, _) => true,
    };
    if !wanted {
        return Vec::new();
    }
    let is_release = matches!(mouse.kind, Kind::Release(_));
    let code = match mouse.kind {
        // Only SGR says which button was released.
        Kind::Release(_) if wish.encoding != Encoding::Sgr => 3,
        Kind::Press(button) | Kind::Release(button) => number(button),
        Kind::Drag(button) => 32 + number(button),
        Kind::Move => 32 + 3,
        Kind::Turn(Wheel::Up) => 64,
        Kind::Turn(Wheel::Down) => 65,
        Kind::Turn(Wheel::Left) => 66,
        Kind::Turn(Wheel::Right) => 67,
    };
    let modifiers: u16 =
        [(mouse.shift, 4), (mouse.alt, 8), (mouse.ctrl, 16)].into_iter().map(|(is, add)| if is { add } else { 0 }).sum();
    // The first of the protocols has no modifiers.
    let code = if wish.mode == Mode::Press { code } else { code + modifiers };
    let (column, line) = (mouse.column.saturating_add(1), mouse.line.saturating_add(1));
    match wish.encoding {
        Encoding::Sgr => format!("\x1b[<{code};{column};{line}{}", if is_release { 'm' } else { 'M' }).into_bytes(),
        Encoding::Default => single([code, column, line]).unwrap_or_default(),
        Encoding::Utf8 => characters([code, column, line]).unwrap_or_default(),
    }
}

fn number(button: Button) -> u16 {
    match button {
        Button::Left => 0,
        Button::Middle => 1,
        Button::Right => 2,
    }
}

/// One byte for each number: beyond 223 columns there is none, and nothing is sent.
fn single(numbers: [u16; 3]) -> Option<Vec<u8>> {
    let mut bytes = b"\x1b[M".to_vec();
    for number in numbers {
        bytes.push(u8::try_from(number + 32).ok()?);
    }
    Some(bytes)
}

/// One character of UTF-8 for each number, up to 2015.
fn characters(numbers: [u16; 3]) -> Option<Vec<u8>> {
    let mut text = String::from("\x1b[M");
    for number in numbers {
        text.push(char::from_u32(u32::from(number.checked_add(32).filter(|number| *number < 2048)?))?);
    }
    Some(text.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mouse(kind: Kind, column: u16, line: u16) -> Mouse {
        Mouse { kind, column, line, shift: false, alt: false, ctrl: false }
    }

    #[test]
    fn each_protocol_tells_what_was_asked_for_and_no_more() {
        let press = mouse(Kind::Press(Button::Left), 0, 0);
        let release = mouse(Kind::Release(Button::Right), 9, 4);
        let drag = mouse(Kind::Drag(Button::Middle), 9, 4);
        let moved = mouse(Kind::Move, 9, 4);
        let wheel = Mouse { ctrl: true, shift: true, ..mouse(Kind::Turn(Wheel::Down), 299, 4) };
        let none: &[u8] = b"";
        for (mode, encoding, wanted) in [
            (Mode::None, Encoding::Sgr, [none, none, none, none, none]),
            (Mode::Press, Encoding::Default, [b"\x1b[M !!", none, none, none, none]),
            (Mode::PressRelease, Encoding::Sgr, [b"\x1b[<0;1;1M", b"\x1b[<2;10;5m", none, none, b"\x1b[<85;300;5M"]),
            (Mode::ButtonMotion, Encoding::Sgr, [b"\x1b[<0;1;1M", b"\x1b[<2;10;5m", b"\x1b[<33;10;5M", none, b"\x1b[<85;300;5M"]),
            (Mode::AnyMotion, Encoding::Default, [b"\x1b[M !!", b"\x1b[M#*%", b"\x1b[MA*%", b"\x1b[MC*%", none]),
            (
                Mode::AnyMotion,
                Encoding::Utf8,
                [b"\x1b[M !!", b"\x1b[M#*%", b"\x1b[MA*%", b"\x1b[MC*%", "\x1b[Mu\u{14c}%".as_bytes()],
            ),
        ] {
            let sent = [press, release, drag, moved, wheel].map(|mouse| encode(mouse, Wish { mode, encoding }));
            assert_eq!(sent, wanted, "{mode:?} {encoding:?}");
        }
    }
}
