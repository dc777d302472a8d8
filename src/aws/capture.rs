//! The bytes of an answer beside the SDK's reading of it.
//!
//! The SDK drops members it does not know. Evidence has to keep them, so the records are cut out of the answer as it came.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use bytes::Bytes;
use serde_json::value::RawValue;

/// Keeps the body of the last answer of one call. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Capture(Arc<Mutex<Bytes>>);

impl Capture {
    /// The texts of the elements of the list `member` at the top of a JSON answer, byte for byte.
    /// The answer has been parsed by the SDK already; should ours fail nevertheless, there are no texts.
    pub(crate) fn records(&self, member: &str) -> Vec<String> {
        let body = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Ok(top) = serde_json::from_slice::<BTreeMap<String, Box<RawValue>>>(&body) else { return Vec::new() };
        let list = top.get(member).and_then(|list| serde_json::from_str::<Vec<Box<RawValue>>>(list.get()).ok());
        list.unwrap_or_default().into_iter().map(|text| Box::<str>::from(text).into_string()).collect()
    }
}

impl Intercept for Capture {
    fn name(&self) -> &'static str {
        "capture"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(bytes) = context.response().body().bytes() {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Bytes::copy_from_slice(bytes);
        }
        Ok(())
    }
}
