//! Temporary files for what the row reader has no room for in memory.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use activity::{Spill, SpillFile};

/// The folder for temporary files: `TMPDIR`, or else `/tmp`, which is a function's ephemeral storage.
struct TemporaryFolder(PathBuf);

struct TemporaryFile(File);

/// Where this process spills to.
pub(crate) fn spill() -> Arc<dyn Spill> {
    Arc::new(TemporaryFolder::default())
}

impl Default for TemporaryFolder {
    fn default() -> Self {
        Self(std::env::temp_dir())
    }
}

impl Spill for TemporaryFolder {
    /// The file has no name by the time that it is there: its place is free again however the process ends.
    fn create(&self) -> io::Result<Box<dyn SpillFile>> {
        let path = self.0.join(format!("processor-{:016x}", fastrand::u64(..)));
        let file = File::options().read(true).write(true).create_new(true).open(&path)?;
        fs::remove_file(&path)?;
        Ok(Box::new(TemporaryFile(file)))
    }
}

impl SpillFile for TemporaryFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        self.0.read_exact_at(bytes, offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_and_leaves_no_name_behind() {
        let folder = std::env::temp_dir().join(format!("spill-{}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        let mut file = TemporaryFolder(folder.clone()).create().unwrap();
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        file.append(b"abc").unwrap();
        file.append(b"def").unwrap();
        let mut bytes = [0; 3];
        file.read_at(2, &mut bytes).unwrap();
        assert_eq!(&bytes, b"cde");
        assert!(file.read_at(4, &mut bytes).is_err());
        fs::remove_dir(&folder).unwrap();
        assert!(TemporaryFolder(folder).create().is_err());
    }
}
