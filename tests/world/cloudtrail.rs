//! CloudTrail of the embedded AWS, by the real SDK.

use std::collections::BTreeSet;

use aws_sdk_cloudtrail::primitives::DateTime;
use aws_sdk_cloudtrail::types::{Event, LookupAttribute, LookupAttributeKey};
use aws_sdk_cloudtrail::{Client, error::ProvideErrorMetadata as _};
use bartizan::emulator::load;
use serde_json::{Value, json};

use super::emulated::{iam, noon};
use super::scenes::{cloudtrail, scene};

const HOME: &str = "us-east-1";

fn is(key: LookupAttributeKey, value: &str) -> LookupAttribute {
    LookupAttribute::builder().attribute_key(key).attribute_value(value).build().unwrap()
}

async fn lookup(client: &Client, attribute: Option<LookupAttribute>) -> Vec<Event> {
    let pages = client.lookup_events().set_lookup_attributes(attribute.map(|one| vec![one])).into_paginator().items().send();
    pages.collect::<Result<Vec<_>, _>>().await.unwrap()
}

fn raw(event: &Event) -> Value {
    serde_json::from_str(event.cloud_trail_event().unwrap()).unwrap()
}

#[tokio::test]
async fn every_event_comes_once_and_the_newest_first() {
    let world = scene("incident");
    let mut total = 0;
    for region in [HOME, "eu-west-1"] {
        let events = lookup(&cloudtrail(&world, region), None).await;
        assert!(events.is_sorted_by(|one, other| one.event_time() >= other.event_time()));
        assert_eq!(events.iter().map(|event| event.event_id()).collect::<BTreeSet<_>>().len(), events.len());
        assert!(events.iter().all(|event| raw(event)["awsRegion"] == region));
        total += events.len();
    }
    assert_eq!(u64::try_from(total).unwrap(), world.account().cloudtrail.history.len());
    assert!(total > 3_000, "{total}");
}

#[tokio::test]
async fn global_services_are_in_one_region() {
    let world = scene("incident");
    for (source, count) in [("iam.amazonaws.com", 0), ("signin.amazonaws.com", 0), ("ec2.amazonaws.com", 1)] {
        let events = lookup(&cloudtrail(&world, "eu-west-1"), Some(is(LookupAttributeKey::EventSource, source))).await;
        assert_eq!(events.is_empty(), count == 0, "{source}");
    }
}

#[tokio::test]
async fn every_attribute_finds_what_it_names() {
    let world = scene("incident");
    let client = cloudtrail(&world, HOME);
    let created = lookup(&client, Some(is(LookupAttributeKey::EventName, "CreateUser"))).await;
    assert_eq!(created.len(), 1);
    let event = &created[0];
    assert_eq!(event.username(), Some("marta.keller"));
    assert_eq!(event.read_only(), Some("false"));
    assert_eq!(raw(event)["sourceIPAddress"], "198.51.100.23");
    let key = event.access_key_id().unwrap();
    for (attribute, value) in [
        (LookupAttributeKey::EventId, event.event_id().unwrap()),
        (LookupAttributeKey::Username, "marta.keller"),
        (LookupAttributeKey::AccessKeyId, key),
        (LookupAttributeKey::ResourceType, "AWS::IAM::User"),
        (LookupAttributeKey::ResourceName, "backup-svc"),
        (LookupAttributeKey::EventSource, "iam.amazonaws.com"),
        (LookupAttributeKey::ReadOnly, "false"),
    ] {
        let events = lookup(&client, Some(is(attribute.clone(), value))).await;
        assert!(events.iter().any(|found| found.event_id() == event.event_id()), "{attribute:?}");
    }
    assert!(lookup(&client, Some(is(LookupAttributeKey::Username, "nobody"))).await.is_empty());
}

#[tokio::test]
async fn a_time_range_cuts_at_both_ends() {
    let world = scene("incident");
    let client = cloudtrail(&world, HOME);
    let (from, to) = (noon().as_second() - 18_000, noon().as_second() - 17_000);
    let request = client.lookup_events().start_time(DateTime::from_secs(from)).end_time(DateTime::from_secs(to));
    let events = request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.unwrap();
    assert!(events.len() >= 36, "{}", events.len());
    assert!(events.iter().all(|event| (from..=to).contains(&event.event_time().unwrap().secs())));
}

#[tokio::test]
async fn wrong_requests_are_refused() {
    let world = scene("incident");
    let client = cloudtrail(&world, HOME);
    let two = client
        .lookup_events()
        .lookup_attributes(is(LookupAttributeKey::EventName, "a"))
        .lookup_attributes(is(LookupAttributeKey::EventName, "b"));
    assert!(two.send().await.unwrap_err().into_service_error().is_invalid_lookup_attributes_exception());
    let reversed =
        client.lookup_events().start_time(DateTime::from_secs(2_000_000_000)).end_time(DateTime::from_secs(1_900_000_000));
    assert!(reversed.send().await.unwrap_err().into_service_error().is_invalid_time_range_exception());
    for count in [0, 51] {
        let result = client.lookup_events().max_results(count).send().await;
        assert!(result.unwrap_err().into_service_error().is_invalid_max_results_exception());
    }
    let first = client.lookup_events().max_results(3).send().await.unwrap();
    let other = client.lookup_events().max_results(3).lookup_attributes(is(LookupAttributeKey::Username, "marta.keller"));
    let refused = other.next_token(first.next_token().unwrap()).send().await.unwrap_err();
    assert!(refused.into_service_error().is_invalid_next_token_exception());
    let same = client.lookup_events().max_results(3).next_token(first.next_token().unwrap()).send().await.unwrap();
    assert_ne!(same.events()[0].event_id(), first.events()[0].event_id());
}

