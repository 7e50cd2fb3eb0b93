//! Tables for people.

use std::fmt;

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

    /// A table with a head, of texts only.
    pub fn with_text(head: &[&str]) -> Self {
        let Self(mut table) = Self::new();
        table.set_header(head.to_vec());
        Self(table)
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a row.
    pub fn add(&mut self, row: impl IntoIterator<Item = impl ToString>) {
        self.0.add_row(row.into_iter().map(|cell| cell.to_string()));
    }
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        text.lines().try_for_each(|line| writeln!(formatter, "{}", line.strip_prefix(' ').unwrap_or(line).trim_end()))
    }
}
