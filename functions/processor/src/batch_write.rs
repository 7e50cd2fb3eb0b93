//! `BatchWriteItem`, signed and sent without the rest of the client.
//!
//! The client of `aws-sdk-dynamodb` wants a hash map for each item, and builds, copies and takes apart more for each
//! request than the row path does for its 25 rows. Its parts that matter are kept: the chain of credentials, the
//! endpoint rules, the keys of the signature (`aws-sigv4`) and the connections with their TLS are the client's own, each
//! called directly. Repeating requests is [`Table`](crate::table::Table)'s. A test holds what is sent against what the
//! client sends for the same items.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_sdk_dynamodb::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};
use aws_smithy_http_client::Connector;
use aws_smithy_runtime_api::client::http::{HttpConnector as _, HttpConnectorSettings};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use bytes::Bytes;
use tokio::sync::{Mutex, OnceCell};
use tokio::time::timeout;

use crate::signature::Signer;

/// Credentials are asked for anew this long before they expire, as the client does.
const EXPIRY_BUFFER: Duration = Duration::from_secs(10);

/// The operation, as a header names it.
const TARGET: &str = "DynamoDB_20120810.BatchWriteItem";

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Sends `BatchWriteItem` requests.
pub(crate) struct BatchWriter {
    config: SdkConfig,
    connector: Connector,
    /// How long the rest of an answer may take once it has begun. The connector's own bound ends where the answer begins.
    rest_within: Duration,
    /// The endpoint's URL, once it is asked for.
    url: OnceCell<String>,
    prepared: Mutex<Option<Arc<Prepared>>>,
}

/// What the requests of one second have in common.
struct Prepared {
    signer: Signer,
    /// A request without its body and the header that authorises it.
    request: HttpRequest,
}

impl fmt::Debug for BatchWriter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("BatchWriter").field("url", &self.url).finish_non_exhaustive()
    }
}

/// The service's answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Bytes,
}

impl BatchWriter {
    /// A writer with the clients' settings of `config`.
    pub(crate) fn new(config: SdkConfig) -> Self {
        let timeouts = config.timeout_config();
        let mut settings = HttpConnectorSettings::builder();
        settings.set_connect_timeout(timeouts.and_then(|timeouts| timeouts.connect_timeout()));
        settings.set_read_timeout(timeouts.and_then(|timeouts| timeouts.read_timeout()));
        let connector = runtime::connector(settings.build());
        let rest_within = timeouts.and_then(|timeouts| timeouts.read_timeout()).unwrap_or(Duration::MAX);
        Self { connector, config, rest_within, url: OnceCell::new(), prepared: Mutex::new(None) }
    }

    /// Sends one request with `body`.
    ///
    /// # Errors
    ///
    /// There was no answer; this can pass.
    pub(crate) async fn send(&self, body: Bytes) -> Result<Answer, Cause> {
        let url = self.url.get_or_try_init(|| self.resolve_url()).await?;
        let request = self.signed(url, body).await?;
        let mut answer = self.connector.call(request).await?;
        let status = answer.status().as_u16();
        let body = ByteStream::new(answer.take_body()).collect();
        let body = timeout(self.rest_within, body).await.map_err(|_| "the answer stopped in its middle")??;
        Ok(Answer { status, body: body.into_bytes() })
    }

    /// Has the credentials asked for anew: the service says that these are no longer good.
    pub(crate) async fn forget_credentials(&self) {
        *self.prepared.lock().await = None;
    }

    async fn signed(&self, url: &str, body: Bytes) -> Result<HttpRequest, Cause> {
        let prepared = self.prepared(url).await?;
        let (name, value) = prepared.signer.authorization(&body);
        let mut request = prepared.request.try_clone().ok_or("a request without a body cannot be copied")?;
        request.headers_mut().try_insert(name, value)?;
        *request.body_mut() = SdkBody::from(body);
        Ok(request)
    }

    fn region(&self) -> &str {
        self.config.region().map_or("", |region| region.as_ref())
    }

    async fn resolve_url(&self) -> Result<String, Cause> {
        let parameters = Params::builder()
            .set_region(self.config.region().map(ToString::to_string))
            .set_endpoint(self.config.endpoint_url().map(ToOwned::to_owned))
            .set_use_fips(self.config.use_fips())
            .set_use_dual_stack(self.config.use_dual_stack())
            .build()?;
        let endpoint = DefaultResolver::new().resolve_endpoint(&parameters).await?;
        Ok(format!("{}/", endpoint.url().trim_end_matches('/')))
    }

    /// What the requests of this second have in common, with credentials until shortly before they expire.
    async fn prepared(&self, url: &str) -> Result<Arc<Prepared>, Cause> {
        let now = SystemTime::now();
        let mut cached = self.prepared.lock().await;
        let known = cached.as_ref().filter(|known| is_good(known.signer.credentials()));
        if let Some(known) = known.filter(|known| known.signer.is_of(now)) {
            return Ok(Arc::clone(known));
        }
        let credentials = match known {
            Some(known) => known.signer.credentials().clone(),
            None => self.credentials().await?,
        };
        let signer = Signer::new(credentials, self.region(), url, TARGET, now);
        let mut request = HttpRequest::new(SdkBody::empty());
        request.set_method("POST")?;
        request.set_uri(url)?;
        for (name, value) in signer.headers() {
            request.headers_mut().try_insert(*name, value.clone())?;
        }
        Ok(Arc::clone(cached.insert(Arc::new(Prepared { signer, request }))))
    }

    async fn credentials(&self) -> Result<Credentials, Cause> {
        let provider: SharedCredentialsProvider =
            self.config.credentials_provider().ok_or("no source of credentials is configured")?;
        Ok(provider.provide_credentials().await?)
    }
}

fn is_good(credentials: &Credentials) -> bool {
    credentials.expiry().is_none_or(|expiry| expiry > SystemTime::now() + EXPIRY_BUFFER)
}
