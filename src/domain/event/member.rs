//! The members of a request or an answer that could say which thing is meant: names, ids, ARNs.

use std::borrow::Cow;

use serde_json::Value;

/// What a member's value is, the most exact first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// `volumeId`, `dBInstanceIdentifier`.
    Id,
    /// `functionName`.
    Name,
    /// `topicArn`.
    Arn,
    /// `queueUrl`.
    Url,
    /// Any other text.
    Plain,
}

/// A member with text in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    /// Its name in the record.
    pub(super) name: String,
    /// What its name says that it names, in lower case: `volume` for `volumeId`; for a bare `id` the member around it.
    pub(super) base: String,
    /// What the value is.
    pub(super) kind: Kind,
    /// How deep it lies; 0 is the request itself.
    pub(super) depth: u8,
    /// Its values; more than one in a list. Never empty.
    pub(super) values: Vec<String>,
}

/// Deeper than this lie settings.
const DEEPEST: u8 = 3;
/// More members than this are no request but a document in one.
const MOST: usize = 200;
/// CloudTrail's word in place of a value.
const HIDDEN: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";

/// All members of an object that have text, one after the other, those within others included.
pub(super) fn members(value: &Value) -> Vec<Member> {
    let mut found = Vec::new();
    gather(unwrapped(value), "", 0, &mut found);
    found
}

/// EC2's newer operations put all of it into one member: `{"CreateNatGatewayRequest": {…}}`.
fn unwrapped(value: &Value) -> &Value {
    let Value::Object(object) = value else { return value };
    let wrapper = |name: &str| name.ends_with("Request") || name.ends_with("Response");
    match object.iter().next() {
        Some((name, inner @ Value::Object(_))) if object.len() == 1 && wrapper(name) => inner,
        _ => value,
    }
}

fn gather(value: &Value, around: &str, depth: u8, found: &mut Vec<Member>) {
    let Value::Object(object) = value else { return };
    for (name, value) in object {
        if found.len() >= MOST {
            return;
        }
        let values = texts(value);
        if values.is_empty() {
            within(name, value, depth, found);
            continue;
        }
        let (base, kind) = ending(name);
        let base = if base.is_empty() { around.to_owned() } else { base };
        match found.iter_mut().find(|member| depth > 0 && member.depth == depth && member.name == *name && member.base == base) {
            Some(member) => member.values.extend(values),
            None => found.push(Member { name: name.clone(), base, kind, depth, values }),
        }
    }
}

/// The members of a member: of an object, or of the objects of a list (EC2 writes `instancesSet.items[]`).
fn within(name: &str, value: &Value, depth: u8, found: &mut Vec<Member>) {
    const OTHERS: &[&str] = &["tag", "filter", "document", "credential"];
    let low = name.to_lowercase();
    if depth >= DEEPEST || low.ends_with("policy") || OTHERS.iter().any(|other| low.contains(other)) {
        return;
    }
    let around = ["set", "list", "items"].iter().find_map(|ending| low.strip_suffix(ending)).unwrap_or(&low);
    let around = singular(around);
    let items = match value {
        Value::Object(object) => match object.get("items") {
            Some(items @ Value::Array(_)) => items,
            _ => value,
        },
        _ => value,
    };
    match items {
        // What an operation is pointed at: of Systems Manager it is the target, elsewhere (`events:PutTargets`) the content.
        Value::Array(items) if low == "targets" => found.extend(run_command_targets(items)),
        Value::Array(items) => {
            for item in items {
                gather(item, &around, depth + 1, found);
            }
        }
        object => gather(object, &around, depth + 1, found),
    }
}

/// Systems Manager's `targets`: `[{"key": "InstanceIds", "values": ["i-0abc"]}]`.
fn run_command_targets(items: &[Value]) -> Option<Member> {
    let is_instances = |item: &&Value| {
        item.get("key").and_then(Value::as_str).is_some_and(|key| key.to_lowercase().trim_start_matches("aws:") == "instanceids")
    };
    let values: Vec<String> = items.iter().filter(is_instances).filter_map(|item| item.get("values")).flat_map(texts).collect();
    let member = Member { name: "targets".into(), base: "target".into(), kind: Kind::Id, depth: 0, values };
    (!member.values.is_empty()).then_some(member)
}

/// The texts of a scalar or of a list of scalars; nothing of what holds anything else, or is hidden.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) if !text.is_empty() && text != HIDDEN => vec![text.clone()],
        Value::Number(number) => vec![number.to_string()],
        Value::Array(items) => {
            let is_scalar = |item: &Value| matches!(item, Value::String(_) | Value::Number(_));
            if items.iter().all(is_scalar) { items.iter().flat_map(texts).collect() } else { Vec::new() }
        }
        // XML that became JSON: an attribute makes an object of a text, a list of one an `item`.
        Value::Object(object) => match (object.get("content"), object.get("item"), object.len()) {
            (Some(content), ..) => texts(content),
            (None, Some(item), 1) => texts(item),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// A member's name without the ending that says what its value is.
fn ending(name: &str) -> (String, Kind) {
    const WORDS: &[(&str, Kind)] = &[
        ("identifiers", Kind::Id),
        ("identifier", Kind::Id),
        ("names", Kind::Name),
        ("name", Kind::Name),
        ("arns", Kind::Arn),
        ("arn", Kind::Arn),
        ("urls", Kind::Url),
        ("url", Kind::Url),
    ];
    let low = name.to_lowercase();
    let word = WORDS.iter().find_map(|(word, kind)| low.strip_suffix(word).map(|base| (base.to_owned(), *kind)));
    // `paid` and `grid` are no ids: an id begins with a capital letter, or is the whole name.
    let id = || ["Ids", "IDs", "Id", "ID"].iter().find_map(|word| name.strip_suffix(word)).map(str::to_lowercase);
    let whole = || matches!(name, "id" | "ids").then(String::new);
    word.or_else(|| id().or_else(whole).map(|base| (base, Kind::Id))).unwrap_or((low, Kind::Plain))
}

/// A word without the ending of its plural.
pub(super) fn singular(word: &str) -> Cow<'_, str> {
    if let Some(stem) = word.strip_suffix("ies") {
        return Cow::Owned(format!("{stem}y"));
    }
    let stem = word.strip_suffix("sses").and_then(|_| word.strip_suffix("es"));
    let stem = stem.or_else(|| word.strip_suffix('s').filter(|stem| !stem.ends_with('s')));
    Cow::Borrowed(stem.unwrap_or(word))
}
