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
    /// The SDK has read `expected` elements: where ours are not as many, nobody may take what there is for all.
    pub(crate) fn records(&self, member: &str, expected: usize) -> Result<Vec<String>, String> {
        let body = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let texts = cut(&body, member).map_err(|error| format!("{member}: {error}"))?;
        if texts.len() == expected {
            Ok(texts)
        } else {
            Err(format!("{member} has {expected} records by one reading and {} by another", texts.len()))
        }
    }
}

/// Like the SDK, takes a list that is missing or `null` for an empty one, and leaves out elements that are `null`.
fn cut(body: &[u8], member: &str) -> serde_json::Result<Vec<String>> {
    let top: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(body)?;
    let Some(list) = top.get(member) else { return Ok(Vec::new()) };
    let list: Option<Vec<Option<Box<RawValue>>>> = serde_json::from_str(list.get())?;
    Ok(list.into_iter().flatten().flatten().map(|text| Box::<str>::from(text).into_string()).collect())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn records(body: &'static str, expected: usize) -> Result<Vec<String>, String> {
        Capture(Arc::new(Mutex::new(Bytes::from_static(body.as_bytes())))).records("list", expected)
    }

    #[test]
    fn records_come_byte_for_byte() {
        assert_eq!(records(r#"{"list": [{"a" : 1.50}, null, {}], "more": 1}"#, 2).unwrap(), [r#"{"a" : 1.50}"#, "{}"]);
        assert!(records(r#"{"list": null}"#, 0).unwrap().is_empty() && records("{}", 0).unwrap().is_empty());
    }

    #[test]
    fn a_page_that_is_read_in_two_ways_is_no_empty_page() {
        for body in ["", "<html>", r#"{"list": {}}"#, r#"{"List": [{}]}"#, r#"{"list": [{}, {}]}"#] {
            assert!(records(body, 1).is_err(), "{body}");
        }
    }
}
