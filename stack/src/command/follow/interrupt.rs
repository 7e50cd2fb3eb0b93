//! Ctrl-C, and a machine that asks the program to end, while an operation is watched. CloudFormation goes on by itself:
//! ending the watch stops nothing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use deployment::{Connection, DeploymentError};
use miette::{Diagnostic, IntoDiagnostic, Result};
use serde::Serialize;
use signal_hook::consts::{SIGINT, SIGTERM};
use thiserror::Error;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::terminal;

/// What a program that a signal ended exits with is this and the signal's number.
const ENDED_BY_SIGNAL: u8 = 128;

/// A watch was ended before the operation.
#[derive(Debug, Diagnostic, Error, Serialize)]
#[error("the watch was ended; what CloudFormation has begun goes on")]
#[diagnostic(help("`stack status --watch` waits for its end, and `stack events --follow` shows it"))]
pub struct Left {
    /// The signal's number.
    signal: i32,
}

impl Left {
    /// What the program ends with: 130 after Ctrl-C, 143 after SIGTERM.
    pub fn exit_code(&self) -> u8 {
        u8::try_from(self.signal).map_or(ENDED_BY_SIGNAL, |signal| ENDED_BY_SIGNAL + signal)
    }
}

/// The signals that would end the program, while an operation is watched.
pub struct Interrupts {
    interrupt: Signal,
    terminate: Signal,
    /// How many have come.
    count: usize,
}

impl Interrupts {
    /// From now on signals are taken. Dropping this gives them back to the system, which ends the program.
    pub fn take() -> Result<Self> {
        unwatched().store(false, Ordering::Relaxed);
        let interrupt = signal(SignalKind::interrupt()).into_diagnostic()?;
        Ok(Self { interrupt, terminate: signal(SignalKind::terminate()).into_diagnostic()?, count: 0 })
    }

    /// The next signal's number.
    pub async fn next(&mut self) -> i32 {
        let signal = tokio::select! {
            _ = self.interrupt.recv() => SIGINT,
            _ = self.terminate.recv() => SIGTERM,
        };
        self.count += 1;
        signal
    }

    /// Deals with `signal`: the first Ctrl-C asks whether to cancel, where somebody can be asked. `stack` is the stack on
    /// which this program began the operation; none where it only looks on.
    ///
    /// # Errors
    ///
    /// The watch is to end.
    pub async fn answer(&mut self, signal: i32, stack: Option<&(Connection, String)>) -> Result<(), Left> {
        let Some((connection, name)) = stack.filter(|_| is_asked(signal, self.count, terminal::can_ask())) else {
            return Err(Left { signal });
        };
        tokio::select! {
            biased;
            signal = self.next() => Err(Left { signal }),
            () = offer_to_cancel(connection, name) => Ok(()),
        }
    }
}

impl Drop for Interrupts {
    fn drop(&mut self) {
        unwatched().store(true, Ordering::Relaxed);
    }
}

/// Whether nobody watches an operation: then a signal does what it always does. Tokio never gives back what it has once
/// taken, and Ctrl-C at the next question would be lost.
fn unwatched() -> &'static AtomicBool {
    static UNWATCHED: OnceLock<Arc<AtomicBool>> = OnceLock::new();
    UNWATCHED.get_or_init(|| {
        let unwatched = Arc::new(AtomicBool::new(true));
        for signal in [SIGINT, SIGTERM] {
            // Refused only for signals that nobody can take.
            let _ = signal_hook::flag::register_conditional_default(signal, Arc::clone(&unwatched));
        }
        unwatched
    })
}

/// Whether a signal, the `count`th, leads to a question. Whoever presses Ctrl-C twice wants to be gone, and a machine
/// that shuts down does not wait for an answer.
fn is_asked(signal: i32, count: usize, can_ask: bool) -> bool {
    signal == SIGINT && count == 1 && can_ask
}

/// Cancels what is under way on the stack, after asking; says so where it cannot be cancelled.
async fn offer_to_cancel(connection: &Connection, name: &str) {
    let error = match connection.stack(name).await {
        Ok(Some(stack)) if stack.can_be_cancelled() => {
            let question = format!("Cancel the update of the stack {name}, and roll back what it did?");
            if !terminal::ask(&format!("\n{question} Ctrl-C leaves it running. [y/N] ")).await {
                return;
            }
            match connection.cancel_update(name).await {
                Ok(()) => return eprintln!("cancelled: the stack {name} is rolled back"),
                Err(error) => error,
            }
        }
        Ok(Some(stack)) => DeploymentError::CannotCancel { stack: stack.name, status: stack.status },
        Ok(None) => return,
        Err(error) => error,
    };
    eprintln!("\n{error}; Ctrl-C again leaves it running");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_ctrl_c_asks_where_somebody_can_be_asked() {
        assert!(is_asked(SIGINT, 1, true));
        assert!(!is_asked(SIGINT, 2, true), "the second leaves");
        assert!(!is_asked(SIGINT, 1, false), "there is nobody to ask");
        assert!(!is_asked(SIGTERM, 1, true), "a machine does not wait");
    }

    #[test]
    fn the_program_ends_as_if_the_signal_had_ended_it() {
        assert_eq!([SIGINT, SIGTERM].map(|signal| Left { signal }.exit_code()), [130, 143]);
    }
}
