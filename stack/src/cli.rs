//! The command line: flags, their defaults and their help. What a verb does is in `command/`, one file each.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};

use crate::since::since;

/// The infrastructure of the pipeline, as a program.
#[derive(Debug, Parser)]
#[command(
    name = "stack",
    version,
    about,
    max_term_width = 100,
    after_help = "\
Examples:
  stack local run                  the whole pipeline on this machine, with a sample it makes itself
  stack synth --stdout             the CloudFormation template
  stack deploy --environment production
"
)]
pub struct Cli {
    /// The settings file; without it, the one the program carries (stack/settings.yaml).
    #[arg(long, global = true, value_name = "FILE")]
    pub settings: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Writes the CloudFormation template and the state machine's definition.
    #[command(after_help = "\
Examples:
  stack synth                                    both files under out/development/
  stack synth --environment production --format json --output build
  stack synth --stdout | less                    the template alone, to look at
")]
    Synth(Synth),
    /// Checks the template, the state machine and the record contract, without AWS.
    ///
    /// The template is held against CloudFormation's provider schemas and this project's rules. Each finding has a stable
    /// code and the Rust source line; `Attributes::suppress` suppresses one, with a reason.
    #[command(after_help = "\
Examples:
  stack validate                                 every environment
  stack validate --environment production
  stack validate --json | jq '.findings[].code'

Exit code: 0 sound, 2 errors were found, 1 the check could not run.
")]
    Validate(Validate),
    /// Checks a state machine, runs it on this machine, and draws it.
    ///
    /// Without --graph, prints the way that an execution takes. Time is virtual: a wait of hours takes none.
    #[command(after_help = "\
Examples:
  stack statemachine --run '{\"bucket\": \"b\", \"key\": \"ingest/a.jsonl\"}'
  stack statemachine --run input.json --task '${ProcessorFunctionArn}={\"Error\": \"Processor.Permanent\"}'
  stack statemachine --graph > machine.mmd
  stack statemachine --graph --format svg --run input.json > way.svg
  aws stepfunctions get-execution-history --execution-arn ARN > history.json
  stack statemachine --graph --history history.json
  stack statemachine --definition other.asl.json --check
  stack statemachine --definition other.asl.json --run '{}' --task 'charge={\"total\": 7}' --json
  stack statemachine --definition other.asl.json --state Charge --run '{\"total\": 7}' --task 'charge={}'

Exit code: 0 the execution succeeded, or the definition is sound; 2 it did not, or is not; 1 an error.
")]
    Statemachine(Statemachine),
    /// Prints who may do what on what, as the template says it.
    #[command(
        args_conflicts_with_subcommands = true,
        after_help = "\
Examples:
  stack policy                                   a table for each role, service and principal
  stack policy --environment production --json
  stack policy deploy-role --environment production
"
    )]
    Policy(Policy),
    /// Estimates what the stack costs in a month, from list prices and the settings' `usage`.
    #[command(after_help = "\
Examples:
  stack cost
  stack cost --environment production --region eu-west-1
  stack cost --json | jq '.items[] | select(.logical_id == \"Table\")'

Prices are in stack/prices.yaml, each with its source. `stack diff` shows what a change adds.
")]
    Cost(Cost),
    /// Builds the functions and packages each as a zip.
    #[command(after_help = "\
Examples:
  stack package
  stack package --contract my-contract.yaml --json
")]
    Package(Package),
    /// Runs the record contract over a local file and prints a quality summary. Touches no cloud.
    #[command(after_help = "\
Examples:
  stack check events.jsonl.gz
  stack check events.jsonl --contract my-contract.yaml --rejects rejects.jsonl
  stack check events.jsonl.gz --report report.html

Exit code: 0 sound, 2 rows are left out or the file fails, 1 the file could not be read.
")]
    Check(Check),
    /// Explains the record contract: as a document, or as a JSON Schema for editors.
    #[command(
        subcommand,
        after_help = "\
Examples:
  stack contract document                        Markdown, for those who export the files
  stack contract document --contract my-contract.yaml
  stack contract schema > contract.schema.json
"
    )]
    Contract(Contract),
    /// Makes sample files of user activity and uploads them under ingest/.
    #[command(after_help = "\
