//! `deploy`: packages the functions and makes the stack what the definition says, after saying what that changes.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use cloudformation::diff::{Diff, Side};
use deployment::{
    ASSETS_STACK, AssetLocation, AssetsStack, Capability, ConnectOptions, Connection, DeployOptions, DeploymentError,
    Operation, Outcome, Plan, StackRequest,
};
use miette::{Context, IntoDiagnostic, Result, miette};
use serde::Serialize;
use stack::pipeline::{self, Settings};

use super::follow::{View, follow, look_on};
use super::package::{self, Packages};
use super::{SettingsFile, cost, diff, read_text};
use crate::cli::{Deploy, Target};
use crate::terminal;

/// Deploys one environment and prints the stack's outputs.
pub async fn run(verb: &Deploy, settings: &SettingsFile) -> Result<ExitCode> {
    let settings = settings.read(&verb.environment.environment)?;
    let options = options(verb, &settings)?;
    let saved = verb.plan.as_deref().map(read_plan).transpose()?;
    // Packaging takes minutes: whoever cannot be asked is told before it.
    if !verb.yes && !terminal::can_ask() {
        return Err(miette!(
            help = "give --yes to deploy unasked; `stack plan` shows beforehand what changes",
            "`deploy` asks before it changes anything, and there is no terminal to ask on"
        ));
    }
    // Region and credentials first: packaging takes minutes, and without them it is for nothing.
    let connection = connect(&verb.target).await?;
    if let Some(plan) = &saved {
        connection.check_destination(plan, &settings.stack_name()).await.into_diagnostic()?;
    }
    let packages = package::build(&verb.packaging, &settings)?;
    let request = request(&connection, &settings, &packages, verb.yes, verb.json).await?;
    let request = StackRequest {
        options: saved.as_ref().map_or(options, |plan| plan.options),
        refactor: !verb.renames.no_refactor,
        allow_replace: verb.allow_replace.iter().cloned().collect(),
        ..request
    };
    let is_new = saved.is_none();
    let plan = match saved {
        Some(plan) => {
            // What is refused need not be read.
            connection.check_plan(&plan, &request).await.into_diagnostic()?;
            plan
        }
        None => make_plan(&connection, &request, verb).await?,
    };
    if !plan.is_unchanged() {
        eprint!("{}", describe(&connection, &plan, &request, &settings, console::colors_enabled_stderr()).await?);
        if let Err(refused) = agree(&plan, &request, verb) {
            // A plan that was saved can still be applied.
            if is_new {
                connection.discard_plan(&plan).await.into_diagnostic()?;
            }
            return Err(refused);
        }
    }
    let view = View::new(verb.json);
    let deployed = if is_new && plan.is_unchanged() {
        // What was looked at a moment ago need not be looked at again.
        tell(&connection, &request.name, Outcome::Unchanged, &view).await?
    } else {
        apply(&connection, connection.apply_plan(plan, request.clone()), &request, view).await?
    };
    if settings.is_development() {
        reconcile(&connection, &request.name).await?;
    }
    if !verb.json {
        terminal::print(&super::outputs::table(&deployed.outputs).to_string())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Stops at a loss of data that is not allowed, and else asks.
fn agree(plan: &Plan, request: &StackRequest, verb: &Deploy) -> Result<()> {
    plan.check_losses(&request.allow_replace).into_diagnostic()?;
    let consented = terminal::consent(&format!("This changes the stack {}.", plan.stack), verb.yes)?;
    if consented { Ok(()) } else { Err(refusal()) }
}

/// Undoes the hot-swaps that the deployment did not overwrite: CloudFormation does not know of them.
async fn reconcile(connection: &Connection, stack: &str) -> Result<()> {
    for swap in connection.reconcile(stack).await.into_diagnostic()? {
        eprintln!("{} ran something else than the template says: put back", swap.logical_id);
    }
    Ok(())
}

/// Connects to the account that the command line names.
pub async fn connect(target: &Target) -> Result<Connection> {
    let options = ConnectOptions {
        endpoint_url: target.endpoint_url.clone(),
        region: target.region.clone(),
        profile: target.profile.clone(),
    };
    Connection::connect(&options).await.into_diagnostic()
}

/// Deploys without asking: to an emulator, say.
pub async fn deploy(
    connection: &Connection,
    settings: &Settings,
    packages: &Packages,
) -> Result<BTreeMap<String, String>> {
    // An emulator has no refactors, and what it holds is there to be made again.
    let request = StackRequest { refactor: false, ..request(connection, settings, packages, true, false).await? };
    Ok(apply(connection, connection.apply(request.clone()), &request, View::new(false)).await?.outputs)
}

/// The stack as the definition wants it. Makes sure of the assets bucket, after consent, and uploads the packages.
pub async fn request(
    connection: &Connection,
    settings: &Settings,
    packages: &Packages,
    yes: bool,
    json: bool,
) -> Result<StackRequest> {
    let template = pipeline::template(settings).into_diagnostic()?;
    let assets = match connection.assets_stack(ASSETS_STACK).await.into_diagnostic()? {
        AssetsStack::Ready(store) => store,
        AssetsStack::Absent | AssetsStack::Outdated(_) => {
            let consequence = format!("This first makes or updates the stack {ASSETS_STACK}, a bucket for packages.");
            if !terminal::consent(&consequence, yes)? {
                return Err(refusal());
            }
            follow(connection.bootstrap(ASSETS_STACK), &View::new(json).stack(connection, ASSETS_STACK)).await?
        }
    };
    let uploads = super::assets::upload(&assets, packages).await?;
    Ok(StackRequest {
        parameters: super::assets::parameters(assets.bucket(), packages),
        capabilities: vec![Capability::Iam],
        assets: uploads.into_iter().map(|upload| AssetLocation { bucket: upload.bucket, key: upload.key }).collect(),
        ..StackRequest::new(
            settings.stack_name(),
            assets.template(template.as_json().to_string()).await.into_diagnostic()?,
        )
    })
}

/// What a plan does, for people: what differs from what is deployed, what that costs, and what CloudFormation
/// says is at stake.
pub async fn describe(
    connection: &Connection,
    plan: &Plan,
    request: &StackRequest,
    settings: &Settings,
    colour: bool,
) -> Result<String> {
    let before = diff::deployed(connection, &plan.stack).await?;
    let template = serde_json::from_str(request.template.body()).into_diagnostic()?;
    let (before, after) = (before.side(), Side::new(&template, &request.parameters));
    let cost = cost::change(&before, &after, settings, Some(connection.region()))?;
    let diff = Diff::after_moves(&before, &after, plan.moves());
    let mut text = diff::text(&diff, &cost, colour);
    if diff.is_empty() && !plan.changes.is_empty() {
        let ids: Vec<_> = plan.changes.iter().map(|change| change.logical_id.as_str()).collect();
        text.push_str(&format!("the same in another form, which CloudFormation updates: {}\n", ids.join(", ")));
    }
    // After a refactor CloudFormation has said nothing yet.
    let who = if plan.moves().is_empty() { "CloudFormation says" } else { "expected" };
    for loss in plan.losses() {
        text.push_str(&format!("{who}: {loss}\n"));
    }
    Ok(text)
}

/// What a deployment came to.
#[derive(Serialize)]
struct Deployed {
    stack: String,
    outcome: Outcome,
    outputs: BTreeMap<String, String>,
}

/// Follows an operation to its end, and tells what it came to.
async fn apply(
    connection: &Connection,
    operation: Operation<Outcome>,
    request: &StackRequest,
    view: View,
) -> Result<Deployed> {
    let template = serde_json::from_str(request.template.body()).into_diagnostic()?;
    let view = view.template(&template).stack(connection, &request.name);
    let outcome = follow(operation, &view).await?;
    tell(connection, &request.name, outcome, &view).await
}

/// Tells what a deployment came to, on standard error, or with `--json` on standard output.
async fn tell(connection: &Connection, stack: &str, outcome: Outcome, view: &View) -> Result<Deployed> {
    let words = match outcome {
        Outcome::Created => "created",
        Outcome::Updated => "updated",
        Outcome::Unchanged => "unchanged",
    };
    eprintln!("stack {stack}: {words}");
    let outputs = connection.outputs(stack).await.into_diagnostic()?;
    let deployed = Deployed { stack: stack.to_owned(), outcome, outputs };
    view.outcome(&deployed)?;
    Ok(deployed)
}

/// Makes a plan, after the end of what is under way, and after deleting, on consent, a stack whose first creation failed.
async fn make_plan(connection: &Connection, request: &StackRequest, verb: &Deploy) -> Result<Plan> {
    let plan = match connection.plan(request).await {
        Err(DeploymentError::Busy { stack, status }) => {
            eprintln!("stack {stack} is {status}: {}; watching it to its end first", status.meaning());
            look_on(connection, &stack).await?;
            connection.plan(request).await
        }
        plan => plan,
    };
    match plan {
        Err(DeploymentError::MustBeRecreated { stack, status }) => {
            let consequence = format!("The stack {stack} is {status}: it is deleted, and then created again.");
            if !terminal::consent(&consequence, verb.yes)? {
                return Err(refusal());
            }
            let view = View::new(verb.json).stack(connection, &stack);
            follow(connection.delete(stack.as_str()), &view).await?;
            connection.plan(request).await.into_diagnostic()
        }
        plan => plan.into_diagnostic(),
    }
}

fn read_plan(path: &Path) -> Result<Plan> {
    Plan::from_json(&read_text(path)?).into_diagnostic().wrap_err_with(|| path.display().to_string())
}

/// How CloudFormation is to go about it. What leaves a stack half made is for development only.
fn options(verb: &Deploy, settings: &Settings) -> Result<DeployOptions> {
    if (verb.no_rollback || verb.express) && !settings.is_development() {
        return Err(miette!(
            "--no-rollback and --express are for development stacks, whose data need not last; {} keeps its data",
            settings.environment
        ));
    }
    Ok(DeployOptions { disable_rollback: verb.no_rollback, express: verb.express })
}

fn refusal() -> miette::Report {
    miette!("nothing was changed")
}
