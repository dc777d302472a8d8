//! The credential report: asked for, in the making, there, stale.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};

use super::csv;
use crate::emulator::account::Account;
use crate::emulator::svc::Call;
use crate::emulator::wire::Response;
use crate::emulator::wire::error::ServiceError;
use crate::emulator::wire::query::{self, time};

/// How long AWS keeps a report before it makes a new one.
const KEPT: SignedDuration = SignedDuration::from_hours(4);

/// A report is ready when it is asked for so often, even where the account's clock stands still.
const ASKED_OFTEN: u32 = 3;

/// The last report that is ready, and the one in the making.
#[derive(Debug, Clone)]
pub struct Report {
    /// How long a report is in the making, in the account's time.
    pub takes: SignedDuration,
    ready: Option<Ready>,
    making: Option<Making>,
}

#[derive(Debug, Clone)]
struct Ready {
    at: Timestamp,
    /// Base 64, as it goes out.
    content: String,
}

#[derive(Debug, Clone)]
struct Making {
    since: Timestamp,
    asked: u32,
}

impl Default for Report {
    fn default() -> Self {
        Self { takes: SignedDuration::from_millis(1500), ready: None, making: None }
    }
}

impl Report {
    fn is_fresh(&self, now: Timestamp) -> bool {
        self.ready.as_ref().is_some_and(|ready| now.duration_since(ready.at) < KEPT)
    }
}

/// Finishes the report in the making when its time has come.
fn progress(account: &mut Account, now: Timestamp) {
    let report = &account.iam.report;
    let is_done = |making: &Making| making.asked >= ASKED_OFTEN || now.duration_since(making.since) >= report.takes;
    if report.making.as_ref().is_some_and(is_done) {
        let content = STANDARD.encode(csv::write(&mut account.iam, &account.id));
        account.iam.report.ready = Some(Ready { at: now, content });
        account.iam.report.making = None;
    }
}

/// `GenerateCredentialReport`.
pub(super) fn generate(account: &mut Account, call: &Call) -> Response {
    if let Some(making) = &mut account.iam.report.making {
        making.asked += 1;
    }
    progress(account, call.now);
    let report = &mut account.iam.report;
    let (state, description) = if report.is_fresh(call.now) {
        ("COMPLETE", None)
    } else if report.making.is_some() {
        ("INPROGRESS", None)
    } else {
        report.making = Some(Making { since: call.now, asked: 1 });
        ("STARTED", Some("No report exists. Starting a new report generation task"))
    };
    query::result(call, |xml| {
        xml.text("State", state);
        xml.optional("Description", description);
    })
}

/// `GetCredentialReport`.
pub(super) fn get(account: &mut Account, call: &Call) -> Result<Response, ServiceError> {
    progress(account, call.now);
    let report = &account.iam.report;
    match &report.ready {
        Some(ready) if report.is_fresh(call.now) => Ok(query::result(call, |xml| {
            xml.text("Content", &ready.content);
            xml.text("ReportFormat", "text/csv");
            xml.text("GeneratedTime", &time(ready.at));
        })),
        _ if report.making.is_some() => {
            Err(ServiceError::new(404, "ReportInProgress", "The credential report is still being generated."))
        }
        Some(_) => {
            let message = "The most recent credential report has expired. Generate a new one with GenerateCredentialReport.";
            Err(ServiceError::new(410, "ReportExpired", message))
        }
        None => Err(ServiceError::new(
            410,
            "ReportNotPresent",
            "No credential report exists. Use GenerateCredentialReport to make one.",
        )),
    }
}