#[tokio::test]
async fn the_third_request_in_a_second_is_throttled() {
    let world = scene("quiet");
    world.account().cloudtrail.rate = Some(2);
    let client = cloudtrail(&world, HOME);
    let mut refused = 0;
    for _ in 0..6 {
        match client.lookup_events().max_results(1).send().await {
            Ok(_) => {}
            Err(error) => {
                assert_eq!(error.code(), Some("ThrottlingException"));
                refused += 1;
            }
        }
    }
    assert!(refused >= 1, "six at once");
    cloudtrail(&world, "eu-west-1").lookup_events().send().await.unwrap();
}

#[tokio::test]
async fn a_million_events_are_searched_at_once() {
    let world = scene("huge");
    let client = cloudtrail(&world, HOME);
    let first = client.lookup_events().send().await.unwrap();
    assert_eq!(first.events().len(), 50);
    let mut found = 0;
    for region in [HOME, "eu-west-1"] {
        let client = cloudtrail(&world, region);
        found += lookup(&client, Some(is(LookupAttributeKey::Username, "user-04711"))).await.len();
        found += lookup(&client, Some(is(LookupAttributeKey::AccessKeyId, "AKIAHUGE04711EXAMPLE"))).await.len();
        assert!(lookup(&client, Some(is(LookupAttributeKey::EventName, "NobodyEverDidThis"))).await.is_empty());
    }
    assert!((190..=200).contains(&found), "{found}");
    let id = first.events()[7].event_id().unwrap();
    assert_eq!(lookup(&client, Some(is(LookupAttributeKey::EventId, id))).await.len(), 1);
}

#[tokio::test]
async fn trails_deliver() {
    let world = scene("incident");
    for region in [HOME, "eu-west-1"] {
        let client = cloudtrail(&world, region);
        let trails = client.describe_trails().send().await.unwrap();
        assert_eq!(trails.trail_list().len(), 1, "a trail of all regions has a shadow");
        let arn = trails.trail_list()[0].trail_arn().unwrap();
        assert_eq!(client.get_trail_status().name(arn).send().await.unwrap().is_logging(), Some(true));
        assert_eq!(client.get_event_selectors().trail_name(arn).send().await.unwrap().event_selectors().len(), 1);
    }
    let client = cloudtrail(&world, HOME);
    assert_eq!(client.list_trails().send().await.unwrap().trails().len(), 1);
    let unknown = client.get_trail_status().name("no-such-trail").send().await.unwrap_err();
    assert!(unknown.into_service_error().is_trail_not_found_exception());
}

#[tokio::test]
async fn later_pages_end_where_the_first_one_did_however_long_they_take() {
    let world = scene("quiet");
    let folder = tempfile::tempdir().unwrap();
    let at = |minutes: i64, number: u8| {
        json!({"eventVersion": "1.11", "eventID": format!("00000000-0000-4000-8000-{number:012}"), "eventType": "AwsApiCall",
            "eventTime": (noon() + jiff::SignedDuration::from_mins(minutes)).to_string(), "eventName": "RunInstances",
            "eventSource": "ec2.amazonaws.com", "awsRegion": HOME, "recipientAccountId": "123456789012", "readOnly": false,
            "userIdentity": {"type": "Root"}})
    };
    let records = json!({"Records": [at(-30, 1), at(30, 2)]}).to_string();
    std::fs::write(folder.path().join("a.json"), records).unwrap();
    load::hold_events(&mut world.account(), &bartizan::records::events(folder.path()).records);
    let iam = iam(&world);
    let user = iam.list_users().max_items(1).send().await.unwrap().users()[0].user_name().to_owned();
    let nothing = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"ec2:*","Resource":"*"}]}"#;
    iam.put_user_policy().user_name(user).policy_name("none").policy_document(nothing).send().await.unwrap();
    world.clock.advance(jiff::SignedDuration::from_secs(60));

    let client = cloudtrail(&world, HOME);
    let first = client.lookup_events().max_results(1).send().await.unwrap();
    assert_eq!(first.events()[0].event_name(), Some("PutUserPolicy"));
    world.clock.advance(jiff::SignedDuration::from_hours(1));
    let second = client.lookup_events().max_results(1).next_token(first.next_token().unwrap()).send().await.unwrap();
    assert_eq!(second.events()[0].event_id(), Some("00000000-0000-4000-8000-000000000001"), "one that came after the first page");
    // A new search ends now.
    let again = client.lookup_events().max_results(50).send().await.unwrap();
    let ids: Vec<_> = again.events().iter().filter_map(|event| event.event_id()).collect();
    assert!(ids.contains(&"00000000-0000-4000-8000-000000000002"), "{ids:?}");
}
