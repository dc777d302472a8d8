//! From the typed text to terms.

use super::{Column, Comparison, QueryError, Term, Test};

const OPERATORS: [(&str, Comparison); 4] =
    [(">=", Comparison::AtLeast), ("<=", Comparison::AtMost), (">", Comparison::More), ("<", Comparison::Less)];

pub(super) fn terms(text: &str, columns: &[Column]) -> Result<Vec<Term>, QueryError> {
    words(text)?.into_iter().map(|word| term(&word, columns)).collect()
}

/// A word and whether any of it stood in quotes (then it is taken literally).
struct Word {
    text: String,
    quoted: bool,
}

fn words(text: &str) -> Result<Vec<Word>, QueryError> {
    let mut words = Vec::new();
    let mut word = Word { text: String::new(), quoted: false };
    let mut inside = false;
    for c in text.chars() {
        match c {
            '"' => {
                inside = !inside;
                // `user:"two words"` stays a column test; only a word that begins with a quote is literal.
                word.quoted |= word.text.is_empty();
            }
            c if c.is_whitespace() && !inside => {
                if !word.text.is_empty() {
                    words.push(std::mem::replace(&mut word, Word { text: String::new(), quoted: false }));
                }
                word.quoted = false;
            }
            c => word.text.push(c),
        }
    }
    if inside {
        return Err(QueryError { message: "a quotation mark is not closed".into() });
    }
    if !word.text.is_empty() {
        words.push(word);
    }
    Ok(words)
}

fn term(word: &Word, columns: &[Column]) -> Result<Term, QueryError> {
    if word.quoted {
        return Ok(Term { negated: false, test: Test::Anywhere { needle: word.text.to_lowercase() } });
    }
    let (negated, text) = match word.text.strip_prefix(['!', '-']) {
        Some(rest) if !rest.is_empty() => (true, rest),
        _ => (false, word.text.as_str()),
    };
    Ok(Term { negated, test: test(text, columns)? })
}

fn test(text: &str, columns: &[Column]) -> Result<Test, QueryError> {
    let find = |name: &str| columns.iter().position(|column| column.id.eq_ignore_ascii_case(name));
    if let Some((operator, comparison, at)) = first_operator(text) {
        let (name, value) = (text.get(..at).unwrap_or_default(), text.get(at + operator.len()..).unwrap_or_default());
        let column = find(name).ok_or_else(|| unknown_column(name, columns))?;
        let number = number(value)
            .ok_or_else(|| QueryError { message: format!("{value:?} is neither a number nor an age such as 90d, 12h, 30min") })?;
        return Ok(Test::Compare { column, how: comparison, number });
    }
    let split = text.find([':', '=']).map(|at| (text.get(..at).unwrap_or_default(), text.get(at..).unwrap_or_default()));
    match split.and_then(|(name, rest)| find(name).map(|column| (column, rest))) {
        Some((column, rest)) if rest.starts_with('=') => {
            Ok(Test::Equals { column, value: rest.trim_start_matches('=').to_lowercase() })
        }
        Some((column, rest)) => Ok(Test::Contains { column, needle: rest.trim_start_matches(':').to_lowercase() }),
        None => match split.and_then(|(name, rest)| mistyped(name, rest, columns)) {
            Some(error) => Err(error),
            None => Ok(Test::Anywhere { needle: text.to_lowercase() }),
        },
    }
}

/// `mfaa=no` is a mistake, and so is `mfaa:no`, which looks much like a column; `arn:aws:iam` is a word.
fn mistyped(name: &str, rest: &str, columns: &[Column]) -> Option<QueryError> {
    let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let near = columns.iter().any(|column| name.len() > 2 && strsim::levenshtein(column.id, &name.to_lowercase()) <= 1);
    (plain && (rest.starts_with('=') || near)).then(|| unknown_column(name, columns))
}

/// The first comparison sign that has a name on its left.
fn first_operator(text: &str) -> Option<(&'static str, Comparison, usize)> {
    let at = text.find(['<', '>']).filter(|at| *at > 0)?;
    let name_is_plain = text.get(..at)?.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let rest = text.get(at..)?;
    let (operator, comparison) = OPERATORS.into_iter().find(|(operator, _)| rest.starts_with(operator))?;
    name_is_plain.then_some((operator, comparison, at))
}

/// A number as it is, or an age in seconds.
fn number(text: &str) -> Option<f64> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '-').unwrap_or(text.len());
    let value: f64 = text.get(..digits)?.parse().ok()?;
    let unit = match text.get(digits..)?.to_ascii_lowercase().as_str() {
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        "w" => 7.0 * 86_400.0,
        "y" => 365.0 * 86_400.0,
        _ => return None,
    };
    Some(value * unit)
}

fn unknown_column(name: &str, columns: &[Column]) -> QueryError {
    let ids: Vec<&str> = columns.iter().map(|column| column.id).collect();
    QueryError { message: format!("there is no column {name:?}; there are {}", ids.join(", ")) }
}
