//! AWS clients for the emulator.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

/// The region that the emulator plays unless told otherwise.
pub const DEFAULT_REGION: &str = "us-east-1";

/// Settings for AWS clients of the emulator at `endpoint`: its region, and credentials that no account has.
///
/// The HTTP client speaks no TLS and heeds no proxy, so that a request meant for this machine cannot leave it.
pub fn sdk_config(endpoint: &str, region: &str) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .endpoint_url(endpoint)
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("test", "test", None, None, "local")))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build()
}

/// The clients that running files takes.
#[derive(Clone, Debug)]
pub struct Clients {
    /// Uploads files.
    pub s3: aws_sdk_s3::Client,
    /// Follows executions.
    pub sfn: aws_sdk_sfn::Client,
    /// Reads tables back.
    pub dynamodb: aws_sdk_dynamodb::Client,
}

impl Clients {
    /// Clients with the settings of [`sdk_config`], or of an account. An emulator's buckets are named in the path:
    /// `<bucket>.127.0.0.1` is no host.
    pub fn new(config: &SdkConfig) -> Self {
        let s3 = aws_sdk_s3::config::Builder::from(config).force_path_style(config.endpoint_url().is_some()).build();
        Self {
            s3: aws_sdk_s3::Client::from_conf(s3),
            sfn: aws_sdk_sfn::Client::new(config),
            dynamodb: aws_sdk_dynamodb::Client::new(config),
        }
    }
}

/// What a service answered, or, where it did not, what went wrong on the way, each cause after what it caused.
pub(crate) fn reason<E, R>(error: &SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    if let Some(code) = error.code() {
        return format!("{code}: {}", error.message().unwrap_or("no message"));
    }
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
