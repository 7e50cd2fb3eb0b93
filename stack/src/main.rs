//! `stack`: the program that is the infrastructure. Standard output carries results, standard error the talk.

mod cli;
mod command;
mod sample;
mod since;
mod terminal;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
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
