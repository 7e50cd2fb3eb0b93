//! One run of cargo for all functions.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::toolchain::{self, Linker};
use crate::workspace::{Workspace, not_started, tool};
use crate::{Options, PackagingError, binary};

/// Where cargo put each package's binary.
pub(crate) type Binaries = BTreeMap<String, PathBuf>;

/// How much of a failed build the error repeats: enough for the last compiler error.
const TAIL_LINES: usize = 40;

/// Compiles the binaries of `packages` in one run of cargo, so that they share their dependencies' builds.
pub(crate) fn compile(
    packages: &[&str],
    workspace: &Workspace,
    options: &Options,
    progress: &mut dyn FnMut(&str),
) -> Result<Binaries, PackagingError> {
    let linker = toolchain::linker(options.architecture)?;
    run(command(packages, workspace, options, &linker), packages, workspace, progress)
}

/// Compiles the binary of `package` for this machine, as `cargo run` does.
pub(crate) fn compile_here(
    package: &str,
    workspace: &Workspace,
    profile: &str,
    progress: &mut dyn FnMut(&str),
) -> Result<Binaries, PackagingError> {
    let mut command = tool("CARGO", "cargo");
    command.args(["build", "--profile", profile, "--message-format", "json-render-diagnostics"]);
    command.args(["--package", package, "--bin", package]);
    run(command, &[package], workspace, progress)
}

fn run(
    mut command: Command,
    packages: &[&str],
    workspace: &Workspace,
    progress: &mut dyn FnMut(&str),
) -> Result<Binaries, PackagingError> {
    command.current_dir(&workspace.workspace_root).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut cargo = command.spawn().map_err(|source| not_started(&command, source))?;

    let (stdout, stderr) = (cargo.stdout.take(), cargo.stderr.take());
    let (binaries, tail) = std::thread::scope(|scope| {
        // Both pipes are read at once: cargo stops when either is full.
        let binaries = scope.spawn(|| stdout.map(built_binaries).unwrap_or_default());
        let tail = stderr.map(|stderr| follow(stderr, progress)).unwrap_or_default();
        (binaries.join().unwrap_or_default(), tail)
    });

    let status = cargo.wait().map_err(|source| not_started(&command, source))?;
    if status.success() {
        Ok(binaries)
    } else {
        let packages = packages.iter().map(|&package| package.to_owned()).collect();
        Err(PackagingError::Build { packages, message: tail })
    }
}

fn command(packages: &[&str], workspace: &Workspace, options: &Options, linker: &Linker) -> Command {
    let triple = options.architecture.triple();
    let mut command = tool("CARGO", "cargo");
    // The target is given also where it is the host: then the flags below reach the functions only, and not the build
    // scripts and procedural macros of their dependencies.
    match linker {
        Linker::Default => command.args(["build", "--target", triple]),
        Linker::Cross(compiler) => {
            command.args(["build", "--target", triple, "--config"]).arg(format!("target.{triple}.linker={compiler:?}"))
        }
        // Zig links against the C library version that the target names.
        Linker::Zigbuild => command.args(["zigbuild", "--target"]).arg(format!("{triple}.{}", binary::GLIBC_LIMIT)),
    };
    remap_paths(&mut command, triple, workspace);
    command.args(["--locked", "--profile", &options.profile, "--message-format", "json-render-diagnostics"]);
    for package in packages {
        command.args(["--package", package, "--bin", package]);
    }
    command
}

/// Takes this machine's folders out of the binaries: panic messages carry source paths.
///
/// Cargo takes compiler flags from one place only, and the environment goes before its configuration, so the flags
/// are added wherever the user's are.
fn remap_paths(command: &mut Command, triple: &str, workspace: &Workspace) {
    let flags = remap_flags(&workspace.workspace_root, &cargo_home(), &workspace.target_directory);
    let variables = ["CARGO_ENCODED_RUSTFLAGS", "RUSTFLAGS"];
    match variables.into_iter().find_map(|name| Some((name, std::env::var(name).ok()?))) {
        Some((name, own)) => {
            let separator = if name == "RUSTFLAGS" { " " } else { "\x1f" };
            let flags = own.split(separator).filter(|flag| !flag.is_empty()).map(str::to_owned).chain(flags);
            command.env("CARGO_ENCODED_RUSTFLAGS", flags.collect::<Vec<_>>().join("\x1f"));
        }
        None => {
            command.arg("--config").arg(format!("target.{triple}.rustflags={flags:?}"));
        }
    }
}

/// The workspace comes first: the compiler takes the last prefix that matches, and the others can lie inside it.
fn remap_flags(workspace_root: &Path, cargo_home: &Path, target_directory: &Path) -> Vec<String> {
    [(workspace_root, "workspace"), (cargo_home, "cargo"), (target_directory, "target")]
        .map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()))
        .into()
}

/// <https://doc.rust-lang.org/cargo/guide/cargo-home.html>
fn cargo_home() -> PathBuf {
    let set = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    set.or_else(|| std::env::home_dir().map(|home| home.join(".cargo"))).unwrap_or_else(|| PathBuf::from(".cargo"))
}

/// Hands each line to `progress` and returns the last ones.
fn follow(stderr: impl Read, progress: &mut dyn FnMut(&str)) -> String {
    let mut tail = VecDeque::with_capacity(TAIL_LINES);
    for line in lines(stderr) {
        progress(&line);
        if tail.len() == TAIL_LINES {
            tail.pop_front();
        }
        tail.push_back(line);
    }
    Vec::from(tail).join("\n")
}

/// The binaries that cargo's messages name.
/// <https://doc.rust-lang.org/cargo/reference/external-tools.html#artifact-messages>
fn built_binaries(stdout: impl Read) -> Binaries {
    #[derive(Deserialize)]
    struct Message {
        target: Target,
        executable: Option<PathBuf>,
    }
    #[derive(Deserialize)]
    struct Target {
        name: String,
    }
    lines(stdout)
        .filter_map(|line| serde_json::from_str::<Message>(&line).ok())
        .filter_map(|message| Some((message.target.name, message.executable?)))
        .collect()
}

fn lines(stream: impl Read) -> impl Iterator<Item = String> {
    BufReader::new(stream).split(b'\n').map_while(Result::ok).map(|line| String::from_utf8_lossy(&line).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binaries_are_read_from_cargos_messages() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","target":{"name":"serde"},"executable":null}"#,
            "\n",
            r#"{"reason":"compiler-artifact","target":{"name":"processor"},"executable":"/t/lambda/processor"}"#,
            "\n",
            r#"{"reason":"build-finished","success":true}"#,
        );
        let expected = BTreeMap::from([("processor".to_owned(), PathBuf::from("/t/lambda/processor"))]);
        assert_eq!(built_binaries(messages.as_bytes()), expected);
    }

    #[test]
    fn a_failure_repeats_the_end_of_the_output() {
        let output: String = (0..100).map(|n| format!("line {n}\n")).collect();
        let mut seen = 0;
        let tail = follow(output.as_bytes(), &mut |_| seen += 1);
        assert_eq!(seen, 100);
        assert!(tail.starts_with("line 60\n") && tail.ends_with("line 99"), "{tail}");
    }

    #[test]
    fn a_folder_inside_the_workspace_keeps_its_own_name() {
        let workspace = Path::new("/home/me/pipeline");
        let flags = remap_flags(workspace, Path::new("/home/me/.cargo"), &workspace.join("target"));
        assert_eq!(flags[0], "--remap-path-prefix=/home/me/pipeline=workspace");
        assert_eq!(flags[2], "--remap-path-prefix=/home/me/pipeline/target=target");
    }
}