Examples:
  stack upload                                   5,000 rows, to the deployed stack's bucket
  stack upload --bucket my-bucket --total-files 100 --rows-per-file 10000 --workers 8
  BUCKET=my-bucket TOTAL_FILES=10 stack upload --prefix-date 2025-01-31
")]
    Upload(Upload),
    /// Lists what is in quarantine, and gets the rows to mend them.
    #[command(
        subcommand,
        after_help = "\
Examples:
  stack quarantine list                          every file that has rows in quarantine
  stack quarantine get ingest/2026/01/31/a.jsonl.gz --out rows.jsonl
  $EDITOR rows.jsonl && stack replay rows.jsonl --wait
"
    )]
    Quarantine(Quarantine),
    /// Puts mended rows through the pipeline again.
    ///
    /// The rows are checked first by the record contract, as `check` does it, and none is uploaded while one is wrong. What
    /// the contract asks of a file as a whole is not asked of them. The file's name comes from its content, and an item's
    /// key from its row: replaying a file twice changes nothing.
    #[command(after_help = "\
Examples:
  stack replay rows.jsonl --wait                 mended rows, to the end of their execution
  stack replay rows.jsonl --contract my-contract.yaml
  stack replay --from ingest/2026/01/31/a.jsonl.gz --wait
                                                 the rows as they are, after the contract was mended
  stack replay rows.jsonl --wait --json | jq .output.written

Exit code: 0 uploaded, and with --wait processed; 2 rows are still wrong, and none was uploaded;
1 an error, or an execution that failed.
")]
    Replay(Replay),
    /// Makes the bucket for the functions' packages, once in an account and region. The first deploy does it too.
    #[command(after_help = "\
Examples:
  stack bootstrap                                asks before it makes anything
  stack bootstrap --yes --region eu-central-1 --json
")]
    Bootstrap(Bootstrap),
    /// Shows what a deployment would change, what it would replace, lose or open, and what that costs.
    #[command(after_help = "\
Examples:
  stack diff                                     builds the packages: does the code change?
  stack diff --environment production --no-code --json
  stack diff --offline before.yaml after.json    two templates, without AWS

Exit code: 0 nothing changes, 2 something does, 1 an error.
")]
    Diff(Diff),
    /// Writes down what a deployment would do, for `deploy --plan` to do exactly that.
    ///
    /// The plan's change set waits in the account, and the packages are uploaded.
    #[command(after_help = "\
Examples:
  stack plan --out change.json
  stack plan --out change.json --environment production --json | jq '.changes[].logical_id'

Exit code: 0 nothing changes, 2 something does, 1 an error.
")]
    Plan(Plan),
    /// Packages the functions and creates or updates the stack, after showing what changes and asking.
    #[command(after_help = "\
Examples:
  stack deploy
  stack deploy --yes                             for CI, where nobody can be asked
  stack deploy --plan change.json
  stack deploy --no-refactor                     deletes and creates what has another name
  stack deploy --environment production --region eu-central-1 --profile team
  stack deploy --endpoint-url http://127.0.0.1:4566
  stack deploy --json | tail -n 1                the outcome, with the stack's outputs

Where an operation is under way on the stack, it is watched to its end first.
Ctrl-C asks whether to cancel an update; a second one leaves it running.

Exit code: 0 the stack is as the definition wants it, 1 an error, 130 Ctrl-C left it running.
")]
    Deploy(Deploy),
    /// Takes resources that exist into the stack, as the definition has them.
    ///
    /// Nothing else changes: the stack keeps its other resources and its outputs, and a stack that does not exist is created
    /// with the imported resources alone. A deploy makes the rest.
    #[command(after_help = "\
Examples:
  stack import Table=activity-items              a table, by its name
  stack import QuarantineBucket=bad-rows Table=activity-items --yes
  stack import 'Route=a1b2c3|d4e5f6'             where several properties identify it
  stack import 'Route={\"ApiId\": \"a1b2c3\", \"RouteId\": \"d4e5f6\"}'

The identifier is the value of the property that identifies the type: a bucket's name, a queue's URL,
a topic's ARN.
")]
    Import(Import),
    /// Swaps code and definitions of a development stack within seconds, whenever their sources change.
    ///
    /// Goes past CloudFormation: the functions and the state machine then run something else than the template says,
    /// until the next deploy puts them right. What takes a deployment is named, and left alone. A change of the definition
    /// builds this program anew and goes on with it.
    #[command(after_help = "\
