//! A record taken apart for reading: sections of labelled values, in the order in which a responder asks.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::text::{Untrusted, clean};

/// A group of fields under one heading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// The heading.
    pub title: String,
    /// What is known, in the record's order.
    pub fields: Vec<Field>,
}

/// One labelled value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// What it is: a word of ours, or AWS's own path to it. Harmless on a screen.
    pub label: String,
    /// The value as AWS gave it.
    pub value: Untrusted,
}

impl Field {
    /// A field.
    pub fn new(label: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        Self { label: clean(label.as_ref()).into_owned(), value: Untrusted::new(value) }
    }
}

/// Deeper than this nobody reads, and a hostile record must not exhaust the stack.
const DEEPEST: usize = 32;

/// All single values of a record with their paths. Sections take theirs out; what nobody took is shown at the end,
/// so that a field AWS adds tomorrow is on screen tomorrow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaves(Vec<(String, String)>);

impl Leaves {
    /// Takes a record apart. Paths look like `resource.tags[0].key`.
    pub fn of(record: &Value) -> Self {
        let mut leaves = Vec::new();
        gather(record, String::new(), 0, &mut leaves);
        Self(leaves)
    }

    /// How many are left.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes the value at one path. Capital and small letters are the same: collections differ in them.
    pub fn take(&mut self, path: &str) -> Option<String> {
        let at = self.0.iter().position(|(found, _)| found.eq_ignore_ascii_case(path))?;
        Some(self.0.remove(at).1)
    }

    /// Takes values by their paths and gives them labels of ours; missing ones are left out.
    pub fn take_named(&mut self, names: &[(&str, &str)]) -> Vec<Field> {
        names.iter().filter_map(|(label, path)| self.take(path).map(|value| Field::new(label, value))).collect()
    }

    /// Takes everything below a path, labelled with the rest of the path.
    pub fn take_below(&mut self, prefix: &str) -> Vec<Field> {
        let (below, rest) = std::mem::take(&mut self.0).into_iter().partition(|(path, _)| rest_of(path, prefix).is_some());
        self.0 = rest;
        let below: Vec<(String, String)> = below;
        below.iter().map(|(path, value)| Field::new(rest_of(path, prefix).unwrap_or(path), value)).collect()
    }

    /// Takes everything whose path contains one of these words, labelled with what follows the word.
    pub fn take_with(&mut self, words: &[&str]) -> Vec<Field> {
        let tail = |path: &str| {
            let small = path.to_ascii_lowercase();
            words.iter().find_map(|word| small.find(&word.to_ascii_lowercase()).and_then(|at| path.get(at..)).map(str::to_owned))
        };
        let (with, rest) = std::mem::take(&mut self.0).into_iter().partition(|(path, _)| tail(path).is_some());
        self.0 = rest;
        let with: Vec<(String, String)> = with;
        with.iter().map(|(path, value)| Field::new(tail(path).unwrap_or_default(), value)).collect()
    }

    /// Takes all that is left.
    pub fn take_rest(&mut self) -> Vec<Field> {
        std::mem::take(&mut self.0).iter().map(|(path, value)| Field::new(path, value)).collect()
    }
}

/// Adds a section unless it has nothing to say.
pub fn push(sections: &mut Vec<Section>, title: &str, fields: Vec<Field>) {
    if !fields.is_empty() {
        sections.push(Section { title: title.to_owned(), fields });
    }
}

fn rest_of<'a>(path: &'a str, prefix: &str) -> Option<&'a str> {
    let start = path.get(..prefix.len())?;
    let rest = path.get(prefix.len()..)?;
    if !start.eq_ignore_ascii_case(prefix) {
        return None;
    }
    match rest.chars().next() {
        None => Some(path),
        Some('.') => rest.get(1..),
        Some('[') => Some(rest),
        Some(_) => None,
    }
}

fn gather(value: &Value, path: String, depth: usize, leaves: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) if depth < DEEPEST && !members.is_empty() => {
            for (name, member) in members {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                gather(member, path, depth + 1, leaves);
            }
        }
        Value::Array(items) if depth < DEEPEST && !items.is_empty() => {
            for (number, item) in items.iter().enumerate() {
                gather(item, format!("{path}[{number}]"), depth + 1, leaves);
            }
        }
        // AWS writes what it leaves out as null, [] or {}: nothing to read there.
        Value::Null | Value::Object(_) | Value::Array(_) if depth < DEEPEST => {}
        Value::String(text) => leaves.push((path, text.clone())),
        other => leaves.push((path, other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_leaf_is_taken_once_and_none_is_lost() {
        let record = serde_json::json!({"a": {"b": [1, {"c": "x"}], "d": null}, "E": true, "ab": "other"});
        let mut leaves = Leaves::of(&record);
        assert_eq!(leaves.len(), 4);
        assert_eq!(leaves.take_below("a"), [Field::new("b[0]", "1"), Field::new("b[1].c", "x")]);
        assert_eq!(leaves.take("e").as_deref(), Some("true"));
        assert_eq!(leaves.take_rest(), [Field::new("ab", "other")]);
        assert!(leaves.is_empty());
    }

    #[test]
    fn a_hostile_label_is_harmless() {
        assert_eq!(Leaves::of(&serde_json::json!({"\u{1b}[2J": 1})).take_rest()[0].label, "␛[2J");
    }
}
