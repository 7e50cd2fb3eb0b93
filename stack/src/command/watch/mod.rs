//! `watch`: makes a development stack run what the sources say, now and whenever they change.
//!
//! Nothing is remembered between changes: each time the functions are packaged, the template is synthesised, and what
//! differs from what runs is swapped.

mod changes;
mod program;
mod sources;

use std::convert::Infallible;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use deployment::{ASSETS_STACK, AssetStore, AssetsStack, Connection, Hotswap};
use miette::{IntoDiagnostic, Result, miette};
use packaging::Compression;
use serde::Serialize;
use stack::pipeline::{self, Settings};

use self::changes::{Changes, Seen};
use self::program::{Program, become_program};
use self::sources::{Change, Sources};
use super::package::{self, Packages, workspace};
use super::{SettingsFile, assets, deploy};
use crate::cli::{Packaging, Watch};
use crate::terminal;

/// Swaps what changes, until it is interrupted.
pub async fn run(verb: &Watch, settings: &SettingsFile) -> Result<ExitCode> {
    tokio::select! {
        ended = watch(verb, settings) => match ended? {},
        // The usual way to end it.
        interrupted = tokio::signal::ctrl_c() => interrupted.into_diagnostic()?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn watch(verb: &Watch, settings: &SettingsFile) -> Result<Infallible> {
    let program = Program::running()?;
    let watched = Watched::find(verb, settings).await?;
    // Before anything is built, so that no change is missed.
    let mut changes = Changes::watch(Sources::find(&watched.settings, &watched.contract)?)?;
    let change = if program.is_stale() { Change::Definition } else { Change::Packages };
    let mut seen = Seen { change, at: Instant::now() };
    eprintln!("building with the cargo profile {}; the first time takes minutes", verb.cargo_profile);
    loop {
        match follow(&watched, &program, &mut changes, seen).await {
            Ok(()) => {}
            Err(error) if terminal::is_broken_pipe(&error) => return Err(error),
            // The next change may mend it.
            Err(error) => eprintln!("{error:?}"),
        }
        eprintln!("waiting for changes; Ctrl-C ends it");
        seen = changes.next().await.ok_or_else(|| miette!("files are watched no more; start `stack watch` again"))?;
    }
}

/// Does what a change asks for.
async fn follow(watched: &Watched<'_>, program: &Program, changes: &mut Changes, seen: Seen) -> Result<()> {
    if seen.change == Change::Definition {
        renew(program, changes).await?;
    }
    watched.swap(seen.at).await
}

/// Builds this program anew, and where it has changed, goes on with it.
async fn renew(program: &Program, changes: &mut Changes) -> Result<()> {
    let successor = loop {
        let program = program.clone();
        let built = tokio::task::spawn_blocking(move || program.build()).await.into_diagnostic()??;
        // The successor sees no change from before it starts.
        if changes.take() != Some(Change::Definition) {
            break built;
        }
    };
    match successor {
        Some(path) => {
            eprintln!("the definition has changed: going on with this program as it is built now");
            match become_program(&path)? {}
        }
        None => Ok(()),
    }
}

/// The stack, and what it is made of.
struct Watched<'a> {
    verb: &'a Watch,
    settings: PathBuf,
    contract: PathBuf,
    connection: Connection,
    store: AssetStore,
}

impl<'a> Watched<'a> {
    /// Finds the stack, and says what of it is swapped already. Files that the program carries are taken from where it
    /// got them, since a change of them is to be seen.
    async fn find(verb: &'a Watch, settings: &SettingsFile) -> Result<Self> {
        let carried = |name: &str| workspace().join(name);
        let contract = verb.packaging.contract.clone().unwrap_or_else(|| carried("functions/processor/contract.yaml"));
        let name = development(settings, verb)?.stack_name();
        let settings = settings.0.clone().unwrap_or_else(|| carried("stack/settings.yaml"));
        let connection = deploy::connect(&verb.target).await?;
        let swapped = connection.hotswapped(&name).await.into_diagnostic()?;
        if !swapped.is_empty() {
            let ids: Vec<String> = swapped.into_iter().map(|swap| swap.logical_id).collect();
            eprintln!("swapped already, until the next deploy: {}", ids.join(", "));
        }
        let store = match connection.assets_stack(ASSETS_STACK).await.into_diagnostic()? {
            AssetsStack::Ready(store) | AssetsStack::Outdated(store) => store,
            AssetsStack::Absent => {
                return Err(miette!(
                    "there is no stack {ASSETS_STACK}, a bucket for packages; run `stack deploy` first"
                ));
            }
        };
        Ok(Self { verb, settings, contract, connection, store })
    }

    /// Packages the functions, swaps what differs from what runs, and says so. The change began at `since`.
    async fn swap(&self, since: Instant) -> Result<()> {
        let settings = development(&SettingsFile(Some(self.settings.clone())), self.verb)?;
        let name = settings.stack_name();
        let template = pipeline::template(&settings).into_diagnostic()?;
        let packages = self.package(settings).await?;
        assets::upload(&self.store, &packages).await?;
        let parameters = assets::parameters(self.store.bucket(), &packages);
        let hotswap = self.connection.hotswap(&name, template.as_json(), &parameters).await.into_diagnostic()?;
        self.tell(&name, &hotswap, since.elapsed().as_secs_f64())
    }

    /// Packages the functions quickly, apart from those that are deployed.
    async fn package(&self, settings: Settings) -> Result<Packages> {
        let packaging = Packaging { contract: Some(self.contract.clone()) };
        let options = packaging::Options {
            profile: self.verb.cargo_profile.clone(),
            compression: Compression::Fastest,
            output: Some(workspace().join("target").join("watched").join(settings.stack_name())),
            ..packaging::Options::new(workspace())
        };
        let build = move || package::build_as(&packaging, &settings, options);
        let packages = tokio::task::spawn_blocking(build).await.into_diagnostic()??;
        remove_older(&packages)?;
        Ok(packages)
    }

    fn tell(&self, stack: &str, hotswap: &Hotswap, seconds: f64) -> Result<()> {
        let Hotswap { swapped, needs_deploy } = hotswap;
        if self.verb.json {
            terminal::print_json(&Round { hotswap, seconds })?;
        } else {
            let line = |id: &str| format!("{id}: swapped in {seconds:.1} s\n");
            terminal::print(&swapped.iter().map(|swap| line(&swap.logical_id)).collect::<String>())?;
        }
        if !swapped.is_empty() {
            eprintln!("{stack} now differs from its template; the next `stack deploy` puts that right");
        }
        if !needs_deploy.is_empty() {
            eprintln!("left alone, since this takes a `stack deploy`: {}", needs_deploy.join(", "));
        }
        if swapped.is_empty() && needs_deploy.is_empty() {
            eprintln!("nothing to swap: {stack} runs what the sources say");
        }
        Ok(())
    }
}

/// What came of a change, for programs.
#[derive(Serialize)]
struct Round<'a> {
    #[serde(flatten)]
    hotswap: &'a Hotswap,
    /// From the change to the last swap.
    seconds: f64,
}

/// The settings of the environment, which must be one whose stack may be swapped behind CloudFormation's back.
fn development(settings: &SettingsFile, verb: &Watch) -> Result<Settings> {
    let settings = settings.read(&verb.environment.environment)?;
    if settings.is_development() {
        return Ok(settings);
    }
    Err(miette!(
        "watch goes past CloudFormation, and is for development stacks, whose data need not last; {} keeps its data: run \
         `stack deploy`",
        settings.environment
    ))
}

/// Removes the archives of earlier changes: there may be hundreds in a day.
fn remove_older(packages: &Packages) -> Result<()> {
    for package in [&packages.orchestrator, &packages.processor] {
        let folder = package.path.parent().unwrap_or(&package.path);
        for entry in fs::read_dir(folder).into_diagnostic()? {
            let path = entry.into_diagnostic()?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let is_archive = name.starts_with(&format!("{}-", package.function)) && name.ends_with(".zip");
            if is_archive && path != package.path {
                fs::remove_file(&path).into_diagnostic()?;
            }
        }
    }
    Ok(())
}
