//! Reading theme files.

use std::collections::BTreeMap;
use std::ops::Range;

use ratatui::style::{Color, Modifier, Style};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Role, colour};
use crate::kit::source::{Problem, Source, did_you_mean};

/// What a theme file says, with what it inherits filled in.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Sheet {
    /// `name`.
    pub(super) name: String,
    /// Styles of the roles that this file or one below it sets.
    pub(super) styles: BTreeMap<Role, Style>,
}

/// The modifiers that a role can add.
const MODIFIERS: [(&str, Modifier); 6] = [
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underlined", Modifier::UNDERLINED),
    ("reversed", Modifier::REVERSED),
    ("crossed-out", Modifier::CROSSED_OUT),
];

type Wrong = (Range<usize>, String);

/// Reads a file. `base` finds the theme that it inherits from.
pub(super) fn read(source: &Source<'_>, base: &dyn Fn(&str) -> Option<Sheet>, known: &[&str]) -> Result<Sheet, Vec<Problem>> {
    let table = source.toml().map_err(|problem| vec![problem])?;
    let table = table.get_ref();
    let (mut sheet, mut wrong) = (Sheet::default(), Vec::new());
    if let Some(inherits) = table.get("inherits") {
        match inherits.get_ref().as_str().and_then(base) {
            Some(inherited) => sheet = inherited,
            None => wrong.push((inherits.span(), format!("there is no theme of this name; there are {}", known.join(", ")))),
        }
    }
    let palette = palette(table, &mut wrong);
    for (key, value) in table {
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("name", DeValue::String(name)) => sheet.name = name.to_string(),
            ("inherits" | "appearance" | "palette", _) => {}
            ("roles", DeValue::Table(roles)) => {
                for (name, style) in roles {
                    match role(name).and_then(|role| Ok((role, style_of(style, &palette)?))) {
                        Ok((role, style)) => _ = sheet.styles.insert(role, style),
                        Err(message) => wrong.push(message),
                    }
                }
            }
            (other, _) => {
                let hint = did_you_mean(other, ["name", "inherits", "appearance", "palette", "roles"]);
                wrong.push((key.span(), format!("a theme has no {other:?}{hint}")));
            }
        }
    }
    if wrong.is_empty() {
        Ok(sheet)
    } else {
        Err(wrong.into_iter().map(|(place, message)| source.error(place, message)).collect())
    }
}

fn palette<'a>(table: &'a DeTable<'_>, wrong: &mut Vec<Wrong>) -> BTreeMap<&'a str, Color> {
    let mut palette = BTreeMap::new();
    let Some(DeValue::Table(colours)) = table.get("palette").map(Spanned::get_ref) else { return palette };
    for (name, value) in colours {
        match value.get_ref().as_str().and_then(colour::parse) {
            Some(color) => _ = palette.insert(name.get_ref().as_ref(), color),
            None => {
                wrong.push((value.span(), "a colour is \"#rrggbb\" or one of the sixteen names, such as \"bright-red\"".into()))
            }
        }
    }
    palette
}

fn role(name: &Spanned<toml::de::DeString<'_>>) -> Result<Role, Wrong> {
    let word = name.get_ref().as_ref();
    Role::ALL.iter().copied().find(|role| role.name() == word).ok_or_else(|| {
        let hint = did_you_mean(word, Role::ALL.iter().map(|role| role.name()));
        (name.span(), format!("there is no role {word:?}{hint}"))
    })
}

fn style_of(value: &Spanned<DeValue<'_>>, palette: &BTreeMap<&str, Color>) -> Result<Style, Wrong> {
    let DeValue::Table(parts) = value.get_ref() else {
        return Err((value.span(), "a role is written as { fg = …, bg = …, add = […] }".into()));
    };
    let mut style = Style::new();
    for (key, part) in parts {
        match (key.get_ref().as_ref(), part.get_ref()) {
            ("fg", DeValue::String(word)) => style.fg = Some(color(word, part.span(), palette)?),
            ("bg", DeValue::String(word)) => style.bg = Some(color(word, part.span(), palette)?),
            ("add", DeValue::Array(words)) => {
                for word in words.iter() {
                    let name = word.get_ref().as_str().unwrap_or_default();
                    let Some((_, modifier)) = MODIFIERS.iter().find(|(known, _)| *known == name) else {
                        let hint = did_you_mean(name, MODIFIERS.iter().map(|(known, _)| *known));
                        return Err((word.span(), format!("there is no modifier {name:?}{hint}")));
                    };
                    style.add_modifier |= *modifier;
                }
            }
            (other, _) => return Err((key.span(), format!("a role has fg, bg and add, but no {other:?} like this"))),
        }
    }
    Ok(style)
}

fn color(word: &str, place: Range<usize>, palette: &BTreeMap<&str, Color>) -> Result<Color, Wrong> {
    palette.get(word).copied().or_else(|| colour::parse(word)).ok_or_else(|| {
        let hint = did_you_mean(word, palette.keys().copied().chain(colour::names()));
        (place, format!("there is no colour {word:?}{hint}"))
    })
}
