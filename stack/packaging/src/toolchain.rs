//! Instruction sets, and what building for one needs on this machine.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use object::elf;
use serde::{Deserialize, Serialize};

use crate::PackagingError;
use crate::workspace::{run, tool};

/// The instruction set of a function, as Lambda's `Architectures` property spells it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Architecture {
    /// 64-bit x86.
    #[default]
    #[serde(rename = "x86_64")]
    X86_64,
    /// 64-bit Arm: Graviton.
    Arm64,
}

impl Architecture {
    /// Lambda's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "arm64",
        }
    }

    /// The Rust target that runs on `provided.al2023`.
    pub const fn triple(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64-unknown-linux-gnu",
            Self::Arm64 => "aarch64-unknown-linux-gnu",
        }
    }

    /// The machine in an ELF header.
    pub(crate) const fn machine(self) -> elf::Machine {
        match self {
            Self::X86_64 => elf::EM_X86_64,
            Self::Arm64 => elf::EM_AARCH64,
        }
    }

    /// The prefix of the GNU tools for this target, which is also the name of the cross compiler's package.
    const fn gnu(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64-linux-gnu",
            Self::Arm64 => "aarch64-linux-gnu",
        }
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Architecture {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "x86_64" => Ok(Self::X86_64),
            "arm64" => Ok(Self::Arm64),
            other => Err(format!("`{other}` is no Lambda architecture; use x86_64 or arm64")),
        }
    }
}

/// What links the functions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Linker {
    /// What cargo takes by itself: the host's, or the one that its environment names.
    Default,
    /// A cross compiler.
    Cross(String),
    /// `cargo zigbuild` in place of `cargo build`.
    Zigbuild,
}

/// Finds the linker for `architecture`, or says what is missing.
pub(crate) fn linker(architecture: Architecture) -> Result<Linker, PackagingError> {
    let host = Host::ask()?;
    if !host.has_target(architecture.triple()) {
        return Err(PackagingError::NoTarget { architecture, triple: architecture.triple() });
    }
    choose_linker(architecture, &host.triple, |name| std::env::var_os(name).is_some(), on_path)
}

fn choose_linker(
    architecture: Architecture,
    host: &str,
    is_set: impl Fn(&str) -> bool,
    on_path: impl Fn(&str) -> bool,
) -> Result<Linker, PackagingError> {
    let triple = architecture.triple();
    let variable = format!("CARGO_TARGET_{}_LINKER", triple.to_uppercase().replace('-', "_"));
    let compiler = format!("{}-gcc", architecture.gnu());
    if host == triple || is_set(&variable) {
        Ok(Linker::Default)
    } else if on_path(&compiler) {
        Ok(Linker::Cross(compiler))
    } else if on_path("cargo-zigbuild") {
        Ok(Linker::Zigbuild)
    } else {
        Err(PackagingError::NoLinker { triple, gnu: architecture.gnu().replace('_', "-"), variable })
    }
}

fn on_path(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}

/// The compiler that cargo will call.
struct Host {
    triple: String,
    sysroot: PathBuf,
}

impl Host {
    fn ask() -> Result<Self, PackagingError> {
        let output = run(tool("RUSTC", "rustc").args(["--print", "host-tuple", "--print", "sysroot"]))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let mut lines = text.lines();
        let mut next = || lines.next().unwrap_or_default().to_owned();
        let (triple, sysroot) = (next(), PathBuf::from(next()));
        Ok(Self { triple, sysroot })
    }

    fn has_target(&self, triple: &str) -> bool {
        self.sysroot.join(Path::new("lib/rustlib")).join(triple).join("lib").is_dir()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINUX: &str = "x86_64-unknown-linux-gnu";

    fn check(variables: &[&str], programs: &[&str], expected: Linker) {
        let linker = choose_linker(
            Architecture::Arm64,
            LINUX,
            |name| variables.contains(&name),
            |program| programs.contains(&program),
        );
        assert_eq!(linker.unwrap(), expected);
    }

    #[test]
    fn a_cross_linker_is_chosen_from_what_there_is() {
        check(&["CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER"], &["aarch64-linux-gnu-gcc"], Linker::Default);
        check(&[], &["aarch64-linux-gnu-gcc", "cargo-zigbuild"], Linker::Cross("aarch64-linux-gnu-gcc".into()));
        check(&[], &["cargo-zigbuild"], Linker::Zigbuild);
    }

    #[test]
    fn the_host_needs_no_cross_linker() {
        assert_eq!(choose_linker(Architecture::X86_64, LINUX, |_| false, |_| false).unwrap(), Linker::Default);
    }

    #[test]
    fn a_missing_linker_is_named_with_the_ways_to_get_one() {
        let message = choose_linker(Architecture::Arm64, LINUX, |_| false, |_| false).unwrap_err().to_string();
        assert!(message.contains("apt-get install gcc-aarch64-linux-gnu"), "{message}");
        assert!(message.contains("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER"), "{message}");
    }

    #[test]
    fn names_are_those_of_lambda() {
        for architecture in [Architecture::X86_64, Architecture::Arm64] {
            assert_eq!(architecture.name().parse(), Ok(architecture));
            assert_eq!(serde_json::to_value(architecture).unwrap(), architecture.name());
        }
        assert!("aarch64".parse::<Architecture>().is_err());
    }
}
