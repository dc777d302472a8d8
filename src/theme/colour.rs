//! Colours: how theme files write them, how terminals with fewer of them show them, and whether they can be read.

use ratatui::style::Color;

use super::depth::Depth;

/// The sixteen colours that every terminal has, by name, with the values that most of them use.
const ANSI: [(&str, Color, (u8, u8, u8)); 16] = [
    ("black", Color::Black, (0, 0, 0)),
    ("red", Color::Red, (205, 49, 49)),
    ("green", Color::Green, (13, 188, 121)),
    ("yellow", Color::Yellow, (229, 229, 16)),
    ("blue", Color::Blue, (36, 114, 200)),
    ("magenta", Color::Magenta, (188, 63, 188)),
    ("cyan", Color::Cyan, (17, 168, 205)),
    ("white", Color::Gray, (229, 229, 229)),
    ("bright-black", Color::DarkGray, (102, 102, 102)),
    ("bright-red", Color::LightRed, (241, 76, 76)),
    ("bright-green", Color::LightGreen, (35, 209, 139)),
    ("bright-yellow", Color::LightYellow, (245, 245, 67)),
    ("bright-blue", Color::LightBlue, (59, 142, 234)),
    ("bright-magenta", Color::LightMagenta, (214, 112, 214)),
    ("bright-cyan", Color::LightCyan, (41, 184, 219)),
    ("bright-white", Color::White, (255, 255, 255)),
];

/// The names that a theme file may use without a palette.
pub(super) fn names<'a>() -> impl Iterator<Item = &'a str> {
    ANSI.iter().map(|(name, ..)| *name).chain(["default"])
}

/// Reads `#rrggbb`, one of the sixteen names, or `default` (the terminal's own).
pub(super) fn parse(word: &str) -> Option<Color> {
    if word == "default" {
        return Some(Color::Reset);
    }
    if let Some(digits) = word.strip_prefix('#') {
        let number = u32::from_str_radix(digits, 16).ok().filter(|_| digits.len() == 6)?;
        let [_, r, g, b] = number.to_be_bytes();
        return Some(Color::Rgb(r, g, b));
    }
    ANSI.iter().find(|(name, ..)| *name == word).map(|(_, color, _)| *color)
}

/// The colour as a terminal of this depth can show it; `None` where it shows none.
pub fn reduce(color: Color, depth: Depth) -> Option<Color> {
    match (color, depth) {
        (_, Depth::Mono) => None,
        (Color::Rgb(r, g, b), Depth::Indexed) => Some(Color::Indexed(nearest_256((r, g, b)))),
        (Color::Rgb(r, g, b), Depth::Sixteen) => Some(nearest_16((r, g, b))),
        (Color::Indexed(index @ 16..), Depth::Sixteen) => Some(nearest_16(value_256(index))),
        (color, _) => Some(color),
    }
}

/// The nearest of the 6×6×6 cube and the 24 greys; the first sixteen are the person's own and cannot be relied on.
fn nearest_256(rgb: (u8, u8, u8)) -> u8 {
    (16..=255).min_by_key(|index| distance(rgb, value_256(*index))).unwrap_or(15)
}

fn nearest_16(rgb: (u8, u8, u8)) -> Color {
    ANSI.iter().min_by_key(|(.., value)| distance(rgb, *value)).map_or(Color::Reset, |(_, color, _)| *color)
}

fn value_256(index: u8) -> (u8, u8, u8) {
    let step = |n: u8| if n == 0 { 0 } else { 55 + n * 40 };
    match index {
        232..=255 => {
            let grey = 8 + (index - 232) * 10;
            (grey, grey, grey)
        }
        16..=231 => (step((index - 16) / 36), step((index - 16) / 6 % 6), step((index - 16) % 6)),
        _ => ANSI.get(usize::from(index)).map_or((0, 0, 0), |(.., value)| *value),
    }
}

/// How different two colours look: the usual cheap approximation that weighs green most.
fn distance(a: (u8, u8, u8), b: (u8, u8, u8)) -> u32 {
    let square = |x: u8, y: u8| u32::from(x.abs_diff(y)).pow(2);
    3 * square(a.0, b.0) + 6 * square(a.1, b.1) + square(a.2, b.2)
}

/// The red, green and blue of a colour, where they are known.
fn value(color: Color) -> Option<(u8, u8, u8)> {
    match color {
        Color::Rgb(r, g, b) => Some((r, g, b)),
        Color::Indexed(index) => Some(value_256(index)),
        other => ANSI.iter().find(|(_, known, _)| *known == other).map(|(.., value)| *value),
    }
}

/// The contrast of two colours, 1 to 21, as WCAG 2 defines it; `None` where one is the terminal's own.
pub fn contrast(a: Color, b: Color) -> Option<f64> {
    let luminance = |color: Color| {
        value(color).map(|(r, g, b)| {
            let linear = |part: u8| {
                let part = f64::from(part) / 255.0;
                if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
        })
    };
    let (a, b) = (luminance(a)?, luminance(b)?);
    Some((a.max(b) + 0.05) / (a.min(b) + 0.05))
}
