//! Laying out JSON without changing it: members stay in their order, numbers and strings keep every character that was sent.

use serde::de::IgnoredAny;

/// The text with one member or element a line, or `None` where it is not JSON.
pub(super) fn lay_out(text: &str) -> Option<String> {
    serde_json::from_str::<IgnoredAny>(text).ok()?;
    let mut out = String::with_capacity(text.len() * 2);
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    let mut characters = text.chars().filter(|c| !c.is_ascii_control()).peekable();
    while let Some(character) = characters.next() {
        if in_string {
            out.push(character);
            in_string = escaped || character != '"';
            escaped = !escaped && character == '\\';
            continue;
        }
        match character {
            ' ' => {}
            '"' => {
                in_string = true;
                out.push('"');
            }
            '{' | '[' => {
                out.push(character);
                while characters.next_if_eq(&' ').is_some() {}
                if let Some(end) = characters.next_if(|next| matches!(next, '}' | ']')) {
                    out.push(end);
                } else {
                    depth += 1;
                    new_line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut out, depth);
                out.push(character);
            }
            ',' => {
                out.push(',');
                new_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            other => out.push(other),
        }
    }
    Some(out)
}

fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    // A hostile record nests thousands deep; its indentation alone would fill the memory.
    out.extend(std::iter::repeat_n("  ", depth.min(64)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn order_and_numbers_stay() {
        let laid = lay_out("{\"b\": 1.0 ,\n\"a\":[ ],\"c\":[1e400,\"x\\\",y\"]}");
        assert_eq!(laid.as_deref(), Some("{\n  \"b\": 1.0,\n  \"a\": [],\n  \"c\": [\n    1e400,\n    \"x\\\",y\"\n  ]\n}"));
        assert_eq!(lay_out("{not json"), None);
    }

    proptest! {
        #[test]
        fn the_meaning_stays(strings in proptest::collection::vec(any::<String>(), 0..5), number in any::<i64>()) {
            let value = serde_json::json!({ "a": strings, "b": { "c": number, "d": {}, "e": null } });
            let laid = lay_out(&value.to_string()).unwrap();
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&laid).unwrap(), value);
        }
    }
}
