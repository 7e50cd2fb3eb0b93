//! The archive: the same content gives the same bytes, on every machine and at every time.

use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};
use std::path::Path;

use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::packed::{self, Record};
use crate::{Compression, Function, Package, PackagingError};

/// What the `provided` runtimes start. <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html>
const BOOTSTRAP: &str = "bootstrap";

/// Bytes of an archive that every way to Lambda takes; by way of S3 only [`UNZIPPED_LIMIT`] counts.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const ZIPPED_LIMIT: u64 = 50 * 1024 * 1024;

/// Bytes of a function's files, unpacked, layers included.
const UNZIPPED_LIMIT: u64 = 250 * 1024 * 1024;

/// The hash of a small archive that a test packs: it is another one when the zip writer or its deflate backend gives
/// other bytes.
pub(crate) const FORMAT: &str = "0c0708492a8308877a7dcdb5d8e6b05359259bc85c69b1829943bd736f933a36";

/// Packs `function` with its `bootstrap` into `output`.
pub(crate) fn write(
    function: &Function,
    bootstrap: &[u8],
    compression: Compression,
    output: &Path,
) -> Result<Package, PackagingError> {
    let package = &function.package;
    let files = sorted(function, bootstrap)?;
    check_size(package, files.values().map(|content| content.len() as u64).sum(), "unzipped", UNZIPPED_LIMIT)?;
    let (record, content) = (Record::of(package, output), packed::content(&files, compression));
    if let Some(packed) = record.find(package, &content) {
        return Ok(packed);
    }
    let archive =
        zip(&files, compression).map_err(|source| PackagingError::Archive { package: package.clone(), source })?;
    let size_bytes = archive.len() as u64;
    check_size(package, size_bytes, "zipped", ZIPPED_LIMIT)?;

    let sha256 = hex::encode(Sha256::digest(&archive));
    let path = output.join(format!("{package}-{sha256}.zip"));
    packed::write_whole(&path, &archive)?;
    let packed = Package { function: package.clone(), path, sha256, size_bytes };
    record.keep(&packed, content)?;
    Ok(packed)
}

fn sorted<'a>(function: &'a Function, bootstrap: &'a [u8]) -> Result<BTreeMap<&'a str, &'a [u8]>, PackagingError> {
    let mut files = BTreeMap::from([(BOOTSTRAP, bootstrap)]);
    for (name, content) in &function.files {
        if files.insert(name, content).is_some() {
            return Err(PackagingError::DuplicateFile { package: function.package.clone(), name: name.clone() });
        }
    }
    Ok(files)
}

/// Every entry has the earliest date that the format knows and permissions of its own: nothing of the file system's.
fn zip(files: &BTreeMap<&str, &[u8]>, compression: Compression) -> zip::result::ZipResult<Vec<u8>> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(compression.level()))
        .last_modified_time(DateTime::default());
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (&name, content) in files {
        let mode = if name == BOOTSTRAP { 0o755 } else { 0o644 };
        writer.start_file(name, options.unix_permissions(mode))?;
        writer.write_all(content)?;
    }
    Ok(writer.finish()?.into_inner())
}

impl Compression {
    /// Deflate's level.
    pub(crate) fn level(self) -> i64 {
        match self {
            Self::Smallest => 9,
            Self::Fastest => 1,
        }
    }
}

