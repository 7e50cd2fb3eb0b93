//! The keys of a range: what is known of its rows before anything is written.

use std::sync::Arc;

use activity::{ExternalSort, KEY_ENTRY_BYTES, SpillError};
use contract::{RangeInput, RangeOutput};
use tokio::sync::mpsc;

use super::run::{Kind, Run};
use crate::error::Error;
use crate::multipart::Multipart;
use crate::object::Object;
use crate::processor::{Processor, WAITING, file_reader};
use crate::reader;
use crate::spill::spill;

/// What comes before the keys in their object: how many lines the range has, big-endian.
pub(super) const HEAD_BYTES: usize = 8;

/// How much of the keys is sorted in memory, bytes.
const SORTED_IN_MEMORY: usize = 16 << 20;

/// How much of the sorted keys is handed on at a time, bytes.
const PIECE_BYTES: usize = 256 << 10;

impl Processor {
    /// Collects the keys of a range's rows, and leaves them, sorted, in an object of the run.
    pub(crate) async fn keys(&self, input: RangeInput) -> Result<RangeOutput, Error> {
        let run = Run::of_name(self, &input.run)?;
        let start = input.range.start;
        let object = Object::open_range(&self.s3, &input.file, input.range).await?;
        let (chunk_sender, chunks) = mpsc::channel(WAITING);
        let (piece_sender, mut pieces) = mpsc::channel(WAITING);
        let (contract, arrived, hasher) = (Arc::clone(self.contract_of(&input.file)), object.arrived(), run.hasher());
        let reading = tokio::task::spawn_blocking(move || {
            let sort = ExternalSort::new(Some(spill()), SORTED_IN_MEMORY);
            let reader =
                file_reader(&contract, arrived, None).within(1, start).hashing_with(hasher).collecting_keys(sort);
            reader::collect_keys(reader, chunks, |lines, keys| send(lines, keys, &piece_sender))
        });
        let key = run.key(Kind::Keys, start);
        let mut upload = Multipart::new(&self.s3, &run.bucket, key, "application/octet-stream");
        let uploading = async {
            while let Some(piece) = pieces.recv().await {
                upload.write(piece).await?;
            }
            Ok(())
        };
        let done = tokio::try_join!(
            object.send_to(chunk_sender, self.backoff),
            async { reading.await??.ok_or(Error::CutOff) },
            uploading,
        );
        match done {
            Ok(((), lines, ())) => {
                upload.finish().await?;
                Ok(RangeOutput { start, lines, written: 0 })
            }
            Err(error) => {
                upload.abort().await;
                Err(error)
            }
        }
    }
}

/// Sends the keys on in pieces. Ends early where nobody takes them any more, which says so itself.
fn send(
    lines: u64,
    keys: impl Iterator<Item = Result<[u8; KEY_ENTRY_BYTES], SpillError>>,
    pieces: &mpsc::Sender<Vec<u8>>,
) -> Result<(), SpillError> {
    let mut piece = lines.to_be_bytes().to_vec();
    for key in keys {
        piece.extend_from_slice(&key?);
        if piece.len() >= PIECE_BYTES && pieces.blocking_send(std::mem::take(&mut piece)).is_err() {
            return Ok(());
        }
    }
    let _ = pieces.blocking_send(piece);
    Ok(())
}
