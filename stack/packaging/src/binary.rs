//! Whether a binary will start on Lambda.
//!
//! A binary that was linked against a newer C library than the runtime's fails only when the function is first
//! called, with a message in a log. The versions it needs stand in its dynamic symbol table, so they can be read here.

use std::fmt;

use object::Endianness;
use object::elf::{ET_DYN, ET_EXEC, FileHeader64};
use object::read::elf::FileHeader;

use crate::{Architecture, PackagingError};

/// The C library of Amazon Linux 2023. <https://docs.aws.amazon.com/linux/al2023/ug/glibc-gcc-and-binutils.html>
pub(crate) const GLIBC_LIMIT: GlibcVersion = GlibcVersion(2, 34);

/// A version of the C library's symbols: `2.34`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct GlibcVersion(u32, u32);

impl GlibcVersion {
    /// Reads `GLIBC_2.34` or `GLIBC_2.2.5`. Versions of other libraries are none of ours.
    fn parse(name: &str) -> Option<Self> {
        let mut parts = name.strip_prefix("GLIBC_")?.split('.').map(str::parse);
        Some(Self(parts.next()?.ok()?, parts.next()?.ok()?))
    }
}

impl fmt::Display for GlibcVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.0, self.1)
    }
}

/// Checks that `binary` starts on `provided.al2023` with the instruction set `architecture`.
pub(crate) fn check(package: &str, binary: &[u8], architecture: Architecture) -> Result<(), PackagingError> {
    check_against(package, binary, architecture, GLIBC_LIMIT)
}

fn check_against(
    package: &str,
    binary: &[u8],
    expected: Architecture,
    limit: GlibcVersion,
) -> Result<(), PackagingError> {
    let not_linux = |message: String| PackagingError::NotLinux { package: package.to_owned(), message };
    let header =
        FileHeader64::<Endianness>::parse(binary).map_err(|_| not_linux("it has no 64-bit ELF header".to_owned()))?;
    let endian = header.endian().map_err(|error| not_linux(error.to_string()))?;
    if ![ET_EXEC, ET_DYN].contains(&header.e_type(endian)) {
        return Err(not_linux("it is not executable".to_owned()));
    }
    if header.e_machine(endian) != expected.machine() {
        return Err(PackagingError::WrongArchitecture { package: package.to_owned(), expected });
    }
    match newest_glibc(header, endian, binary).map_err(|error| not_linux(error.to_string()))? {
        Some(needed) if needed > limit => Err(PackagingError::NewGlibc {
            package: package.to_owned(),
            needed: needed.to_string(),
            limit: limit.to_string(),
        }),
        _ => Ok(()),
    }
}

/// The newest symbol version of the C library that the binary asks for; none where it is linked statically.
fn newest_glibc(
    header: &FileHeader64<Endianness>,
    endian: Endianness,
    binary: &[u8],
) -> object::read::Result<Option<GlibcVersion>> {
    let sections = header.sections(endian, binary)?;
    let Some((mut libraries, strings)) = sections.gnu_verneed(endian, binary)? else {
        return Ok(None);
    };
    let strings = sections.strings(endian, binary, strings)?;
    let mut newest = None;
    while let Some((_, mut versions)) = libraries.next()? {
        while let Some(version) = versions.next()? {
            let name = String::from_utf8_lossy(version.name(endian, strings)?);
            newest = newest.max(GlibcVersion::parse(&name));
        }
    }
    Ok(newest)
}

#[cfg(test)]
#[cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]
mod tests {
    use super::*;

    fn this_test() -> Vec<u8> {
        std::fs::read(std::env::current_exe().unwrap()).unwrap()
    }

    fn check(binary: &[u8], architecture: Architecture, limit: GlibcVersion, expected: &str) {
        let message = check_against("processor", binary, architecture, limit).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    }

    #[test]
    fn a_binary_within_the_limit_passes() {
        check_against("processor", &this_test(), Architecture::X86_64, GlibcVersion(9, 99)).unwrap();
    }

    #[test]
    fn a_binary_that_needs_a_newer_c_library_is_refused() {
        check(&this_test(), Architecture::X86_64, GlibcVersion(2, 2), "and provided.al2023 has GLIBC_2.2");
    }

    #[test]
    fn a_binary_for_another_machine_is_refused() {
        check(&this_test(), Architecture::Arm64, GLIBC_LIMIT, "is not for arm64");
    }

    #[test]
    fn what_is_no_executable_is_refused() {
        check(b"#!/bin/sh\n", Architecture::X86_64, GLIBC_LIMIT, "no 64-bit ELF header");
        let mut object = this_test();
        object[16] = 1; // ET_REL
        check(&object, Architecture::X86_64, GLIBC_LIMIT, "it is not executable");
    }

    #[test]
    fn a_damaged_binary_is_refused() {
        let binary = this_test();
        check(&binary[..binary.len() / 2], Architecture::X86_64, GLIBC_LIMIT, "not a Linux executable");
    }

    #[test]
    fn versions_are_compared_by_number() {
        assert!(GlibcVersion::parse("GLIBC_2.4") < GlibcVersion::parse("GLIBC_2.34"));
        assert_eq!(GlibcVersion::parse("GLIBC_2.2.5"), Some(GlibcVersion(2, 2)));
        assert_eq!(GlibcVersion::parse("GCC_3.0"), None);
        assert_eq!(GlibcVersion::parse("GLIBC_PRIVATE"), None);
    }
}
