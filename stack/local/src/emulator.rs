//! An emulator that runs as long as the program that started it.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use aws_config::SdkConfig;

use crate::client::{DEFAULT_REGION, sdk_config};
use crate::launch::{Launched, Lifetime, StartError, launch};
use crate::process::kill_group;

/// The port that local AWS emulators use by custom.
pub const DEFAULT_PORT: u16 = 4566;

/// Where and how the emulator is installed and started.
#[derive(Clone, Debug)]
pub struct Options {
    /// The folder that the emulator is installed below. Several checkouts may share one.
    pub programs: PathBuf,
    /// The folder for logs, for the emulator's home and for the record of a detached emulator.
    pub state: PathBuf,
    /// The port on 127.0.0.1. 0 takes a free one.
    pub port: u16,
    /// The AWS region that the emulator plays.
    pub region: String,
    /// Where Python is looked for, in the form of `PATH`.
    pub search_path: OsString,
    /// Whether the emulator refuses what IAM does not allow. Functions then act as their roles; the clients of this
    /// crate act as the account's root, whom nothing is refused but by a resource's own policy.
    pub enforce_iam: bool,
}

impl Options {
    /// Everything below `folder` (by custom `target/emulator`), on [`DEFAULT_PORT`], in [`DEFAULT_REGION`], with the
    /// Python on this program's `PATH`.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        Self {
            programs: folder.clone(),
            state: folder,
            port: DEFAULT_PORT,
            region: DEFAULT_REGION.to_owned(),
            search_path: std::env::var_os("PATH").unwrap_or_default(),
            enforce_iam: false,
        }
    }
}

/// A running emulator. It and the functions it started end when this is dropped, and when this program ends in any way.
#[derive(Debug)]
pub struct Emulator {
    launched: Launched,
    region: String,
}

impl Emulator {
    /// Installs the emulator unless it is there, starts it empty, and waits until it answers.
    ///
    /// # Errors
    ///
    /// It cannot be installed, its port is in use, or it ends or stays silent: see [`StartError`].
    pub async fn start(options: &Options) -> Result<Self, StartError> {
        let launched = launch(options, Lifetime::Program).await?;
        Ok(Self { launched, region: options.region.clone() })
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.launched.port
    }

    /// The endpoint of every service: `http://127.0.0.1:<port>`.
    pub fn endpoint(&self) -> String {
        endpoint(self.launched.port)
    }

    /// The settings for AWS clients of this emulator.
    pub fn sdk_config(&self) -> SdkConfig {
        sdk_config(&self.endpoint(), &self.region)
    }

    /// What the emulator and its functions print. Kept after the emulator stopped, until one starts on the same port.
    pub fn log(&self) -> &Path {
        &self.launched.place.log
    }

    /// Stops the emulator and every function it started, and returns when they are gone.
    pub async fn stop(mut self) {
        kill_group(self.launched.process);
        // An error here means that the process was collected already.
        let _ = self.launched.child.wait().await;
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        kill_group(self.launched.process);
        // What cannot be removed now is removed by the next start on this port.
        let _ = fs::remove_dir_all(&self.launched.place.folder);
    }
}

/// The endpoint of the emulator on `port`.
pub(crate) fn endpoint(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// The pipe ends as it does when this program is killed: nothing of this program runs any more to stop the emulator.
    #[tokio::test]
    async fn it_ends_with_the_program_that_started_it() {
        let state = tempfile::tempdir().unwrap();
        // The test's binary lies in `target/debug/deps`.
        let target = std::env::current_exe().unwrap().ancestors().nth(3).unwrap().join("emulator");
        let mut options = Options::in_folder(target);
        options.state = state.path().to_owned();
        options.port = 0;
        let mut emulator = Emulator::start(&options).await.unwrap();
        drop(emulator.launched.child.stdin.take());
        let ended = tokio::time::timeout(Duration::from_secs(30), emulator.launched.child.wait()).await;
        assert!(!ended.unwrap().unwrap().success());
    }
}
