//! The processor against a local server that can misbehave.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something unexpected happens")]

mod oracle;
mod parts;
mod process;
mod state_machine;
mod support;
