//! The verbs, one file each, and what several of them need.

mod assets;
mod bootstrap;
mod check;
mod contract;
mod cost;
mod deploy;
mod destroy;
mod diff;
mod drift;
mod events;
mod follow;
mod import;
mod local;
mod logs;
mod outputs;
mod package;
mod plan;
mod policy;
mod quarantine;
mod recover;
mod replay;
mod statemachine;
mod status;
mod synth;
mod upload;
mod validate;
mod watch;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use miette::{Context, IntoDiagnostic, Result};
use stack::pipeline::Settings;

use crate::cli::{Cli, Local, Verb};

pub use self::follow::Left;

/// Does what the command line says.
pub fn run(cli: Cli) -> Result<ExitCode> {
    let settings = SettingsFile(cli.settings);
    match cli.verb {
        Verb::Synth(verb) => synth::run(&verb, &settings),
        Verb::Validate(verb) => validate::run(&verb, &settings),
        Verb::Statemachine(verb) => statemachine::run(&verb, &settings),
        Verb::Policy(verb) => policy::run(&verb, &settings),
        Verb::Cost(verb) => cost::run(&verb, &settings),
        Verb::Package(verb) => package::run(&verb, &settings),
        Verb::Check(verb) => check::run(&verb),
        Verb::Contract(verb) => contract::run(&verb),
        Verb::Upload(verb) => block_on(upload::run(&verb, &settings)),
        Verb::Quarantine(verb) => block_on(quarantine::run(&verb, &settings)),
        Verb::Replay(verb) => block_on(replay::run(&verb, &settings)),
        Verb::Bootstrap(verb) => block_on(bootstrap::run(&verb)),
        Verb::Diff(verb) => block_on(diff::run(&verb, &settings)),
        Verb::Plan(verb) => block_on(plan::run(&verb, &settings)),
        Verb::Deploy(verb) => block_on(deploy::run(&verb, &settings)),
        Verb::Import(verb) => block_on(import::run(&verb, &settings)),
        Verb::Watch(verb) => block_on(watch::run(&verb, &settings)),
        Verb::Drift(verb) => block_on(drift::run(&verb, &settings)),
        Verb::Status(verb) => block_on(status::run(&verb, &settings)),
        Verb::Events(verb) => block_on(events::run(&verb, &settings)),
        Verb::Recover(verb) => block_on(recover::run(&verb, &settings)),
        Verb::Destroy(verb) => block_on(destroy::run(&verb, &settings)),
        Verb::Outputs(verb) => block_on(outputs::run(&verb, &settings)),
        Verb::Logs(verb) => block_on(logs::run(&verb, &settings)),
        Verb::Local(Local::Up(verb)) => block_on(local::up(&verb, &settings)),
        Verb::Local(Local::Run(verb)) => block_on(local::run(&verb, &settings)),
        Verb::Local(Local::Down) => block_on(local::down()),
    }
}

fn block_on(verb: impl Future<Output = Result<ExitCode>>) -> Result<ExitCode> {
    tokio::runtime::Runtime::new().into_diagnostic()?.block_on(verb)
}

/// The settings file that the command line names, or the one that the program carries.
pub struct SettingsFile(Option<PathBuf>);

impl SettingsFile {
    /// The settings of an environment.
    pub fn read(&self, environment: &str) -> Result<Settings> {
        match &self.0 {
            None => Settings::carried(environment).into_diagnostic(),
            Some(path) => Settings::from_yaml(&read_text(path)?, environment).into_diagnostic(),
        }
    }

    /// The names of all environments.
    pub fn environments(&self) -> Result<Vec<String>> {
        let text = self.0.as_deref().map(read_text).transpose()?;
        Settings::environments(text.as_deref()).into_diagnostic()
    }
}

/// Reads a file that the command line names.
pub fn read_text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).into_diagnostic().wrap_err_with(|| unreadable(path))
}

/// What to say where a file that the command line names cannot be read.
fn unreadable(path: &Path) -> String {
    format!("cannot read {}; check the path", path.display())
}
