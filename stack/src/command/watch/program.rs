//! This program, whose definition may change while it runs: it is built anew, and its successor takes its place.

use std::convert::Infallible;
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use miette::{Context, IntoDiagnostic, Result};

use crate::command::package::{with_spinner, workspace};

/// The program as it was when it started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    path: PathBuf,
    built: SystemTime,
}

impl Program {
    /// The running one.
    pub fn running() -> Result<Self> {
        Self::at(&std::env::current_exe().into_diagnostic()?)
    }

    fn at(path: &Path) -> Result<Self> {
        let named = || format!("cannot read {}", path.display());
        let path = fs::canonicalize(path).into_diagnostic().wrap_err_with(named)?;
        let built = modified(&path).into_diagnostic().wrap_err_with(named)?;
        Ok(Self { path, built })
    }

    /// Whether a source has changed since it was built. Known only where it lies where cargo has built it.
    pub fn is_stale(&self) -> bool {
        // A source from the future would be newer than every program that is built from it.
        let since = self.built..SystemTime::now();
        let is_newer = |changed: SystemTime| since.contains(&changed) && changed != self.built;
        let rule = fs::read_to_string(self.path.with_extension("d")).unwrap_or_default();
        prerequisites(&rule).iter().any(|source| modified(source).is_ok_and(is_newer))
    }

    /// Builds it anew. Blocks until cargo is done. None where it is the same as before.
    pub fn build(&self) -> Result<Option<PathBuf>> {
        let profile = if cfg!(debug_assertions) { "dev" } else { "release" };
        let build = |progress: &mut dyn FnMut(&str)| packaging::build_program("stack", workspace(), profile, progress);
        let program = Self::at(&with_spinner("building this program", build)?)?;
        Ok((program != *self).then_some(program.path))
    }
}

/// Puts the program at `path`, with the arguments of this one, in this one's place.
pub fn become_program(path: &Path) -> Result<Infallible> {
    let error = Command::new(path).args(std::env::args_os().skip(1)).exec();
    Err(error).into_diagnostic().wrap_err_with(|| format!("cannot start {}", path.display()))
}

fn modified(path: &Path) -> std::io::Result<SystemTime> {
    fs::metadata(path)?.modified()
}

/// The files that a rule of a makefile names: cargo writes one beside each program, with a space as `\ `.
/// <https://doc.rust-lang.org/cargo/reference/build-cache.html#dep-info-files>
fn prerequisites(rule: &str) -> Vec<PathBuf> {
    let files = rule.split_once(": ").map_or("", |(_, files)| files.lines().next().unwrap_or_default());
    let files = files.replace("\\ ", "\0");
    files.split_whitespace().map(|file| PathBuf::from(file.replace('\0', " "))).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_rule_names_the_sources() {
        let rule = "/t/debug/stack: /w/my\\ code/a.rs /w/settings.yaml\n";
        assert_eq!(prerequisites(rule), ["/w/my code/a.rs", "/w/settings.yaml"].map(PathBuf::from));
        assert!(prerequisites("").is_empty());
    }

    #[test]
    fn a_program_is_stale_once_a_source_is_newer() {
        let folder = tempfile::tempdir().unwrap();
        let (path, source) = (folder.path().join("stack"), folder.path().join("main.rs"));
        fs::write(&source, "").unwrap();
        let changed = modified(&source).unwrap();
        let check = |built, expected| assert_eq!(Program { path: path.clone(), built }.is_stale(), expected);
        check(changed - Duration::from_secs(1), false);
        fs::write(path.with_extension("d"), format!("{}: {}\n", path.display(), source.display())).unwrap();
        check(changed - Duration::from_secs(1), true);
        check(changed, false);
    }
}
