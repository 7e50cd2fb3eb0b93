//! What the steps of one run leave for each other: objects in the quarantine bucket that expire soon.

use activity::{KeyHasher, SEED_BYTES};
use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata as _;
use bytes::Bytes;
use contract::RUN_PREFIX;

use crate::backoff::Backoff;
use crate::error::Error;
use crate::processor::Processor;
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
    backoff: Backoff,
    hasher: KeyHasher,
    /// The fingerprint of the record contract.
    contract: String,
}

/// What S3 has not.
enum Absent {
    Object,
    /// The bytes that were asked for: the object ends before them.
    Bytes,
}

impl Run {
    /// A run under a name that no other has.
    pub(super) fn begin(processor: &Processor) -> Self {
        Self::new(processor, KeyHasher::default())
    }

    /// The run of this name.
    pub(super) fn of_name(processor: &Processor, name: &str) -> Result<Self, Error> {
        let unknown = || Error::Run(name.into());
        let (digits, contract) = name.split_once('-').ok_or_else(unknown)?;
        let mut seed = [0; SEED_BYTES];
        hex::decode_to_slice(digits, &mut seed).map_err(|_| unknown())?;
        if contract != processor.contract.fingerprint() {
            return Err(Error::OtherContract);
        }
        Ok(Self::new(processor, KeyHasher::with_seed(seed)))
    }

    fn new(processor: &Processor, hasher: KeyHasher) -> Self {
        let Processor { s3, environment, backoff, contract, .. } = processor;
        Self {
            client: s3.clone(),
            bucket: environment.quarantine_bucket.clone(),
            backoff: *backoff,
            hasher,
            contract: contract.fingerprint().to_owned(),
        }
    }

    /// Its name: the seed of its hashes, which whoever writes the rows learns too late to make two keys collide, and the
    /// fingerprint of the record contract, by which all of its steps read.
    pub(super) fn name(&self) -> String {
        format!("{}-{}", hex::encode(self.hasher.seed()), self.contract)
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
        Ok(self.read(&self.key(kind, start), None).await?.ok())
    }

    /// The bytes `from` to, without, `to` of the object; fewer, where it ends before; none, where it ends before `from`.
    pub(super) async fn get_part(&self, kind: Kind, start: u64, from: u64, to: u64) -> Result<Bytes, Error> {
        let range = format!("bytes={from}-{}", to - 1);
        match self.read(&self.key(kind, start), Some(range)).await? {
            Ok(bytes) => Ok(bytes),
            Err(Absent::Bytes) => Ok(Bytes::new()),
            Err(Absent::Object) => Err(Error::Run(self.name())),
        }
    }

    /// The object, or a range of it; from its start again where the answer breaks off.
    async fn read(&self, key: &str, range: Option<String>) -> Result<Result<Bytes, Absent>, Error> {
        let mut failed = 0;
        loop {
            let request = self.client.get_object().bucket(&self.bucket).key(key).set_range(range.clone());
            let body = match request.send().await {
                Ok(answer) => answer.body,
                Err(error) => match error.code() {
                    Some("NoSuchKey") => return Ok(Err(Absent::Object)),
                    Some("InvalidRange") => return Ok(Err(Absent::Bytes)),
                    _ => return Err(Error::service(format!("read {}", self.url(key)), error)),
                },
            };
            let error = match body.collect().await {
                Ok(bytes) => return Ok(Ok(bytes.into_bytes())),
                Err(error) => error,
            };
            failed += 1;
            if !self.backoff.wait(failed).await {
                return Err(Error::Interrupted { object: self.url(key), offset: 0, reason: error.to_string() });
            }
        }
    }

    pub(super) fn url(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.bucket)
    }
}
