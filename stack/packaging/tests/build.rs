//! Packages a small function with the real cargo.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![allow(clippy::unwrap_used, reason = "a test's helpers fail as its assertions do")]

use std::io::Read;
use std::path::Path;

use packaging::{Function, Options, Package, PackagingError};

const MANIFEST: &str = r#"
[package]
name = "hello"
version = "0.1.0"
edition = "2024"

[workspace]

[profile.lambda]
inherits = "release"
strip = true
"#;

const LOCK: &str = r#"
version = 4

[[package]]
name = "hello"
version = "0.1.0"
"#;

/// A workspace with the function `hello`, whose main file is `main`.
fn workspace(main: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("src")).unwrap();
    for (name, content) in [("Cargo.toml", MANIFEST), ("Cargo.lock", LOCK), ("src/main.rs", main)] {
        std::fs::write(folder.path().join(name), content).unwrap();
    }
    folder
}

fn build(folder: &Path) -> Result<Package, PackagingError> {
    let options = Options { output: Some(folder.join("packages")), ..Options::new(folder) };
    packaging::build(&[Function::new("hello")], &options, |_| {}).map(|mut packages| packages.remove(0))
}

fn bootstrap(package: &Package) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(&package.path).unwrap()).unwrap();
    let mut content = Vec::new();
    archive.by_name("bootstrap").unwrap().read_to_end(&mut content).unwrap();
    content
}

#[test]
fn two_folders_give_the_same_archive() {
    let main = r#"fn main() { panic!("no event") }"#;
    let (first, second) = (workspace(main), workspace(main));

    let package = build(first.path()).unwrap();
    let again = build(first.path()).unwrap();
    let elsewhere = build(second.path()).unwrap();

    assert_eq!(package, again);
    assert_eq!(package.sha256, elsewhere.sha256);
    let binary = bootstrap(&package);
    let folder = first.path().to_str().unwrap().as_bytes();
    assert!(
        !binary.windows(folder.len()).any(|window| window == folder),
        "the binary names the folder it was built in"
    );
}

#[test]
fn a_program_for_this_machine_runs() {
    let folder = workspace(r#"fn main() { print!("hello") }"#);
    let program = packaging::build_program("hello", folder.path(), "dev", |_| {}).unwrap();
    assert_eq!(std::process::Command::new(program).output().unwrap().stdout, b"hello");
}

#[test]
fn code_that_does_not_compile_is_shown() {
    let folder = workspace("fn main() { not_there() }");
    let message = build(folder.path()).unwrap_err().to_string();
    assert!(message.starts_with("cargo could not build hello:"), "{message}");
    assert!(message.contains("cannot find function `not_there`"), "{message}");
}