Examples:
  stack watch                                    what the sources say now, and then every change
  stack watch --contract my-contract.yaml        a change of the record contract takes no compiler
  stack watch --cargo-profile lambda             code as it is deployed: minutes a change
  stack watch --json | jq -r '.swapped[].logical_id'

Ctrl-C ends it, with exit code 0. A build that fails does not.
")]
    Watch(Watch),
    /// Shows what was changed behind the stack's back.
    #[command(after_help = "\
Examples:
  stack drift
  stack drift --environment production --json | jq '.resources[] | select(.status == \"MODIFIED\")'
  stack drift --revert                           puts it back, after it has shown what and asked

Exit code: 0 what AWS can compare is as the template says, 2 some of it is not, 1 an error.
")]
    Drift(Drift),
    /// Says what state the stack is in, and what to do next.
    #[command(after_help = "\
Examples:
  stack status
  stack status --watch                           waits for the operation that is under way
  stack status --environment production --json | jq -r .next

Exit code: 0 the stack is as its template wants it, 1 an error, 2 something needs doing: it is not
deployed, an operation is under way or was rolled back, it is stuck, or it is known to have drifted.
")]
    Status(Status),
    /// Prints what happened to the stack's resources, oldest first.
    #[command(after_help = "\
Examples:
  stack events                                   of the last operation
  stack events --follow                          watches a deployment that somebody began
  stack events --since 2h
  stack events --all --json | jq -r 'select(.reason) | .reason'

Exit code: 0; with --follow, 1 where the operation failed.
Ctrl-C ends --follow, and the operation goes on.
")]
    Events(Events),
    /// Rolls back a stack whose update or rollback got stuck.
    #[command(after_help = "\
Examples:
  stack recover                                  shows what could not be rolled back, and asks
  stack recover --skip Table --yes               leaves the table as it is

A resource that is skipped, and its template, then differ from what is really there: the next deploy
sets them right.
")]
    Recover(Recover),
    /// Deletes the stack, after showing what goes and what stays.
    #[command(after_help = "\
Examples:
  stack destroy                                  asks for the stack's name
  stack destroy --yes --purge                    empties the stack's buckets first; for CI
  stack destroy --retain Archive                 leaves a bucket that was in the way last time

A bucket that is not empty stops the deletion before it begins, unless --purge is given.
")]
    Destroy(Destroy),
    /// Prints the deployed stack's outputs.
    #[command(after_help = "\
Examples:
  stack outputs
  stack outputs --json
  aws dynamodb scan --table-name \"$(stack outputs --raw TableName)\"
  eval \"$(stack outputs --env)\" && echo \"$TABLE_NAME\"
")]
    Outputs(Outputs),
    /// Prints what the functions and the state machine write to their logs.
    #[command(after_help = "\
Examples:
  stack logs                                     of the last ten minutes
  stack logs processor --since 2h --filter ERROR
  stack logs --follow
  stack logs --json --since 2026-01-31 | jq -r .message

Times are in UTC. FUNCTION is a logical id, a short name (processor, orchestrator, state-machine) or
the name on AWS.
Ctrl-C ends --follow, with exit code 0.
")]
    Logs(Logs),
    /// Runs the pipeline on this machine: the same template, the same packages, no AWS account.
    #[command(subcommand)]
    Local(Local),
}

/// Which environment's settings.
#[derive(Args, Clone, Debug)]
pub struct Environment {
    /// The environment, by its name in the settings file.
    #[arg(long, short, value_name = "NAME", default_value = "development")]
    pub environment: String,
}

/// Which account and endpoint.
#[derive(Args, Clone, Debug)]
pub struct Target {
    /// The endpoint of every service; without it, AWS's own, or what AWS_ENDPOINT_URL says.
    #[arg(long, value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// The region; without it, what the SDK's environment or configuration says.
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    /// The profile of the shared AWS configuration.
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
}

/// What goes into the packages.
#[derive(Args, Clone, Debug)]
pub struct Packaging {
    /// The record contract to put into the processor's package; without it, functions/processor/contract.yaml.
    #[arg(long, value_name = "FILE")]
    pub contract: Option<PathBuf>,
}

