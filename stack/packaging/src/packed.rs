//! What was packed last. Compressing an unchanged function again takes longer than all the rest of a build without
//! changes, and gives the same bytes.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::archive::FORMAT;
use crate::{Compression, Package, PackagingError};

/// The record of one function's last archive, beside the archives.
pub(crate) struct Record {
    path: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Packed {
    content: String,
    archive: PathBuf,
    sha256: String,
    size_bytes: u64,
}

impl Record {
    pub(crate) fn of(package: &str, output: &Path) -> Self {
        Self { path: output.join(format!("{package}.packed.json")) }
    }

    /// The last archive, where it holds `content` and is as it was written. A record that cannot be read is none.
    pub(crate) fn find(&self, package: &str, content: &str) -> Option<Package> {
        let packed: Packed = serde_json::from_slice(&std::fs::read(&self.path).ok()?).ok()?;
        let path = self.path.with_file_name(&packed.archive);
        if packed.content != content || hex::encode(Sha256::digest(std::fs::read(&path).ok()?)) != packed.sha256 {
            return None;
        }
        let Packed { sha256, size_bytes, .. } = packed;
        Some(Package { function: package.to_owned(), path, sha256, size_bytes })
    }

    /// Remembers that `package` holds `content`.
    pub(crate) fn keep(&self, package: &Package, content: String) -> Result<(), PackagingError> {
        let archive = package.path.file_name().unwrap_or_default().into();
        let packed = Packed { content, archive, sha256: package.sha256.clone(), size_bytes: package.size_bytes };
        let text = serde_json::to_vec(&packed).unwrap_or_default();
        write_whole(&self.path, &text)
    }
}

/// The hash of what goes into an archive, and of how archives are made: another zip writer gives other bytes.
pub(crate) fn content(files: &BTreeMap<&str, &[u8]>, compression: Compression) -> String {
    let mut hash = Sha256::new_with_prefix(FORMAT);
    hash.update([compression as u8]);
    for (name, content) in files {
        // Each of a fixed length, so that no two lists of files are spelt alike.
        hash.update(Sha256::digest(name));
        hash.update(Sha256::digest(content));
    }
    hex::encode(hash.finalize())
}

/// Writes a file aside and renames it, so that whoever reads it finds all of it or nothing.
pub(crate) fn write_whole(path: &Path, content: &[u8]) -> Result<(), PackagingError> {
    let failed = || PackagingError::file("write", path);
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed())?;
    file.write_all(content).map_err(failed())?;
    file.persist(path).map(drop).map_err(|error| failed()(error.error))
}
