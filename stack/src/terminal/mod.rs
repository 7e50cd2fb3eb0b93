//! Writing to the person or the program at the other end.

mod consent;
pub mod diff;
mod table;

use std::io::{self, Write};

use miette::{IntoDiagnostic, Result};

pub use self::consent::consent;
pub use self::table::Table;

/// Writes `text` to standard output. Unlike `print!`, a closed pipe is an error and not a panic.
pub fn print(text: &str) -> Result<()> {
    let mut output = io::stdout().lock();
    output.write_all(text.as_bytes()).and_then(|()| output.flush()).into_diagnostic()
}

/// Writes `value` to standard output as one line of JSON.
pub fn print_json(value: &impl serde::Serialize) -> Result<()> {
    print(&format!("{}\n", serde_json::to_string(value).into_diagnostic()?))
}

/// Whether the error is that nobody reads our output any more.
pub fn is_broken_pipe(error: &miette::Report) -> bool {
    error
        .chain()
        .any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe))
}