/// What becomes of a resource that has another logical id.
#[derive(Args, Clone, Debug)]
pub struct Renames {
    /// Deletes and creates a resource that only has another logical id, instead of renaming it.
    #[arg(long)]
    pub no_refactor: bool,
}

/// `synth`.
#[derive(Args, Debug)]
pub struct Synth {
    #[command(flatten)]
    pub environment: Environment,
    /// The template's format.
    #[arg(long, value_enum, default_value_t = Format::Yaml)]
    pub format: Format,
    /// The folder to write to.
    #[arg(long, value_name = "DIR", default_value = "out", conflicts_with = "stdout")]
    pub output: PathBuf,
    /// Prints the template and writes no file.
    #[arg(long)]
    pub stdout: bool,
}

/// A template's format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Yaml,
    Json,
}

/// `statemachine`.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("work").args(["run", "graph", "check"]).required(true).multiple(true))]
pub struct Statemachine {
    #[command(flatten)]
    pub environment: Environment,
    /// A definition in Amazon States Language, instead of the pipeline's own.
    #[arg(long, value_name = "FILE")]
    pub definition: Option<PathBuf>,
    /// Runs an execution with this input: JSON, or the name of a file that holds it.
    #[arg(long, value_name = "INPUT")]
    pub run: Option<String>,
    /// Tests this one state with the input of --run: what it gives, where it goes, and what becomes of its data. Its
    /// retriers and catchers are told, and not followed.
    #[arg(long, value_name = "NAME", requires = "run", conflicts_with = "graph")]
    pub state: Option<String>,
    /// The variables that the tested state reads: a JSON object.
    #[arg(long, value_name = "JSON", requires = "state")]
    pub variables: Option<String>,
    /// What a task answers: a function's name or a resource, and JSON. `{"Error": …, "Cause": …}` fails it. Given
    /// several times for one task, the answers come in turn, and the last one stays.
    #[arg(long, value_name = "NAME=JSON", requires = "run")]
    pub task: Vec<String>,
    /// Draws the machine, with the way of --run or --history over it.
    #[arg(long)]
    pub graph: bool,
    /// The drawing's format.
    #[arg(long, value_enum, default_value_t = Drawing::Mermaid, requires = "graph")]
    pub format: Drawing,
    /// The history of an execution, as `aws stepfunctions get-execution-history` prints it, one page after the other, or
    /// as --json does. Given several times, those of the executions that a distributed Map started besides.
    #[arg(long, value_name = "FILE", requires = "graph", conflicts_with = "run")]
    pub history: Vec<PathBuf>,
    /// Finds what is wrong with the definition, and prints what its role must be allowed.
    #[arg(long, conflicts_with_all = ["run", "graph"])]
    pub check: bool,
    /// Prints one JSON object: of an execution with its history and the coverage of the definition.
    #[arg(long, conflicts_with = "graph")]
    pub json: bool,
}

/// A drawing's format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Drawing {
    Mermaid,
    Svg,
}

/// `validate`.
#[derive(Args, Debug)]
pub struct Validate {
    /// The environment; without it, every one in the settings file.
    #[arg(long, short, value_name = "NAME")]
    pub environment: Option<String>,
    #[command(flatten)]
    pub packaging: Packaging,
    /// Prints one JSON object on standard output.
    #[arg(long)]
    pub json: bool,
}

/// `policy`.
#[derive(Args, Debug)]
pub struct Policy {
    #[command(flatten)]
    pub environment: Environment,
    /// Prints one JSON array on standard output.
    #[arg(long)]
    pub json: bool,
    #[command(subcommand)]
    pub verb: Option<PolicyVerb>,
}

/// The verbs of `policy`.
#[derive(Debug, Subcommand)]
pub enum PolicyVerb {
    /// Prints the least IAM policy that deploys the template.
    ///
    /// Each line is the document of one managed policy; the role needs all of them. They allow CloudFormation on this stack,
    /// the assets bucket, and what CloudFormation calls for each resource of the template: enough for `diff`, `plan`,
    /// `deploy`, `watch`, `status`, `events`, `drift`, `recover` and `destroy`. `bootstrap` and `upload` take more.
    #[command(after_help = "\
Examples:
  stack policy deploy-role | jq
  stack policy deploy-role --environment production --region eu-central-1 --account 123456789012
  stack policy deploy-role | head -n 1 > deploy-1.json
  stack policy deploy-role --with logs --with purge
")]
    DeployRole(DeployRole),
}

