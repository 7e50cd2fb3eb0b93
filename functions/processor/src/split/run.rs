//! What the steps of one run leave for each other: objects in the quarantine bucket that expire soon.

use activity::{KeyHasher, SEED_BYTES};
use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use contract::RUN_PREFIX;

use crate::error::Error;
use crate::quarantine::put;

/// What an object is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// The sorted keys of a range.
    Keys,
    /// Where in a range duplicates are.
    Duplicates,
    /// The account of a range.
    Account,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Keys => "keys",
            Self::Duplicates => "duplicates",
            Self::Account => "account",
        }
    }
}

/// One reading of one file.
#[derive(Clone)]
pub(super) struct Run {
    pub(super) client: Client,
    pub(super) bucket: String,
    hasher: KeyHasher,
}

impl Run {
    /// A run under a name that no other has.
    pub(super) fn begin(client: &Client, bucket: &str) -> Self {
        Self { client: client.clone(), bucket: bucket.into(), hasher: KeyHasher::default() }
    }

    /// The run of this name.
    pub(super) fn of_name(client: &Client, bucket: &str, name: &str) -> Result<Self, Error> {
        let mut seed = [0; SEED_BYTES];
        hex::decode_to_slice(name, &mut seed).map_err(|_| Error::Run(name.into()))?;
        Ok(Self { client: client.clone(), bucket: bucket.into(), hasher: KeyHasher::with_seed(seed) })
    }

    /// Its name, which is the seed of its hashes: whoever writes the rows learns it too late to make two keys collide.
    pub(super) fn name(&self) -> String {
        hex::encode(self.hasher.seed())
    }

    /// What hashes the keys of every range alike.
    pub(super) fn hasher(&self) -> KeyHasher {
        self.hasher.clone()
    }

    /// The key of an object about the range that begins at byte `start`.
    pub(super) fn key(&self, kind: Kind, start: u64) -> String {
        format!("{RUN_PREFIX}{}/{}/{start:016}", self.name(), kind.name())
    }

    pub(super) async fn put(&self, kind: Kind, start: u64, body: Vec<u8>) -> Result<(), Error> {
        put(&self.client, &self.bucket, &self.key(kind, start), "application/octet-stream", body).await
    }

    /// The object, where there is one.
    pub(super) async fn get(&self, kind: Kind, start: u64) -> Result<Option<Bytes>, Error> {
        let key = self.key(kind, start);
        let request = self.client.get_object().bucket(&self.bucket).key(&key);
        match request.send().await {
            Ok(answer) => self.collect(&key, answer.body).await.map(Some),
            Err(error) if error.code() == Some("NoSuchKey") => Ok(None),
            Err(error) => Err(Error::service(format!("read {}", self.url(&key)), error)),
        }
    }

    /// The bytes `from` to, without, `to` of the object; fewer, where it ends before; none, where it ends before `from`.
    pub(super) async fn get_part(&self, kind: Kind, start: u64, from: u64, to: u64) -> Result<Bytes, Error> {
        let key = self.key(kind, start);
        let request = self.client.get_object().bucket(&self.bucket).key(&key).range(format!("bytes={from}-{}", to - 1));
        match request.send().await {
            Ok(answer) => self.collect(&key, answer.body).await,
            Err(error) if error.code() == Some("InvalidRange") => Ok(Bytes::new()),
            Err(error) if error.code() == Some("NoSuchKey") => Err(Error::Run(self.name())),
            Err(error) => Err(Error::service(format!("read {}", self.url(&key)), error)),
        }
    }

    async fn collect(&self, key: &str, body: ByteStream) -> Result<Bytes, Error> {
        let interrupted = |error: aws_sdk_s3::primitives::ByteStreamError| Error::Interrupted {
            object: self.url(key),
            offset: 0,
            reason: error.to_string(),
        };
        Ok(body.collect().await.map_err(interrupted)?.into_bytes())
    }

    pub(super) fn url(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.bucket)
    }
}
