//! `cost`: what the stack costs in a month, and what a change of it does to that.

use std::collections::BTreeMap;
use std::process::ExitCode;

use cloudformation::diff::Side;
use miette::{IntoDiagnostic, Result, miette};
use stack::cost::{CostChange, Estimate, Prices};
use stack::pipeline::{self, Settings};

use super::SettingsFile;
use crate::cli::Cost;
use crate::terminal::{self, cost};

/// The region whose prices stand in for those that are not known.
const FALLBACK: &str = "us-east-1";

/// Estimates the cost of one environment and prints it.
pub fn run(verb: &Cost, settings: &SettingsFile) -> Result<ExitCode> {
    let prices = Prices::carried().into_diagnostic()?;
    let regions: Vec<&str> = prices.regions().into_iter().collect();
    if !regions.contains(&verb.region.as_str()) {
        let known = regions.join(", ");
        return Err(miette!(
            "there are no prices of {}; choose one of {known}, or add it to stack/prices.yaml",
            verb.region
        ));
    }
    let settings = settings.read(&verb.environment.environment)?;
    let template = pipeline::template(&settings).into_diagnostic()?;
    let parameters = BTreeMap::new();
    let side = Side::new(template.as_json(), &parameters);
    let estimate = Estimate::new(&side, &pipeline::usage(&settings), &prices, &verb.region);
    if verb.json {
        terminal::print_json(&estimate)?;
    } else {
        terminal::print(&cost::render(&estimate))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What a change does to the cost in `region`, or in the fallback where its prices are not known.
pub fn change(before: &Side<'_>, after: &Side<'_>, settings: &Settings, region: Option<&str>) -> Result<CostChange> {
    let prices = Prices::carried().into_diagnostic()?;
    let region = region.filter(|region| prices.regions().contains(region)).unwrap_or(FALLBACK);
    let usage = pipeline::usage(settings);
    let [before, after] = [before, after].map(|side| Estimate::new(side, &usage, &prices, region));
    Ok(CostChange::between(&before, &after))
}
