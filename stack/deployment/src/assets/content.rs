//! What is in a file: its hash, and the hashes of the parts that it is sent in.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;

use sha2::{Digest, Sha256};

use crate::DeploymentError;

/// Bytes of a part. S3 takes 5 MiB to 5 GiB, and any size for the last part.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>
const PART_BYTES: u64 = 8 * 1024 * 1024;

/// S3's limit of parts.
const PARTS_LIMIT: u64 = 10_000;

/// A file that was read once from end to end.
pub(super) struct Content {
    path: PathBuf,
    /// Bytes.
    pub(super) size: u64,
    /// The hash of the whole.
    pub(super) sha256: [u8; 32],
    part_bytes: u64,
    part_sha256: Vec<[u8; 32]>,
}

impl Content {
    /// Reads the file, away from the threads that talk to AWS.
    pub(super) async fn read(path: PathBuf) -> Result<Self, DeploymentError> {
        let failed_path = path.clone();
        blocking(move || hash(path)).await.map_err(|source| DeploymentError::File { path: failed_path, source })
    }

    /// The number of parts. An empty file is one part.
    pub(super) fn parts(&self) -> usize {
        self.part_sha256.len()
    }

    /// The hash of a part; none where there is no such part.
    pub(super) fn part_sha256(&self, index: usize) -> Option<&[u8; 32]> {
        self.part_sha256.get(index)
    }

    /// Bytes of a part.
    pub(super) fn part_size(&self, index: usize) -> u64 {
        self.size.saturating_sub(index as u64 * self.part_bytes).min(self.part_bytes)
    }

    /// A part, read again: the file may be larger than the memory.
    pub(super) async fn part(&self, index: usize) -> Result<Vec<u8>, DeploymentError> {
        let (path, offset, size) = (self.path.clone(), index as u64 * self.part_bytes, self.part_size(index));
        let read = move || {
            let mut file = File::open(path)?;
            file.seek(SeekFrom::Start(offset))?;
            let mut part = Vec::new();
            file.take(size).read_to_end(&mut part)?;
            Ok(part)
        };
        blocking(read).await.map_err(|source| DeploymentError::File { path: self.path.clone(), source })
    }
}

fn hash(path: PathBuf) -> io::Result<Content> {
    let mut file = File::open(&path)?;
    let part_bytes = PART_BYTES.max(file.metadata()?.len().div_ceil(PARTS_LIMIT));
    let (mut whole, mut part_sha256, mut size) = (Sha256::new(), Vec::new(), 0);
    let mut part = Vec::new();
    loop {
        part.clear();
        file.by_ref().take(part_bytes).read_to_end(&mut part)?;
        if part.is_empty() && size > 0 {
            break;
        }
        size += part.len() as u64;
        whole.update(&part);
        part_sha256.push(Sha256::digest(&part).into());
        if (part.len() as u64) < part_bytes {
            break;
        }
    }
    Ok(Content { path, size, sha256: whole.finalize().into(), part_bytes, part_sha256 })
}

async fn blocking<T: Send + 'static>(read: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(read).await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn check(size: u64, expected: &[u64]) {
        let file = tempfile::NamedTempFile::new().unwrap();
        let bytes: Vec<u8> = (0..size).map(|index| (index % 251) as u8).collect();
        std::fs::write(file.path(), &bytes).unwrap();
        let content = Content::read(file.path().to_owned()).await.unwrap();
        let mut whole = Vec::new();
        for (index, &expected) in expected.iter().enumerate() {
            let part = content.part(index).await.unwrap();
            assert_eq!(part.len() as u64, expected);
            assert_eq!(content.part_size(index), expected);
            assert_eq!(content.part_sha256(index), Some(&Sha256::digest(&part).into()));
            whole.extend(part);
        }
        assert_eq!((content.parts(), content.size), (expected.len(), size));
        assert!(whole == bytes && content.sha256 == <[u8; 32]>::from(Sha256::digest(&bytes)));
        assert_eq!(content.part_sha256(expected.len()), None);
    }

    #[tokio::test]
    async fn the_parts_are_the_whole() {
        check(0, &[0]).await;
        check(10, &[10]).await;
        check(PART_BYTES, &[PART_BYTES]).await;
        check(PART_BYTES + 1, &[PART_BYTES, 1]).await;
        check(2 * PART_BYTES, &[PART_BYTES, PART_BYTES]).await;
    }
}
