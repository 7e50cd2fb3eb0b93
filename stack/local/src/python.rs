//! Which Python runs the emulator.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The oldest Python that the emulator runs on, as major and minor version.
const OLDEST: (u32, u32) = (3, 10);

/// The names under which systems install Python, the likeliest first.
const NAMES: [&str; 7] = ["python3", "python", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10"];

/// There is no Python that the emulator could run on.
#[derive(Debug, thiserror::Error)]
pub enum PythonError {
    /// No Python at all.
    #[error(
        "the local emulator needs Python 3.10 or later, and there is no `python3` on PATH; install it (Debian, Ubuntu: `apt install python3 python3-venv`; macOS: `brew install python`)"
    )]
    Missing,
    /// Only Pythons that are too old.
    #[error(
        "the local emulator needs Python 3.10 or later, and {path} is {version}; install a newer one and put it on PATH as `python3`"
    )]
    TooOld {
        /// The newest Python found.
        path: PathBuf,
        /// Its version, as `3.9`.
        version: String,
    },
}

/// Finds the first Python on `search_path` that is new enough.
pub(crate) fn find(search_path: &OsStr) -> Result<PathBuf, PythonError> {
    let mut newest_old: Option<((u32, u32), PathBuf)> = None;
    for name in NAMES {
        for folder in std::env::split_paths(search_path) {
            let path = folder.join(name);
            match version(&path) {
                Some(version) if version >= OLDEST => return Ok(path),
                Some(version) if newest_old.as_ref().is_none_or(|(newest, _)| version > *newest) => {
                    newest_old = Some((version, path));
                }
                _ => {}
            }
        }
    }
    Err(match newest_old {
        Some(((major, minor), path)) => PythonError::TooOld { path, version: format!("{major}.{minor}") },
        None => PythonError::Missing,
    })
}

/// The version of the Python at `path`, or none where nothing there answers like one.
fn version(path: &Path) -> Option<(u32, u32)> {
    if !path.is_file() {
        return None;
    }
    let output = Command::new(path).args(["-c", "import sys; print(*sys.version_info[:2])"]).output().ok()?;
    parse_version(&String::from_utf8_lossy(&output.stdout))
}

fn parse_version(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.trim().split_once(' ')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers() {
        assert_eq!(parse_version("3 11\n"), Some((3, 11)));
        assert!(parse_version("3 9").unwrap() < OLDEST);
        assert!(parse_version("3 10").unwrap() >= OLDEST);
        assert_eq!(parse_version("Python was not found"), None);
        assert_eq!(parse_version(""), None);
    }

    #[test]
    fn an_empty_search_path_has_no_python() {
        let error = find(OsStr::new("")).unwrap_err();
        assert!(matches!(error, PythonError::Missing), "{error}");
    }
}
