//! GuardDuty: the findings of one region.

use std::cmp::Reverse;
use std::pin::pin;
use std::sync::Arc;

use aws_sdk_guardduty::types::{Condition, FindingCriteria, OrderBy, SortCriteria};
use futures::{StreamExt as _, stream};
use serde_json::Value;

use super::call;
use super::capture::Capture;
use super::fault::{malformed, unsent};
use super::page::Sink;
use super::pages::Pages;
use super::session::Session;
use crate::domain::evidence::Evidence;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::finding::{self, Archived, Finding};

/// Ids on a page of `ListFindings`, and ids that one `GetFindings` takes: the most for both.
const PAGE: i32 = 50;
/// Pages of findings that may be on their way at the same time.
const AHEAD: usize = 3;

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
    for id in detectors {
        let detector = Detector { session: session.clone(), region: region.to_owned(), id, archived };
        if !detector.findings(to).await? {
            return Ok(());
        }
    }
    Ok(())
}

/// A region has at most one detector today; the answer is a list nevertheless.
async fn detectors(session: &Session, region: &str) -> Result<Vec<String>, Fault> {
    let mut detectors = Vec::new();
    let mut pages = Pages::new(session, ("guardduty", "ListDetectors"), region);
    loop {
        let send = session.guardduty(region).list_detectors().set_next_token(pages.token()).send();
        let answer = call::make(session, ("guardduty", "ListDetectors"), region, send).await?;
        detectors.extend(answer.detector_ids().iter().cloned());
        // GuardDuty writes the end as an empty token.
        if !pages.turn(answer.next_token(), answer.detector_ids().len())? {
            return Ok(detectors);
        }
    }
}

/// One detector, and which of its findings are wanted.
struct Detector {
    session: Session,
    region: String,
    id: String,
    archived: Archived,
}

impl Detector {
    /// All its findings. The answer is false when nobody wants more.
    async fn findings(self, to: &Sink<Vec<Finding>>) -> Result<bool, Fault> {
        let detector = Arc::new(self);
        let lister = Arc::clone(&detector);
        let first = Pages::new(&detector.session, ("guardduty", "ListFindings"), &detector.region);
        let ids = stream::try_unfold(Some(first), move |pages| {
            let detector = Arc::clone(&lister);
            async move {
                let Some(pages) = pages else { return Ok(None) };
                detector.list(pages).await.map(Some)
            }
        });
        // Ids and findings are separate calls: the next ids are asked for while the findings of the last ones are on their way.
        let pages = ids.map(move |ids| {
            let detector = Arc::clone(&detector);
            async move { detector.get(ids?).await }
        });
        let mut pages = pin!(pages.buffered(AHEAD));
        while let Some(page) = pages.next().await {
            if to.send(page?).await.is_err() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A page of ids, the most severe first, and where the list goes on; `None`: it has ended.
    async fn list(&self, mut pages: Pages) -> Result<(Vec<String>, Option<Pages>), Fault> {
        let list = self.session.guardduty(&self.region).list_findings().detector_id(&self.id).max_results(PAGE);
        let list = list.set_finding_criteria(criteria(self.archived)).sort_criteria(by_severity()).set_next_token(pages.token());
        let answer = call::make(&self.session, ("guardduty", "ListFindings"), &self.region, list.send()).await?;
        let more = pages.turn(answer.next_token(), answer.finding_ids().len())?;
        Ok((answer.finding_ids.unwrap_or_default(), more.then_some(pages)))
    }

    /// The findings with these ids. `GetFindings` need not keep their order, and leaves out ids that are gone.
    async fn get(&self, ids: Vec<String>) -> Result<Vec<Finding>, Fault> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let capture = Capture::default();
        let get = self.session.guardduty(&self.region).get_findings().detector_id(&self.id);
        let send = get.set_finding_ids(Some(ids)).sort_criteria(by_severity()).customize().interceptor(capture.clone()).send();
        let answer = call::make(&self.session, ("guardduty", "GetFindings"), &self.region, send).await?;
        let texts = capture.records("findings", answer.findings().len());
        let texts = texts.map_err(|why| malformed("guardduty:GetFindings", &self.region, why, self.session.now()))?;
        Ok(decode(&texts, &self.region))
    }
}

fn by_severity() -> SortCriteria {
    SortCriteria::builder().attribute_name("severity").order_by(OrderBy::Desc).build()
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
    // Those without a severity come last.
    findings.sort_by_key(|finding| Reverse(finding.severity));
    findings
}
