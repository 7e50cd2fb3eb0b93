//! `codegen`: writes `cloudformation/src/generated/`, or with `--check` fails when it is stale.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "usage: codegen                                        write the generated code
       codegen --check                                fail when it is stale
       codegen --import-schemas RESOURCES DB_JSON_GZ  trim fresh schemas into schemas/ (see its README)";

fn main() -> ExitCode {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let schemas = here.join("schemas");
    let generated = here.join("../cloudformation/src/generated");
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => codegen::write(&schemas, &generated),
        ["--check"] => codegen::check(&schemas, &generated),
        ["--import-schemas", resources, specification] => {
            codegen::import(&PathBuf::from(resources), &PathBuf::from(specification), &schemas).map(
                |[specification, resources]| {
                    println!("SHA-256 of db.json.gz: {specification}\nSHA-256 of the schemas, joined: {resources}");
                },
            )
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("codegen: {error}");
            ExitCode::FAILURE
        }
    }
}
