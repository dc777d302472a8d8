//! The door that only reads pass: an operation that is not on the list never leaves the process, unless it carries a permit for exactly
//! this call, which only the audit log can give ([`super::permit`]).

use std::fmt;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeSerializationInterceptorContextRef;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

use super::permit::Carried;

/// Every operation that the console may call, as (service, operation). None of them changes anything in the account;
/// `GenerateCredentialReport` only makes AWS compute a report.
pub const READS: &[(&str, &str)] = &[
    ("sts", "GetCallerIdentity"),
    ("iam", "GenerateCredentialReport"),
    ("iam", "GetAccessKeyLastUsed"),
    ("iam", "GetAccountSummary"),
    ("iam", "GetCredentialReport"),
    ("iam", "GetLoginProfile"),
    ("iam", "GetRole"),
    ("iam", "GetUser"),
    ("iam", "GetUserPolicy"),
    ("iam", "ListAccessKeys"),
    ("iam", "ListAccountAliases"),
    ("iam", "ListGroupsForUser"),
    ("iam", "ListMFADevices"),
    ("iam", "ListUsers"),
    ("iam", "SimulatePrincipalPolicy"),
    ("guardduty", "GetFindings"),
    ("guardduty", "ListDetectors"),
    ("guardduty", "ListFindings"),
    ("cloudtrail", "LookupEvents"),
    ("ssm", "DescribeInstanceInformation"),
    ("ssm", "DescribeSessions"),
    ("ssm", "GetDocument"),
];

/// What the clients of a Session Manager session may call besides: nobody else's may. A session changes nothing in the account by
/// itself, but it is a door, so it has a list and clients of its own.
pub const SESSIONS: &[(&str, &str)] =
    &[("ssm", "StartSession"), ("ssm", "ResumeSession"), ("ssm", "TerminateSession"), ("kms", "GenerateDataKey")];

/// What the clients of Secrets Manager may call besides: they change nothing, but one of them reads a secret, so no other client may.
pub const SECRETS: &[(&str, &str)] = &[("secretsmanager", "DescribeSecret"), ("secretsmanager", "GetSecretValue")];

/// What the client that asks for a session with a second factor may call besides: it changes nothing, but it hands out credentials.
pub const MFA: &[(&str, &str)] = &[("sts", "GetSessionToken"), ("sts", "AssumeRole")];

/// Whether an operation is on the list of reads.
pub fn is_read(service: &str, operation: &str) -> bool {
    READS.contains(&(service, operation))
}

/// Why a call was not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    call: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "read-only: {} was not sent", self.call)
    }
}

impl std::error::Error for Refusal {}

/// The interceptor of one service's clients. An operation whose name is missing is refused as well.
#[derive(Debug)]
pub(crate) struct Guard {
    pub(crate) service: &'static str,
    /// What passes besides the reads: [`SESSIONS`] or nothing.
    pub(crate) also: &'static [(&'static str, &'static str)],
}

impl Intercept for Guard {
    fn name(&self) -> &'static str {
        "guard"
    }

    fn read_before_serialization(
        &self,
        _context: &BeforeSerializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let operation = config.load::<Metadata>().map(Metadata::name).unwrap_or_default();
        if config.load::<Carried>().is_some_and(|carried| carried.permit().take(self.service, operation)) {
            return Ok(());
        }
        if is_read(self.service, operation) || self.also.contains(&(self.service, operation)) {
            return Ok(());
        }
        Err(Box::new(Refusal { call: format!("{}:{operation}", self.service) }))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
    use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
    use aws_smithy_runtime_api::client::result::ConnectorError;

    use super::*;
    use crate::aws::observe::Observer;
    use crate::aws::permit;
    use crate::aws::session::{Connect, Session, connect};
    use crate::aws::{call, fault, sts};
    use crate::domain::fault::FaultKind;

    #[test]
    fn nothing_on_the_list_sounds_like_a_change() {
        for (service, operation) in READS {
            let harmless = ["Get", "List", "Describe", "Lookup", "Simulate"].iter().any(|verb| operation.starts_with(verb));
            assert!(harmless || *operation == "GenerateCredentialReport", "{service}:{operation}");
        }
    }

    #[tokio::test]
    async fn a_change_never_reaches_the_wire() {
        let sent = Arc::new(AtomicU32::new(0));
        let session = counted(&sent).await;
        let send = session.iam().delete_access_key().user_name("ada").access_key_id("AKIAIOSFODNN7EXAMPLE").send();
        let fault = call::make(&session, ("iam", "DeleteAccessKey"), "us-east-1", send).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Refused { code: fault::READ_ONLY.into() });
        let send = session.ssm("us-east-1").start_session().target("i-0abc").send();
        assert!(call::make(&session, ("ssm", "StartSession"), "us-east-1", send).await.is_err());
        assert_eq!(sent.load(Ordering::Relaxed), 0);
        let _ = sts::identity(&session).await;
        assert!(sent.load(Ordering::Relaxed) > 0, "a read does");
    }

    #[tokio::test]
    async fn a_permit_lets_one_call_out_and_no_second_one() {
        let sent = Arc::new(AtomicU32::new(0));
        let session = counted(&sent).await;
        let permit = permit::tests::to_delete_a_key();
        let send = async |permit: Carried| {
            let request = session.iam().delete_access_key().user_name("ada").access_key_id("AKIAIOSFODNN7EXAMPLE");
            let send = request.customize().interceptor(permit).send();
            call::make(&session, ("iam", "DeleteAccessKey"), "us-east-1", send).await.unwrap_err()
        };
        assert_ne!(send(permit.clone()).await.kind, FaultKind::Refused { code: fault::READ_ONLY.into() });
        let once = sent.load(Ordering::Relaxed);
        assert!(once > 0, "the first one went out");
        assert_eq!(send(permit).await.kind, FaultKind::Refused { code: fault::READ_ONLY.into() });
        assert_eq!(sent.load(Ordering::Relaxed), once);
    }

    /// A session whose requests end here, and are counted.
    async fn counted(sent: &Arc<AtomicU32>) -> Session {
        let count = Arc::clone(sent);
        let http = http_client_fn(move |_, _| SharedHttpConnector::new(Counting(Arc::clone(&count))));
        connect(Connect { http: Some(http), ..Connect::new(Observer::nobody()) }).await.unwrap()
    }

    #[derive(Debug)]
    struct Counting(Arc<AtomicU32>);

    impl HttpConnector for Counting {
        fn call(&self, _request: HttpRequest) -> HttpConnectorFuture {
            self.0.fetch_add(1, Ordering::Relaxed);
            HttpConnectorFuture::ready(Err(ConnectorError::user("no network here".into())))
        }
    }

    #[test]
    fn what_is_not_listed_is_refused() {
        assert!(is_read("iam", "ListUsers"));
        for call in [("iam", "DeleteAccessKey"), ("iam", ""), ("guardduty", "ListUsers"), ("ssm", "StartSession")] {
            assert!(!is_read(call.0, call.1), "{call:?}");
        }
    }
}
