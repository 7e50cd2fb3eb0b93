//! Installing the emulator: a virtual environment of its own, at one version, every file checked against a hash.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use sha2::{Digest, Sha256};

use crate::emulator::Options;
use crate::python::{self, PythonError};

/// The emulator's version.
pub const VERSION: &str = "1.5.33";

/// The emulator and all that it imports, with the hash of every wheel.
const REQUIREMENTS: &str = include_str!("../requirements.txt");

/// The file that is written last, so that an interrupted installation is not taken for a whole one.
const COMPLETE: &str = "complete";

/// How much of a failed tool's output a message shows.
const SHOWN_LINES: usize = 12;

/// The emulator could not be installed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// No usable Python.
    #[error(transparent)]
    Python(#[from] PythonError),
    /// Python lacks the standard library's `venv` or `ensurepip`, which Debian packages separately.
    #[error(
        "{python} cannot make virtual environments; install what is missing (Debian, Ubuntu: `apt install python3-venv`) and run this again"
    )]
    NoVenv {
        /// The Python.
        python: PathBuf,
    },
    /// Making the virtual environment failed for another reason.
    #[error("{python} failed to make a virtual environment in {folder}; its output ends:\n{output}")]
    Venv {
        /// The Python.
        python: PathBuf,
        /// The virtual environment's folder.
        folder: PathBuf,
        /// The end of its output.
        output: String,
    },
    /// The package index is out of reach.
    #[error(
        "the local emulator is installed once, from a Python package index, and pip cannot reach it; connect and run this again, or name a mirror in PIP_INDEX_URL or a folder of wheels in PIP_FIND_LINKS; pip's output ends:\n{output}"
    )]
    NoNetwork {
        /// The end of pip's output.
        output: String,
    },
    /// A downloaded file is not the one that was pinned.
    #[error(
        "a downloaded package is not the one this program was made for, and was not installed; the mirror or proxy in between alters files: use another in PIP_INDEX_URL; pip's output ends:\n{output}"
    )]
    HashMismatch {
        /// The end of pip's output.
        output: String,
    },
    /// No pinned wheel fits this Python or this machine, or pip failed for another reason.
    #[error(
        "pip could not install the local emulator with {python}; a released CPython 3.10 to 3.14 on Linux or macOS (x86_64 or arm64) works; its output ends:\n{output}"
    )]
    Pip {
        /// The Python.
        python: PathBuf,
        /// The end of pip's output.
        output: String,
    },
    /// A file or folder could not be written.
    #[error("cannot write {path}: {source}; make the folder writable and run this again")]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A program could not be started.
    #[error("cannot start {program}: {source}")]
    Spawn {
        /// The program.
        program: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// Whether [`install`] would return at once.
pub fn is_installed(options: &Options) -> bool {
    is_complete(&folder(options))
}

/// Installs the emulator below `options.programs` unless it is there, and returns the Python that runs it.
///
/// Blocks, the first time for as long as a download of 20 MB takes. Two processes may call this at once: the second
/// waits for the first. pip's own settings (`PIP_INDEX_URL`, `PIP_FIND_LINKS`, its configuration file) are honoured.
///
/// # Errors
///
/// Each names its fix: no Python or one too old, no `venv`, no network, a file that does not match its hash.
pub fn install(options: &Options) -> Result<PathBuf, InstallError> {
    let folder = folder(options);
    if is_complete(&folder) {
        return Ok(python_in(&folder));
    }
    let _lock = lock(&options.programs)?;
    if !is_complete(&folder) {
        let python = python::find(&options.search_path)?;
        remove_unfinished(&folder)?;
        make_environment(&python, &folder)?;
        install_requirements(&folder)?;
        write(&folder.join(COMPLETE), "")?;
    }
    Ok(python_in(&folder))
}

/// The virtual environment's folder. Its name holds the requirements' hash, so that a changed list is installed anew.
fn folder(options: &Options) -> PathBuf {
    let hash = hex::encode(&Sha256::digest(REQUIREMENTS)[..6]);
    options.programs.join(format!("ministack-{VERSION}-{hash}"))
}

fn python_in(folder: &Path) -> PathBuf {
    folder.join("bin").join("python")
}

/// Finished, and the Python it was made with still works: an upgrade of the system's Python breaks it.
fn is_complete(folder: &Path) -> bool {
    folder.join(COMPLETE).is_file()
        && Command::new(python_in(folder))
            .args(["-I", "-c", "import ministack"])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
}

/// Holds off other processes until the returned file is dropped.
fn lock(programs: &Path) -> Result<File, InstallError> {
    let path = programs.join("install.lock");
    let failed = |source| InstallError::Write { path: path.clone(), source };
    fs::create_dir_all(programs).map_err(failed)?;
    let file = File::create(&path).map_err(failed)?;
    file.lock().map_err(failed)?;
    Ok(file)
}

/// A virtual environment is not relocatable, so it is made in place and what an interruption left is removed first.
fn remove_unfinished(folder: &Path) -> Result<(), InstallError> {
    match fs::remove_dir_all(folder) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(InstallError::Write { path: folder.to_owned(), source })
        }
        _ => Ok(()),
    }
}

