//! Builds function crates into archives that Lambda accepts, byte for byte the same on every machine.
//!
//! Each function is a cargo package of this workspace whose binary has the package's name. [`build`] compiles all of
//! them in one run of cargo, checks that the binaries can start on the `provided.al2023` runtime, and packs each as
//! `bootstrap` beside the function's other files. An archive's name carries its hash, so that an unchanged function
//! is the same file, and is neither built, packed nor uploaded twice.
//!
//! Nothing here talks to AWS, and nothing here downloads a toolchain: what is missing is named in the error.
//!
//! ```no_run
//! use packaging::{Function, Options};
//!
//! let processor = Function::new("processor").with_file("contract.yaml", b"version: 1".to_vec());
//! let packages = packaging::build(&[processor], &Options::new("."), |line| eprintln!("{line}"))?;
//! println!("{} {} {}", packages[0].function, packages[0].sha256, packages[0].path.display());
//! # Ok::<(), packaging::PackagingError>(())
//! ```

mod archive;
mod binary;
mod compile;
mod error;
mod packed;
mod toolchain;
mod workspace;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

pub use error::PackagingError;
pub use toolchain::Architecture;

/// A function to package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// The cargo package's name, which is also its binary's.
    pub package: String,
    /// Files that lie beside `bootstrap` in the archive: name and content. A function finds them in the folder that
    /// `LAMBDA_TASK_ROOT` names.
    pub files: Vec<(String, Vec<u8>)>,
}

impl Function {
    /// The function that the cargo package `package` builds, with no other file.
    pub fn new(package: impl Into<String>) -> Self {
        Self { package: package.into(), files: Vec::new() }
    }

    /// Adds a file with the name it has in the archive.
    #[must_use]
    pub fn with_file(mut self, name: impl Into<String>, content: impl Into<Vec<u8>>) -> Self {
        self.files.push((name.into(), content.into()));
        self
    }
}

/// How to build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// A folder inside the cargo workspace.
    pub workspace: PathBuf,
    /// Where the archives go. Default: `packages` in cargo's target folder.
    pub output: Option<PathBuf>,
    /// The instruction set of the functions. Default: x86_64.
    pub architecture: Architecture,
    /// The cargo profile. Default: `lambda`.
    pub profile: String,
    /// How hard to compress. Default: as hard as can be.
    pub compression: Compression,
}

/// How hard an archive is compressed. Either way the same content gives the same bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// As small as can be: for what is deployed.
    #[default]
    Smallest,
    /// In an eighth of the time, and a tenth larger: for what is replaced within minutes.
    Fastest,
}

impl Options {
    /// The defaults, for the cargo workspace that `workspace` lies in.
    pub fn new(workspace: impl Into<PathBuf>) -> Self {
        Self {
            workspace: workspace.into(),
            output: None,
            architecture: Architecture::default(),
            profile: "lambda".to_owned(),
            compression: Compression::default(),
        }
    }
}

/// A packaged function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// The cargo package's name.
    pub function: String,
    /// The archive: `<package>-<sha256>.zip`.
    pub path: PathBuf,
    /// The archive's SHA-256, lower-case hexadecimal.
    pub sha256: String,
    /// The archive's size, bytes.
    pub size_bytes: u64,
}

/// Builds and packs `functions`, in their order. Blocks until cargo is done.
///
/// `progress` is given each line that cargo prints while it works.
///
/// # Errors
///
/// A package, tool or target is missing, the code does not compile, or a binary would not start on Lambda.
pub fn build(
    functions: &[Function],
    options: &Options,
    mut progress: impl FnMut(&str),
) -> Result<Vec<Package>, PackagingError> {
    let workspace = workspace::find(&options.workspace)?;
    for function in functions {
        workspace.check_binary(&function.package)?;
    }
    let names: Vec<&str> = functions.iter().map(|function| function.package.as_str()).collect();
    let binaries = compile::compile(&names, &workspace, options, &mut progress)?;

    let output = options.output.clone().unwrap_or_else(|| workspace.target_directory.join("packages"));
    std::fs::create_dir_all(&output).map_err(PackagingError::file("create", &output))?;
    functions.iter().map(|function| pack(function, &binaries, options, &output)).collect()
}

fn pack(
    function: &Function,
    binaries: &compile::Binaries,
    options: &Options,
    output: &Path,
) -> Result<Package, PackagingError> {
    let path = binaries.get(&function.package).ok_or_else(|| PackagingError::NotBuilt(function.package.clone()))?;
    let bootstrap = std::fs::read(path).map_err(PackagingError::file("read", path))?;
    binary::check(&function.package, &bootstrap, options.architecture)?;
    archive::write(function, &bootstrap, options.compression, output)
}

/// Builds the binary of the cargo package `package`, which has the package's name, for this machine, and says where it
/// is. Blocks until cargo is done; `progress` is given each line that cargo prints.
///
/// # Errors
///
/// The package is missing, or the code does not compile.
pub fn build_program(
    package: &str,
    workspace: &Path,
    profile: &str,
    mut progress: impl FnMut(&str),
) -> Result<PathBuf, PackagingError> {
    let workspace = workspace::find(workspace)?;
    workspace.check_binary(package)?;
    let mut binaries = compile::compile_here(package, &workspace, profile, &mut progress)?;
    binaries.remove(package).ok_or_else(|| PackagingError::NotBuilt(package.to_owned()))
}

/// The folders of the cargo packages `packages` and of all that they depend on by path: where the sources are that a
/// build reads. Dependencies of tests are not among them.
///
/// # Errors
///
/// Cargo cannot read the workspace, or it has no such package.
pub fn source_folders(packages: &[&str], workspace: &Path) -> Result<BTreeSet<PathBuf>, PackagingError> {
    workspace::find(workspace)?.source_folders(packages)
}
