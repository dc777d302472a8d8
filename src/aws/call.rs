//! One call: its lane, the call itself, its fault.

use std::error::Error;
use std::future::Future;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::fault;
use super::session::Session;
use crate::domain::fault::{Fault, FaultKind};

/// Makes a call when its lane is free. The future is the SDK's `send()`, which does nothing before it is polled.
pub(crate) async fn make<T, E>(
    session: &Session,
    (service, operation): (&'static str, &'static str),
    region: &str,
    send: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
) -> Result<T, Fault>
where
    E: Error + ProvideErrorMetadata + 'static,
{
    let _permit = session.lanes().enter(service, operation, region).await;
    let error = match send.await {
        Ok(answer) => {
            session.lanes().heard(service, operation, region, false);
            session.accepted_in(region);
            return Ok(answer);
        }
        Err(error) => error,
    };
    let mut fault = fault::from_sdk(&error, &format!("{service}:{operation}"), region, session.now());
    session.lanes().heard(service, operation, region, matches!(fault.kind, FaultKind::Throttled { .. }));
    // The same credentials are good elsewhere, so it is the region that does not know them: it has to be enabled first.
    // A region that took them before is enabled: then they were switched off meanwhile.
    let unknown = fault.kind == FaultKind::UnknownIdentity && !fault::is_about_signature(error.code());
    if unknown && session.is_accepted_elsewhere_only(region) {
        fault.kind = FaultKind::RegionDisabled;
    }
    Err(fault)
}
