//! AWS clients for the emulator.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};

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
    /// Clients with the settings of [`sdk_config`]. Buckets are named in the path: `<bucket>.127.0.0.1` is no host.
    pub fn new(config: &SdkConfig) -> Self {
        let s3 = aws_sdk_s3::config::Builder::from(config).force_path_style(true).build();
        Self {
            s3: aws_sdk_s3::Client::from_conf(s3),
            sfn: aws_sdk_sfn::Client::new(config),
            dynamodb: aws_sdk_dynamodb::Client::new(config),
        }
    }
}
