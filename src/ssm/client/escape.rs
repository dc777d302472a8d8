//! Keys for ourselves among the keys for the remote: `~` at the beginning of a line, as ssh has it.

use bytes::{Bytes, BytesMut};

/// What the user wants of us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// `~.`: end the session.
    End,
    /// `~?`: name these keys.
    Help,
}

/// What `~?` says.
pub const HELP: &str = "~. ends the session, ~~ sends ~, ~? shows this; all of them at the beginning of a line";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    LineStart,
    Tilde,
    Line,
}

/// Looks for escapes in what is typed.
#[derive(Debug, Clone)]
pub struct Escapes(State);

impl Default for Escapes {
    fn default() -> Self {
        Self(State::LineStart)
    }
}

impl Escapes {
    /// Takes keys. What goes to the remote, and what the user wants of us.
    pub fn take(&mut self, keys: &[u8]) -> (Bytes, Option<Wish>) {
        let mut out = BytesMut::with_capacity(keys.len() + 1);
        let mut wish = None;
        for key in keys {
            let state = self.0;
            self.0 = if matches!(key, b'\r' | b'\n') { State::LineStart } else { State::Line };
            match (state, key) {
                (State::LineStart, b'~') => {
                    self.0 = State::Tilde;
                    continue;
                }
                (State::Tilde, b'.') => wish = Some(Wish::End),
                (State::Tilde, b'?') => {
                    self.0 = State::LineStart;
                    wish = wish.or(Some(Wish::Help));
                }
                (State::Tilde, b'~') => out.extend_from_slice(b"~"),
                (State::Tilde, other) => out.extend_from_slice(&[b'~', *other]),
                (_, other) => out.extend_from_slice(&[*other]),
            }
        }
        (out.freeze(), wish)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_tilde_at_the_beginning_of_a_line_is_ours() {
        let mut escapes = Escapes::default();
        assert_eq!(escapes.take(b"ls ~.\r"), (Bytes::from_static(b"ls ~.\r"), None));
        assert_eq!(escapes.take(b"~"), (Bytes::new(), None));
        assert_eq!(escapes.take(b"/x\r"), (Bytes::from_static(b"~/x\r"), None));
        assert_eq!(escapes.take(b"~~\r"), (Bytes::from_static(b"~\r"), None));
        assert_eq!(escapes.take(b"~?"), (Bytes::new(), Some(Wish::Help)));
        assert_eq!(escapes.take(b"~."), (Bytes::new(), Some(Wish::End)));
    }
}
