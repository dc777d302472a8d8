//! Puts a world under the unmodified SDK: an HTTP client without a socket.

use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;

use super::wire::{Reply, Response};
use super::{World, listen};

/// An HTTP client whose requests all end in the world.
pub fn client(world: Arc<World>) -> SharedHttpClient {
    SharedHttpClient::new(Client { world })
}

#[derive(Debug)]
struct Client {
    world: Arc<World>,
}

impl HttpClient for Client {
    fn http_connector(&self, settings: &HttpConnectorSettings, _components: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector { world: Arc::clone(&self.world), read_timeout: settings.read_timeout() })
    }
}

#[derive(Debug)]
struct Connector {
    world: Arc<World>,
    read_timeout: Option<Duration>,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (world, read_timeout) = (Arc::clone(&self.world), self.read_timeout);
        HttpConnectorFuture::new(async move {
            match read_timeout {
                Some(limit) => tokio::time::timeout(limit, exchange(&world, request))
                    .await
                    .unwrap_or_else(|elapsed| Err(ConnectorError::timeout(elapsed.into()))),
                None => exchange(&world, request).await,
            }
        })
    }
}

async fn exchange(world: &World, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
    let (parts, body) = request.into_parts();
    let body = Bytes::copy_from_slice(body.bytes().unwrap_or_default());
    let response = match world.handle(http::Request::from_parts(parts, body)).await {
        Reply::Http(response) => response.map(SdkBody::from),
        Reply::Truncated(response) => truncated(response),
        Reply::Reset => return Err(ConnectorError::io(std::io::Error::from(std::io::ErrorKind::ConnectionReset).into())),
        Reply::Hang => std::future::pending().await,
    };
    HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
}

fn truncated(response: Response) -> http::Response<SdkBody> {
    response.map(|body| SdkBody::from_body_1_x(listen::half(&body)))
}
