//! Starting the emulator's process and waiting until it answers.

use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

use crate::emulator::Options;
use crate::install::{InstallError, install, last_lines};
use crate::process::kill_group;

/// How long the emulator may take to answer. It takes a third of a second on an idle machine.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// How often it is asked.
const POLL: Duration = Duration::from_millis(50);

/// How long one answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// How often another free port is tried where the one that was found is taken in between.
const FREE_PORT_ATTEMPTS: usize = 5;

/// The emulator did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// It could not be installed.
    #[error(transparent)]
    Install(#[from] InstallError),
    /// Something listens on the port already.
    #[error(
        "port {port} on 127.0.0.1 is in use; take a free one with `--port 0`, or stop what listens there (`local down` stops an emulator that `local up` started)"
    )]
    PortInUse {
        /// The port.
        port: u16,
    },
    /// The port cannot be listened on for another reason.
    #[error("cannot listen on 127.0.0.1:{port}: {source}; take a free port with `--port 0`")]
    Port {
        /// The port.
        port: u16,
        /// Why not.
        source: io::Error,
    },
    /// Its folder or log could not be written.
    #[error("cannot write {path}: {source}; make the folder writable and run this again")]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Its process could not be started.
    #[error("cannot start {program}: {source}; remove its folder to have it installed again")]
    Spawn {
        /// The Python that runs it.
        program: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It ended before it answered.
    #[error("the local emulator ended while starting ({status}); its log, {log}, ends:\n{output}")]
    Ended {
        /// How it ended.
        status: String,
        /// The log.
        log: PathBuf,
        /// The log's end.
        output: String,
    },
    /// It did not answer in time.
    #[error("the local emulator did not answer within {seconds} seconds; its log, {log}, ends:\n{output}")]
    Silent {
        /// How long it was given, seconds.
        seconds: u64,
        /// The log.
        log: PathBuf,
        /// The log's end.
        output: String,
    },
    /// The program that starts it is ending.
    #[error("the program is ending; run it again to start the local emulator")]
    Interrupted,
}

/// How long the emulator runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lifetime {
    /// As long as the program that starts it, however that one ends.
    Program,
    /// Until it is stopped.
    Detached,
}

/// A running, answering emulator.
#[derive(Debug)]
pub(crate) struct Launched {
    pub(crate) child: Child,
    pub(crate) process: u32,
    pub(crate) port: u16,
    pub(crate) place: Place,
}

/// Where one emulator keeps its files.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// Home and temporary folder of the emulator and its functions, emptied at every start.
    pub(crate) folder: PathBuf,
    /// What the emulator and its functions print.
    pub(crate) log: PathBuf,
}

/// Installs the emulator where needed, starts it and waits until it answers.
pub(crate) async fn launch(options: &Options, lifetime: Lifetime) -> Result<Launched, StartError> {
    if options.port != 0 {
        check_free(options.port)?;
    }
    let installed = options.clone();
    let python =
        tokio::task::spawn_blocking(move || install(&installed)).await.map_err(|_| StartError::Interrupted)??;
    let mut attempt = 1;
    loop {
        let port = if options.port == 0 { free_port()? } else { options.port };
        match start(&python, options, port, lifetime).await {
            Err(StartError::Ended { .. }) if options.port == 0 && attempt < FREE_PORT_ATTEMPTS && !is_free(port) => {
                attempt += 1;
            }
            result => return result,
        }
    }
}

async fn start(python: &Path, options: &Options, port: u16, lifetime: Lifetime) -> Result<Launched, StartError> {
    let place = make_place(options, port)?;
    let output = File::create(&place.log).map_err(|source| StartError::Write { path: place.log.clone(), source })?;
    let mut command = command(python, options, port, lifetime, &place);
    let spawned = output.try_clone().and_then(|copy| command.stdout(copy).stderr(output).spawn());
    let mut child = spawned.map_err(|source| StartError::Spawn { program: python.to_owned(), source })?;
    let process = child.id().ok_or(StartError::Interrupted)?;
    match wait_until_ready(&mut child, port, &place.log).await {
        Ok(()) => Ok(Launched { child, process, port, place }),
        Err(error) => {
            kill_group(process);
            Err(error)
        }
    }
}

