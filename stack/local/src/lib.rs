//! The emulator on this machine, and running files through it.
//!
//! Local mode differs from AWS only by endpoint and credentials. So this crate does two things and no more: it keeps an
//! AWS on `127.0.0.1` ([`Emulator`] for as long as a program runs, [`up`] and [`down`] for longer), and it puts files
//! into a bucket, waits for what they start and reads what comes of it ([`upload`], [`Executions`], [`download`],
//! [`scan_keys`]). It knows no pipeline, and
//! whoever deploys a template goes through the CloudFormation API with [`sdk_config`], as on AWS.
//!
//! The emulator is ministack, a Python program without Docker: functions run as plain processes. It is installed below
//! the build's own folder, at one pinned version, every file checked against a hash. Neither it nor a function can reach
//! a real account: both start with an emptied environment, invented credentials and a home folder of their own.

mod client;
mod daemon;
mod emulator;
mod execution;
mod install;
mod launch;
mod object;
mod process;
mod python;
mod scan;
mod upload;

pub use client::{Clients, DEFAULT_REGION, sdk_config};
pub use daemon::{Daemon, DaemonError, down, running, up};
pub use emulator::{DEFAULT_PORT, Emulator, Options};
pub use execution::{Execution, ExecutionError, ExecutionEvent, Executions, Object};
pub use install::{InstallError, VERSION, install, is_installed};
pub use launch::StartError;
pub use object::{ObjectError, download, is_replaced, list, read};
pub use python::PythonError;
pub use scan::{ItemKey, ScanError, scan_keys};
pub use upload::{UploadError, Uploaded, upload};