/// `policy deploy-role`.
#[derive(Args, Debug)]
pub struct DeployRole {
    #[command(flatten)]
    pub environment: Environment,
    /// The region to deploy to; without it, any.
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    /// The account to deploy to; without it, the one that the policy is in.
    #[arg(long, value_name = "ID")]
    pub account: Option<String>,
    /// What else to allow. Can be given several times.
    #[arg(long, value_name = "WHAT", value_enum)]
    pub with: Vec<Extra>,
}

/// What a deploy role may do beside deploying.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Extra {
    /// `destroy --purge`: deletes all that the stack's buckets hold.
    Purge,
    /// `logs`: reads what the functions and the state machine write.
    Logs,
}

/// `cost`.
#[derive(Args, Debug)]
pub struct Cost {
    #[command(flatten)]
    pub environment: Environment,
    /// The region whose prices to use.
    #[arg(long, value_name = "REGION", default_value = "us-east-1")]
    pub region: String,
    /// Prints one JSON object on standard output, with an item for each resource.
    #[arg(long)]
    pub json: bool,
}

/// `package`.
#[derive(Args, Debug)]
pub struct Package {
    #[command(flatten)]
    pub environment: Environment,
    #[command(flatten)]
    pub packaging: Packaging,
    /// The instruction set to build for; without it, the environment's.
    #[arg(long, value_enum)]
    pub architecture: Option<Architecture>,
    /// Prints one JSON object on standard output.
    #[arg(long)]
    pub json: bool,
}

/// An instruction set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Architecture {
    #[value(name = "x86_64")]
    X86_64,
    Arm64,
}

/// `check`.
#[derive(Args, Debug)]
pub struct Check {
    /// The file: JSON Lines, plain or gzip.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    pub packaging: Packaging,
    /// Writes the rejected rows to a file, in the form of a quarantine object.
    #[arg(long, value_name = "OUT")]
    pub rejects: Option<PathBuf>,
    /// Writes a report, as one page of HTML: what is wrong, with examples, without any value of a row.
    #[arg(long, value_name = "OUT")]
    pub report: Option<PathBuf>,
    /// Prints one JSON object on standard output.
    #[arg(long)]
    pub json: bool,
}

/// `contract`.
#[derive(Debug, Subcommand)]
pub enum Contract {
    /// Prints the contract in words: keys, rules, and what becomes of a row by the code of its fault.
    Document(Document),
    /// Prints the JSON Schema of contracts. An editor that speaks YAML completes and checks with it.
    Schema,
}

/// `contract document`.
#[derive(Args, Debug)]
pub struct Document {
    #[command(flatten)]
    pub packaging: Packaging,
}

/// `upload`.
#[derive(Args, Debug)]
pub struct Upload {
    #[command(flatten)]
    pub environment: Environment,
    #[command(flatten)]
    pub target: Target,
    /// The bucket; without it, the deployed stack's.
    #[arg(long, env = "BUCKET")]
    pub bucket: Option<String>,
    /// Rows in each file.
    #[arg(long, env = "ROWS_PER_FILE", value_name = "N", default_value = "5000")]
    pub rows_per_file: NonZeroU32,
    /// The number of files.
    #[arg(long, env = "TOTAL_FILES", value_name = "N", default_value = "1")]
    pub total_files: NonZeroU32,
    /// Uploads at one time.
    #[arg(long, env = "WORKERS", value_name = "N", default_value = "4")]
    pub workers: NonZeroU32,
    /// The day in the key and in the rows: YYYY-MM-DD; without it, today in UTC.
    #[arg(long, value_name = "DATE")]
    pub prefix_date: Option<jiff::civil::Date>,
}