/// The emulator's command, with nothing of this program's environment: functions inherit it, and must not find a real
/// account's credentials, a proxy or a profile there.
fn command(python: &Path, options: &Options, port: u16, lifetime: Lifetime, place: &Place) -> Command {
    let mut command = Command::new(python);
    match lifetime {
        Lifetime::Program => command.args(["-c", include_str!("follow.py")]).stdin(Stdio::piped()).kill_on_drop(true),
        Lifetime::Detached => command.args(["-m", "ministack"]).stdin(Stdio::null()),
    };
    let port = port.to_string();
    command
        .current_dir(&place.folder)
        .process_group(0)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("HOME", &place.folder)
        .env("TMPDIR", &place.folder)
        .env("LANG", "C.UTF-8")
        .env("PYTHONUNBUFFERED", "1")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_REGION", &options.region)
        .env("AWS_DEFAULT_REGION", &options.region)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}"))
        .env("MINISTACK_REGION", &options.region)
        .env("MINISTACK_HOST", "127.0.0.1")
        .env("BIND_HOST", "127.0.0.1")
        .env("GATEWAY_PORT", &port)
        .env("EDGE_PORT", &port)
        .env("LAMBDA_EXECUTOR", "local")
        .env("AUTH", options.enforce_iam.to_string())
        // Kept in memory alone; these name folders for the few services that write files all the same.
        .env("STATE_DIR", place.folder.join("state"))
        .env("S3_DATA_DIR", place.folder.join("s3"));
    command
}

fn make_place(options: &Options, port: u16) -> Result<Place, StartError> {
    let place = Place { folder: options.state.join(port.to_string()), log: options.state.join(format!("{port}.log")) };
    let failed = |source| StartError::Write { path: place.folder.clone(), source };
    match fs::remove_dir_all(&place.folder) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => return Err(failed(source)),
        _ => fs::create_dir_all(&place.folder).map_err(failed)?,
    }
    Ok(place)
}

async fn wait_until_ready(child: &mut Child, port: u16, log: &Path) -> Result<(), StartError> {
    let deadline = Instant::now() + READY_WITHIN;
    loop {
        // The process comes first: another one may answer on a port that was taken in between.
        if let Ok(Some(status)) = child.try_wait() {
            return Err(StartError::Ended { status: status.to_string(), log: log.to_owned(), output: tail(log) });
        }
        if is_healthy(port).await {
            return Ok(());
        }
        if Instant::now() >= deadline {
            let seconds = READY_WITHIN.as_secs();
            return Err(StartError::Silent { seconds, log: log.to_owned(), output: tail(log) });
        }
        sleep(POLL).await;
    }
}

fn tail(log: &Path) -> String {
    last_lines(&String::from_utf8_lossy(&fs::read(log).unwrap_or_default()))
}

/// Whether an emulator answers on `port`. Plain HTTP over a socket, so that no proxy setting comes between.
pub(crate) async fn is_healthy(port: u16) -> bool {
    let ask = async {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
        stream.write_all(b"GET /_localstack/health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n").await?;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await?;
        io::Result::Ok(answer)
    };
    matches!(timeout(ANSWER_WITHIN, ask).await, Ok(Ok(answer)) if answer.ends_with(b" 200"))
}

fn listen(port: u16) -> Result<TcpListener, StartError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => StartError::PortInUse { port },
        _ => StartError::Port { port, source },
    })
}

pub(crate) fn check_free(port: u16) -> Result<(), StartError> {
    listen(port).map(drop)
}

fn is_free(port: u16) -> bool {
    check_free(port).is_ok()
}

fn free_port() -> Result<u16, StartError> {
    let address = listen(0)?.local_addr().map_err(|source| StartError::Port { port: 0, source })?;
    Ok(address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_told_from_a_free_one() {
        let listener = listen(0).unwrap();
        let port = listener.local_addr().unwrap().port();
        let error = check_free(port).unwrap_err();
        assert!(matches!(error, StartError::PortInUse { port: named } if named == port), "{error}");
        assert!(error.to_string().contains("`--port 0`"));
        drop(listener);
        assert!(is_free(port));
    }

    #[tokio::test]
    async fn a_silent_port_is_not_healthy() {
        let listener = listen(0).unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        assert!(!is_healthy(port).await);
    }
}