fn make_environment(python: &Path, folder: &Path) -> Result<(), InstallError> {
    let output = run(Command::new(python).args(["-m", "venv"]).arg(folder))?;
    if output.status.success() {
        return Ok(());
    }
    let text = text(&output);
    if text.contains("ensurepip") || text.contains("No module named") {
        return Err(InstallError::NoVenv { python: python.to_owned() });
    }
    Err(InstallError::Venv { python: python.to_owned(), folder: folder.to_owned(), output: last_lines(&text) })
}

fn install_requirements(folder: &Path) -> Result<(), InstallError> {
    let requirements = folder.join("requirements.txt");
    write(&requirements, REQUIREMENTS)?;
    let python = python_in(folder);
    let output = run(Command::new(&python)
        .args(["-m", "pip", "install", "--disable-pip-version-check", "--no-input"])
        .args(["--require-hashes", "--only-binary", ":all:", "--no-deps", "--requirement"])
        .arg(&requirements))?;
    if output.status.success() { Ok(()) } else { Err(pip_error(python, &text(&output))) }
}

/// Runs to the end in an environment where neither Python nor pip is told to install elsewhere.
fn run(command: &mut Command) -> Result<Output, InstallError> {
    for variable in ["PYTHONHOME", "PYTHONPATH", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_REQUIREMENT"] {
        command.env_remove(variable);
    }
    let program = PathBuf::from(command.get_program());
    command.env("PIP_USER", "0").stdin(Stdio::null()).output().map_err(|source| InstallError::Spawn { program, source })
}

/// What went wrong, by the words that pip has kept through its releases.
fn pip_error(python: PathBuf, text: &str) -> InstallError {
    let output = last_lines(text);
    let unreachable = ["Retrying (Retry(", "connection broken by", "Could not fetch URL", "No route to host"];
    if text.contains("DO NOT MATCH THE HASHES") {
        InstallError::HashMismatch { output }
    } else if unreachable.iter().any(|words| text.contains(words)) {
        InstallError::NoNetwork { output }
    } else {
        InstallError::Pip { python, output }
    }
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The last lines of `text`, indented below a message.
pub(crate) fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let shown = &lines[lines.len().saturating_sub(SHOWN_LINES)..];
    shown.iter().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

fn write(path: &Path, text: &str) -> Result<(), InstallError> {
    fs::write(path, text).map_err(|source| InstallError::Write { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Installs with the Python in `tests/python/<name>`, which fails as real ones do.
    fn check(name: &str, expected: &str) {
        let programs = tempfile::tempdir().unwrap();
        let mut options = Options::in_folder(programs.path());
        let tools = std::env::var("PATH").unwrap_or_default();
        let fake = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python").join(name);
        // The script's own tools come after it, and a real Python comes never: the script is found first.
        options.search_path = format!("{}:{tools}", fake.display()).into();
        let error = install(&options).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(!is_installed(&options));
    }

    #[test]
    fn no_venv_names_the_package() {
        check("no-venv", "apt install python3-venv");
    }

    #[test]
    fn no_network_names_the_way_round() {
        check("offline", "PIP_FIND_LINKS");
    }

    #[test]
    fn an_altered_file_is_refused() {
        check("altered", "was not installed");
    }

    #[test]
    fn another_failure_shows_the_end_of_the_output() {
        check("unsupported", "No matching distribution found for pyyaml");
    }

    #[test]
    fn a_python_that_is_too_old_is_named() {
        let programs = tempfile::tempdir().unwrap();
        let mut options = Options::in_folder(programs.path());
        options.search_path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/too-old").into();
        let error = install(&options).unwrap_err().to_string();
        assert!(error.contains("tests/python/too-old/python3 is 3.9"), "{error}");
    }

    #[test]
    fn every_requirement_is_pinned_and_hashed() {
        let pinned = REQUIREMENTS.lines().filter(|line| line.starts_with(|first: char| first.is_ascii_alphanumeric()));
        for line in pinned {
            assert!(line.contains("==") && line.ends_with('\\'), "{line}");
        }
        assert!(REQUIREMENTS.contains(&format!("ministack=={VERSION} ")));
        assert!(!REQUIREMENTS.contains("://"), "an index is the user's choice");
    }
}
