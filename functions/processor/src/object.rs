//! Reads one object of S3 as a stream that outlives its connection.

use std::time::SystemTime;

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Buf as _;
use contract::{ByteRange, FileLocation};
use tokio::sync::mpsc::Sender;
use tracing::warn;

use crate::backoff::Backoff;
use crate::error::Error;
use crate::reader::Chunk;

/// An object that is being read.
pub(crate) struct Object<'a> {
    client: &'a Client,
    file: &'a FileLocation,
    /// The entity tag of what was opened: a resumed read must find the same.
    etag: Option<String>,
    /// What is read of it, where that is not all.
    range: Option<ByteRange>,
    /// How much is read of it, bytes.
    length: Option<u64>,
    arrived: Option<SystemTime>,
    body: ByteStream,
    /// How much of the body comes before what is wanted, bytes: a server may answer a request for a part with the whole
    /// (RFC 9110, section 14.2).
    before: u64,
}

impl<'a> Object<'a> {
    /// Opens the object: the version that `file` names, or, where it names none, whatever has its entity tag.
    pub(crate) async fn open(client: &'a Client, file: &'a FileLocation) -> Result<Self, Error> {
        Self::open_part(client, file, None).await
    }

    /// Opens a part of it.
    pub(crate) async fn open_range(
        client: &'a Client,
        file: &'a FileLocation,
        range: ByteRange,
    ) -> Result<Self, Error> {
        Self::open_part(client, file, Some(range)).await
    }

    async fn open_part(client: &'a Client, file: &'a FileLocation, range: Option<ByteRange>) -> Result<Self, Error> {
        let (answer, before) = get(client, file, file.etag.as_deref(), range, 0).await?;
        Ok(Self {
            client,
            file,
            range,
            arrived: answer.last_modified.and_then(|time| time.try_into().ok()),
            length: match range {
                Some(range) => Some(range.end - range.start),
                None => answer.content_length.and_then(|length| u64::try_from(length).ok()),
            },
            etag: answer.e_tag,
            body: answer.body,
            before,
        })
    }

    /// What tells this state of the object from others under its key: its version, or its entity tag without quotes.
    pub(crate) fn revision(&self) -> &str {
        let etag = self.file.etag.as_deref().or(self.etag.as_deref());
        self.file.version_id.as_deref().or(etag).unwrap_or("unversioned").trim_matches('"')
    }

    /// All of it, or of the part that was opened. It must be small.
    pub(crate) async fn collect(self, backoff: Backoff) -> Result<Vec<u8>, Error> {
        let (sender, mut chunks) = tokio::sync::mpsc::channel(1);
        let receive = async {
            let mut collected = Vec::new();
            while let Some(Chunk::Bytes(bytes)) = chunks.recv().await {
                collected.extend_from_slice(&bytes);
            }
            Ok(collected)
        };
        let ((), collected) = tokio::try_join!(self.send_to(sender, backoff), receive)?;
        Ok(collected)
    }

    /// The location of exactly this state, to open it again.
    pub(crate) fn pinned(&self) -> FileLocation {
        let etag = self.etag.as_deref().map(|etag| etag.trim_matches('"').to_owned());
        FileLocation {
            etag: etag.or_else(|| self.file.etag.clone()),
            size: self.range.map_or(self.length, |_| None).or(self.file.size),
            ..self.file.clone()
        }
    }

    /// When the object came: the same at every rerun.
    pub(crate) fn arrived(&self) -> Option<SystemTime> {
        self.arrived
    }

    /// Sends the object's bytes to `chunks`, in order, then [`Chunk::End`]. A broken connection is resumed where it
    /// broke. Ends early where nobody takes the chunks any more.
    pub(crate) async fn send_to(mut self, chunks: Sender<Chunk>, backoff: Backoff) -> Result<(), Error> {
        let (mut offset, mut failed) = (0, 0);
        loop {
            match self.body.next().await {
                Some(Ok(mut bytes)) => {
                    let early = self.before.min(bytes.len() as u64);
                    self.before -= early;
                    bytes.advance(early as usize);
                    let wanted = self.length.map_or(u64::MAX, |length| length - offset);
                    bytes.truncate(usize::try_from(wanted).unwrap_or(usize::MAX));
                    let came = bytes.len() as u64;
                    offset += came;
                    failed = 0;
                    if !bytes.is_empty() && chunks.send(Chunk::Bytes(bytes.into())).await.is_err() {
                        return Ok(());
                    }
                    if self.range.is_some() && came == wanted {
                        let _ = chunks.send(Chunk::End).await;
                        return Ok(());
                    }
                }
                // A connection that closes without an error is only an end when all has come.
                None if self.length.is_none_or(|length| offset >= length) => {
                    // An error means that nobody listens: the reader has failed, and says so itself.
                    let _ = chunks.send(Chunk::End).await;
                    return Ok(());
                }
                broken => {
                    let reason = broken.and_then(Result::err).map_or("the connection closed".into(), |e| e.to_string());
                    failed += 1;
                    // Past the last byte there is nothing to resume: what came does not match its checksum.
                    let complete = self.length.is_some_and(|length| offset >= length);
                    if complete || !backoff.wait(failed).await {
                        return Err(self.interrupted(offset, reason));
                    }
                    warn!(offset, reason, "reading the object broke off; resuming");
                    let (answer, before) =
                        get(self.client, self.file, self.etag.as_deref(), self.range, offset).await?;
                    (self.body, self.before) = (answer.body, before);
                }
            }
        }
    }

    fn interrupted(&self, offset: u64, reason: String) -> Error {
        Error::Interrupted { object: url(self.file), offset, reason }
    }
}

/// Requests the object, or a range of it, from byte `offset` of what is requested on. Tells too how much of the answer's
/// body comes before that byte.
async fn get(
    client: &Client,
    file: &FileLocation,
    etag: Option<&str>,
    range: Option<ByteRange>,
    offset: u64,
) -> Result<(GetObjectOutput, u64), Error> {
    let request = client.get_object().bucket(&file.bucket).key(&file.key);
    let request = match &file.version_id {
        Some(version) => request.version_id(version),
        None => request.set_if_match(etag.map(|etag| format!("\"{}\"", etag.trim_matches('"')))),
    };
    let request = match range {
        Some(ByteRange { start, end }) => request.range(format!("bytes={}-{}", start + offset, end.saturating_sub(1))),
        None if offset > 0 => request.range(format!("bytes={offset}-")),
        None => request,
    };
    let answer = request.send().await.map_err(|error| Error::service(format!("read {}", url(file)), error))?;
    let wanted = range.map_or(0, |range| range.start) + offset;
    let before = if answer.content_range.is_some() { 0 } else { wanted };
    Ok((answer, before))
}

fn url(file: &FileLocation) -> String {
    format!("s3://{}/{}", file.bucket, file.key)
}