/// `quarantine`.
#[derive(Debug, Subcommand)]
pub enum Quarantine {
    /// Lists the files that have rows in quarantine, by their manifests.
    #[command(after_help = "\
Examples:
  stack quarantine list --dt 2026-01-31          of the files that arrived on that day, in UTC
  stack quarantine list --json | jq '.[].manifest.codes'
")]
    List(QuarantineList),
    /// Gets the quarantined rows of a file, as they were, a line each.
    ///
    /// A row that is not text, or of which only the start was kept, is left out, and its line is told.
    #[command(after_help = "\
Examples:
  stack quarantine get ingest/2026/01/31/a.jsonl.gz --out rows.jsonl
  stack quarantine get quarantine/dt=2026-01-31/ingest/2026/01/31/a.jsonl.gz/v1/_manifest.json | head

Exit code: 0 all rows were written, 2 some were left out, 1 an error.
")]
    Get(QuarantineGet),
}

/// `quarantine list`.
#[derive(Args, Debug)]
pub struct QuarantineList {
    #[command(flatten)]
    pub environment: Environment,
    #[command(flatten)]
    pub target: Target,
    /// Only of files that arrived on this day, in UTC: YYYY-MM-DD.
    #[arg(long, value_name = "DATE")]
    pub dt: Option<jiff::civil::Date>,
    /// Prints one JSON array on standard output.
    #[arg(long)]
    pub json: bool,
}

