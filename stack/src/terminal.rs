//! Writing to the person or the program at the other end.

use std::io::{self, Write};

use miette::{IntoDiagnostic, Result};

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

/// A table for people, in the plain style that survives being pasted into a ticket.
pub fn table(head: &[&str]) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_header(head.to_vec());
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(comfy_table::CellAlignment::Right);
    }
    table
}
