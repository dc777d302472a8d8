//! The HTTP client: TLS by rustls, trust from the system or from the bundle the user named, proxies from the environment.

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::bodies::bounded;
use crate::ssm::client::proxies::{Proxies, usual_port};

/// Builds the client that all services share. `bundle` are the bytes of `AWS_CA_BUNDLE` (or the profile's `ca_bundle`);
/// as with the AWS CLI it replaces the system's certificates. The answer is what is wrong with the bundle.
///
/// The SDK's own builder knows neither the bundle nor `HTTPS_PROXY`, so the connector is put together here.
pub(crate) fn http_client(bundle: Option<&[u8]>) -> Result<SharedHttpClient, String> {
    let trust = match bundle {
        None => TrustStore::default(),
        Some(pem) => {
            // The SDK panics on certificates that it cannot read: look first.
            check(pem)?;
            TrustStore::empty().with_pem_certificate(pem)
        }
    };
    let context = TlsContext::builder().with_trust_store(trust).build().map_err(|error| error.to_string())?;
    let by_proxy = client(context.clone(), ProxyConfig::from_env);
    let direct = client(context, ProxyConfig::disabled);
    Ok(bounded(SharedHttpClient::new(Switch { by_proxy, direct, proxies: Proxies::from_env() })))
}

fn client(context: TlsContext, proxy: fn() -> ProxyConfig) -> SharedHttpClient {
    Builder::new().build_with_connector_fn(move |settings, components| {
        let mut builder = Connector::builder().proxy_config(proxy());
        builder.set_connector_settings(settings.cloned());
        if let Some(components) = components {
            builder.set_sleep_impl(components.sleep_impl());
        }
        builder.tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(context.clone()).build()
    })
}

/// Two ways to go, chosen for each request by its host: the SDK's own client knows less of `NO_PROXY` than people write.
#[derive(Debug)]
struct Switch<T> {
    by_proxy: T,
    direct: T,
    proxies: Proxies,
}

impl HttpClient for Switch<SharedHttpClient> {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Switch {
            by_proxy: self.by_proxy.http_connector(settings, components),
            direct: self.direct.http_connector(settings, components),
            proxies: self.proxies.clone(),
        })
    }
}

impl HttpConnector for Switch<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let uri = request.uri().parse::<http::Uri>().unwrap_or_default();
        let port = uri.port_u16().or_else(|| usual_port(uri.scheme_str()));
        let is_direct = self.proxies.pass_by(uri.host().unwrap_or_default(), port);
        if is_direct { self.direct.call(request) } else { self.by_proxy.call(request) }
    }
}

fn check(pem: &[u8]) -> Result<(), String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        roots.add(certificate.map_err(|error| error.to_string())?).map_err(|error| error.to_string())?;
    }
    if roots.is_empty() { Err("no certificate in it".into()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_bundle_is_said_not_thrown() {
        assert!(http_client(Some(b"hello")).is_err());
        assert!(http_client(Some(b"-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n")).is_err());
        assert!(http_client(Some(b"-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n")).is_err());
    }
}
