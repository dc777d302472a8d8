//! The one attribute of a search, as a person types it: `AccessKeyId=AKIA…`.

use crate::domain::event::LookupKey;

/// Reads `Name=value`. Without a name it is told from the value's form; the empty text means: no attribute.
pub fn parse_attribute(text: &str) -> Result<Option<(LookupKey, String)>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let Some((name, value)) = text.split_once('=') else { return guess(text).map(Some) };
    let (name, value) = (name.trim(), value.trim().trim_matches('"'));
    let Some(key) = find(name) else { return Err(no_such(name)) };
    if value.is_empty() {
        return Err(format!("{}= needs a value", key.word()));
    }
    if key == LookupKey::ReadOnly && !matches!(value, "true" | "false") {
        return Err("ReadOnly is true or false".into());
    }
    Ok(Some((key, value.to_owned())))
}

/// The attribute as it is typed.
pub fn show_attribute(attribute: Option<&(LookupKey, String)>) -> String {
    attribute.map(|(key, value)| format!("{}={value}", key.word())).unwrap_or_default()
}

/// AWS's words, and those that fingers expect.
fn find(name: &str) -> Option<LookupKey> {
    let short = match name.to_ascii_lowercase().as_str() {
        "key" => Some(LookupKey::AccessKeyId),
        "id" => Some(LookupKey::EventId),
        "event" | "name" => Some(LookupKey::EventName),
        "source" => Some(LookupKey::EventSource),
        "resource" => Some(LookupKey::ResourceName),
        "type" => Some(LookupKey::ResourceType),
        "user" => Some(LookupKey::Username),
        _ => None,
    };
    LookupKey::ALL.into_iter().find(|key| key.word().eq_ignore_ascii_case(name)).or(short)
}

fn guess(value: &str) -> Result<(LookupKey, String), String> {
    let is_key = value.len() >= 16 && value.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    let key = match value {
        _ if is_key && (value.starts_with("AKIA") || value.starts_with("ASIA")) => LookupKey::AccessKeyId,
        _ if value.ends_with(".amazonaws.com") => LookupKey::EventSource,
        _ if value.starts_with("AWS::") => LookupKey::ResourceType,
        _ if value.starts_with("arn:") || value.starts_with("i-") => LookupKey::ResourceName,
        _ => return Err(format!("write Name=value; names are {}", words())),
    };
    Ok((key, value.to_owned()))
}

fn no_such(name: &str) -> String {
    let nearest =
        LookupKey::ALL.into_iter().min_by_key(|key| strsim::levenshtein(&key.word().to_lowercase(), &name.to_lowercase()));
    match nearest.filter(|key| strsim::levenshtein(&key.word().to_lowercase(), &name.to_lowercase()) <= 4) {
        Some(key) => format!("AWS cannot search by {name:?}; did you mean {}?", key.word()),
        None => format!("AWS cannot search by {name:?}, only by {}", words()),
    }
}

fn words() -> String {
    LookupKey::ALL.map(LookupKey::word).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_forgiven_and_mistakes_explained() {
        let key = |text: &str| parse_attribute(text).map(|found| found.map(|(key, value)| (key.word(), value)));
        assert_eq!(key("accesskeyid = AKIA1"), Ok(Some(("AccessKeyId", "AKIA1".into()))));
        assert_eq!(key("user=alice"), Ok(Some(("Username", "alice".into()))));
        assert_eq!(key("AKIAIOSFODNN7EXAMPLE"), Ok(Some(("AccessKeyId", "AKIAIOSFODNN7EXAMPLE".into()))));
        assert_eq!(key("  "), Ok(None));
        assert!(key("AccesKeyId=x").unwrap_err().contains("did you mean AccessKeyId"));
        assert!(key("colour=red").unwrap_err().contains("ResourceType"));
        assert!(key("alice").unwrap_err().contains("Name=value"));
        assert!(key("readonly=maybe").unwrap_err().contains("true or false"));
        assert!(key("Username=").unwrap_err().contains("value"));
    }
}
