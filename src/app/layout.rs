//! Where everything is on the screen: one function of its size, so that `update` knows how many rows a list has.

use crate::kit::input::Size;

/// The smallest screen on which anything can be shown but the request for a larger one.
pub const SMALLEST: Size = Size { width: 40, height: 10 };

/// From this width on the detail stands beside the list.
const WIDE: u16 = 140;
/// From this height on the detail stands below the list, where it does not fit beside it.
const TALL: u16 = 44;

/// A part of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Area {
    /// Columns from the left.
    pub x: u16,
    /// Lines from the top.
    pub y: u16,
    /// Columns.
    pub width: u16,
    /// Lines.
    pub height: u16,
}

impl Area {
    /// Its size.
    pub const fn size(self) -> Size {
        Size { width: self.width, height: self.height }
    }

    fn split_top(self, lines: u16) -> (Self, Self) {
        let lines = lines.min(self.height);
        let top = Self { height: lines, ..self };
        (top, Self { y: self.y + lines, height: self.height - lines, ..self })
    }

    fn split_bottom(self, lines: u16) -> (Self, Self) {
        let (top, bottom) = self.split_top(self.height.saturating_sub(lines));
        (top, bottom)
    }
}

/// How the detail of a row is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DetailPlace {
    /// Beside the list, always.
    Beside,
    /// Below the list, always.
    Below,
    /// Instead of the list, when it is opened.
    Alone,
}

/// The parts of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Account, identity, regions, credentials: two lines, one where the screen is low.
    pub header: Area,
    /// The panes' names.
    pub tabs: Area,
    /// Everything between tabs and status.
    pub body: Area,
    /// The list with its heading.
    pub list: Area,
    /// The line between list and detail, where both are shown.
    pub rule: Option<Area>,
    /// The text of the detail; its title stands on the line above.
    pub detail: Area,
    /// How the detail is shown.
    pub place: DetailPlace,
    /// One line: what the list shows and how true it is, or the field being typed in.
    pub status: Area,
    /// One line: the keys that work now.
    pub footer: Area,
}

impl Layout {
    /// The layout of a screen, or `None` where it is too small.
    pub fn of(size: Size) -> Option<Self> {
        if size.width < SMALLEST.width || size.height < SMALLEST.height {
            return None;
        }
        let all = Area { x: 0, y: 0, width: size.width, height: size.height };
        let (header, rest) = all.split_top(if size.height >= 20 { 2 } else { 1 });
        let (tabs, rest) = rest.split_top(1);
        let (rest, footer) = rest.split_bottom(1);
        let (body, status) = rest.split_bottom(1);
        let place = match size {
            Size { width: WIDE.., .. } => DetailPlace::Beside,
            Size { height: TALL.., .. } => DetailPlace::Below,
            _ => DetailPlace::Alone,
        };
        let (list, rule, detail) = match place {
            DetailPlace::Beside => beside(body),
            DetailPlace::Below => below(body),
            DetailPlace::Alone => (body, None, body),
        };
        Some(Self { header, tabs, body, list, rule, detail: inside(detail), place, status, footer })
    }

    /// How many rows of a list are on screen: its heading takes one line.
    pub fn list_rows(&self) -> u16 {
        self.list.height.saturating_sub(1)
    }

    /// The text of a raw record or of help, which take the whole body; its title stands on the line above.
    pub fn text(&self) -> Area {
        inside(self.body)
    }
}

/// Below a title, and one column in from the left.
fn inside(area: Area) -> Area {
    Area { x: area.x + 1, y: area.y + 1, width: area.width.saturating_sub(1), height: area.height.saturating_sub(1) }
}

/// The list keeps three fifths.
fn beside(body: Area) -> (Area, Option<Area>, Area) {
    let width = body.width / 5 * 3;
    let list = Area { width, ..body };
    let rule = Area { x: width, width: 1, ..body };
    (list, Some(rule), Area { x: width + 2, width: body.width - width - 2, ..body })
}

/// The list keeps three fifths.
fn below(body: Area) -> (Area, Option<Area>, Area) {
    let (list, rest) = body.split_top(body.height / 5 * 3);
    let (rule, detail) = rest.split_top(1);
    (list, Some(rule), detail)
}
