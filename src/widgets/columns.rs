//! Which columns of a table are shown on a screen of some width, and where.

use crate::kit::table::Column;

/// Space between two columns.
const GAP: u16 = 2;
/// A growing column is not made narrower than this before others are.
const NARROWEST: u16 = 10;

/// A column on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// Index into the table's columns.
    pub column: usize,
    /// Where it begins, counted from the left of the table.
    pub x: u16,
    /// How wide it is, at least 1.
    pub width: u16,
}

/// Places columns in `width` terminal columns: those with the highest `spare` vanish until the rest fits, growing ones share what is left,
/// and where even the columns that stay always do not fit, they become narrower.
pub fn place(columns: &[Column], width: u16) -> Vec<Placed> {
    let mut shown: Vec<(usize, &Column, u16)> =
        columns.iter().enumerate().map(|(at, column)| (at, column, column.width.max(1))).collect();
    while shown.len() > 1 && wanted(&shown) > u32::from(width) {
        let Some(most) = shown.iter().map(|(_, column, _)| column.spare).max().filter(|spare| *spare > 0) else { break };
        let Some(at) = shown.iter().rposition(|(_, column, _)| column.spare == most) else { break };
        shown.remove(at);
    }
    shrink(&mut shown, width);
    grow(&mut shown, width);
    let mut x = 0_u16;
    let mut placed = Vec::with_capacity(shown.len());
    for (column, _, wide) in shown {
        if x >= width {
            break;
        }
        placed.push(Placed { column, x, width: wide.min(width - x) });
        x = x.saturating_add(wide).saturating_add(GAP);
    }
    placed
}

fn wanted(shown: &[(usize, &Column, u16)]) -> u32 {
    let gaps = u32::from(GAP) * u32::try_from(shown.len().saturating_sub(1)).unwrap_or(0);
    shown.iter().map(|(_, _, width)| u32::from(*width)).sum::<u32>() + gaps
}

fn shrink(shown: &mut [(usize, &Column, u16)], width: u16) {
    let mut missing = u16::try_from(wanted(shown).saturating_sub(u32::from(width))).unwrap_or(u16::MAX);
    for least in [NARROWEST, 1] {
        for (_, column, wide) in shown.iter_mut().rev().filter(|(_, column, _)| column.grow || least == 1) {
            let taken = missing.min(wide.saturating_sub(least.min(column.width.max(1))));
            *wide -= taken;
            missing -= taken;
        }
    }
}

/// Growing columns take what is left in proportion to their widths: the longest texts need it most.
fn grow(shown: &mut [(usize, &Column, u16)], width: u16) {
    let mut left = u32::from(width).saturating_sub(wanted(shown));
    let mut weight: u32 =
        shown.iter().filter(|(_, column, _)| column.grow).map(|(_, column, _)| u32::from(column.width.max(1))).sum();
    for (_, column, wide) in shown.iter_mut().filter(|(_, column, _)| column.grow) {
        let own = u32::from(column.width.max(1));
        let share = left * own / weight.max(1);
        *wide = wide.saturating_add(u16::try_from(share).unwrap_or(0));
        left -= share;
        weight -= own;
    }
}
