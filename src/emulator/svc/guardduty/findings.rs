//! `ListFindings` and `GetFindings`.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::criteria::Criteria;
use super::made::Made;
use super::order::{Place, Sort};
use super::{Detector, ids, invalid, max_results};
use crate::emulator::token;
use crate::emulator::wire::error::ServiceError;

/// How far a list has come: behind this place of the held findings, and at this rank of the made ones.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Position {
    held: Option<Place>,
    made: u32,
}

/// One finding of a page: its id, its rank where it is a made one, its place where that is needed.
struct Entry {
    id: String,
    place: Option<Place>,
    made: Option<u32>,
}

/// `ListFindings`: ids only, at most 50 a page; the last page has an empty token.
pub(super) fn list(detector: &Detector, body: &Value) -> Result<Value, ServiceError> {
    let criteria = Criteria::parse(body.get("findingCriteria")).map_err(|part| invalid(&format!("findingCriteria ({part})")))?;
    let sort = Sort::parse(body.get("sortCriteria")).ok_or_else(|| invalid("sortCriteria"))?;
    let most = max_results(body, 50, 50)?;
    let bound_to = bound_to(detector, body);
    let mut position = match body.get("nextToken").and_then(Value::as_str).filter(|token| !token.is_empty()) {
        Some(token) => token::open::<Position>(token, &bound_to).ok_or_else(|| invalid("nextToken"))?,
        None => Position::default(),
    };

    let mut entries = held(detector, &criteria, &sort, position.held.as_ref());
    if let Some(made) = &detector.made {
        merge(&mut entries, made, &sort, made.page(&criteria, &sort, position.made, most + 1));
    }
    let more = entries.len() > most;
    entries.truncate(most);
    let ids: Vec<&str> = entries.iter().map(|entry| entry.id.as_str()).collect();
    for entry in &entries {
        match entry.made {
            Some(rank) => position.made = rank + 1,
            None => position.held.clone_from(&entry.place),
        }
    }
    let next = if more { token::seal(&position, &bound_to) } else { String::new() };
    Ok(json!({"findingIds": ids, "nextToken": next}))
}

/// Puts made findings among the held ones. Alone they are in order, and nothing but their ids has to be made.
fn merge(entries: &mut Vec<Entry>, made: &Made, sort: &Sort, found: Vec<(u32, u32)>) {
    let is_alone = entries.is_empty();
    let entry = |(rank, index): (u32, u32)| Entry {
        id: made.id(index),
        place: (!is_alone).then(|| sort.place(&made.finding(index))),
        made: Some(rank),
    };
    entries.extend(found.into_iter().map(entry));
    if !is_alone {
        // The made population keeps its own order among equals.
        entries.sort_by(|one, other| match (one.made, other.made, &one.place, &other.place) {
            (Some(one), Some(other), ..) => one.cmp(&other),
            (.., Some(one), Some(other)) => sort.compare(one, other),
            _ => std::cmp::Ordering::Equal,
        });
    }
}

/// The held findings that are wanted and come after a place, in order.
fn held(detector: &Detector, criteria: &Criteria, sort: &Sort, after: Option<&Place>) -> Vec<Entry> {
    let wanted = detector.findings.iter().filter(|finding| criteria.admits(finding));
    let mut places: Vec<Place> = wanted.map(|finding| sort.place(finding)).collect();
    places.retain(|place| after.is_none_or(|after| sort.compare(place, after).is_gt()));
    places.sort_by(|one, other| sort.compare(one, other));
    places.into_iter().map(|place| Entry { id: place.id().to_owned(), place: Some(place), made: None }).collect()
}

/// What a token is worth for: the same detector, criteria and order.
fn bound_to(detector: &Detector, body: &Value) -> String {
    let part = |name: &str| body.get(name).map(Value::to_string).unwrap_or_default();
    format!("ListFindings|{}|{}|{}", detector.id, part("findingCriteria"), part("sortCriteria"))
}

/// `GetFindings`: at most 50 ids; ids that do not exist are left out, and the order of the ids is not kept.
pub(super) fn get(detector: &Detector, body: &Value) -> Result<Value, ServiceError> {
    let sort = Sort::parse(body.get("sortCriteria")).ok_or_else(|| invalid("sortCriteria"))?;
    let mut ids = ids(body)?;
    ids.sort_unstable();
    ids.dedup();
    let mut found: Vec<Value> = ids.into_iter().filter_map(|id| detector.finding(id)).collect();
    found.sort_by(|one, other| sort.compare(&sort.place(one), &sort.place(other)));
    Ok(json!({"findings": found}))
}
