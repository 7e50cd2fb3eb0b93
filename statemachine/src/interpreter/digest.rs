//! The hashes that both languages offer: `$hash` and `States.Hash`.

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

/// The digest of `text` in hexadecimal, if the algorithm is one that Step Functions has.
pub(super) fn hash(text: &str, algorithm: &str) -> Option<String> {
    let digest = match algorithm {
        "MD5" => Md5::digest(text).to_vec(),
        "SHA-1" => Sha1::digest(text).to_vec(),
        "SHA-256" => Sha256::digest(text).to_vec(),
        "SHA-384" => Sha384::digest(text).to_vec(),
        "SHA-512" => Sha512::digest(text).to_vec(),
        _ => return None,
    };
    Some(hex::encode(digest))
}
