//! The engine against scripted answers: what an emulator cannot be made to say.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helpers fail as its assertions do")]

mod apply;
mod assets;
mod attach;
mod connection;
mod delete;
mod drift;
mod guard;
mod import;
mod logs;
mod plan;
mod purge;
mod recover;
mod refactor;
mod removal;
mod revert;
mod scripted;
mod state;
mod watch;
