//! How long an answer may be, for every call of every client that the SDK makes with our HTTP client, those for credentials included.

use std::fmt;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

/// The longest answer. A page of AWS has at most a few megabytes, and a credential report of a large account a dozen.
const MOST: usize = 64 << 20;

/// The answer was longer than that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooLong;

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the answer is longer than {} MiB, and no more is taken", MOST >> 20)
    }
}

impl std::error::Error for TooLong {}

/// The same client, with a bound on what comes back.
pub(crate) fn bounded(client: SharedHttpClient) -> SharedHttpClient {
    SharedHttpClient::new(Bounded(client))
}

#[derive(Debug)]
struct Bounded(SharedHttpClient);

impl HttpClient for Bounded {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(BoundedConnector(self.0.http_connector(settings, components)))
    }
}

#[derive(Debug)]
struct BoundedConnector(SharedHttpConnector);

impl HttpConnector for BoundedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let calling = self.0.call(request);
        HttpConnectorFuture::new(async move {
            let mut response: HttpResponse = calling.await?;
            let body = std::mem::replace(response.body_mut(), SdkBody::taken());
            *response.body_mut() = limited(body, MOST);
            Ok(response)
        })
    }
}

fn limited(body: SdkBody, most: usize) -> SdkBody {
    // What is in memory as a whole did not come over the network.
    if body.bytes().is_some() {
        return body;
    }
    let limited = Limited::new(body, most).map_err(|error| if error.is::<LengthLimitError>() { TooLong.into() } else { error });
    SdkBody::from_body_1_x(limited)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    /// A body of which nobody knows the length before its end.
    fn stream(pieces: usize) -> SdkBody {
        let pieces = (0..pieces).map(|_| Ok::<_, std::io::Error>(hyper::body::Frame::data(Bytes::from(vec![0; 1000]))));
        SdkBody::from_body_1_x(http_body_util::StreamBody::new(futures::stream::iter(pieces.collect::<Vec<_>>())))
    }

    #[tokio::test]
    async fn an_answer_without_end_is_cut_off_by_name() {
        let whole = limited(stream(10), 10_000).collect().await.unwrap().to_bytes();
        assert_eq!(whole.len(), 10_000);
        let error = limited(stream(11), 10_000).collect().await.unwrap_err();
        assert!(error.is::<TooLong>() && error.to_string().contains("64 MiB"), "{error}");
    }
}
