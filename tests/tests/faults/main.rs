//! The processor's real binary while the services misbehave: a proxy stands between it and the emulator, and does to each
//! request what a test says. Whatever happens, the table holds what it would hold without, and the counts are true.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod checkpoints;
mod connections;
mod credentials;
mod downloads;
mod failures;
mod file;
mod function;
mod http;
mod kills;
mod machine;
mod proxy;
mod ranges;
mod schedules;
mod throttling;
mod world;
