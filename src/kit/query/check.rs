//! Terms that no row can match together.

use jiff::Timestamp;

use super::QueryError;
use super::field::Spec;
use super::tree::{Expr, How, Interval, Test, Want};

/// What the terms seen so far leave of one field.
#[derive(Default)]
struct Left {
    number: Interval,
    age: Interval,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    terms: Vec<String>,
}

/// Refuses terms that are joined by `and` and leave nothing of a field: `age>90d age<30d`.
pub(super) fn together(parts: &[(Expr, String)], fields: &[Spec]) -> Result<(), QueryError> {
    for (at, _) in fields.iter().enumerate().filter(|(_, field)| !field.list) {
        let mut left = Left::default();
        for (part, text) in parts {
            let Expr::Test(Test { field, how: How::Is, wants }) = part else { continue };
            if *field != Some(at) {
                continue;
            }
            let [want] = wants.as_slice() else { continue };
            match want {
                Want::Number(interval) => left.number = left.number.and(interval),
                Want::Age(interval) => left.age = left.age.and(interval),
                Want::Between(from, to) => {
                    left.from = left.from.max(*from);
                    left.to = match (left.to, *to) {
                        (Some(a), Some(b)) => Some(a.min(b)),
                        (a, b) => a.or(b),
                    };
                }
                _ => continue,
            }
            left.terms.push(text.clone());
        }
        let no_time = left.from.zip(left.to).is_some_and(|(from, to)| from >= to);
        if left.number.is_empty() || left.age.is_empty() || no_time {
            return Err(QueryError::new(format!("no row can match all of {}", left.terms.join(" and "))));
        }
    }
    Ok(())
}
