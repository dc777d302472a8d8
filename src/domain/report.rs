//! IAM's credential report: one CSV row for each user and for root, made by AWS at most every four hours.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::key::{AccessKey, KeyHandle, KeyStatus, LastUsed};
use super::known::Known;
use super::text::Untrusted;
use super::user::{KeySummary, Mfa, Password, User};

/// The report and when AWS made it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CredentialReport {
    /// `GeneratedTime`: every fact in it is as old as this.
    pub generated: Timestamp,
    /// One row for each user, root first as AWS has it.
    pub rows: Vec<ReportRow>,
}

/// One row. `None` stands for the report's `not_supported`, `N/A` or `no_information`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReportRow {
    /// `user`; root is `<root_account>`.
    pub user: Untrusted,
    /// `arn`.
    pub arn: Untrusted,
    /// `user_creation_time`.
    pub created: Option<Timestamp>,
    /// `password_enabled`; for root the report may say `not_supported`.
    pub password_enabled: Option<bool>,
    /// `password_last_used`.
    pub password_last_used: Option<Timestamp>,
    /// `password_last_changed`.
    pub password_last_changed: Option<Timestamp>,
    /// `mfa_active`.
    pub mfa_active: Option<bool>,
    /// The access keys that exist, oldest first.
    pub keys: Vec<ReportKey>,
}

/// A key in the report, which does not tell its id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReportKey {
    /// `access_key_N_active`.
    pub active: bool,
    /// `access_key_N_last_rotated`, which is when the key was made.
    pub created: Option<Timestamp>,
    /// `access_key_N_last_used_date` with service and region.
    pub last_used: LastUsed,
}

/// Why a report could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// It is not CSV.
    #[error("the credential report is not CSV: {0}")]
    NotCsv(String),
    /// The first line lacks a column without which nothing can be said.
    #[error("the credential report has no column {0}")]
    NoColumn(&'static str),
}

impl CredentialReport {
    /// Reads the CSV text of `GetCredentialReport`. Columns go by name: AWS adds new ones.
    pub fn parse(csv: &[u8], generated: Timestamp) -> Result<Self, ReportError> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(csv);
        let wrong = |error: csv::Error| ReportError::NotCsv(error.to_string());
        let names: BTreeMap<String, usize> =
            reader.headers().map_err(wrong)?.iter().enumerate().map(|(at, name)| (name.trim().to_owned(), at)).collect();
        for needed in ["user", "arn"] {
            if !names.contains_key(needed) {
                return Err(ReportError::NoColumn(needed));
            }
        }
        let rows =
            reader.records().map(|record| record.map(|record| row(&Columns { names: &names, record: &record })).map_err(wrong));
        Ok(Self { generated, rows: rows.collect::<Result<_, _>>()? })
    }

    /// What the report tells of each user, root included.
    pub fn users(&self) -> Vec<User> {
        self.rows.iter().map(|row| row.to_user(self.generated)).collect()
    }

    /// What the report tells of each key.
    pub fn keys(&self) -> Vec<AccessKey> {
        self.rows.iter().flat_map(|row| row.to_keys(self.generated)).collect()
    }
}

impl ReportRow {
    fn to_user(&self, at: Timestamp) -> User {
        let known = |fact| Known::reported(fact, at);
        let password = |set| if set { Password::Set { changed: self.password_last_changed } } else { Password::None };
        User {
            name: self.user.clone(),
            arn: self.arn.clone(),
            id: None,
            created: self.created.map_or(Known::Unknown, |created| Known::reported(created, at)),
            password: self.password_enabled.map_or(Known::Unknown, |set| Known::reported(password(set), at)),
            password_last_used: Known::reported(self.password_last_used, at),
            mfa: self.mfa_active.map_or(Known::Unknown, |on| Known::reported(if on { Mfa::On } else { Mfa::Off }, at)),
            keys: known(self.keys.iter().map(|key| KeySummary { id: None, active: key.active, created: key.created }).collect()),
            groups: Known::Unknown,
        }
    }

    fn to_keys(&self, at: Timestamp) -> Vec<AccessKey> {
        let one = |(ordinal, key): (u8, &ReportKey)| AccessKey {
            handle: KeyHandle { user: self.user.clone(), ordinal },
            id: Known::Unknown,
            status: Known::reported(if key.active { KeyStatus::Active } else { KeyStatus::Inactive }, at),
            created: key.created.map_or(Known::Unknown, |created| Known::reported(created, at)),
            last_used: Known::reported(key.last_used.clone(), at),
            change: None,
        };
        (1..).zip(&self.keys).map(one).collect()
    }
}

struct Columns<'a> {
    names: &'a BTreeMap<String, usize>,
    record: &'a csv::StringRecord,
}

