//! The filter language.

use bartizan::kit::query::Query;
use bartizan::kit::table::Row;
use jiff::Timestamp;
use proptest::prelude::*;

use super::table::{Lamp, lamp};

fn matches(query: &str, row: &Lamp) -> bool {
    Query::parse(query, Lamp::COLUMNS).unwrap().matches(row, Timestamp::UNIX_EPOCH)
}

#[test]
fn every_form_of_term() {
    let row = Lamp { id: 1, name: "Desk lamp".into(), watts: 40 };
    for query in [
        "",
        "desk",
        "DESK lamp",
        "name:desk",
        "watts=40",
        "watts>39",
        "watts>=40 watts<=40",
        "watts<41",
        "!ceiling",
        "-ceiling",
        "\"desk lamp\"",
        "name:\"desk lamp\"",
        "!watts>40",
        "name=\"desk lamp\"",
    ] {
        assert!(matches(query, &row), "{query} should match");
    }
    for query in ["ceiling", "name:40", "watts=4", "watts>40", "!desk", "\"desk  lamp\"", "arn:aws:iam", "desk ceiling"] {
        assert!(!matches(query, &row), "{query} should not match");
    }
}

#[test]
fn ages_are_seconds() {
    let row = Lamp { id: 1, name: "old".into(), watts: 8_000_000 };
    assert!(matches("watts>90d", &row));
    assert!(!matches("watts>100d", &row));
    assert!(matches("watts>3h watts>5min watts>1w", &row));
}

#[test]
fn mistakes_are_told_with_what_would_be_right() {
    let error = |text| Query::parse(text, Lamp::COLUMNS).unwrap_err().to_string();
    assert_eq!(error("colour>3"), "there is no column \"colour\"; there are name, watts");
    assert_eq!(error("colour=red"), "there is no column \"colour\"; there are name, watts");
    assert!(error("wats:40").contains("no column"), "so near to a column that it is no word");
    assert!(error("watts>many").contains("neither a number nor an age"));
    assert!(error("\"open").contains("not closed"));
}

proptest! {
    #[test]
    fn no_text_breaks_the_parser(text in any::<String>()) {
        if let Ok(query) = Query::parse(&text, Lamp::COLUMNS) {
            query.matches(&lamp(3), Timestamp::UNIX_EPOCH);
            prop_assert_eq!(query.text(), text.as_str());
        }
    }
}
