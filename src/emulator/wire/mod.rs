//! The wire protocols of AWS: awsQuery, awsJson 1.1 and restJson 1, over plain `http` types.

pub mod error;
pub mod json;
pub mod query;
pub mod xml;

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};

/// An HTTP request with its whole body.
pub type Request = http::Request<Bytes>;

/// An HTTP response with its whole body.
pub type Response = http::Response<Bytes>;

/// What becomes of a request. The adapters carry out what HTTP alone cannot say.
#[derive(Debug)]
pub enum Reply {
    /// An answer.
    Http(Response),
    /// The head of an answer and half of its body, then the connection closes.
    Truncated(Response),
    /// The connection is closed without an answer.
    Reset,
    /// No answer, ever; the connection stays open.
    Hang,
}

/// How a service speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// `application/x-www-form-urlencoded` in, XML out.
    Query,
    /// awsJson 1.1: `X-Amz-Target` and JSON.
    Json,
    /// restJson 1: methods, paths and JSON.
    RestJson,
}

/// A response with a body; `text` as in `text/xml`.
pub(crate) fn respond(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// Sets a header; a value that HTTP cannot carry is left out.
pub(crate) fn set_header(response: &mut Response, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(HeaderName::from_static(name), value);
    }
}
