//! Sessions that are written down: no session is started that the audit log does not know of.

use std::collections::BTreeMap;

use crate::audit::{AuditLog, Entry};
use crate::ssm::client::gateway::{DataKey, Gateway, Opened, Refusal, StartRequest};

/// A gateway whose sessions are in the audit log, from their start to their end.
#[derive(Debug, Clone)]
pub struct Audited<G> {
    gateway: G,
    log: AuditLog,
    /// What all its entries have in common: caller, account, region and origin.
    common: Entry,
}

impl<G> Audited<G> {
    /// Writes down the sessions of a gateway. Of `common`, the caller, the account, the region and the origin count.
    pub fn new(gateway: G, log: AuditLog, common: Entry) -> Self {
        Self { gateway, log, common }
    }

    /// Makes a call with its intent before it and its outcome behind it. Where the intent cannot be written, `otherwise` decides.
    async fn record<T>(
        &self,
        (call, object, reason): (&str, String, Option<String>),
        is_needed: bool,
        make: impl Future<Output = Result<T, Refusal>>,
    ) -> Result<T, Refusal> {
        let log = self.log.clone();
        let entry = Entry { call: call.to_owned(), object, reason, ..self.common.clone() };
        // Both writes wait for the disk.
        let intent = tokio::task::spawn_blocking(move || log.intend(entry).map_err(|error| error.to_string())).await;
        let intent = match intent.unwrap_or_else(|error| Err(error.to_string())) {
            Ok(intent) => Some(intent),
            Err(problem) if is_needed => {
                return Err(Refusal::Never(format!(
                    "{call} was not called, because it could not be written into the audit log: {problem}"
                )));
            }
            Err(_) => None,
        };
        let result = make.await;
        if let Some(intent) = intent {
            let outcome = result.as_ref().map(|_| ()).map_err(ToString::to_string);
            // A log that cannot be written now says "outcome unknown", which is what it knows.
            let _unless_broken = tokio::task::spawn_blocking(move || intent.outcome(outcome, None)).await;
        }
        result
    }
}

impl<G: Gateway> Gateway for Audited<G> {
    async fn start(&self, request: &StartRequest) -> Result<Opened, Refusal> {
        let what = request.purpose.document().unwrap_or("shell");
        let object = format!("{} ({what})", request.target);
        self.record(("ssm:StartSession", object, request.reason.clone()), true, self.gateway.start(request)).await
    }

    async fn resume(&self, session_id: &str) -> Result<Option<Opened>, Refusal> {
        self.gateway.resume(session_id).await
    }

    async fn terminate(&self, session_id: &str) -> Result<(), Refusal> {
        // A door is closed whether or not that can be written down.
        let call = ("ssm:TerminateSession", session_id.to_owned(), None);
        self.record(call, false, self.gateway.terminate(session_id)).await
    }

    async fn ended(&self, session_id: &str) {
        // No call was made: the service ended it. Its end belongs beside its start all the same.
        let call = ("session:ended", session_id.to_owned(), None);
        let _written_or_not = self.record(call, false, async { Ok(()) }).await;
        self.gateway.ended(session_id).await;
    }

    async fn sign(&self, url: &str) -> Result<Vec<(String, String)>, Refusal> {
        self.gateway.sign(url).await
    }

    async fn data_key(&self, key_id: &str, context: BTreeMap<String, String>) -> Result<DataKey, Refusal> {
        self.gateway.data_key(key_id, context).await
    }
}
