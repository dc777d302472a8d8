//! GuardDuty: the findings of one region.

use aws_sdk_guardduty::types::{Condition, FindingCriteria, OrderBy, SortCriteria};
use serde_json::Value;

use super::call;
use super::capture::Capture;
use super::fault::unsent;
use super::page::Sink;
use super::session::Session;
use crate::domain::evidence::Evidence;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::finding::{self, Archived, Finding};

/// Ids on a page of `ListFindings`, and ids that one `GetFindings` takes: the most for both.
const PAGE: i32 = 50;

/// The criterion for the findings wanted: without one GuardDuty gives archived ones as well.
fn criteria(archived: Archived) -> Option<FindingCriteria> {
    let wanted = match archived {
        Archived::Current => "false",
        Archived::Archived => "true",
        Archived::All => return None,
    };
    Some(FindingCriteria::builder().criterion("service.archived", Condition::builder().equals(wanted).build()).build())
}

/// All findings of a region, the most severe first. A region without a detector is [`FaultKind::NotEnabled`].
pub async fn findings(session: &Session, region: &str, archived: Archived, to: &Sink<Vec<Finding>>) -> Result<(), Fault> {
    let detectors = detectors(session, region).await?;
    if detectors.is_empty() {
        let message = "GuardDuty has no detector in this region";
        return Err(Fault {
            call: "guardduty:ListDetectors".into(),
            region: region.into(),
            ..unsent(FaultKind::NotEnabled, message, session.now())
        });
    }
    for detector in detectors {
        if !of_detector(session, region, &detector, archived, to).await? {
            return Ok(());
        }
    }
    Ok(())
}

/// A region has at most one detector today; the answer is a list nevertheless.
async fn detectors(session: &Session, region: &str) -> Result<Vec<String>, Fault> {
    let mut detectors = Vec::new();
    let mut token = None;
    loop {
        let send = session.guardduty(region).list_detectors().set_next_token(token).send();
        let answer = call::make(session, ("guardduty", "ListDetectors"), region, send).await?;
        detectors.extend(answer.detector_ids().iter().cloned());
        // GuardDuty writes the end as an empty token.
        token = answer.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        if token.is_none() {
            return Ok(detectors);
        }
    }
}

/// The answer is false when nobody wants more.
async fn of_detector(
    session: &Session,
    region: &str,
    detector: &str,
    archived: Archived,
    to: &Sink<Vec<Finding>>,
) -> Result<bool, Fault> {
    let order = SortCriteria::builder().attribute_name("severity").order_by(OrderBy::Desc).build();
    let mut token = None;
    loop {
        let list = session.guardduty(region).list_findings().detector_id(detector).max_results(PAGE);
        let list = list.set_finding_criteria(criteria(archived)).sort_criteria(order.clone()).set_next_token(token);
        let answer = call::make(session, ("guardduty", "ListFindings"), region, list.send()).await?;
        let ids = answer.finding_ids().to_vec();
        token = answer.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        if !ids.is_empty() && to.send(get(session, region, detector, ids).await?).await.is_err() {
            return Ok(false);
        }
        if token.is_none() {
            return Ok(true);
        }
    }
}

/// The findings with these ids. `GetFindings` need not keep their order, and leaves out ids that are gone.
async fn get(session: &Session, region: &str, detector: &str, ids: Vec<String>) -> Result<Vec<Finding>, Fault> {
    let capture = Capture::default();
    let order = SortCriteria::builder().attribute_name("severity").order_by(OrderBy::Desc).build();
    let get = session.guardduty(region).get_findings().detector_id(detector).set_finding_ids(Some(ids)).sort_criteria(order);
    call::make(session, ("guardduty", "GetFindings"), region, get.customize().interceptor(capture.clone()).send()).await?;
    Ok(decode(&capture.records("findings"), region))
}

fn decode(texts: &[String], region: &str) -> Vec<Finding> {
    let mut findings: Vec<Finding> = texts
        .iter()
        .zip(Evidence::page(texts))
        .map(|(text, raw)| {
            let mut finding = finding::decode(&serde_json::from_str(text).unwrap_or(Value::Null), raw);
            if finding.key.region.is_empty() {
                region.clone_into(&mut finding.key.region);
            }
            finding
        })
        .collect();
    findings.sort_by(|a, b| b.severity.0.total_cmp(&a.severity.0));
    findings
}
