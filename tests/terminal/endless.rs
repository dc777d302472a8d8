//! An AWS whose lists and answers never end: each is given up with a word for why, in bounded memory.

use crate::harness::{credentials, environment, without_terminal};
use crate::stub::{Answer, serve};

const IDENTITY: &str = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
    <Arn>arn:aws:iam::123456789012:user/ada</Arn><UserId>AIDAADA</UserId><Account>123456789012</Account>\
    </GetCallerIdentityResult></GetCallerIdentityResponse>";
const USERS: &str = "<ListUsersResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><ListUsersResult>\
    <Users/><IsTruncated>true</IsTruncated><Marker>again</Marker></ListUsersResult></ListUsersResponse>";
const DETECTORS: &str = r#"{"detectorIds":["00000000000000000000000000000001"],"nextToken":"again"}"#;
const NODES: &str = r#"{"InstanceInformationList":[],"NextToken":"again"}"#;
const SESSIONS: &str = r#"{"Sessions":[],"NextToken":"again"}"#;
const EVENTS: &str = r#"{"Events":[],"NextToken":"again"}"#;

/// Which list a request is for, and its page that leads to itself.
fn list(head: &str, body: &str) -> Option<&'static str> {
    match () {
        () if body.contains("Action=ListUsers") => Some(USERS),
        () if head.starts_with("get /detector?") || head.starts_with("get /detector ") => Some(DETECTORS),
        () if head.contains("amazonssm.describeinstanceinformation") => Some(NODES),
        () if head.contains("amazonssm.describesessions") => Some(SESSIONS),
        () if head.contains(".lookupevents") => Some(EVENTS),
        () => None,
    }
}

fn answers(body: &str) -> Option<Answer> {
    body.contains("Action=GetCallerIdentity").then_some(Answer::Text(IDENTITY.into()))
}

const TABLES: [&str; 5] = ["users", "findings", "nodes", "sessions", "events"];

#[test]
fn a_page_that_leads_to_itself_ends_the_list_with_a_word() {
    let home = tempfile::tempdir().unwrap();
    let url = serve(|head, body| {
        answers(body).or_else(|| list(head, body).map(|text| Answer::Text(text.into()))).unwrap_or(Answer::Refused)
    });
    let environment: Vec<_> = environment(home.path()).into_iter().chain(credentials()).collect();
    for table in TABLES {
        let (status, out, error) = without_terminal(&environment, &["--endpoint-url", &url, table, "--plain"]);
        assert!(status != 0 && error.contains("the list would never end"), "{table}: {status}\n{out}\n{error}");
    }
}

#[test]
fn an_answer_without_end_is_cut_off() {
    let home = tempfile::tempdir().unwrap();
    let url = serve(|head, body| answers(body).unwrap_or_else(|| list(head, body).map_or(Answer::Refused, |_| Answer::Endless)));
    let environment: Vec<_> = environment(home.path()).into_iter().chain(credentials()).collect();
    for table in TABLES {
        let (status, out, error) = without_terminal(&environment, &["--endpoint-url", &url, table, "--plain"]);
        assert!(status != 0 && error.contains("longer than 64 MiB"), "{table}: {status}\n{out}\n{error}");
    }
}
