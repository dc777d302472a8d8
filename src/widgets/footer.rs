//! The keys that work now.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::paint::{self, Piece};
use crate::theme::{Look, Role};

/// One key and what it does, in a word or two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// The key.
    pub key: String,
    /// What it does.
    pub word: String,
}

/// Draws as many hints as fit; those of `always` stand at the right and come first when there is little room.
pub fn draw(hints: &[Hint], always: &[Hint], look: &Look, area: Rect, buf: &mut Buffer) {
    let right: Vec<Piece> = always.iter().flat_map(|hint| pieces(hint, look)).collect();
    let reserved: usize = right.iter().map(Piece::width).sum();
    let room = usize::from(area.width).saturating_sub(reserved + 1);
    let (mut left, mut used) = (Vec::new(), 1);
    for hint in hints {
        let next = pieces(hint, look);
        let wide: usize = next.iter().map(Piece::width).sum();
        if used + wide > room {
            break;
        }
        used += wide;
        left.extend(next);
    }
    let end = paint::pieces(buf, area, 1, &left);
    paint::pieces_right(buf, area, end, &right);
}

fn pieces(hint: &Hint, look: &Look) -> [Piece; 2] {
    [Piece::new(hint.key.clone(), look[Role::Key]), Piece::new(format!(" {}  ", hint.word), look[Role::Muted])]
}
