//! Opens a session's web socket: directly or through a proxy, signed, without Nagle's delay.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use http::header::{HeaderName, HeaderValue};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{Connector as Tls, MaybeTlsStream, WebSocketStream, client_async_tls_with_config};

use super::address;
use super::proxies::Proxies;
use crate::ssm::channel::largest;

/// How long opening a web socket may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// The largest message that is accepted: AWS's are some 1 KiB, the embedded agent's at most 16.
const LARGEST_MESSAGE: usize = 1 << 20;

/// What is dialled, with the headers that sign it.
pub type Headers = Vec<(String, String)>;

/// A web socket that was dialled.
pub type Dialled = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A web socket, and how many bytes of data its messages may carry.
pub type Agreed = (Dialled, usize);

/// Dials. Cheap to copy.
#[derive(Clone)]
pub struct Dialer {
    tls: Arc<ClientConfig>,
    proxies: Proxies,
    host: Option<String>,
}

impl std::fmt::Debug for Dialer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dialer").field("host", &self.host).finish_non_exhaustive()
    }
}

impl Dialer {
    /// A dialer that trusts the system's certificates (`SSL_CERT_FILE` included) and goes through the environment's proxies.
    /// `host` is one more host to which sessions may lead.
    pub fn new(host: Option<String>) -> Result<Self, String> {
        Self::trusting(host, None)
    }

    /// A dialer that trusts a bundle of certificates (PEM, as `AWS_CA_BUNDLE` names one) in place of the system's.
    pub fn trusting(host: Option<String>, bundle: Option<&[u8]>) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        match bundle {
            // Certificates that cannot be read are of no use to anybody; the others may do.
            None => drop(roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs)),
            Some(bundle) => {
                for certificate in CertificateDer::pem_slice_iter(bundle) {
                    roots.add(certificate.map_err(|error| error.to_string())?).map_err(|error| error.to_string())?;
                }
                if roots.is_empty() {
                    return Err("the certificate bundle holds no certificate".to_owned());
                }
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { tls: Arc::new(tls), proxies: Proxies::from_env(), host })
    }

    /// Whether the address is one to dial at all.
    pub fn check(&self, url: &str) -> Result<(), address::Forbidden> {
        address::check(url, self.host.as_deref()).map(drop)
    }

    /// Opens the web socket. With it, how many bytes of data its messages may carry.
    pub async fn dial(&self, url: &str, headers: Headers) -> Result<Agreed, String> {
        tokio::time::timeout(PATIENCE, self.open(url, headers))
            .await
            .unwrap_or_else(|_| Err(format!("no answer from the session's web socket in {} s", PATIENCE.as_secs())))
    }

    async fn open(&self, url: &str, headers: Headers) -> Result<Agreed, String> {
        let uri = address::check(url, self.host.as_deref()).map_err(|error| error.to_string())?;
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let is_secure = uri.scheme_str() == Some("wss");
        let port = uri.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
        let stream = if is_secure { self.connect(&host, port).await? } else { direct(&host, port).await? };
        // Without this every keystroke waits some 40 ms for the acknowledgement of the one before.
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        let mut request = url.into_client_request().map_err(|error| error.to_string())?;
        for (name, value) in headers {
            let name = HeaderName::try_from(name).map_err(|error| error.to_string())?;
            request.headers_mut().insert(name, HeaderValue::try_from(value).map_err(|error| error.to_string())?);
        }
        if !is_secure {
            // This machine's: see `largest`.
            request.headers_mut().insert(largest::HEADER, largest::OFFER.into());
        }
        let config = WebSocketConfig::default().max_message_size(Some(LARGEST_MESSAGE)).max_frame_size(Some(LARGEST_MESSAGE));
        let tls = Tls::Rustls(Arc::clone(&self.tls));
        let (socket, response) =
            client_async_tls_with_config(request, stream, Some(config), Some(tls)).await.map_err(|error| error.to_string())?;
        let agreed = response.headers().get(largest::HEADER).filter(|_| !is_secure);
        Ok((socket, largest::agreed(agreed.and_then(|value| value.to_str().ok()))))
    }

    async fn connect(&self, host: &str, port: u16) -> Result<TcpStream, String> {
        let destination = format!("https://{host}:{port}").parse().map_err(|_| format!("{host}:{port} is no address"))?;
        let Some(proxy) = self.proxies.intercept(&destination) else { return direct(host, port).await };
        let proxy_host = proxy.uri().host().unwrap_or_default().to_owned();
        let stream = direct(&proxy_host, proxy.uri().port_u16().unwrap_or(80)).await?;
        let authorization = proxy.basic_auth().and_then(|value| value.to_str().ok());
        tunnel(stream, &format!("{host}:{port}"), authorization).await
    }
}

async fn direct(host: &str, port: u16) -> Result<TcpStream, String> {
    TcpStream::connect((host, port)).await.map_err(|error| format!("{host}:{port}: {error}"))
}

/// Asks an HTTP proxy for a way through.
async fn tunnel(mut stream: TcpStream, to: &str, authorization: Option<&str>) -> Result<TcpStream, String> {
    let authorization = authorization.map(|value| format!("Proxy-Authorization: {value}\r\n")).unwrap_or_default();
    let request = format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n{authorization}\r\n");
    stream.write_all(request.as_bytes()).await.map_err(|error| format!("proxy: {error}"))?;
    let mut answer = Vec::new();
    // One byte at a time, so that nothing behind the answer is taken; it is short and comes once.
    while !answer.ends_with(b"\r\n\r\n") {
        let byte = stream.read_u8().await.map_err(|error| format!("proxy: {error}"))?;
        answer.push(byte);
        if answer.len() > 16 << 10 {
            return Err("the proxy's answer has no end".to_owned());
        }
    }
    let line = String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned();
    match line.split(' ').nth(1) {
        Some("200") => Ok(stream),
        _ => Err(format!("the proxy refuses the way to {to}: {line}")),
    }
}

/// Standard base64, for the members of the handshake.
pub(super) fn base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_without_certificates_is_refused() {
        assert!(Dialer::trusting(None, Some(b"")).is_err());
        assert!(Dialer::trusting(None, Some(b"-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n")).is_err());
        assert!(Dialer::new(None).is_ok());
    }
}
