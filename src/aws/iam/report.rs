//! The credential report: asked for, waited for, read.

use std::time::Duration;

use crate::aws::call;
use crate::aws::fault::{malformed, unsent};
use crate::aws::session::Session;
use crate::aws::time::timestamp;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::report::CredentialReport;

/// The waits between two questions whether the report is ready. Together a minute: large accounts take that long.
const WAITS_MS: [u64; 12] = [250, 500, 1000, 1500, 2500, 4000, 6000, 8000, 8000, 10_000, 10_000, 10_000];

/// The newest credential report. AWS makes a new one at most every four hours and answers with the last one until then.
pub async fn credential_report(session: &Session) -> Result<CredentialReport, Fault> {
    const GENERATE: (&str, &str) = ("iam", "GenerateCredentialReport");
    let home = session.home();
    for wait in WAITS_MS {
        let answer = call::make(session, GENERATE, home, session.iam().generate_credential_report().send()).await?;
        if answer.state().is_some_and(|state| state.as_str() == "COMPLETE") {
            return get(session).await;
        }
        session.lanes().pause(Duration::from_millis(wait)).await;
    }
    let mut fault = unsent(FaultKind::TimedOut, "AWS did not finish the credential report within a minute", session.now());
    fault.call = "iam:GenerateCredentialReport".into();
    fault.region = home.into();
    Err(fault)
}

async fn get(session: &Session) -> Result<CredentialReport, Fault> {
    let home = session.home();
    let answer = call::make(session, ("iam", "GetCredentialReport"), home, session.iam().get_credential_report().send()).await?;
    let content = answer.content().map(AsRef::as_ref).unwrap_or_default();
    let generated = answer.generated_time().and_then(timestamp).unwrap_or_else(|| session.now());
    CredentialReport::parse(content, generated)
        .map_err(|error| malformed("iam:GetCredentialReport", home, error.to_string(), session.now()))
}
