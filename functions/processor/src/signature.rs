//! Signatures (Signature Version 4) of requests that differ in their bodies and their times alone.
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

/// A header's name and value.
pub(crate) type Header = (&'static str, String);

/// Signs the requests of one second, which have all but their bodies in common.
pub(crate) struct Signer {
    credentials: Credentials,
    /// Whole seconds since 1970.
    second: i64,
    key: Box<[u8]>,
    /// All headers but the one that authorises.
    headers: Vec<Header>,
    /// The canonical request, hashed as far as the body's hash.
    canonical: Sha256,
    /// What is signed, as far as the canonical request's hash.
    to_sign: String,
    /// The header that authorises, as far as the signature.
    authorization: String,
}

impl Signer {
    /// What signs requests to `url` for the operation `target` in the second of `time`. The path of the URL has no
    /// characters that would need to be encoded.
    pub(crate) fn new(credentials: Credentials, region: &str, url: &str, target: &str, time: SystemTime) -> Self {
        let key = generate_signing_key(credentials.secret_access_key(), time, region, SERVICE);
        let second = DateTime::from(time).secs();
        // Fails beyond the year 9999.
        let timestamp = DateTime::from_secs(second).fmt(Format::DateTime).unwrap_or_default().replace(['-', ':'], "");
        let date = timestamp.split('T').next().unwrap_or_default();
        let scope = format!("{date}/{region}/{SERVICE}/aws4_request");
        let headers = [
            Some(("content-type", CONTENT_TYPE)),
            Some(("x-amz-date", &timestamp)),
            credentials.session_token().map(|token| ("x-amz-security-token", token)),
            Some(("x-amz-target", target)),
        ];
        let headers: Vec<Header> =
            headers.into_iter().flatten().map(|(name, value)| (name, value.to_owned())).collect();
        let (canonical, names) = canonical(url, &headers);
        let id = credentials.access_key_id();
        Self {
            second,
            key: key.as_ref().into(),
            headers,
            canonical: Sha256::new_with_prefix(canonical),
            to_sign: format!("{ALGORITHM}\n{timestamp}\n{scope}\n"),
            authorization: format!("{ALGORITHM} Credential={id}/{scope}, SignedHeaders={names}, Signature="),
            credentials,
        }
    }

    pub(crate) fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Whether this is the second of `time`.
    pub(crate) fn is_of(&self, time: SystemTime) -> bool {
        self.second == DateTime::from(time).secs()
    }

    /// All headers of a request but the one that authorises.
    pub(crate) fn headers(&self) -> &[Header] {
        &self.headers
    }

    /// The header that authorises a request with `body`.
    pub(crate) fn authorization(&self, body: &[u8]) -> Header {
        let canonical = self.canonical.clone().chain_update(hex::encode(Sha256::digest(body))).finalize();
        let to_sign = [self.to_sign.as_str(), &hex::encode(canonical)].concat();
        let signature = calculate_signature(&self.key, to_sign.as_bytes());
        ("authorization", [self.authorization.as_str(), &signature].concat())
    }
}

/// The canonical request to `url`, as far as the body's hash, and the names of its signed headers: `headers`, which are in
/// the order of their names, and the host, which comes after the first.
fn canonical(url: &str, headers: &[Header]) -> (String, String) {
    let (host, path) = host_and_path(url);
    let mut signed: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    signed.insert(1, ("host", host));
    let lines: String = signed.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let names = signed.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    (format!("POST\n{path}\n\n{lines}\n{names}\n"), names)
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
                let signer = Signer::new(credentials.clone(), "eu-west-1", url, "target", time);
                let ours = signer.headers().iter().cloned().chain([signer.authorization(b"body")]);
                let ours: BTreeMap<_, _> = ours.map(|(name, value)| (name.to_owned(), value)).collect();
                assert_eq!(ours, by_library(url, credentials, b"body", time), "{url} {token:?}");
            }
        }
    }

    #[test]
    fn a_signer_is_of_its_second() {
        let time = |millis| SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
        let credentials = Credentials::new("id", "secret", None, None, "test");
        let signer = Signer::new(credentials, "eu-west-1", "http://localhost/", "target", time(7_999));
        assert!(signer.is_of(time(7_000)));
        assert!(!signer.is_of(time(6_999)));
        assert!(!signer.is_of(time(8_000)));
    }
}
