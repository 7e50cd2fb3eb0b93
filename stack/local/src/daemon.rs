//! An emulator that outlives the program that started it: `local up` and `local down`.
//!
//! A file records what was started. It is never believed alone: a machine that was switched off leaves it behind, and
//! its process id may be another program's by now.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};

use crate::emulator::{Options, endpoint};
use crate::launch::{Lifetime, StartError, launch};
use crate::process::{command_line, kill_group};

/// How long a killed process may take to go.
const GONE_WITHIN: Duration = Duration::from_secs(10);

/// How often it is looked for.
const POLL: Duration = Duration::from_millis(20);

/// A detached emulator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Daemon {
    /// The process.
    pub process: u32,
    /// The port on 127.0.0.1.
    pub port: u16,
    /// The endpoint of every service.
    pub endpoint: String,
    /// The AWS region that it plays.
    pub region: String,
    /// What the emulator and its functions print.
    pub log: PathBuf,
    /// Home and temporary folder of the emulator and its functions.
    pub folder: PathBuf,
}

impl Daemon {
    /// Whether the recorded process still is an emulator, and not another program that was given its id.
    fn is_running(&self) -> bool {
        command_line(self.process).is_some_and(|line| line.contains("-m ministack"))
    }
}

/// The detached emulator could not be started, found or stopped.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// It did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// One runs already, elsewhere than asked.
    #[error("an emulator runs already at {endpoint}, in {region}; use it, or stop it first with `local down`")]
    RunsElsewhere {
        /// Its endpoint.
        endpoint: String,
        /// Its region.
        region: String,
    },
    /// The record could not be read or written.
    #[error("cannot use {path}: {source}; make it readable and writable and run this again")]
    Record {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It was killed and is still there.
    #[error("the emulator (process {process}) did not end; end it by hand with `kill -9 {process}`")]
    Unstoppable {
        /// The process.
        process: u32,
    },
}

/// Starts a detached emulator and waits until it answers. One that runs already at the same place is returned as it is.
///
/// # Errors
///
/// As [`Emulator::start`](crate::Emulator::start), and when one runs already on another port or in another region.
pub async fn up(options: &Options) -> Result<Daemon, DaemonError> {
    let record = record(options);
    let _lock = lock(options, &record)?;
    if let Some(daemon) = running(options)? {
        let same = (options.port == 0 || options.port == daemon.port) && options.region == daemon.region;
        return if same {
            Ok(daemon)
        } else {
            Err(DaemonError::RunsElsewhere { endpoint: daemon.endpoint, region: daemon.region })
        };
    }
    let launched = launch(options, Lifetime::Detached).await?;
    let daemon = Daemon {
        process: launched.process,
        port: launched.port,
        endpoint: endpoint(launched.port),
        region: options.region.clone(),
        log: launched.place.log,
        folder: launched.place.folder,
    };
    if let Err(error) = write(&record, &daemon) {
        kill_group(daemon.process);
        return Err(error);
    }
    Ok(daemon)
}

/// The detached emulator, where one runs.
///
/// # Errors
///
/// The record cannot be read.
pub fn running(options: &Options) -> Result<Option<Daemon>, DaemonError> {
    let path = record(options);
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(DaemonError::Record { path, source }),
    };
    // A record that does not parse is another version's, or was cut short: nothing that could be stopped by it.
    Ok(serde_json::from_slice(&text).ok().filter(Daemon::is_running))
}

/// Stops the detached emulator with the functions it started, and returns what it was, or none where none ran.
///
/// # Errors
///
/// The record cannot be used, or the process does not end.
pub async fn down(options: &Options) -> Result<Option<Daemon>, DaemonError> {
    let Some(daemon) = running(options)? else {
        remove(&record(options))?;
        return Ok(None);
    };
    kill_group(daemon.process);
    let deadline = Instant::now() + GONE_WITHIN;
    while daemon.is_running() {
        if Instant::now() >= deadline {
            return Err(DaemonError::Unstoppable { process: daemon.process });
        }
        sleep(POLL).await;
    }
    // What cannot be removed now is removed by the next start on this port.
    let _ = fs::remove_dir_all(&daemon.folder);
    remove(&record(options))?;
    Ok(Some(daemon))
}

fn record(options: &Options) -> PathBuf {
    options.state.join("daemon.json")
}

/// Holds off another `up` until the returned file is dropped.
fn lock(options: &Options, record: &Path) -> Result<File, DaemonError> {
    let path = record.with_extension("lock");
    let failed = |source| DaemonError::Record { path: path.clone(), source };
    fs::create_dir_all(&options.state).map_err(failed)?;
    let file = File::create(&path).map_err(failed)?;
    file.lock().map_err(failed)?;
    Ok(file)
}

fn write(path: &Path, daemon: &Daemon) -> Result<(), DaemonError> {
    serde_json::to_vec_pretty(daemon)
        .map_err(io::Error::other)
        .and_then(|text| fs::write(path, text))
        .map_err(|source| DaemonError::Record { path: path.to_owned(), source })
}

fn remove(path: &Path) -> Result<(), DaemonError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(DaemonError::Record { path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `running` makes of a record.
    fn check(text: &str) -> Option<Daemon> {
        let folder = tempfile::tempdir().unwrap();
        let options = Options::in_folder(folder.path());
        fs::write(record(&options), text).unwrap();
        running(&options).unwrap()
    }

    #[test]
    fn a_record_of_another_program_is_not_believed() {
        let daemon = Daemon {
            // This test: alive, and not an emulator.
            process: std::process::id(),
            port: 4566,
            endpoint: endpoint(4566),
            region: "us-east-1".into(),
            log: "4566.log".into(),
            folder: "4566".into(),
        };
        assert_eq!(check(&serde_json::to_string(&daemon).unwrap()), None);
    }

    #[test]
    fn a_broken_record_is_not_believed() {
        assert_eq!(check("{\"process\": 1"), None);
        assert_eq!(check(""), None);
    }

    #[tokio::test]
    async fn stopping_nothing_is_no_error() {
        let folder = tempfile::tempdir().unwrap();
        let options = Options::in_folder(folder.path());
        assert_eq!(down(&options).await.unwrap(), None);
        fs::write(record(&options), "left behind").unwrap();
        assert_eq!(down(&options).await.unwrap(), None);
        assert!(!record(&options).exists());
    }
}
