//! The words that a filter takes are those that rows have.

use bartizan::domain::finding::{Band, Finding, Severity};
use bartizan::domain::forward::{Forward, ForwardState};
use bartizan::domain::key::{AccessKey, KeyStatus};
use bartizan::domain::node::{Node, Ping};
use bartizan::domain::recording::{Recorded, Wholeness};
use bartizan::domain::rotation::{Phase, Rotation};
use bartizan::kit::query::Query;
use bartizan::kit::table::Row;

/// Whether the field takes the word without quotation marks around a part of it, as one of its own.
fn takes<R: Row>(field: &str, word: &str) {
    let text = if word.contains(' ') { format!("{field}=\"{word}\"") } else { format!("{field}={word}") };
    Query::of::<R>(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let wrong = format!("{field}=no-{}", word.replace(' ', "-"));
    assert!(Query::of::<R>(&wrong).is_err(), "{wrong} should be refused");
}

#[test]
fn every_word_of_the_domain_can_be_asked_for() {
    for phase in Phase::CHECKLIST.into_iter().chain([Phase::Aborted]) {
        takes::<Rotation>("phase", phase.word());
    }
    let why = "x".to_owned();
    for state in [Wholeness::Whole, Wholeness::Full, Wholeness::Running, Wholeness::Cut, Wholeness::Damaged { why }] {
        takes::<Recorded>("state", state.words());
    }
    for state in [
        ForwardState::Stopped,
        ForwardState::Starting,
        ForwardState::Open,
        ForwardState::Reconnecting { problem: "x".into() },
        ForwardState::Silent,
        ForwardState::HeldUp,
        ForwardState::Restarting { why: "x".into() },
        ForwardState::Failed { why: "x".into() },
    ] {
        takes::<Forward>("state", state.words());
    }
    for status in [KeyStatus::Active, KeyStatus::Inactive, KeyStatus::Expired] {
        takes::<AccessKey>("status", status.word());
    }
    for ping in [Ping::Online, Ping::ConnectionLost, Ping::Inactive] {
        takes::<Node>("ping", ping.word());
    }
    for band in [Band::Low, Band::Medium, Band::High, Band::Critical] {
        takes::<Finding>("severity", band.word());
        takes::<Finding>("severity_label", band.word());
    }
}

/// The words for severities mean what the console's bands mean.
#[test]
fn the_words_for_severities_are_the_bands_of_the_console() {
    let value = serde_json::json!({
        "accountId": "123456789012", "region": "us-east-1", "id": "f", "type": "Recon:IAMUser/X", "severity": 0.0,
    });
    let raw = bartizan::domain::evidence::Evidence::one(&value.to_string());
    let finding = bartizan::domain::finding::decode(&value, raw);
    for tenths in 0..=100 {
        let severity = Severity(f64::from(tenths) / 10.0);
        let row = Finding { severity: Some(severity), ..finding.clone() };
        for band in [Band::Low, Band::Medium, Band::High, Band::Critical] {
            let is = |sign: &str| {
                let query = Query::of::<Finding>(&format!("severity{sign}{}", band.word())).unwrap();
                query.matches(&row, jiff::Timestamp::UNIX_EPOCH)
            };
            assert_eq!(is("="), severity.band() == band, "{severity:?} {band:?}");
            assert_eq!(is(">="), severity.band() >= band, "{severity:?} {band:?}");
            assert_eq!(is("!="), severity.band() != band, "{severity:?} {band:?}");
            assert_eq!(is("<="), severity.band() <= band, "{severity:?} {band:?}");
        }
    }
}
