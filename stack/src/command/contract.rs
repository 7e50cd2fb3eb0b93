//! `contract`: what the record contract says, for people and for editors.

use std::process::ExitCode;

use activity::RecordContract;
use miette::Result;

use super::package;
use crate::cli::Contract;
use crate::terminal;

/// Prints the document or the schema.
pub fn run(verb: &Contract) -> Result<ExitCode> {
    match verb {
        Contract::Document(document) => terminal::print(&package::record_contract(&document.packaging)?.document())?,
        Contract::Schema => terminal::print(RecordContract::JSON_SCHEMA)?,
    }
    Ok(ExitCode::SUCCESS)
}
