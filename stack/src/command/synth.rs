//! `synth`: writes the template and the state machine's definition.

use std::path::Path;
use std::process::ExitCode;

use miette::{Context, IntoDiagnostic, Result};
use stack::pipeline;

use super::SettingsFile;
use crate::cli::{Format, Synth};
use crate::terminal;

/// Synthesises one environment.
pub fn run(verb: &Synth, settings: &SettingsFile) -> Result<ExitCode> {
    let settings = settings.read(&verb.environment.environment)?;
    let template = pipeline::template(&settings).into_diagnostic()?;
    let (text, name) = match verb.format {
        Format::Yaml => (template.to_yaml(), "template.yaml"),
        Format::Json => (template.to_json(), "template.json"),
    };
    if verb.stdout {
        terminal::print(&text)?;
        return Ok(ExitCode::SUCCESS);
    }
    let folder = verb.output.join(&settings.environment);
    std::fs::create_dir_all(&folder).into_diagnostic().wrap_err_with(|| format!("cannot make {}", folder.display()))?;
    write(&folder.join(name), &text)?;
    write(&folder.join("statemachine.asl.json"), &pipeline::definition(&settings).into_diagnostic()?)?;
    Ok(ExitCode::SUCCESS)
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).into_diagnostic().wrap_err_with(|| format!("cannot write {}", path.display()))?;
    terminal::print(&format!("{}\n", path.display()))
}
