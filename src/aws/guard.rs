//! The door that only reads pass: an operation that is not on the list never leaves the process, unless it carries a permit for exactly
//! this call, which only the audit log can give ([`super::permit`]).

use std::fmt;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeSerializationInterceptorContextRef;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::retry::RetryConfig;

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

/// Whether the SDK may repeat a call by itself: a read, or one whose repetition leaves nothing behind.
fn is_repeatable(service: &str, operation: &str) -> bool {
    let harmless = [("ssm", "ResumeSession"), ("kms", "GenerateDataKey")];
    is_read(service, operation) || SECRETS.contains(&(service, operation)) || harmless.contains(&(service, operation))
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

impl Guard {
    /// Whether an operation passes without a permit.
    fn passes(&self, operation: &str) -> bool {
        is_read(self.service, operation) || self.also.contains(&(self.service, operation))
    }
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
        let operation = config.load::<Metadata>().map(Metadata::name).unwrap_or_default().to_owned();
        let operation = operation.as_str();
        if !is_repeatable(self.service, operation) {
            // Here, where every call passes, so that nobody can forget it: whoever repeats a change has to know that the attempt before did
            // nothing, and the SDK repeats after lost answers, too.
            config.interceptor_state().store_put(RetryConfig::disabled());
        }
        if config.load::<Carried>().is_some_and(|carried| carried.permit().take(self.service, operation)) {
            return Ok(());
        }
        if self.passes(operation) {
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
    use crate::domain::fault::{FaultKind, Own};

    const NOT_SENT: FaultKind = FaultKind::Own { own: Own::NotSent };

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
        assert_eq!(fault.kind, NOT_SENT);
        let send = session.ssm("us-east-1").start_session().target("i-0abc").send();
        assert!(call::make(&session, ("ssm", "StartSession"), "us-east-1", send).await.is_err());
        assert_eq!(sent.load(Ordering::Relaxed), 0);
        let _ = sts::identity(&session).await;
        assert!(sent.load(Ordering::Relaxed) > 1, "a read does, and is repeated");
    }

    /// What opens sessions, reads secrets or hands out credentials passes by the clients that are made for it, and by no other.
    #[tokio::test]
    async fn what_one_client_may_no_other_may() {
        let sent = Arc::new(AtomicU32::new(0));
        let session = counted(&sent).await;
        let region = "us-east-1";
        macro_rules! refused {
            ($($send:expr),* $(,)?) => {$({
                let error = $send.send().await.unwrap_err();
                let fault = fault::from_sdk(&error, "a:B", region, session.now());
                assert_eq!(fault.kind, NOT_SENT, "{}: {fault:?}", stringify!($send));
            })*};
        }
        refused!(
            session.sts().assume_role().role_arn("arn:aws:iam::123456789012:role/x").role_session_name("x"),
            session.sts().get_session_token(),
            session.sts_in(region).get_session_token(),
            session.ssm(region).start_session().target("i-0abc"),
            session.ssm(region).resume_session().session_id("ada-1"),
            session.ssm(region).terminate_session().session_id("ada-1"),
            session.session_manager(region).send_command().document_name("AWS-RunShellScript"),
            session.session_keys(region).decrypt().ciphertext_blob(aws_smithy_types::Blob::new([0])),
            session.session_keys(region).disable_key().key_id("x"),
            session.second_factor().get_federation_token().name("x"),
            session.second_factor().assume_root().target_principal("x"),
            session.secrets_manager(region).put_secret_value().secret_id("x").secret_string("x"),
            session.secrets_manager(region).delete_secret().secret_id("x"),
            session.secrets_manager(region).get_random_password(),
            session.iam().create_access_key().user_name("ada"),
        );
        assert_eq!(sent.load(Ordering::Relaxed), 0);
        let _ = session.second_factor().get_session_token().send().await;
        let _ = session.session_manager(region).start_session().target("i-0abc").send().await;
        let _ = session.secrets_manager(region).get_secret_value().secret_id("x").send().await;
        assert!(sent.load(Ordering::Relaxed) >= 3, "their own clients may");
    }

    #[test]
    fn each_list_is_of_its_own_client() {
        let lists: [(&str, &[(&str, &str)]); 4] = [("none", &[]), ("sessions", SESSIONS), ("secrets", SECRETS), ("mfa", MFA)];
        for (name, also) in lists {
            for (service, operation) in SESSIONS.iter().chain(SECRETS).chain(MFA).copied() {
                let passes = Guard { service, also }.passes(operation);
                assert_eq!(passes, also.contains(&(service, operation)), "{service}:{operation} by the client of {name}");
                assert!(!is_read(service, operation), "{service}:{operation} is a read for everybody");
            }
            assert!(!Guard { service: "iam", also }.passes("GetSecretValue") && !Guard { service: "iam", also }.passes(""));
        }
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
        assert_ne!(send(permit.clone()).await.kind, NOT_SENT);
        let once = sent.load(Ordering::Relaxed);
        assert_eq!(once, 1, "the first one went out, and the SDK did not repeat it although its connection broke");
        assert_eq!(send(permit).await.kind, NOT_SENT);
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
            HttpConnectorFuture::ready(Err(ConnectorError::io("no network here".into())))
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
