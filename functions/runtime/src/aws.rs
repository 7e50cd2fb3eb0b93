//! The way to AWS: the SDK's settings of the function's environment, over TLS by ring.
//!
//! Left to itself the SDK brings aws-lc, which makes each archive a quarter of a megabyte larger. ring does the same for
//! the services' endpoints, but for the key exchange that is meant to withstand quantum computers: it has none.

use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder, Connector, ConnectorBuilder};
use aws_smithy_runtime_api::client::http::{HttpConnectorSettings, SharedHttpClient};

/// The settings of this process's environment, for the clients of a function.
pub async fn sdk_config() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest()).http_client(http_client()).load().await
}

/// The client of every service, which keeps its connections.
pub fn http_client() -> SharedHttpClient {
    Builder::new().build_with_connector_fn(|settings, _| connector(settings.cloned().unwrap_or_default()))
}

/// A connector with connections of its own, which heeds the environment's proxy.
pub fn connector(settings: HttpConnectorSettings) -> Connector {
    let mut connector = ConnectorBuilder::default().tls_provider(Provider::Rustls(CryptoMode::Ring));
    connector.set_connector_settings(Some(settings));
    connector.set_proxy_config(Some(ProxyConfig::from_env()));
    connector.build()
}
