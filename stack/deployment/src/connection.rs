//! An account and a region, or an emulator's endpoint.

use std::fmt;
use std::time::Duration;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_cloudformation::config::ProvideCredentials;

use crate::DeploymentError;

/// How often a request is tried before its error counts.
const ATTEMPTS: u32 = 5;

/// How long CloudFormation may take to begin an answer.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// Where to connect. What is not set comes from the SDK's own places: environment variables (`AWS_REGION`,
/// `AWS_PROFILE`, `AWS_ENDPOINT_URL` …), the shared configuration files, single sign-on, or the machine's role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectOptions {
    /// The endpoint of every service: an emulator's, for example `http://127.0.0.1:4566`.
    pub endpoint_url: Option<String>,
    /// The region: `eu-west-1`.
    pub region: Option<String>,
    /// A profile of the shared configuration files. Its credentials go before those of the environment.
    pub profile: Option<String>,
}

/// The clients of one account and region. Cheap to clone.
#[derive(Clone)]
pub struct Connection {
    pub(crate) cloudformation: aws_sdk_cloudformation::Client,
    pub(crate) s3: aws_sdk_s3::Client,
    pub(crate) lambda: aws_sdk_lambda::Client,
    pub(crate) sfn: aws_sdk_sfn::Client,
    pub(crate) poll_interval: Duration,
    config: SdkConfig,
    region: String,
}

impl fmt::Debug for Connection {
    /// Says where it leads; the clients print pages.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut connection = formatter.debug_struct("Connection");
        connection.field("region", &self.region).field("endpoint_url", &self.endpoint_url()).finish_non_exhaustive()
    }
}

impl Connection {
    /// Finds region and credentials. Sends no request to the services yet.
    ///
    /// # Errors
    ///
    /// There are no region or no credentials, or the region or the endpoint is none.
    pub async fn connect(options: &ConnectOptions) -> Result<Self, DeploymentError> {
        match (Self::with_config(load(options).await).await, &options.profile) {
            (Err(DeploymentError::NoCredentials { reason }), Some(profile)) => {
                Err(DeploymentError::NoProfileCredentials { profile: profile.clone(), reason })
            }
            (connected, _) => connected,
        }
    }

    /// Connects with settings made elsewhere: an emulator's, whose credentials are invented and whose HTTP client
    /// cannot leave this machine.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    pub async fn with_config(config: SdkConfig) -> Result<Self, DeploymentError> {
        let poll_interval = poll_interval(config.endpoint_url());
        let config = patient(config, poll_interval);
        let region = region(&config)?;
        check_endpoint(config.endpoint_url())?;
        let provider = config.credentials_provider().ok_or(DeploymentError::NoCredentials { reason: None })?;
        provider
            .provide_credentials()
            .await
            .map_err(|error| DeploymentError::NoCredentials { reason: Some(Box::new(error)) })?;

        // An emulator serves every bucket under one host name; virtual-hosted names would not resolve.
        let s3 = aws_sdk_s3::config::Builder::from(&config).force_path_style(config.endpoint_url().is_some()).build();
        // An answer that never comes must not end a watch. Uploads to S3 take their time.
        let timeout = TimeoutConfig::builder().read_timeout(READ_TIMEOUT).build();
        let cloudformation = aws_sdk_cloudformation::config::Builder::from(&config).timeout_config(timeout).build();
        Ok(Self {
            cloudformation: aws_sdk_cloudformation::Client::from_conf(cloudformation),
            s3: aws_sdk_s3::Client::from_conf(s3),
            lambda: aws_sdk_lambda::Client::new(&config),
            sfn: aws_sdk_sfn::Client::new(&config),
            poll_interval,
            config,
            region,
        })
    }

    /// The number of the account that the credentials are for.
    ///
    /// # Errors
    ///
    /// AWS does not accept the credentials.
    pub async fn account(&self) -> Result<String, DeploymentError> {
        let request = aws_sdk_sts::Client::new(&self.config).get_caller_identity();
        let answer = request.send().await.map_err(DeploymentError::aws("ask whose credentials these are"))?;
        Ok(answer.account.unwrap_or_default())
    }

    /// The settings, for clients of services that deployment does not use.
    pub fn sdk_config(&self) -> &SdkConfig {
        &self.config
    }

    /// The region.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Whether the endpoint is on this machine: an emulator's.
    pub(crate) fn is_local(&self) -> bool {
        self.endpoint_url().is_some_and(is_loopback)
    }

    /// The endpoint, where it is not AWS's own.
    pub fn endpoint_url(&self) -> Option<&str> {
        self.config.endpoint_url()
    }
}

async fn load(options: &ConnectOptions) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::latest());
    if let Some(endpoint_url) = &options.endpoint_url {
        loader = loader.endpoint_url(endpoint_url);
    }
    if let Some(region) = &options.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(profile) = &options.profile {
        // The SDK would still take credentials from the environment first: another account than the one that was named.
        let credentials = ProfileFileCredentialsProvider::builder().profile_name(profile).build();
        loader = loader.profile_name(profile).credentials_provider(credentials);
    }
    loader.load().await
}

fn region(config: &SdkConfig) -> Result<String, DeploymentError> {
    // A variable that CI sets to nothing is not set.
    let region =
        config.region().map(Region::as_ref).filter(|name| !name.is_empty()).ok_or(DeploymentError::NoRegion)?;
    let is_host_label = region.chars().all(|character| character.is_ascii_alphanumeric() || character == '-');
    if is_host_label { Ok(region.to_owned()) } else { Err(DeploymentError::Region(region.to_owned())) }
}

fn check_endpoint(url: Option<&str>) -> Result<(), DeploymentError> {
    match url {
        Some(url) if !["http://", "https://"].iter().any(|scheme| url.starts_with(scheme)) => {
            Err(DeploymentError::Endpoint(url.to_owned()))
        }
        _ => Ok(()),
    }
}

/// The same settings with more attempts at a request than the SDK's three, unless the user has chosen otherwise
/// (`AWS_MAX_ATTEMPTS`, `AWS_RETRY_MODE`, the profile): CloudFormation throttles an account as a whole, and others are
/// at work in it.
fn patient(config: SdkConfig, poll_interval: Duration) -> SdkConfig {
    if config.retry_config().is_some_and(|chosen| *chosen != RetryConfig::standard()) {
        return config;
    }
    let retry = RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(poll_interval / 2);
    config.into_builder().retry_config(retry).build()
}

/// How often the progress of an operation is asked for: every 2 s on AWS, which throttles eager callers, and every
/// 100 ms on this machine.
fn poll_interval(endpoint_url: Option<&str>) -> Duration {
    if endpoint_url.is_some_and(is_loopback) { Duration::from_millis(100) } else { Duration::from_secs(2) }
}

fn is_loopback(url: &str) -> bool {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest).split('/').next().unwrap_or_default();
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    host == "localhost" || host == "[::1]" || host.starts_with("127.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_endpoint_on_this_machine_is_polled_often() {
        for url in ["http://127.0.0.1:4566", "http://localhost/", "https://[::1]:4566/path"] {
            assert_eq!(poll_interval(Some(url)), Duration::from_millis(100), "{url}");
        }
        for url in [None, Some("https://cloudformation.eu-west-1.amazonaws.com"), Some("http://localhost.example")] {
            assert_eq!(poll_interval(url), Duration::from_secs(2), "{url:?}");
        }
    }
}
