//! Themes: what the roles of the screen look like. Data in `themes/`, laid over each other, and reduced to what the terminal can show.
//!
//! This is the only place that names colours. A view asks its [`Look`] for a role: `look[Role::Muted]`.

mod colour;
mod depth;
mod file;
mod glyphs;
mod role;

pub use colour::{contrast, reduce as reduce_colour};
pub use depth::{Depth, Surroundings};
pub use glyphs::Glyphs;
pub use role::Role;

use std::ops::Index;

use ratatui::style::{Color, Modifier, Style};

use crate::kit::source::{Problem, Source, Weight};

/// The themes that are built in.
const BUILT_IN: [(&str, Source<'static>); 3] = [
    ("midnight", Source { file: "themes/midnight.toml", text: include_str!("../../themes/midnight.toml") }),
    ("ansi16", Source { file: "themes/ansi16.toml", text: include_str!("../../themes/ansi16.toml") }),
    ("mono", Source { file: "themes/mono.toml", text: include_str!("../../themes/mono.toml") }),
];

/// The names of the built-in themes.
pub fn names() -> [&'static str; 3] {
    BUILT_IN.map(|(name, _)| name)
}

/// The text of a built-in theme, to start one's own from.
pub fn text_of(name: &str) -> Option<&'static str> {
    BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, source)| source.text)
}

/// A theme as it looks on one terminal.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    styles: [Style; Role::COUNT],
    /// The signs beside the words.
    pub glyphs: Glyphs,
    /// How many colours there are.
    pub depth: Depth,
}

impl Index<Role> for Look {
    type Output = Style;

    fn index(&self, role: Role) -> &Style {
        const NOTHING: &Style = &Style::new();
        self.styles.get(role as usize).unwrap_or(NOTHING)
    }
}

impl Look {
    /// The theme of this name on this terminal; without a name, the one that suits it. A terminal without colours always gets `mono`.
    pub fn choose(name: Option<&str>, surroundings: &Surroundings) -> Result<Self, Vec<Problem>> {
        let depth = Depth::of(surroundings);
        let name = match (depth, name) {
            (Depth::Mono, _) => "mono",
            (_, Some(name)) => name,
            (Depth::Sixteen, None) => "ansi16",
            (_, None) => "midnight",
        };
        let sheet = built_in(name).ok_or_else(|| {
            let message = format!("there is no theme of this name; there are {}", names().join(", "));
            vec![Problem { weight: Weight::Error, file: name.to_owned(), line: 0, column: 0, message }]
        })?;
        Ok(Self::of(&sheet, depth, surroundings))
    }

    /// A theme of the person's own, from its file.
    pub fn from_file(source: &Source<'_>, surroundings: &Surroundings) -> Result<Self, Vec<Problem>> {
        let sheet = file::read(source, &built_in, &names())?;
        Ok(Self::of(&sheet, Depth::of(surroundings), surroundings))
    }

    /// A role without the ground of ordinary text: for writing on a row, a field or a window that has a ground of its own.
    pub fn ink(&self, role: Role) -> Style {
        let style = self[role];
        if role == Role::Text { Style { bg: None, ..style } } else { style }
    }

    /// The look without any theme, for when even the built-in one cannot be read, which a test excludes.
    pub fn plain() -> Self {
        Self { styles: [Style::new(); Role::COUNT], glyphs: glyphs::ASCII, depth: Depth::Mono }
    }

    /// A look whose colours are the numbers of the roles, so that a test can tell from a painted cell which role it has.
    pub fn of_roles() -> Self {
        let mut look = Self { styles: [Style::new(); Role::COUNT], glyphs: glyphs::UNICODE, depth: Depth::Indexed };
        let painted = built_in("midnight").unwrap_or_default();
        for (style, role) in look.styles.iter_mut().zip(Role::ALL) {
            let number = Color::Indexed(*role as u8);
            let grounds = painted.styles.get(role).is_some_and(|style| style.bg.is_some());
            *style = Style { fg: Some(number), bg: grounds.then_some(number), ..Style::new() };
        }
        look
    }

    fn of(sheet: &file::Sheet, depth: Depth, surroundings: &Surroundings) -> Self {
        let mut styles = [Style::new(); Role::COUNT];
        for (style, role) in styles.iter_mut().zip(Role::ALL) {
            let written = sheet.styles.get(role).copied().unwrap_or_default();
            *style = reduce(written, *role, depth);
        }
        let glyphs = if depth::shows_unicode(surroundings) { glyphs::UNICODE } else { glyphs::ASCII };
        Self { styles, glyphs, depth }
    }
}

/// A style as a terminal of this depth can show it: where grounds have no colours, they are reversed.
fn reduce(style: Style, role: Role, depth: Depth) -> Style {
    let mut reduced = Style { fg: None, bg: None, ..style };
    reduced.fg = style.fg.and_then(|color| colour::reduce(color, depth));
    reduced.bg = style.bg.and_then(|color| colour::reduce(color, depth));
    if depth == Depth::Mono && style.bg.is_some() && !matches!(role, Role::Text | Role::Window) {
        reduced.add_modifier |= Modifier::REVERSED;
    }
    reduced
}

fn built_in(name: &str) -> Option<file::Sheet> {
    let (_, source) = BUILT_IN.iter().find(|(known, _)| *known == name)?;
    file::read(source, &built_in, &names()).ok()
}
