//! Consent: nothing is changed in an account before somebody said so.

use std::io::{self, BufRead, IsTerminal, Write};

use miette::{IntoDiagnostic, Result, miette};
use tokio::sync::oneshot;

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
    is_yes(&format!("{consequence} Go on? [y/N] ")).into_diagnostic()
}

/// Asks `question` while other work goes on. No answer is a no.
pub async fn ask(question: &str) -> bool {
    let (question, (sender, answer)) = (question.to_owned(), oneshot::channel());
    // A thread of its own, for nothing interrupts a read: where nobody waits for the answer any more, the program can
    // still end.
    std::thread::spawn(move || sender.send(is_yes(&question).unwrap_or_default()));
    answer.await.unwrap_or_default()
}

fn is_yes(question: &str) -> io::Result<bool> {
    eprint!("{question}");
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(["y", "yes"].contains(&answer.trim().to_ascii_lowercase().as_str()))
}

/// Whether somebody can be asked.
pub fn can_ask() -> bool {
    io::stdin().is_terminal()
}
