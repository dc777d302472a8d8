//! The door that only reads pass: an operation that is not on the list never leaves the process.

use std::fmt;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeSerializationInterceptorContextRef;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// Every operation that the console may call, as (service, operation). None of them changes anything in the account;
/// `GenerateCredentialReport` only makes AWS compute a report.
pub const READS: &[(&str, &str)] = &[
    ("sts", "GetCallerIdentity"),
    ("iam", "GenerateCredentialReport"),
    ("iam", "GetAccessKeyLastUsed"),
    ("iam", "GetAccountSummary"),
    ("iam", "GetCredentialReport"),
    ("iam", "GetLoginProfile"),
    ("iam", "ListAccessKeys"),
    ("iam", "ListAccountAliases"),
    ("iam", "ListGroupsForUser"),
    ("iam", "ListMFADevices"),
    ("iam", "ListUsers"),
    ("guardduty", "GetFindings"),
    ("guardduty", "ListDetectors"),
    ("guardduty", "ListFindings"),
    ("cloudtrail", "LookupEvents"),
    ("ssm", "DescribeInstanceInformation"),
    ("ssm", "DescribeSessions"),
];

/// Whether an operation is on the list.
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
        if is_read(self.service, operation) {
            return Ok(());
        }
        Err(Box::new(Refusal { call: format!("{}:{operation}", self.service) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_on_the_list_sounds_like_a_change() {
        for (service, operation) in READS {
            let harmless = ["Get", "List", "Describe", "Lookup"].iter().any(|verb| operation.starts_with(verb));
            assert!(harmless || *operation == "GenerateCredentialReport", "{service}:{operation}");
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
