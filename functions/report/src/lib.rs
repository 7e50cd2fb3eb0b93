//! The report of a run over one file, for `check` and for the processor: which rows are shown as examples, and the page
//! that a person reads.

mod page;
mod samples;

pub use page::{RenderError, page};
pub use samples::Samples;
