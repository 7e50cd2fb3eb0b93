//! `outputs`: what the deployed stack gives.

use std::collections::BTreeMap;
use std::process::ExitCode;

use miette::{IntoDiagnostic, Result, miette};

use super::{SettingsFile, deploy};
use crate::cli::Outputs;
use crate::terminal::{self, Table};

/// Prints the outputs of one environment's stack.
pub async fn run(verb: &Outputs, settings: &SettingsFile) -> Result<ExitCode> {
    let name = settings.read(&verb.environment.environment)?.stack_name();
    let outputs = deploy::connect(&verb.target).await?.outputs(&name).await.into_diagnostic()?;
    if verb.json {
        terminal::print_json(&outputs)?;
    } else if let Some(wanted) = &verb.raw {
        let known = || outputs.keys().cloned().collect::<Vec<_>>().join(", ");
        let value = outputs.get(wanted).ok_or_else(|| miette!("{name} has no output {wanted}; it has {}", known()))?;
        terminal::print(&format!("{value}\n"))?;
    } else if verb.env {
        let line = |(name, value): (&String, &String)| format!("export {}={}\n", variable(name), quoted(value));
        terminal::print(&outputs.iter().map(line).collect::<String>())?;
    } else {
        terminal::print(&table(&outputs).to_string())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The outputs as a table.
pub fn table(outputs: &BTreeMap<String, String>) -> Table {
    let mut table = Table::new();
    for (name, value) in outputs {
        table.add([name, value]);
    }
    table
}

/// An output's name as that of an environment variable: `QueueURLName` is `QUEUE_URL_NAME`.
fn variable(output: &str) -> String {
    let mut variable = String::new();
    let mut characters = output.chars().peekable();
    let mut before = '_';
    while let Some(character) = characters.next() {
        let ends_capitals = before.is_uppercase() && characters.peek().is_some_and(|next| next.is_lowercase());
        if character.is_uppercase() && (before.is_lowercase() || before.is_numeric() || ends_capitals) {
            variable.push('_');
        }
        variable.push(character.to_ascii_uppercase());
        before = character;
    }
    variable
}

/// A value as a shell, and a reader of dotenv files, takes it for one word.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_becomes_a_variable() {
        let names = ["TableName", "IngestBucket", "QueueURLName", "Arn", "Sha256Hash"].map(variable);
        assert_eq!(names, ["TABLE_NAME", "INGEST_BUCKET", "QUEUE_URL_NAME", "ARN", "SHA256_HASH"]);
    }

    #[test]
    fn a_value_is_one_word_to_a_shell() {
        let awkward = "it's $HOME `x` \"y\" \\";
        let script = format!("printf %s {}", quoted(awkward));
        let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), awkward);
    }
}
