//! `package`: builds the functions into archives.

use std::path::Path;
use std::process::ExitCode;

use activity::{ContractError, RecordContract};
use contract::RECORD_CONTRACT_FILE;
use indicatif::{ProgressBar, ProgressStyle};
use miette::{Context, IntoDiagnostic, Result};
use serde_json::json;
use stack::pipeline::{Architecture, Settings};

use super::{SettingsFile, read_text};
use crate::cli::{self, Package, Packaging};
use crate::terminal::{self, Table};

/// The record contract that the processor's package has where no other is given.
const RECORD_CONTRACT: &str = include_str!("../../../functions/processor/contract.yaml");

/// The cargo packages of the functions.
pub const FUNCTIONS: [&str; 2] = ["orchestrator", "processor"];

/// The two functions' packages.
pub struct Packages {
    /// The orchestrator's.
    pub orchestrator: packaging::Package,
    /// The processor's.
    pub processor: packaging::Package,
}

/// Builds and prints what was built.
pub fn run(verb: &Package, settings: &SettingsFile) -> Result<ExitCode> {
    let mut settings = settings.read(&verb.environment.environment)?;
    if let Some(architecture) = verb.architecture {
        settings.architecture = match architecture {
            cli::Architecture::X86_64 => Architecture::X86_64,
            cli::Architecture::Arm64 => Architecture::Arm64,
        };
    }
    let Packages { orchestrator, processor } = build(&verb.packaging, &settings)?;
    if verb.json {
        let describe = |package: &packaging::Package| json!({ "function": package.function, "path": package.path, "sha256": package.sha256, "size_bytes": package.size_bytes });
        terminal::print_json(&json!({ "packages": [describe(&orchestrator), describe(&processor)] }))?;
    } else {
        let mut table = Table::with_head(&["function", "MB", "archive"]);
        for package in [orchestrator, processor] {
            let megabytes = format!("{:.1}", package.size_bytes as f64 / 1e6);
            table.add([package.function, megabytes, package.path.display().to_string()]);
        }
        terminal::print(&table.to_string())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Builds both functions as they are deployed, telling on standard error how far it is.
pub fn build(packaging: &Packaging, settings: &Settings) -> Result<Packages> {
    eprintln!("packaging the functions; the first time takes minutes");
    build_as(packaging, settings, packaging::Options::new(workspace()))
}

/// Builds both functions as `options` say, for the architecture of `settings`.
pub fn build_as(packaging: &Packaging, settings: &Settings, options: packaging::Options) -> Result<Packages> {
    let contract = read_contract(packaging, RecordContract::json_of_yaml)?;
    let [orchestrator, processor] = FUNCTIONS.map(packaging::Function::new);
    let functions = [orchestrator, processor.with_file(RECORD_CONTRACT_FILE, contract)];
    let architecture = match settings.architecture {
        Architecture::X86_64 => packaging::Architecture::X86_64,
        Architecture::Arm64 => packaging::Architecture::Arm64,
    };
    let options = packaging::Options { architecture, ..options };
    let built = with_spinner("packaging the functions", |progress| packaging::build(&functions, &options, progress))?;
    let mut built = built.into_iter();
    match (built.next(), built.next()) {
        (Some(orchestrator), Some(processor)) => Ok(Packages { orchestrator, processor }),
        _ => Err(miette::miette!("packaging gave fewer packages than functions; this is a fault of this program")),
    }
}

/// Runs a build, showing on a terminal what cargo says meanwhile.
pub fn with_spinner<T>(
    what: &str,
    build: impl FnOnce(&mut dyn FnMut(&str)) -> Result<T, packaging::PackagingError>,
) -> Result<T> {
    let spinner =
        ProgressBar::new_spinner().with_style(ProgressStyle::with_template("{spinner} {wide_msg}").into_diagnostic()?);
    let built = build(&mut |line| {
        spinner.set_message(format!("{what}: {}", line.trim()));
        spinner.tick();
    });
    spinner.finish_and_clear();
    built.into_diagnostic()
}

/// The record contract that goes into the processor's package.
pub fn record_contract(packaging: &Packaging) -> Result<RecordContract> {
    read_contract(packaging, RecordContract::from_yaml)
}

fn read_contract<T>(packaging: &Packaging, read: impl Fn(&str) -> Result<T, ContractError>) -> Result<T> {
    let (text, name) = match &packaging.contract {
        Some(path) => (read_text(path)?, path.display().to_string()),
        None => (RECORD_CONTRACT.to_owned(), "functions/processor/contract.yaml".to_owned()),
    };
    read(&text).into_diagnostic().wrap_err_with(|| format!("the record contract {name} is wrong; correct it"))
}

/// The cargo workspace that the functions are built in: the one that this program was built in.
pub fn workspace() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package)
}
