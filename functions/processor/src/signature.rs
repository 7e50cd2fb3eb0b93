//! Signatures (Signature Version 4) of requests that differ in their body and their time alone.
//!
//! `aws-sigv4` takes any request: it takes each apart, sorts, encodes and checks it, and derives the day's key anew, which
//! takes as long as to hash the body. The key and the signature are its own all the same, and a test holds what comes out
//! against what it makes of the whole request. The steps are told in
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use aws_smithy_types::date_time::{DateTime, Format};
use sha2::{Digest as _, Sha256};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const CONTENT_TYPE: &str = "application/x-amz-json-1.0";
/// The service, as a scope names it.
const SERVICE: &str = "dynamodb";

/// A time as a header has it, to the second: `20150912T004658Z`.
pub(crate) struct Timestamp {
    text: String,
    time: SystemTime,
}

impl Timestamp {
    pub(crate) fn new(time: SystemTime) -> Self {
        // Fails beyond the year 9999.
        let text = DateTime::from_secs(DateTime::from(time).secs()).fmt(Format::DateTime).unwrap_or_default();
        Self { text: text.replace(['-', ':'], ""), time }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The day: `20150912`.
    fn date(&self) -> &str {
        self.text.split('T').next().unwrap_or_default()
    }
}

/// Signs requests of one day.
pub(crate) struct Signer {
    credentials: Credentials,
    /// `20150912/eu-west-1/dynamodb/aws4_request`.
    scope: String,
    key: Box<[u8]>,
}

impl Signer {
    pub(crate) fn new(credentials: Credentials, region: &str, timestamp: &Timestamp) -> Self {
        let key = generate_signing_key(credentials.secret_access_key(), timestamp.time, region, SERVICE);
        let scope = format!("{}/{region}/{SERVICE}/aws4_request", timestamp.date());
        Self { credentials, scope, key: key.as_ref().into() }
    }

    pub(crate) fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Whether this is the day of `timestamp`.
    pub(crate) fn is_of_day(&self, timestamp: &Timestamp) -> bool {
        self.scope.starts_with(timestamp.date())
    }

    /// The headers of a request to `url` for the operation `target`. The path of the URL has no characters that would
    /// need to be encoded.
    pub(crate) fn headers(
        &self,
        url: &str,
        target: &'static str,
        body: &[u8],
        timestamp: &Timestamp,
    ) -> Vec<(&'static str, String)> {
        let signed = [
            Some(("content-type", CONTENT_TYPE)),
            Some(("x-amz-date", timestamp.as_str())),
            self.credentials.session_token().map(|token| ("x-amz-security-token", token)),
            Some(("x-amz-target", target)),
        ];
        let signed: Vec<_> = signed.into_iter().flatten().collect();
        let authorization = self.authorization(url, &signed, body, timestamp);
        let mut headers: Vec<_> = signed.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
        headers.push(("authorization", authorization));
        headers
    }

    /// Signs `headers`, which are in the order of their names, and the host, which comes after the first.
    fn authorization(&self, url: &str, headers: &[(&str, &str)], body: &[u8], timestamp: &Timestamp) -> String {
        let (host, path) = host_and_path(url);
        let (mut canonical, mut names) = (format!("POST\n{path}\n\n"), String::new());
        let (first, rest) = headers.split_at(1);
        for (name, value) in first.iter().chain(&[("host", host)]).chain(rest) {
            let separator = if names.is_empty() { "" } else { ";" };
            names.extend([separator, name]);
            canonical.extend([name, ":", value, "\n"]);
        }
        canonical.extend(["\n", &names, "\n", &hex::encode(Sha256::digest(body))]);
        let (timestamp, scope) = (timestamp.as_str(), &self.scope);
        let canonical = hex::encode(Sha256::digest(canonical));
        let to_sign = format!("{ALGORITHM}\n{timestamp}\n{scope}\n{canonical}");
        let signature = calculate_signature(&self.key, to_sign.as_bytes());
        let id = self.credentials.access_key_id();
        format!("{ALGORITHM} Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}")
    }
}

/// The host and the path of `https://host/path`, the host as it stands in its header: without a scheme's own port.
fn host_and_path(url: &str) -> (&str, &str) {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let port = if scheme == "https" { ":443" } else { ":80" };
    (host.strip_suffix(port).unwrap_or(host), path)
}

#[cfg(test)]
mod tests {
    use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
    use aws_sigv4::sign::v4::SigningParams;
    use aws_smithy_runtime_api::client::identity::Identity;
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::*;

    /// The headers that the library makes.
    fn by_library(url: &str, credentials: Credentials, body: &[u8], time: SystemTime) -> BTreeMap<String, String> {
        let headers = [("content-type", CONTENT_TYPE), ("x-amz-target", "target")];
        let request = SignableRequest::new("POST", url, headers.into_iter(), SignableBody::Bytes(body)).unwrap();
        let identity = Identity::from(credentials);
        let parameters = SigningParams::builder()
            .identity(&identity)
            .region("eu-west-1")
            .name(SERVICE)
            .time(time)
            .settings(SigningSettings::default())
            .build()
            .unwrap()
            .into();
        let (instructions, _) = sign(request, &parameters).unwrap().into_parts();
        headers.into_iter().chain(instructions.headers()).map(|(name, value)| (name.into(), value.into())).collect()
    }

    #[test]
    fn the_headers_are_those_of_the_library() {
        for url in [
            "https://dynamodb.eu-west-1.amazonaws.com/",
            "https://dynamodb.eu-west-1.amazonaws.com:443/",
            "http://127.0.0.1:4566/",
            "http://localhost:80/",
            "http://localhost:443/a/b-c/",
        ] {
            for (token, seconds) in [(None, 0), (Some("token"), 86_399), (Some("to/ken=="), 1_442_018_818)] {
                let credentials = Credentials::new("id", "secret", token.map(Into::into), None, "test");
                let time = SystemTime::UNIX_EPOCH + Duration::from_millis(seconds * 1000 + 999);
                let timestamp = Timestamp::new(time);
                let signer = Signer::new(credentials.clone(), "eu-west-1", &timestamp);
                let ours = signer.headers(url, "target", b"body", &timestamp);
                let ours: BTreeMap<_, _> = ours.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
                assert_eq!(ours, by_library(url, credentials, b"body", time), "{url} {token:?}");
            }
        }
    }

    #[test]
    fn a_key_is_of_its_day() {
        let timestamp = |seconds| Timestamp::new(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        let credentials = Credentials::new("id", "secret", None, None, "test");
        let signer = Signer::new(credentials, "eu-west-1", &timestamp(0));
        assert!(signer.is_of_day(&timestamp(86_399)));
        assert!(!signer.is_of_day(&timestamp(86_400)));
    }
}
