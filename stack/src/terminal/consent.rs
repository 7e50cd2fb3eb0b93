//! Consent: nothing is changed in an account before somebody said so.

use std::io::{self, BufRead, IsTerminal, Write};

use miette::{IntoDiagnostic, Result, miette};

/// Whether to go on: what `yes` says, or what is answered after `consequence`, a sentence that says what will be done.
/// No answer is a no.
///
/// # Errors
///
/// There is no terminal to ask on, and no `--yes`.
pub fn consent(consequence: &str, yes: bool) -> Result<bool> {
    if yes {
        return Ok(true);
    }
    if !can_ask() {
        return Err(miette!(help = "give --yes to go on", "{consequence} There is no terminal to ask on"));
    }
    eprint!("{consequence} Go on? [y/N] ");
    io::stderr().flush().into_diagnostic()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).into_diagnostic()?;
    Ok(["y", "yes"].contains(&answer.trim().to_ascii_lowercase().as_str()))
}

/// Whether somebody can be asked.
pub fn can_ask() -> bool {
    io::stdin().is_terminal()
}
