//! GuardDuty of the embedded AWS, by the real SDK.
#![allow(deprecated, reason = "the old operators and statistics are still what many programs send")]

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_sdk_guardduty::Client;
use aws_sdk_guardduty::types::{
    Condition, Feedback, Finding, FindingCriteria, FindingStatisticType, GroupByType, OrderBy, SortCriteria,
};
use bartizan::emulator::World;
use bartizan::emulator::svc::guardduty::Administrator;

use super::emulated::noon;
use super::scenes::{guardduty, scene};

const HOME: &str = "us-east-1";

async fn detector(client: &Client) -> String {
    client.list_detectors().send().await.unwrap().detector_ids().first().unwrap().clone()
}

fn where_(path: &str, condition: Condition) -> FindingCriteria {
    FindingCriteria::builder().criterion(path, condition).build()
}

fn current() -> FindingCriteria {
    where_("service.archived", Condition::builder().equals("false").build())
}

fn by(path: &str, order: OrderBy) -> SortCriteria {
    SortCriteria::builder().attribute_name(path).order_by(order).build()
}

async fn list(client: &Client, detector: &str, criteria: FindingCriteria, page: i32) -> Vec<String> {
    let pages = client
        .list_findings()
        .detector_id(detector)
        .finding_criteria(criteria)
        .sort_criteria(by("severity", OrderBy::Desc))
        .into_paginator()
        .page_size(page)
        .items()
        .send();
    pages.collect::<Result<Vec<_>, _>>().await.unwrap()
}

async fn setting(name: &str) -> (Arc<World>, Client, String) {
    let world = scene(name);
    let client = guardduty(&world, HOME);
    let detector = detector(&client).await;
    (world, client, detector)
}

#[tokio::test]
async fn pages_of_any_size_are_the_same_list() {
    let (_world, client, detector) = setting("incident").await;
    let all = list(&client, &detector, FindingCriteria::builder().build(), 50).await;
    let small = list(&client, &detector, FindingCriteria::builder().build(), 7).await;
    assert!(all.len() > 50, "{}", all.len());
    assert_eq!(all, small);
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
}

