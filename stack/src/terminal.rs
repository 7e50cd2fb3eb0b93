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

/// A table for people: no lines, no colours, no white space at the ends, so that it survives being pasted into a ticket.
/// Its first column is text; with a head, the others are figures. Each line ends in a line feed.
pub struct Table(comfy_table::Table);

impl Table {
    /// A table without a head.
    pub fn new() -> Self {
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::presets::NOTHING);
        Self(table)
    }

    /// A table with a head.
    pub fn with_head(head: &[&str]) -> Self {
        let Self(mut table) = Self::new();
        table.set_header(head.to_vec());
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(comfy_table::CellAlignment::Right);
        }
        Self(table)
    }

    /// Adds a row.
    pub fn add(&mut self, row: impl IntoIterator<Item = impl ToString>) {
        self.0.add_row(row.into_iter().map(|cell| cell.to_string()));
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = self.0.to_string();
        text.lines().try_for_each(|line| writeln!(formatter, "{}", line.strip_prefix(' ').unwrap_or(line).trim_end()))
    }
}