/// `quarantine get`.
#[derive(Args, Debug)]
pub struct QuarantineGet {
    /// The file's key, or a manifest's.
    #[arg(value_name = "FILE_OR_MANIFEST")]
    pub name: String,
    #[command(flatten)]
    pub environment: Environment,
    #[command(flatten)]
    pub target: Target,
    /// The file to write to; without it, standard output.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `replay`.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("rows").args(["file", "from"]).required(true))]
pub struct Replay {
    /// The rows: JSON Lines, plain or gzip.
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Takes the rows out of quarantine and puts them back as they are: the key of their file, or of a manifest.
    #[arg(long, value_name = "FILE_OR_MANIFEST")]
    pub from: Option<String>,
    #[command(flatten)]
    pub packaging: Packaging,
    #[command(flatten)]
    pub environment: Environment,
    #[command(flatten)]
    pub target: Target,
    /// Uploads rows that are still wrong, too.
    #[arg(long)]
    pub force: bool,
    /// Waits for the end of the execution, and prints where the lines went.
    #[arg(long)]
    pub wait: bool,
    /// How long to wait, seconds.
    #[arg(long, value_name = "SECONDS", default_value = "900", requires = "wait")]
    pub timeout: NonZeroU32,
    /// Prints one JSON object on standard output.
    #[arg(long)]
    pub json: bool,
}

/// `bootstrap`.
#[derive(Args, Debug)]
pub struct Bootstrap {
    #[command(flatten)]
    pub target: Target,
    /// Does not ask.
    #[arg(long)]
    pub yes: bool,
    /// Prints one JSON object on standard output.
    #[arg(long)]
    pub json: bool,
}

/// `diff`.
#[derive(Args, Debug)]
pub struct Diff {
    #[command(flatten)]
    pub environment: Environment,
    #[command(flatten)]
    pub target: Target,
    #[command(flatten)]
    pub packaging: Packaging,
    /// Builds nothing and leaves the functions' code out.
    #[arg(long)]
    pub no_code: bool,
    /// Compares two template files, JSON or YAML, with their parameters' defaults, and asks no cloud.
    #[arg(long, num_args = 2, value_names = ["BEFORE", "AFTER"])]
    pub offline: Option<Vec<PathBuf>>,
    #[command(flatten)]
    pub renames: Renames,
    /// Prints one JSON object on standard output.
    #[arg(long)]
    pub json: bool,
}

/// `plan`.
#[derive(Args, Debug)]
pub struct Plan {
    #[command(flatten)]
    pub environment: Environment,
    #[command(flatten)]
    pub target: Target,
    #[command(flatten)]
    pub packaging: Packaging,
    /// The file to write the plan to.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    #[command(flatten)]
    pub renames: Renames,
    /// Does not ask before it makes the bucket for packages.
    #[arg(long)]
    pub yes: bool,
    /// Prints the plan as one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// `deploy`.
#[derive(Args, Debug)]
pub struct Deploy {
    #[command(flatten)]
    pub environment: Environment,
    #[command(flatten)]
    pub target: Target,
    #[command(flatten)]
    pub packaging: Packaging,
    /// Applies the plan in a file, exactly; refused when anything that it rests on has moved.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["no_rollback", "express", "no_refactor"])]
    pub plan: Option<PathBuf>,
    /// Lets a resource that holds data be replaced or deleted, by its logical id. May be given again.
    #[arg(long, value_name = "LOGICAL_ID")]
    pub allow_replace: Vec<String>,
    #[command(flatten)]
    pub renames: Renames,
    /// Leaves a stack that fails as it is, to look at. Development stacks only.
    #[arg(long)]
    pub no_rollback: bool,
    /// Ends as soon as the configuration is applied; resources become ready afterwards. Development stacks only.
    #[arg(long)]
    pub express: bool,
    /// Does not ask.
    #[arg(long)]
    pub yes: bool,
    /// Prints each stack event, and at the end the outcome, as a line of JSON.
    #[arg(long)]
    pub json: bool,
}

/// `import`.
#[derive(Args, Debug)]
pub struct Import {
    /// The resource's name in the definition, and what identifies it on AWS.
    #[arg(value_name = "LOGICAL_ID=IDENTIFIER", required = true, value_parser = assignment)]
    pub resources: Vec<(String, String)>,
    #[command(flatten)]
    pub environment: Environment,
    #[command(flatten)]
    pub target: Target,
    /// Does not ask.
    #[arg(long)]
    pub yes: bool,
    /// Prints lines of JSON on standard output: an event each, and the outcome last.
    #[arg(long)]
    pub json: bool,
}

fn assignment(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write LOGICAL_ID=IDENTIFIER: Table=activity-items")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// `watch`.
#[derive(Args, Debug)]
pub struct Watch {
    #[command(flatten)]
    pub environment: Environment,
    #[command(flatten)]
    pub target: Target,
    #[command(flatten)]
    pub packaging: Packaging,
    /// The cargo profile that the functions are built with.
    #[arg(long, value_name = "NAME", default_value = "watch")]
    pub cargo_profile: String,
    /// Prints a line of JSON for each change that was built.
    #[arg(long)]
    pub json: bool,
}

/// `drift`.
#[derive(Args, Debug)]
pub struct Drift {
    #[command(flatten)]
    pub environment: Environment,
    #[command(flatten)]
    pub target: Target,
    /// Puts the resources back to what the deployed template says, and compares again.
    #[arg(long)]
    pub revert: bool,
    /// Does not ask before it reverts.
    #[arg(long, requires = "revert")]
    pub yes: bool,
    /// Prints one JSON object on standard output: the drift that there is, or that is left.
    #[arg(long)]
    pub json: bool,
}

/// `destroy`.
#[derive(Args, Debug)]
pub struct Destroy {
    #[command(flatten)]
    pub environment: Environment,
    #[command(flatten)]
    pub target: Target,
    /// Does not ask.
    #[arg(long)]
    pub yes: bool,
    /// Empties the buckets that go with the stack: every version of every object.
    #[arg(long)]
    pub purge: bool,
    /// Leaves a resource where it is, after a deletion has failed because of it. Can be given several times.
    #[arg(long, value_name = "LOGICAL_ID")]
    pub retain: Vec<String>,
    /// Lifts the stack's protection from deletion first.
    #[arg(long)]
    pub lift_protection: bool,
    /// Prints lines of JSON on standard output: an event each, and the outcome last.
    #[arg(long)]
    pub json: bool,
}

/// `status`.
#[derive(Args, Debug)]
pub struct Status {
    #[command(flatten)]
    pub environment: Environment,
    #[command(flatten)]
    pub target: Target,
    /// Waits first for the end of the operation that is under way.
    #[arg(long)]
    pub watch: bool,
    /// Prints one JSON object on standard output.
    #[arg(long)]
    pub json: bool,
}

/// `events`.
#[derive(Args, Debug)]
pub struct Events {
    #[command(flatten)]
    pub environment: Environment,
    #[command(flatten)]
    pub target: Target,
    /// Goes on to the end of the operation that is under way.
    #[arg(long, short, conflicts_with_all = ["since", "all"])]
    pub follow: bool,
    /// From when on: how long ago (10m, 2h, 7d), or a time (2026-01-31, 2026-01-31T06:30:00Z).
    #[arg(long, value_name = "WHEN", value_parser = since, conflicts_with = "all")]
    pub since: Option<jiff::Timestamp>,
    /// All events of the stack; CloudFormation keeps them for 90 days.
    #[arg(long)]
    pub all: bool,
    /// Prints one JSON object a line.
    #[arg(long)]
    pub json: bool,
}

/// `recover`.
#[derive(Args, Debug)]
pub struct Recover {
    #[command(flatten)]
    pub environment: Environment,
    #[command(flatten)]
    pub target: Target,
    /// Leaves a resource as it is, where its rollback failed. Can be given several times.
    #[arg(long, value_name = "LOGICAL_ID")]
    pub skip: Vec<String>,
    /// Does not ask.
    #[arg(long)]
    pub yes: bool,
    /// Prints lines of JSON on standard output: an event each, and the outcome last.
    #[arg(long)]
    pub json: bool,
}

/// `outputs`.
#[derive(Args, Debug)]
pub struct Outputs {
    #[command(flatten)]
    pub environment: Environment,
    #[command(flatten)]
    pub target: Target,
    /// Prints one JSON object.
    #[arg(long, conflicts_with = "raw")]
    pub json: bool,
    /// Prints one output's value and nothing else.
    #[arg(long, value_name = "NAME")]
    pub raw: Option<String>,
    /// Prints the outputs for a shell to evaluate: TableName becomes TABLE_NAME.
    #[arg(long, conflicts_with_all = ["json", "raw"])]
    pub env: bool,
}

/// `logs`.
#[derive(Args, Debug)]
pub struct Logs {
    /// The function, or the state machine; without it, all of them.
    #[arg(value_name = "FUNCTION")]
    pub function: Option<String>,
    #[command(flatten)]
    pub environment: Environment,
    #[command(flatten)]
    pub target: Target,
    /// From when on: how long ago (10m, 2h, 7d), or a time (2026-01-31, 2026-01-31T06:30:00Z).
    #[arg(long, value_name = "WHEN", default_value = "10m", value_parser = since)]
    pub since: jiff::Timestamp,
    /// Only what matches a CloudWatch filter pattern: ERROR, '{ $.level = "WARN" }'.
    #[arg(long, value_name = "PATTERN")]
    pub filter: Option<String>,
    /// Goes on with what is written from now on.
    #[arg(long, short)]
    pub follow: bool,
    /// Prints one JSON object a line.
    #[arg(long)]
    pub json: bool,
}

/// `local`.
#[derive(Debug, Subcommand)]
pub enum Local {
    /// Starts the emulator in the background and deploys the stack to it.
    #[command(after_help = "\
Examples:
  stack local up
  stack local up --port 5000
")]
    Up(LocalUp),
    /// Runs files through the pipeline and prints where every line went.
    ///
    /// Uses the emulator that `local up` started, or one of its own that ends with the run.
    #[command(after_help = "\
Examples:
  stack local run                                a sample of 5,000 rows
  stack local run events.jsonl.gz other.json --contract my-contract.yaml
  stack local run --json | jq .totals

Exit code: 0 only when every execution succeeded and every count reconciles.
")]
    Run(LocalRun),
    /// Stops the emulator that `local up` started.
    #[command(after_help = "\
Examples:
  stack local down
")]
    Down,
}

/// Where the emulator listens.
#[derive(Args, Clone, Debug)]
pub struct Emulator {
    /// The emulator's port on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 4566)]
    pub port: u16,
}

/// `local up`.
#[derive(Args, Debug)]
pub struct LocalUp {
    #[command(flatten)]
    pub environment: Environment,
    #[command(flatten)]
    pub emulator: Emulator,
    #[command(flatten)]
    pub packaging: Packaging,
}

/// `local run`.
#[derive(Args, Debug)]
pub struct LocalRun {
    /// Files of JSON Lines, plain or gzip; without one, a sample of 5,000 rows.
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub environment: Environment,
    #[command(flatten)]
    pub emulator: Emulator,
    #[command(flatten)]
    pub packaging: Packaging,
    /// How long to wait for an execution, seconds.
    #[arg(long, value_name = "SECONDS", default_value = "900")]
    pub timeout: NonZeroU32,
    /// Prints one JSON object on standard output; everything else goes to standard error.
    #[arg(long)]
    pub json: bool,
}