#[tokio::test]
async fn the_worst_comes_first_and_decodes() {
    let (_world, client, detector) = setting("incident").await;
    let ids = list(&client, &detector, current(), 50).await;
    let found = client.get_findings().detector_id(&detector).finding_ids(&ids[0]).send().await.unwrap();
    let worst = &found.findings()[0];
    assert_eq!(worst.r#type(), Some("AttackSequence:IAM/CompromisedCredentials"));
    assert!(worst.severity().unwrap() >= 9.0);
    let sequence = worst.service().unwrap().detection().unwrap().sequence().unwrap();
    assert_eq!(sequence.actors().len(), 2);
    assert!(sequence.signals().len() >= 10);
    let members = client.get_findings().detector_id(&detector).set_finding_ids(Some(ids[1..20].to_vec())).send().await.unwrap();
    assert!(members.findings().iter().any(|finding| finding.associated_attack_sequence_arn() == worst.arn()));
}

#[tokio::test]
async fn every_finding_of_both_regions_decodes() {
    let world = scene("incident");
    for region in [HOME, "eu-west-1"] {
        let client = guardduty(&world, region);
        let detector = detector(&client).await;
        let ids = list(&client, &detector, FindingCriteria::builder().build(), 50).await;
        for chunk in ids.chunks(50) {
            let found = client.get_findings().detector_id(&detector).set_finding_ids(Some(chunk.to_vec())).send().await.unwrap();
            assert_eq!(found.findings().len(), chunk.len());
            assert!(found.findings().iter().all(|finding| finding.region() == Some(region)));
        }
    }
}

#[tokio::test]
async fn criteria_old_and_new() {
    let (_world, client, detector) = setting("incident").await;
    let all = list(&client, &detector, FindingCriteria::builder().build(), 50).await.len();
    let current = list(&client, &detector, current(), 50).await.len();
    assert!(current < all, "archived findings are listed where nothing is said");
    let high = where_("severity", Condition::builder().greater_than_or_equal(7).build());
    let old = where_("severity", Condition::builder().gte(7).build());
    let ids = list(&client, &detector, high, 50).await;
    assert_eq!(ids, list(&client, &detector, old, 50).await);
    assert!(!ids.is_empty() && ids.len() < current);
    let since = noon().as_millisecond() - 3_600_000 * 6;
    let recent = list(&client, &detector, where_("updatedAt", Condition::builder().greater_than(since).build()), 50).await;
    assert!(!recent.is_empty() && recent.len() < current);
    let user = where_("resource.accessKeyDetails.userName", Condition::builder().equals("backup-svc").build());
    assert_eq!(list(&client, &detector, user, 50).await.len(), 4);
}

#[tokio::test]
async fn a_token_is_of_one_question() {
    let (_world, client, detector) = setting("incident").await;
    let first = client.list_findings().detector_id(&detector).max_results(5).send().await.unwrap();
    let token = first.next_token().unwrap();
    assert!(!token.is_empty());
    let other = client.list_findings().detector_id(&detector).finding_criteria(current()).next_token(token).send().await;
    assert!(other.unwrap_err().into_service_error().is_bad_request_exception());
    let garbage = client.list_findings().detector_id(&detector).next_token("garbage").send().await;
    assert!(garbage.unwrap_err().into_service_error().is_bad_request_exception());
    let whole =
        client.list_findings().detector_id(&detector).finding_criteria(where_("severity", Condition::builder().gte(9).build()));
    assert_eq!(whole.send().await.unwrap().next_token(), Some(""));
}

#[tokio::test]
async fn wrong_requests_are_refused() {
    let (_world, client, detector) = setting("incident").await;
    for count in [0, 51] {
        let result = client.list_findings().detector_id(&detector).max_results(count).send().await;
        assert!(result.unwrap_err().into_service_error().is_bad_request_exception());
    }
    let many: Vec<String> = (0..51).map(|n| format!("{n:032x}")).collect();
    let result = client.get_findings().detector_id(&detector).set_finding_ids(Some(many)).send().await;
    assert!(result.unwrap_err().into_service_error().is_bad_request_exception());
    let nobodys =
        client.get_detector().detector_id("0123456789abcdef0123456789abcdef").send().await.unwrap_err().into_service_error();
    assert!(nobodys.to_string().contains("not owned"), "{nobodys}");
    let strange = where_("nonsense", Condition::builder().equals("x").build());
    let result = client.list_findings().detector_id(&detector).finding_criteria(strange).send().await;
    assert!(result.unwrap_err().into_service_error().is_bad_request_exception());
}

#[tokio::test]
async fn archiving_takes_effect_and_members_may_not() {
    let (world, client, detector) = setting("incident").await;
    let before = list(&client, &detector, current(), 50).await;
    client.archive_findings().detector_id(&detector).finding_ids(&before[0]).finding_ids(&before[1]).send().await.unwrap();
    let after = list(&client, &detector, current(), 50).await;
    assert_eq!(after, before[2..]);
    client.unarchive_findings().detector_id(&detector).finding_ids(&before[1]).send().await.unwrap();
    assert_eq!(list(&client, &detector, current(), 50).await, before[1..]);
    let feedback = client.update_findings_feedback().detector_id(&detector).finding_ids(&before[2]).feedback(Feedback::Useful);
    feedback.send().await.unwrap();

    world.account().guardduty.administrator = Some(Administrator { account: "999988887777".into(), since: noon() });
    let told = client.get_administrator_account().detector_id(&detector).send().await.unwrap();
    assert_eq!(told.administrator().unwrap().account_id(), Some("999988887777"));
    let refused = client.archive_findings().detector_id(&detector).finding_ids(&before[2]).send().await;
    assert!(refused.unwrap_err().into_service_error().is_bad_request_exception());
}

#[tokio::test]
async fn samples_are_marked() {
    let (_world, client, detector) = setting("quiet").await;
    let before = list(&client, &detector, FindingCriteria::builder().build(), 50).await;
    client.create_sample_findings().detector_id(&detector).send().await.unwrap();
    client
        .create_sample_findings()
        .detector_id(&detector)
        .finding_types("Stealth:IAMUser/CloudTrailLoggingDisabled")
        .send()
        .await
        .unwrap();
    let after = list(&client, &detector, FindingCriteria::builder().build(), 50).await;
    assert!(after.len() > before.len() + 10);
    let made: Vec<String> = after.into_iter().filter(|id| !before.contains(id)).collect();
    let found = client.get_findings().detector_id(&detector).set_finding_ids(Some(made)).send().await.unwrap();
    let flag = |finding: &Finding| finding.service().unwrap().additional_info().unwrap().value().unwrap().to_owned();
    assert!(found.findings().iter().all(|finding| flag(finding) == r#"{"sample":true}"#));
    // The prefix of AWS's web console is not in the API.
    assert!(found.findings().iter().all(|finding| !finding.title().unwrap().contains("SAMPLE")));
}

#[tokio::test]
async fn statistics_agree_with_the_list() {
    for name in ["incident", "huge"] {
        let (_world, client, detector) = setting(name).await;
        let counted = client
            .get_findings_statistics()
            .detector_id(&detector)
            .finding_statistic_types(FindingStatisticType::CountBySeverity)
            .send()
            .await
            .unwrap();
        let counts = counted.finding_statistics().unwrap().count_by_severity().unwrap();
        let total: i32 = counts.values().sum();
        if name == "huge" {
            assert_eq!(total, 40_000);
        } else {
            let all = list(&client, &detector, FindingCriteria::builder().build(), 50).await;
            assert_eq!(usize::try_from(total).unwrap(), all.len());
        }
        for group in
            [GroupByType::Account, GroupByType::Date, GroupByType::FindingType, GroupByType::Resource, GroupByType::Severity]
        {
            client.get_findings_statistics().detector_id(&detector).group_by(group).send().await.unwrap();
        }
    }
}

#[tokio::test]
async fn fifty_thousand_findings_are_read_page_by_page() {
    let world = scene("huge");
    let mut total = 0;
    for region in [HOME, "eu-west-1"] {
        let client = guardduty(&world, region);
        let detector = detector(&client).await;
        total += list(&client, &detector, FindingCriteria::builder().build(), 50).await.iter().collect::<BTreeSet<_>>().len();
    }
    assert_eq!(total, 50_000);
}

#[tokio::test]
async fn a_region_without_guardduty_has_no_detector() {
    let world = scene("incident");
    let answer = guardduty(&world, "ap-southeast-2").list_detectors().send().await.unwrap();
    assert!(answer.detector_ids().is_empty());
    let (_world, client, detector) = setting("incident").await;
    let members = client.list_members().detector_id(detector).send().await.unwrap();
    assert_eq!(members.members().len(), 2);
}
