//! `sortCriteria`: in which order findings come.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::criteria;

/// By which member, and which way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sort {
    /// A path, such as `severity` or `service.eventLastSeen`.
    pub path: String,
    /// `DESC`.
    pub descending: bool,
}

impl Sort {
    /// Reads `sortCriteria`. Without one the latest change comes first. `None` is: not valid.
    pub fn parse(sort: Option<&Value>) -> Option<Self> {
        let Some(sort) = sort.filter(|value| !value.is_null()) else {
            return Some(Self { path: "updatedAt".into(), descending: true });
        };
        let path = match sort.get("attributeName") {
            None | Some(Value::Null) => "updatedAt".to_owned(),
            Some(name) => name.as_str().filter(|name| !name.is_empty())?.to_owned(),
        };
        let descending = match sort.get("orderBy") {
            None | Some(Value::Null) => false,
            Some(Value::String(word)) if word == "ASC" => false,
            Some(Value::String(word)) if word == "DESC" => true,
            Some(_) => return None,
        };
        Some(Self { path, descending })
    }

    /// Where a finding stands in this order.
    pub fn place(&self, finding: &Value) -> Place {
        let values = criteria::values(finding, &self.path);
        let first = values.first();
        Place {
            number: first.and_then(criteria::number),
            text: first.map(criteria::text),
            id: finding.get("id").and_then(Value::as_str).unwrap_or_default().to_owned(),
        }
    }

    /// Which of two places comes first.
    pub fn compare(&self, one: &Place, other: &Place) -> Ordering {
        let by_value = match (one.number, other.number) {
            (Some(one), Some(other)) => one.total_cmp(&other),
            _ => one.text.cmp(&other.text),
        };
        let by_value = if self.descending { by_value.reverse() } else { by_value };
        by_value.then_with(|| one.id.cmp(&other.id))
    }
}

/// A position in an order: it stays true when findings around it come and go between two pages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Place {
    number: Option<f64>,
    text: Option<String>,
    id: String,
}

impl Place {
    /// The finding's id.
    pub fn id(&self) -> &str {
        &self.id
    }
}
