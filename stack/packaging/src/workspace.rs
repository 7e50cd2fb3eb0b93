//! What cargo knows of the workspace: its packages, and where it builds.

use std::collections::BTreeSet;
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
    manifest_path: PathBuf,
    targets: Vec<Target>,
    dependencies: Vec<Dependency>,
}

/// <https://doc.rust-lang.org/cargo/commands/cargo-metadata.html>: none is a dependency of the package itself, and only
/// one by path has a folder.
#[derive(Debug, Deserialize)]
struct Dependency {
    kind: Option<String>,
    path: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

impl Member {
    fn folder(&self) -> &Path {
        self.manifest_path.parent().unwrap_or(&self.manifest_path)
    }

    /// The folders of the packages on this machine that it is built with.
    fn path_dependencies(&self) -> impl Iterator<Item = &PathBuf> {
        let built_with = self.dependencies.iter().filter(|dependency| dependency.kind.as_deref() != Some("dev"));
        built_with.filter_map(|dependency| dependency.path.as_ref())
    }

    fn has_binary(&self) -> bool {
        self.targets.iter().any(|target| target.name == self.name && target.kind.iter().any(|kind| kind == "bin"))
    }
}

impl Workspace {
    /// Fails early, and with the names that would do, where cargo would only refuse a package id.
    pub(crate) fn check_binary(&self, package: &str) -> Result<(), PackagingError> {
        if self.member(package)?.has_binary() {
            Ok(())
        } else {
            Err(PackagingError::NoBinary { package: package.to_owned() })
        }
    }

    /// The folders of `packages` and of their path dependencies, and of theirs.
    pub(crate) fn source_folders(&self, packages: &[&str]) -> Result<BTreeSet<PathBuf>, PackagingError> {
        let mut folders = BTreeSet::new();
        let mut found = packages.iter().map(|name| Ok(self.member(name)?.folder())).collect::<Result<Vec<_>, _>>()?;
        while let Some(folder) = found.pop() {
            if folders.insert(folder.to_owned()) {
                let members = self.packages.iter().filter(|member| member.folder() == folder);
                found.extend(members.flat_map(Member::path_dependencies).map(PathBuf::as_path));
            }
        }
        Ok(folders)
    }

    fn member(&self, package: &str) -> Result<&Member, PackagingError> {
        self.packages.iter().find(|member| member.name == package).ok_or_else(|| PackagingError::NoPackage {
            package: package.to_owned(),
            known: self.packages.iter().filter(|member| member.has_binary()).map(|m| m.name.clone()).collect(),
        })
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
                {"name": "processor", "manifest_path": "/w/functions/processor/Cargo.toml",
                 "targets": [{"name": "processor", "kind": ["bin"]}],
                 "dependencies": [{"kind": null, "path": "/w/functions/activity"}, {"kind": null},
                                  {"kind": "dev", "path": "/w/tests"}]},
                {"name": "activity", "manifest_path": "/w/functions/activity/Cargo.toml",
                 "targets": [{"name": "activity", "kind": ["lib"]}],
                 "dependencies": [{"kind": "build", "path": "/w/functions/contract"}, {"kind": null, "path": "/o"}]},
                {"name": "contract", "manifest_path": "/w/functions/contract/Cargo.toml",
                 "targets": [{"name": "contract", "kind": ["lib"]}], "dependencies": []}
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
    fn a_package_is_made_of_its_path_dependencies_too() {
        let folders = workspace().source_folders(&["processor"]).unwrap();
        let expected = ["/o", "/w/functions/activity", "/w/functions/contract", "/w/functions/processor"];
        assert_eq!(folders, expected.map(PathBuf::from).into());
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