impl Columns<'_> {
    /// What stands in a column, whatever it is: users may be called `no_information`.
    fn word(&self, name: &str) -> &str {
        self.names.get(name).and_then(|at| self.record.get(*at)).unwrap_or_default().trim()
    }

    /// What stands in a column, unless it is one of the report's words for nothing.
    fn text(&self, name: &str) -> Option<&str> {
        let text = self.word(name);
        (!matches!(text, "" | "N/A" | "no_information" | "not_supported")).then_some(text)
    }

    fn time(&self, name: &str) -> Option<Timestamp> {
        self.text(name)?.parse().ok()
    }

    fn truth(&self, name: &str) -> Option<bool> {
        let word = self.text(name)?;
        if word.eq_ignore_ascii_case("true") { Some(true) } else { word.eq_ignore_ascii_case("false").then_some(false) }
    }
}

fn row(columns: &Columns<'_>) -> ReportRow {
    let mut keys: Vec<ReportKey> = (1..=2).filter_map(|number| key(columns, number)).collect();
    keys.sort_by_key(|key| key.created);
    ReportRow {
        user: Untrusted::new(columns.word("user")),
        arn: Untrusted::new(columns.word("arn")),
        created: columns.time("user_creation_time"),
        password_enabled: columns.truth("password_enabled"),
        password_last_used: columns.time("password_last_used"),
        password_last_changed: columns.time("password_last_changed"),
        mfa_active: columns.truth("mfa_active"),
        keys,
    }
}

/// A key exists where it is active or has a date: an inactive key is `false` with a date, no key is `false` with `N/A`.
fn key(columns: &Columns<'_>, number: u8) -> Option<ReportKey> {
    let name = |what: &str| format!("access_key_{number}_{what}");
    let active = columns.truth(&name("active")).unwrap_or(false);
    let created = columns.time(&name("last_rotated"));
    if !active && created.is_none() {
        return None;
    }
    let word = |what: &str| Untrusted::new(columns.text(&name(what)).unwrap_or("N/A"));
    let last_used = columns.time(&name("last_used_date")).map_or(LastUsed::Never, |when| LastUsed::At {
        when,
        service: word("last_used_service"),
        region: word("last_used_region"),
    });
    Some(ReportKey { active, created, last_used })
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,\
mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,\
access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active\n\
<root_account>,arn:aws:iam::123456789012:root,2019-01-01T00:00:00+00:00,not_supported,2024-02-03T04:05:06+00:00,not_supported,not_supported,true,\
false,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false\n\
ada,arn:aws:iam::123456789012:user/ada,2020-01-01T00:00:00+00:00,true,no_information,2020-01-02T00:00:00+00:00,N/A,false,\
true,2024-05-06T00:00:00+00:00,2024-05-07T00:00:00+00:00,us-east-1,s3,false,2020-05-06T00:00:00+00:00,N/A,N/A,N/A,false\n\
\"=cmd,x\",arn:aws:iam::123456789012:user/x,2020-01-01T00:00:00+00:00,false,N/A,N/A,N/A,false,false,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false\n";

    #[test]
    fn unknown_is_not_no() {
        let users = CredentialReport::parse(REPORT.as_bytes(), Timestamp::UNIX_EPOCH).unwrap().users();
        assert!(users[0].is_root());
        assert_eq!(users[0].password, Known::Unknown);
        assert_eq!(users[0].mfa.value(), Some(&Mfa::On));
        assert_eq!(users[1].password_last_used.value(), Some(&None));
        assert_eq!(users[1].mfa.value(), Some(&Mfa::Off));
        assert_eq!(users[1].groups, Known::Unknown);
        assert_eq!(users[2].name.raw(), "=cmd,x");
        assert_eq!(users[2].keys.value().map(Vec::len), Some(0));
    }

    #[test]
    fn keys_are_counted_from_the_oldest() {
        let keys = CredentialReport::parse(REPORT.as_bytes(), Timestamp::UNIX_EPOCH).unwrap().keys();
        assert_eq!(keys.len(), 2);
        assert_eq!((keys[0].handle.ordinal, keys[0].status.value()), (1, Some(&KeyStatus::Inactive)));
        assert_eq!(keys[0].last_used.value(), Some(&LastUsed::Never));
        assert_eq!((keys[1].handle.ordinal, keys[1].status.value()), (2, Some(&KeyStatus::Active)));
    }

    #[test]
    fn a_user_named_like_one_of_the_reports_words_for_nothing_is_there() {
        for name in ["no_information", "not_supported", "N/A"] {
            let csv = format!("user,arn,mfa_active\n{name},arn:aws:iam::123456789012:user/{name},false\n");
            let users = CredentialReport::parse(csv.as_bytes(), Timestamp::UNIX_EPOCH).unwrap().users();
            assert_eq!((users[0].name.raw(), users[0].mfa.value()), (name, Some(&Mfa::Off)));
        }
    }

    #[test]
    fn a_report_that_is_none() {
        assert_eq!(CredentialReport::parse(b"<html>", Timestamp::UNIX_EPOCH), Err(ReportError::NoColumn("user")));
    }
}
