//! Keeps the lines that did not become items: gzipped JSON Lines in the quarantine bucket, and a manifest beside them.
//!
//! The same state of a file gives the same objects: their place comes from the file, and nothing of the run is in them.
//! Another state has another place. The last run of a state is the one that counts: what an earlier one left there, under
//! another contract or in other parts, is replaced.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write as _};

use activity::{Code, Line, Reason, append_record};
use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use contract::{Destination, FileLocation, Progress, QuarantineManifest, QuarantineObject};
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::future::join;
use report::Samples;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc::Receiver;
use tokio::time::Instant;

use crate::error::Error;
use crate::multipart::Multipart;
use crate::place::Place;

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
        self.samples.offer(line, Destination::Quarantined, reasons);
        self.rows += 1;
        for (index, reason) in reasons.iter().enumerate() {
            if reasons[..index].iter().all(|earlier| earlier.code != reason.code) {
                *self.codes.entry(reason.code).or_default() += 1;
            }
        }
    }

    /// Takes note of a line that went elsewhere: it has no record.
    pub(crate) fn note(&mut self, line: Line<'_>, went: Destination, reasons: &[Reason]) {
        self.samples.offer(line, went, reasons);
    }

    /// Bytes of memory, nearly.
    pub(crate) fn bytes(&self) -> usize {
        self.text.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows == 0 && self.samples.is_empty()
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

    /// Makes the objects appear; without any record there is none. Tells what has been done since `begun`.
    pub(crate) async fn progress(&mut self, begun: Instant) -> Result<Progress, Error> {
        let objects = [self.lines.finish().await?, self.refused.finish().await?];
        let mut samples = std::mem::take(&mut self.lines.samples);
        samples.extend(std::mem::take(&mut self.refused.samples).into_rows());
        let milliseconds = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let objects = objects.into_iter().flatten().collect();
        Ok(Progress { refused: self.refused.rows, objects, samples: samples.into_rows(), milliseconds })
    }

    /// Discards what has been sent and has not appeared, where a run has failed.
    pub(crate) async fn abort_unless<T>(self, run: Result<T, Error>) -> Result<T, Error> {
        if run.is_err() {
            join(self.lines.object.abort(), self.refused.object.abort()).await;
        }
        run
    }
}

/// Has `place` in `bucket` say what `manifest` does, and returns the manifest's key; none, where it lists nothing. What it
/// lists is there already.
///
/// A manifest of an earlier run is replaced even by one that lists nothing: it would pass for the current one. So are
/// objects that are no longer listed, by objects without rows, for those who read them without a manifest; but not where
/// the file was not read `to_its_end`, which says nothing of their rows. Deleted they are not, for the function may not:
/// what is replaced stays a while as an earlier version.
pub(crate) async fn conclude(
    client: &Client,
    bucket: &str,
    place: &Place,
    manifest: &QuarantineManifest,
    to_its_end: bool,
) -> Result<Option<String>, Error> {
    let key = place.manifest();
    let mut earlier = list(client, bucket, &place.quarantine_folder()).await?;
    let is_replaced = earlier.remove(&key);
    let is_needed = !manifest.objects.is_empty();
    if is_needed || is_replaced {
        // Writing text to memory cannot fail.
        let body = serde_json::to_vec_pretty(manifest).unwrap_or_default();
        put(client, bucket, &key, "application/json", body).await?;
    }
    for object in &manifest.objects {
        earlier.remove(&object.key);
    }
    for stale in earlier.into_iter().filter(|_| to_its_end) {
        // Packing into memory cannot fail.
        let empty = GzEncoder::new(Vec::new(), LEVEL).finish().unwrap_or_default();
        put(client, bucket, &stale, CONTENT_TYPE, empty).await?;
    }
    Ok(is_needed.then_some(key))
}

/// The keys right below `folder`. Another file's key may go on where a folder ends.
async fn list(client: &Client, bucket: &str, folder: &str) -> Result<BTreeSet<String>, Error> {
    let mut pages = client.list_objects_v2().bucket(bucket).prefix(folder).delimiter("/").into_paginator().send();
    let mut keys = BTreeSet::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| Error::service(format!("list s3://{bucket}/{folder}"), error))?;
        keys.extend(page.contents.unwrap_or_default().into_iter().filter_map(|object| object.key));
    }
    Ok(keys)
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
    object: Multipart<'a>,
    /// Packs into memory what is not sent yet. Made with the first record.
    packer: Option<GzEncoder<Packed>>,
    rows: u64,
    codes: BTreeMap<Code, u64>,
    samples: Samples,
}

/// What is packed and not handed on yet, and what is known of all that was packed.
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
        let object = Multipart::new(client, bucket, key, CONTENT_TYPE);
        Self { object, packer: None, rows: 0, codes: BTreeMap::new(), samples: Samples::default() }
    }

    async fn receive(&mut self, mut records: Receiver<Records>) -> Result<(), Error> {
        while let Some(more) = records.recv().await {
            self.samples.extend(more.samples.into_rows());
            if more.rows == 0 {
                continue;
            }
            // The header says neither when nor where it was packed.
            let packer = self.packer.get_or_insert_with(|| GzEncoder::new(Packed::default(), LEVEL));
            // Packing into memory cannot fail.
            let _ = packer.write_all(&more.text);
            self.rows += more.rows;
            for (code, rows) in more.codes {
                *self.codes.entry(code).or_default() += rows;
            }
            self.object.write(std::mem::take(&mut packer.get_mut().unsent)).await?;
        }
        Ok(())
    }

    /// Makes the object appear. Without any record there is none.
    async fn finish(&mut self) -> Result<Option<QuarantineObject>, Error> {
        let Some(packed) = self.packer.take().and_then(|packer| packer.finish().ok()) else { return Ok(None) };
        self.object.write(packed.unsent).await?;
        self.object.finish().await?;
        Ok(Some(QuarantineObject {
            key: self.object.key().to_owned(),
            rows: self.rows,
            bytes: packed.bytes,
            sha256: hex::encode(packed.hash.finalize()),
            codes: self.codes.iter().map(|(code, rows)| (code.as_str().to_owned(), *rows)).collect(),
        }))
    }
}
