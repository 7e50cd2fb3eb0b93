//! What cargo knows of the workspace: its packages, and where it builds.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::PackagingError;

/// The fields of `cargo metadata` that packaging needs.
#[derive(Debug, Deserialize)]
pub(crate) struct Workspace {
    pub(crate) workspace_root: PathBuf,
    pub(crate) target_directory: PathBuf,
    packages: Vec<Member>,
}

#[derive(Debug, Deserialize)]
struct Member {
    name: String,
    targets: Vec<Target>,
}

#[derive(Debug, Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

impl Member {
    fn has_binary(&self) -> bool {
        self.targets.iter().any(|target| target.name == self.name && target.kind.iter().any(|kind| kind == "bin"))
    }
}

impl Workspace {
    /// Fails early, and with the names that would do, where cargo would only refuse a package id.
    pub(crate) fn check_binary(&self, package: &str) -> Result<(), PackagingError> {
        match self.packages.iter().find(|member| member.name == package) {
            Some(member) if member.has_binary() => Ok(()),
            Some(_) => Err(PackagingError::NoBinary { package: package.to_owned() }),
            None => Err(PackagingError::NoPackage {
                package: package.to_owned(),
                known: self.packages.iter().filter(|member| member.has_binary()).map(|m| m.name.clone()).collect(),
            }),
        }
    }
}

/// Asks cargo about the workspace that `path` lies in.
pub(crate) fn find(path: &Path) -> Result<Workspace, PackagingError> {
    let refused = |message: String| PackagingError::Workspace { path: path.to_owned(), message };
    let mut command = tool("CARGO", "cargo");
    command.args(["metadata", "--no-deps", "--format-version", "1"]).current_dir(path);
    let output = run(&mut command)?;
    if !output.status.success() {
        return Err(refused(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| refused(error.to_string()))
}

/// The program that the environment variable `variable` names, else `default`.
///
/// Where this process was itself started by cargo, what cargo said about *its* package is taken away: build scripts
/// that watch these variables would otherwise run again whenever a test and a command take turns to build.
pub(crate) fn tool(variable: &str, default: &str) -> Command {
    let mut command = Command::new(std::env::var_os(variable).unwrap_or_else(|| OsString::from(default)));
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(describes_running_package) {
            command.env_remove(name);
        }
    }
    command
}

/// Whether cargo sets `variable` for the programs it runs, about their package.
/// <https://doc.rust-lang.org/cargo/reference/environment-variables.html>
fn describes_running_package(variable: &str) -> bool {
    ["CARGO_PKG_", "CARGO_BIN_", "CARGO_MANIFEST_"].iter().any(|prefix| variable.starts_with(prefix))
        || ["CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE", "CARGO_TARGET_TMPDIR", "OUT_DIR"].contains(&variable)
}

/// Runs `command` to its end.
pub(crate) fn run(command: &mut Command) -> Result<std::process::Output, PackagingError> {
    command.output().map_err(|source| not_started(command, source))
}

/// The error for a program that does not start.
pub(crate) fn not_started(command: &Command, source: std::io::Error) -> PackagingError {
    PackagingError::Tool { program: command.get_program().to_string_lossy().into_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace() -> Workspace {
        let metadata = r#"{
            "workspace_root": "/w", "target_directory": "/w/target",
            "packages": [
                {"name": "processor", "targets": [{"name": "processor", "kind": ["bin"]}]},
                {"name": "contract", "targets": [{"name": "contract", "kind": ["lib"]}]}
            ]}"#;
        serde_json::from_str(metadata).unwrap()
    }

    fn check(package: &str, expected: &str) {
        assert_eq!(workspace().check_binary(package).unwrap_err().to_string(), expected);
    }

    #[test]
    fn a_package_that_cannot_be_a_function_is_explained() {
        check("procesor", "the workspace has no package `procesor`; its packages with a binary are processor");
        check("contract", "package `contract` has no binary `contract`; add src/main.rs, or a [[bin]] with that name");
        workspace().check_binary("processor").unwrap();
    }

    #[test]
    fn a_folder_without_a_workspace_is_explained() {
        let folder = tempfile::tempdir().unwrap();
        let message = find(folder.path()).unwrap_err().to_string();
        assert!(message.contains("could not find `Cargo.toml`"), "{message}");
    }

    #[test]
    fn a_nested_cargo_is_told_nothing_about_this_package() {
        assert!(describes_running_package("CARGO_PKG_NAME"));
        assert!(!describes_running_package("CARGO_HOME"));
        assert!(!describes_running_package("CARGO_TARGET_DIR"));
    }
}
