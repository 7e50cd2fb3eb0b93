//! Keeps the lines that did not become items: gzipped JSON Lines in the quarantine bucket, and a manifest beside them.
//!
//! The same state of a file gives the same objects: their place comes from the file, and nothing of the run is in them.

use std::collections::BTreeMap;
use std::io::{self, Write as _};

use activity::{Code, Line, Reason, append_record};
use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use contract::{FileLocation, QuarantineManifest, QuarantineObject};
use flate2::Compression;
use flate2::write::GzEncoder;
use report::Samples;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc::Receiver;
use tracing::warn;

use crate::error::Error;
use crate::place::{Place, hex};

/// The size of a part, nearly. S3 takes at most 10,000 parts of at least 5 MiB
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>), which makes 78 GiB here.
const PART_BYTES: usize = 8 << 20;

/// A reader of the quarantine waits for the network, and the processor for nothing: little is gained by packing more.
const LEVEL: Compression = Compression::new(3);

/// Records of quarantined rows on their way.
#[derive(Default)]
pub(crate) struct Records {
    text: Vec<u8>,
    rows: u64,
    codes: BTreeMap<Code, u64>,
    samples: Samples,
}

impl Records {
    /// Adds the record of `line` of `file`.
    pub(crate) fn push(&mut self, file: &FileLocation, line: Line<'_>, reasons: &[Reason]) {
        append_record(&mut self.text, file, line, reasons);
        self.samples.offer(line, reasons);
        self.rows += 1;
        for (index, reason) in reasons.iter().enumerate() {
            if reasons[..index].iter().all(|earlier| earlier.code != reason.code) {
                *self.codes.entry(reason.code).or_default() += 1;
            }
        }
    }

    /// Bytes of memory, nearly.
    pub(crate) fn bytes(&self) -> usize {
        self.text.len()
    }

    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows == 0
    }
}

/// The quarantine of a run over a file, or over a part of one, while it is written.
pub(crate) struct Quarantine<'a> {
    /// The rows that the record contract leaves out.
    lines: Upload<'a>,
    /// The rows that the table refuses. It does so while later lines are read: for an order that does not depend on
    /// the table's pace they have an object of their own.
    refused: Upload<'a>,
}

impl<'a> Quarantine<'a> {
    /// A quarantine at `place` in `bucket` for the lines from `first_line` on, counted from 1.
    pub(crate) fn new(client: &'a Client, bucket: &'a str, place: &Place, first_line: u64) -> Self {
        let upload = |kind| Upload::new(client, bucket, place.quarantine_object(first_line, kind));
        Self { lines: upload(""), refused: upload("-refused") }
    }

    /// Takes records until all who send them are done.
    pub(crate) async fn receive(&mut self, lines: Receiver<Records>, refused: Receiver<Records>) -> Result<(), Error> {
        tokio::try_join!(self.lines.receive(lines), self.refused.receive(refused))?;
        Ok(())
    }

    /// Makes the objects appear. Without any record there is none.
    pub(crate) async fn finish(&mut self) -> Result<Vec<QuarantineObject>, Error> {
        let objects = [self.lines.finish().await?, self.refused.finish().await?];
        Ok(objects.into_iter().flatten().collect())
    }

    /// Some of the rows.
    pub(crate) fn samples(&mut self) -> Samples {
        let mut samples = std::mem::take(&mut self.lines.samples);
        samples.append(std::mem::take(&mut self.refused.samples));
        samples
    }

    /// Discards what has been sent and has not appeared.
    pub(crate) async fn abort(self) {
        self.lines.abort().await;
        self.refused.abort().await;
    }
}

/// Writes the manifest of `place` in `bucket`, and returns its key. What it lists is there already.
pub(crate) async fn write_manifest(
    client: &Client,
    bucket: &str,
    place: &Place,
    manifest: &QuarantineManifest,
) -> Result<String, Error> {
    let key = place.manifest();
    // Writing text to memory cannot fail.
    let body = serde_json::to_vec_pretty(manifest).unwrap_or_default();
    put(client, bucket, &key, "application/json", body).await?;
    Ok(key)
}

/// Writes an object in one request.
pub(crate) async fn put(
    client: &Client,
    bucket: &str,
    key: &str,
    content_type: &str,
    body: Vec<u8>,
) -> Result<(), Error> {
    let request = client.put_object().bucket(bucket).key(key).content_type(content_type);
    let answer = request.body(ByteStream::from(body)).send().await;
    answer.map_err(|error| failed(bucket, key, error))?;
    Ok(())
}

fn failed<E>(bucket: &str, key: &str, error: SdkError<E>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    Error::service(format!("write s3://{bucket}/{key}"), error)
}

