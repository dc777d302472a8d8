//! Keys as keymap files write them: `j`, `G`, `ctrl-d`, `alt-b`, `space`, `shift-tab`, `f1`; sequences with spaces between: `g g`.

use crate::kit::input::{Code, Key};

/// The keys that have names.
const NAMES: &[(&str, Code)] = &[
    ("enter", Code::Enter),
    ("esc", Code::Esc),
    ("tab", Code::Tab),
    ("shift-tab", Code::BackTab),
    ("backspace", Code::Backspace),
    ("delete", Code::Delete),
    ("insert", Code::Insert),
    ("left", Code::Left),
    ("right", Code::Right),
    ("up", Code::Up),
    ("down", Code::Down),
    ("home", Code::Home),
    ("end", Code::End),
    ("pageup", Code::PageUp),
    ("pagedown", Code::PageDown),
    ("space", Code::Char(' ')),
];

/// Reads one key. The message says what is wrong with it.
pub fn parse(word: &str) -> Result<Key, String> {
    let mut key = Key::plain(Code::Esc);
    let mut rest = word;
    loop {
        // `ctrl--` is control and minus; a lone `-` is minus.
        if let Some(tail) = rest.strip_prefix("ctrl-").filter(|tail| !tail.is_empty() && !key.ctrl) {
            key.ctrl = true;
            rest = tail;
        } else if let Some(tail) = rest.strip_prefix("alt-").filter(|tail| !tail.is_empty() && !key.alt) {
            key.alt = true;
            rest = tail;
        } else {
            break;
        }
    }
    key.code = code(rest)?;
    sendable(key).map(|()| key)
}

fn code(word: &str) -> Result<Code, String> {
    let mut characters = word.chars();
    if let (Some(character), None) = (characters.next(), characters.next()) {
        let hostile = character.is_whitespace() || crate::domain::text::is_hostile(character);
        return if hostile { Err(format!("{word:?} cannot be a key")) } else { Ok(Code::Char(character)) };
    }
    if let Some((_, code)) = NAMES.iter().find(|(name, _)| *name == word) {
        return Ok(*code);
    }
    if let Some(number) = word.strip_prefix('f').and_then(|number| number.parse::<u8>().ok()).filter(|n| (1..=12).contains(n)) {
        return Ok(Code::F(number));
    }
    let names = NAMES.iter().map(|(name, _)| *name).chain(["ctrl-", "alt-"]);
    Err(format!("there is no key {word:?}{}", crate::kit::source::did_you_mean(word, names)))
}

/// Whether every terminal can send it, also those that know only the old encoding.
fn sendable(key: Key) -> Result<(), String> {
    let same = match key.code {
        Code::Char('i') if key.ctrl => "tab",
        Code::Char('m') if key.ctrl => "enter",
        Code::Char('[') if key.ctrl => "esc",
        Code::Char(c) if key.ctrl && c.is_uppercase() => {
            return Err(format!("terminals send ctrl-{c} as ctrl-{}", c.to_lowercase()));
        }
        Code::Char(c) if key.ctrl && !(c.is_ascii_lowercase() || "@\\]^_ ".contains(c)) => {
            return Err(format!("terminals cannot send ctrl-{c}"));
        }
        _ => return Ok(()),
    };
    Err(format!("terminals send this key as {same:?}: write that"))
}

/// Reads a sequence.
pub fn parse_sequence(text: &str) -> Result<Vec<Key>, String> {
    let keys: Result<Vec<Key>, String> = text.split_whitespace().map(parse).collect();
    match keys {
        Ok(keys) if keys.is_empty() => Err("a key is missing; the space bar is \"space\"".into()),
        keys => keys,
    }
}

/// Writes one key as [`parse`] reads it.
pub fn show(key: Key) -> String {
    let name = match key.code {
        Code::F(number) => format!("f{number}"),
        code => match (NAMES.iter().find(|(_, named)| *named == code), code) {
            (Some((name, _)), _) => (*name).to_owned(),
            (None, Code::Char(character)) => character.to_string(),
            (None, _) => String::new(),
        },
    };
    format!("{}{}{name}", if key.ctrl { "ctrl-" } else { "" }, if key.alt { "alt-" } else { "" })
}

/// Writes a sequence as [`parse_sequence`] reads it.
pub fn show_sequence(keys: &[Key]) -> String {
    keys.iter().map(|key| show(*key)).collect::<Vec<_>>().join(" ")
}
