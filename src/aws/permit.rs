//! The permit that a change carries through the guard: made from an intent that is on disk, good for one call.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeSerializationInterceptorContextRef;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};

use crate::audit::Intent;
use crate::domain::call::ApiCall;

/// The right to make one call of exactly one operation. There is no way to one but through the audit log.
#[derive(Debug)]
pub(crate) struct Permit {
    /// `iam:UpdateAccessKey`.
    call: String,
    used: AtomicBool,
    /// The call that was made by it, as it was told at its end.
    made: Mutex<Option<ApiCall>>,
}

impl Permit {
    /// The right to make the call that was just written down.
    pub(crate) fn for_intent(intent: &Intent) -> Carried {
        Carried(Arc::new(Self { call: intent.call().to_owned(), used: AtomicBool::new(false), made: Mutex::default() }))
    }

    /// Takes the permit for this operation: true once, and for the operation that it is for.
    pub(super) fn take(&self, service: &str, operation: &str) -> bool {
        let is_for_it = self.call.split_once(':') == Some((service, operation));
        is_for_it && !self.used.swap(true, Ordering::SeqCst)
    }

    /// The call has ended.
    pub(super) fn note(&self, call: &ApiCall) {
        *self.made.lock().unwrap_or_else(PoisonError::into_inner) = Some(call.clone());
    }

    /// The call as it was told at its end; `None`: it has not come so far.
    pub(super) fn made(&self) -> Option<ApiCall> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Puts the permit into the call's own settings, where the guard looks for it.
#[derive(Debug, Clone)]
pub(crate) struct Carried(Arc<Permit>);

impl Carried {
    /// The permit.
    pub(super) fn permit(&self) -> &Permit {
        &self.0
    }
}

impl Storable for Carried {
    type Storer = StoreReplace<Self>;
}

impl Intercept for Carried {
    fn name(&self) -> &'static str {
        "permit"
    }

    fn read_before_execution(
        &self,
        _context: &BeforeSerializationInterceptorContextRef<'_>,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        config.interceptor_state().store_put(self.clone());
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::audit::{AuditLog, Entry};

    /// A permit to delete a key, from an intent that is on disk.
    pub(in crate::aws) fn to_delete_a_key() -> Carried {
        let folder = tempfile::tempdir().unwrap();
        let log = AuditLog::open(folder.path(), None).unwrap();
        let entry = Entry {
            caller: None,
            account: None,
            region: "us-east-1".into(),
            call: "iam:DeleteAccessKey".into(),
            object: "ada/AKIAIOSFODNN7EXAMPLE".into(),
            reason: None,
            origin: "test".into(),
        };
        Permit::for_intent(&log.intend(entry).unwrap())
    }

    #[test]
    fn a_permit_is_for_the_call_that_was_written_down_and_serves_once() {
        let carried = to_delete_a_key();
        for other in [("iam", "UpdateAccessKey"), ("sts", "DeleteAccessKey"), ("iam", ""), ("", "")] {
            assert!(!carried.permit().take(other.0, other.1), "{other:?}");
        }
        assert!(carried.permit().take("iam", "DeleteAccessKey"), "another call does not use it up");
        assert!(!carried.clone().permit().take("iam", "DeleteAccessKey"), "nor is a copy a second one");
    }
}