/// A quarantine object's media type.
const CONTENT_TYPE: &str = "application/gzip";

/// A quarantine object while it is written. Nothing is there to see until [`finish`](Upload::finish).
struct Upload<'a> {
    client: &'a Client,
    bucket: &'a str,
    key: String,
    /// Packs into memory what is not sent yet. Made with the first record.
    packer: Option<GzEncoder<Packed>>,
    rows: u64,
    codes: BTreeMap<Code, u64>,
    samples: Samples,
    /// Set with the first part. An object that fits one part is put in one request.
    upload_id: Option<String>,
    parts: Vec<CompletedPart>,
}

/// What is packed and not sent yet, and what is known of all that was packed.
#[derive(Default)]
struct Packed {
    unsent: Vec<u8>,
    bytes: u64,
    hash: Sha256,
}

impl io::Write for Packed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.unsent.extend_from_slice(bytes);
        self.bytes += bytes.len() as u64;
        self.hash.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> Upload<'a> {
    /// An upload that has not begun.
    fn new(client: &'a Client, bucket: &'a str, key: String) -> Self {
        let (codes, samples) = Default::default();
        Self { client, bucket, key, packer: None, rows: 0, codes, samples, upload_id: None, parts: Vec::new() }
    }

    async fn receive(&mut self, mut records: Receiver<Records>) -> Result<(), Error> {
        while let Some(more) = records.recv().await {
            // The header says neither when nor where it was packed.
            let packer = self.packer.get_or_insert_with(|| GzEncoder::new(Packed::default(), LEVEL));
            // Packing into memory cannot fail.
            let _ = packer.write_all(&more.text);
            self.rows += more.rows;
            self.samples.append(more.samples);
            for (code, rows) in more.codes {
                *self.codes.entry(code).or_default() += rows;
            }
            let packed = packer.get_mut();
            if packed.unsent.len() >= PART_BYTES {
                let part = std::mem::take(&mut packed.unsent);
                self.send_part(part).await?;
            }
        }
        Ok(())
    }

    /// Makes the object appear. Without any record there is none.
    async fn finish(&mut self) -> Result<Option<QuarantineObject>, Error> {
        let Some(packed) = self.packer.take().and_then(|packer| packer.finish().ok()) else { return Ok(None) };
        if self.upload_id.is_none() {
            put(self.client, self.bucket, &self.key, CONTENT_TYPE, packed.unsent).await?;
        } else {
            self.send_part(packed.unsent).await?;
            let parts = CompletedMultipartUpload::builder().set_parts(Some(std::mem::take(&mut self.parts))).build();
            let request = self.client.complete_multipart_upload().bucket(self.bucket).key(&self.key);
            let answer = request.set_upload_id(self.upload_id.clone()).multipart_upload(parts).send().await;
            answer.map_err(|error| failed(self.bucket, &self.key, error))?;
            self.upload_id = None;
        }
        Ok(Some(QuarantineObject {
            key: self.key.clone(),
            rows: self.rows,
            bytes: packed.bytes,
            sha256: hex(&packed.hash.finalize()),
            codes: self.codes.iter().map(|(code, rows)| (code.as_str().to_owned(), *rows)).collect(),
        }))
    }

    /// Discards what has been sent. Parts that stay because this fails too are charged for until the bucket's lifecycle
    /// removes them.
    async fn abort(self) {
        let Some(upload_id) = &self.upload_id else { return };
        let request = self.client.abort_multipart_upload().bucket(self.bucket).key(&self.key).upload_id(upload_id);
        if let Err(error) = request.send().await {
            warn!(error = %failed(self.bucket, &self.key, error), "a multipart upload is left behind");
        }
    }

    async fn send_part(&mut self, part: Vec<u8>) -> Result<(), Error> {
        if self.upload_id.is_none() {
            let request = self.client.create_multipart_upload().bucket(self.bucket).key(&self.key);
            let answer = request.content_type(CONTENT_TYPE).send().await;
            self.upload_id = answer.map_err(|error| failed(self.bucket, &self.key, error))?.upload_id;
        }
        let number = i32::try_from(self.parts.len() + 1).unwrap_or(i32::MAX);
        let request = self.client.upload_part().bucket(self.bucket).key(&self.key).part_number(number);
        let answer = request.set_upload_id(self.upload_id.clone()).body(ByteStream::from(part)).send().await;
        let answer = answer.map_err(|error| failed(self.bucket, &self.key, error))?;
        let part = CompletedPart::builder().part_number(number).set_e_tag(answer.e_tag);
        self.parts.push(part.set_checksum_crc32(answer.checksum_crc32).build());
        Ok(())
    }
}