fn check_size(package: &str, size: u64, state: &'static str, limit: u64) -> Result<(), PackagingError> {
    if size > limit {
        return Err(PackagingError::TooLarge { package: package.to_owned(), size, state, limit });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn function() -> Function {
        Function::new("processor").with_file("contract.yaml", "version: 1\n").with_file("a/licence", "MIT\n")
    }

    fn pack(function: &Function) -> (tempfile::TempDir, Package) {
        let folder = tempfile::tempdir().unwrap();
        let package = write(function, b"\x7fELF", Compression::Smallest, folder.path()).unwrap();
        (folder, package)
    }

    #[test]
    fn the_same_content_gives_the_same_bytes() {
        let (_first_folder, first) = pack(&function());
        let mut reversed = function();
        reversed.files.reverse();
        let (_second_folder, second) = pack(&reversed);
        assert_eq!(std::fs::read(&first.path).unwrap(), std::fs::read(&second.path).unwrap());
        assert_eq!(first.sha256, second.sha256);
        assert_eq!(first.path.file_name().unwrap().to_str().unwrap(), format!("processor-{}.zip", first.sha256));
        assert_eq!(first.size_bytes, first.path.metadata().unwrap().len());
    }

    /// A new version of the zip writer or of its deflate backend would give every unchanged function a new hash, and
    /// so a deployment. That may be wanted, but must be seen.
    #[test]
    fn the_bytes_stay_the_same_over_time() {
        let (_folder, package) = pack(&function());
        assert_eq!(package.sha256, FORMAT);
    }

    #[test]
    fn other_content_gives_another_name() {
        let (_first_folder, first) = pack(&function());
        let (_second_folder, second) = pack(&Function::new("processor"));
        assert_ne!(first.sha256, second.sha256);
    }

    #[test]
    fn what_changes_is_packed_again() {
        let (folder, first) = pack(&function());
        for changed in [function().with_file("b", ""), Function::new("processor").with_file("contract.yaml", "")] {
            assert_ne!(write(&changed, b"\x7fELF", Compression::Smallest, folder.path()).unwrap().sha256, first.sha256);
        }
        assert_ne!(write(&function(), b"\x7fELG", Compression::Smallest, folder.path()).unwrap().sha256, first.sha256);
    }

    #[test]
    fn what_is_packed_in_haste_is_packed_again_for_a_deployment() {
        let function = Function::new("processor").with_file("b", "1 2 3 4 5 6 7 8 9 ".repeat(99));
        let (folder, small) = pack(&function);
        let fast = write(&function, b"\x7fELF", Compression::Fastest, folder.path()).unwrap();
        assert_ne!(fast.sha256, small.sha256);
        assert_eq!(write(&function, b"\x7fELF", Compression::Smallest, folder.path()).unwrap(), small);
    }

    #[test]
    fn an_archive_that_is_not_what_was_packed_is_packed_again() {
        let (folder, first) = pack(&function());
        let bytes = std::fs::read(&first.path).unwrap();
        for damage in [None, Some(vec![0; bytes.len()])] {
            match damage {
                None => std::fs::remove_file(&first.path).unwrap(),
                Some(damaged) => std::fs::write(&first.path, damaged).unwrap(),
            }
            assert_eq!(write(&function(), b"\x7fELF", Compression::Smallest, folder.path()).unwrap(), first);
            assert_eq!(std::fs::read(&first.path).unwrap(), bytes);
        }
    }

    #[test]
    fn the_archive_holds_the_files_as_lambda_wants_them() {
        let (_folder, package) = pack(&function());
        let mut archive = zip::ZipArchive::new(std::fs::File::open(&package.path).unwrap()).unwrap();
        let mut entries = Vec::new();
        for index in 0..archive.len() {
            let mut entry = archive.by_index(index).unwrap();
            let mut content = String::new();
            entry.read_to_string(&mut content).unwrap();
            assert_eq!(entry.last_modified(), Some(DateTime::default()));
            entries.push((entry.name().unwrap().into_owned(), entry.unix_mode().unwrap() & 0o777, content));
        }
        let expected =
            [("a/licence", 0o644, "MIT\n"), ("bootstrap", 0o755, "\x7fELF"), ("contract.yaml", 0o644, "version: 1\n")];
        assert_eq!(entries, expected.map(|(name, mode, content)| (name.to_owned(), mode, content.to_owned())));
    }

    #[test]
    fn a_second_bootstrap_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let function = Function::new("processor").with_file("bootstrap", "");
        let message = write(&function, b"", Compression::Smallest, folder.path()).unwrap_err().to_string();
        assert!(message.contains("two files named bootstrap"), "{message}");
    }

    #[test]
    fn a_function_that_is_too_large_is_refused_with_the_limit() {
        let message = check_size("processor", 60 << 20, "zipped", ZIPPED_LIMIT).unwrap_err().to_string();
        assert!(message.contains("62914560 bytes zipped, and Lambda takes 52428800"), "{message}");
    }
}
