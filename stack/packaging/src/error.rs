//! What can go wrong between a function's source and its archive.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::Architecture;

/// A function cannot be packaged.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PackagingError {
    /// A program that the build needs does not start.
    #[error("cannot run `{program}`: {source}; install Rust from https://rustup.rs, or put `{program}` on PATH")]
    Tool {
        /// The program, as it was called.
        program: String,
        /// Why it did not start.
        source: io::Error,
    },
    /// `cargo metadata` refuses the workspace.
    #[error("cargo cannot read the workspace at {}:\n{message}", path.display())]
    Workspace {
        /// The folder that was asked about.
        path: PathBuf,
        /// What cargo says.
        message: String,
    },
    /// No package of the workspace has the function's name.
    #[error("the workspace has no package `{package}`; its packages with a binary are {}", known.join(", "))]
    NoPackage {
        /// The name that was asked for.
        package: String,
        /// The packages that have a binary of their own name.
        known: Vec<String>,
    },
    /// The package has no binary of its own name.
    #[error("package `{package}` has no binary `{package}`; add src/main.rs, or a [[bin]] with that name")]
    NoBinary {
        /// The package.
        package: String,
    },
    /// The toolchain has no standard library for the target.
    #[error(
        "this Rust toolchain has no standard library for {architecture}; install it with `rustup target add {triple}`"
    )]
    NoTarget {
        /// The architecture that was asked for.
        architecture: Architecture,
        /// Its target triple.
        triple: &'static str,
    },
    /// No linker for the target.
    #[error(
        "no linker for {triple}: install one (`apt-get install gcc-{gnu}`, or `pip install cargo-zigbuild ziglang`), \
         or name one in {variable}"
    )]
    NoLinker {
        /// The target triple.
        triple: &'static str,
        /// The GNU name of the target, which Debian's compiler package carries.
        gnu: String,
        /// The environment variable that names a linker.
        variable: String,
    },
    /// The code does not compile.
    #[error("cargo could not build {}:\n{message}", packages.join(", "))]
    Build {
        /// The packages that were to be built.
        packages: Vec<String>,
        /// The end of what cargo printed.
        message: String,
    },
    /// Cargo succeeded without naming the binary.
    #[error("cargo built `{0}` and named no binary; run `cargo build -p {0} --bin {0}` to see why")]
    NotBuilt(String),
    /// The binary is not an executable of the format that Lambda runs.
    #[error("the binary of `{package}` is not a Linux executable: {message}; build for a *-unknown-linux-gnu target")]
    NotLinux {
        /// The package.
        package: String,
        /// What is wrong with it.
        message: String,
    },
    /// The binary is for another instruction set.
    #[error("the binary of `{package}` is not for {expected}; check the linker and the target of the build")]
    WrongArchitecture {
        /// The package.
        package: String,
        /// The architecture that was asked for.
        expected: Architecture,
    },
    /// The binary needs a newer C library than the runtime has.
    #[error(
        "the binary of `{package}` needs GLIBC_{needed}, and provided.al2023 has GLIBC_{limit}: the function would \
         not start; build on a system with an older C library (Debian 12 or Ubuntu 22.04), or with cargo-zigbuild"
    )]
    NewGlibc {
        /// The package.
        package: String,
        /// The newest symbol version that the binary asks for.
        needed: String,
        /// The newest that the runtime has.
        limit: String,
    },
    /// Two files of one function have the same name.
    #[error("`{package}` packs two files named {name}; rename one (`bootstrap` is the binary's name)")]
    DuplicateFile {
        /// The package.
        package: String,
        /// The name.
        name: String,
    },
    /// The function is larger than Lambda takes.
    #[error("`{package}` is {size} bytes {state}, and Lambda takes {limit}; build for size (opt-level = \"s\")")]
    TooLarge {
        /// The package.
        package: String,
        /// Bytes.
        size: u64,
        /// `zipped` or `unzipped`.
        state: &'static str,
        /// Bytes.
        limit: u64,
    },
    /// The archive cannot be written.
    #[error("cannot pack `{package}`: {source}")]
    Archive {
        /// The package.
        package: String,
        /// What the archive's writer says.
        source: zip::result::ZipError,
    },
    /// A file or folder cannot be used.
    #[error("cannot {action} {}: {source}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

impl PackagingError {
    /// Names the file beside an I/O error, for `map_err`.
    pub(crate) fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { action, path, source }
    }
}
