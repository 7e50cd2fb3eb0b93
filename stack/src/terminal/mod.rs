//! Writing to the person or the program at the other end.

mod consent;
pub mod cost;
pub mod diff;
mod table;

use std::io::{self, Write};

use console::Term;
use miette::{IntoDiagnostic, MietteHandlerOpts, Result};

pub use self::consent::{ask, can_ask, consent};
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

/// Whether standard error is a terminal whose lines can be drawn anew.
pub fn is_live() -> bool {
    Term::stderr().features().is_attended() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Makes output fit who reads it. Errors are shown on a terminal in its width and with its signs, elsewhere in whole
/// lines of plain text, so that they can be searched. `NO_COLOR` has the last word on colours.
/// <https://no-color.org>
pub fn set_up() -> Result<()> {
    let colourless = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if colourless {
        // The crate lets CLICOLOR_FORCE win.
        console::set_colors_enabled(false);
        console::set_colors_enabled_stderr(false);
    }
    miette::set_hook(Box::new(move |_| {
        let options = MietteHandlerOpts::new().break_words(false);
        let options = if colourless { options.color(false) } else { options };
        let attended = Term::stderr().features().is_attended();
        let options = if attended { options } else { options.color(false).unicode(false).wrap_lines(false) };
        Box::new(options.build())
    }))
    .into_diagnostic()
}

/// Whether the error is that nobody reads our output any more.
pub fn is_broken_pipe(error: &miette::Report) -> bool {
    error
        .chain()
        .any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe))
}
