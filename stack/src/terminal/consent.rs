//! Consent: nothing is changed in an account before somebody said so.

use std::io::{self, BufRead, IsTerminal, Write};

use miette::{IntoDiagnostic, Result, miette};

/// Whether to go on: what `yes` says, or what is answered to `question`. No answer is a no.
///
/// # Errors
///
/// There is no terminal to ask on, and no `--yes`.
pub fn consent(question: &str, yes: bool) -> Result<bool> {
    if yes {
        return Ok(true);
    }
    if !io::stdin().is_terminal() {
        return Err(miette!("there is no terminal to ask on: {question} Give --yes to go on"));
    }
    eprint!("{question} [y/N] ");
    io::stderr().flush().into_diagnostic()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).into_diagnostic()?;
    Ok(["y", "yes"].contains(&answer.trim().to_ascii_lowercase().as_str()))
}
