//! `stack`: the program that is the infrastructure. Standard output carries results, standard error the talk.

mod cli;
mod command;
mod sample;
mod since;
mod terminal;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    match terminal::set_up().and_then(|()| command::run(cli)) {
        Ok(code) => code,
        // Whoever reads our output has enough: `stack synth --stdout | head`.
        Err(error) if terminal::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:?}");
            error.downcast_ref::<command::Left>().map_or(ExitCode::FAILURE, |left| ExitCode::from(left.exit_code()))
        }
    }
}

/// Prints help, or what is wrong with the command line. That is an error like every other: clap's own exit code, 2, would
/// tell a script that something changes.
fn refuse(error: &clap::Error) -> ExitCode {
    // Whoever does not read our output misses nothing.
    let _ = error.print();
    if error.use_stderr() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
