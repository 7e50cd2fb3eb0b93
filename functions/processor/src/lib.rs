//! The processor: one object of S3 in, items of DynamoDB and quarantined lines out.
//!
//! [`Processor::perform`] does what the state machine asks for, a step at a time: a whole file, what is left of one, or a
//! range of one that many invocations read. Where rows are written, it runs four stages side by side, joined by bounded
//! channels, so that a stage that is behind holds up the ones before it and memory does not grow with the file:
//!
//! ```text
//! object (S3) ─ chunks ─▶ reader (a thread: it computes) ─ batches ─▶ table (DynamoDB, many batches in flight)
//!                            └───────── lines ─────────▶ quarantine (S3) ◀── lines the table refuses ──┘
//! ```
//!
//! What a row means is not decided here but by the record contract, in `activity`.

mod backoff;
mod batch;
mod batch_write;
mod error;
mod metrics;
mod multipart;
mod object;
mod pace;
mod place;
mod processor;
mod quarantine;
mod reader;
mod refused;
mod run_report;
mod signature;
mod spill;
mod split;
mod step;
mod table;

pub use backoff::Backoff;
pub use error::Error;
pub use metrics::embedded_metrics;
pub use processor::{Processor, read_contract};
pub use step::Answer;
