//! Why a file is not processed, and whether another try can help.

use std::path::PathBuf;

use activity::{ContractError, SpillError};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use contract::{EnvironmentError, ProcessorError, WRITE_EXHAUSTED};
use lambda_runtime::Diagnostic;

/// Why a file is not processed. Lambda reports it under the name of its [`kind`](Error::kind), which the state machine
/// retries or catches.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The input is no step of the state machine.
    #[error("the input is no step of the state machine: {0}; start executions through the orchestrator")]
    Input(serde_json::Error),
    /// The function's environment is incomplete.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// The record contract's file cannot be read.
    #[error("the record contract {} cannot be read: {source}; package and deploy the function again", path.display())]
    ContractFile {
        /// Where it should be.
        path: PathBuf,
        /// Why it cannot be read.
        source: std::io::Error,
    },
    /// The record contract is wrong.
    #[error("the record contract {} is wrong: {source}; correct it and deploy the function again", path.display())]
    Contract {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: ContractError,
    },
    /// A service refused a request, or did not answer.
    #[error("cannot {doing}: {reason}; {advice}")]
    Service {
        /// What was tried, and on what.
        doing: String,
        /// The service's answer.
        reason: String,
        /// What to do.
        advice: &'static str,
        /// Whether another try can help.
        kind: ProcessorError,
    },
    /// Reading the object broke off again and again at the same place.
    #[error("reading {object} broke off at byte {offset} and could not be resumed: {reason}; run the execution again")]
    Interrupted {
        /// The object's `s3://` URL.
        object: String,
        /// How many bytes had been read.
        offset: u64,
        /// The last failure.
        reason: String,
    },
    /// The table took none of a batch's items for too long.
    #[error(
        "{WRITE_EXHAUSTED}: the table {table} took none of {items} items in {tries} tries: {reason}; \
         run the execution again when the table is less busy, or raise its throughput"
    )]
    Busy {
        /// The table's name.
        table: String,
        /// The items that were left.
        items: usize,
        /// How often they were tried.
        tries: u32,
        /// The table's last answer.
        reason: String,
    },
    /// The run's report could not be made: a fault of this program.
    #[error("the run's report could not be made: {0}; what was written stays; report this")]
    Report(#[from] report::RenderError),
    /// A run of a split file has no such name, or what its steps left for each other is gone.
    #[error("the run {0:?} of a split file is not there; start the execution again")]
    Run(String),
    /// The function has been deployed with another record contract while a split file was read.
    #[error(
        "the record contract is another one than that by which the file's keys were read: the function was deployed \
         meanwhile; start the execution again"
    )]
    OtherContract,
    /// The invocation's time is nearly over.
    #[error(
        "the file, or what is done at once of it, needs more time than the function has; raise the function's timeout \
         or memory, or export smaller files. What was written stays, and another run completes it"
    )]
    Deadline,
    /// The invocation's time was over before the table had taken a range's rows.
    #[error(
        "the table took the rows of the range too slowly for the function's time; run the execution again when the table is \
         less busy, raise its throughput, or set smaller ranges (the setting `split.range_mb`)"
    )]
    Slow,
    /// The keys seen have no room in memory, nor in the function's ephemeral storage.
    #[error(
        "{0}; raise the function's ephemeral storage (the setting `ephemeral_storage_mb`): a million rows take 32 MB of it"
    )]
    Spill(#[from] SpillError),
    /// The thread that reads rows panicked: a fault of this program.
    #[error("the row reader failed: {0}; report this with the file that caused it")]
    Reader(#[from] tokio::task::JoinError),
    /// The row reader was cut off although nothing else failed: a fault of this program.
    #[error("the row reader was cut off; report this with the file that caused it")]
    CutOff,
}

impl Error {
    /// Whether another try can help.
    pub fn kind(&self) -> ProcessorError {
        match self {
            Self::Service { kind, .. } => *kind,
            Self::Interrupted { .. } | Self::Busy { .. } | Self::Slow => ProcessorError::Transient,
            Self::Spill(error) if !error.is_full() => ProcessorError::Transient,
            Self::Input(_)
            | Self::Run(_)
            | Self::OtherContract
            | Self::Environment(_)
            | Self::ContractFile { .. }
            | Self::Contract { .. }
            | Self::Report(_)
            | Self::Deadline
            | Self::Spill(_)
            | Self::Reader(_)
            | Self::CutOff => ProcessorError::Permanent,
        }
    }

    /// What a failed call to AWS means.
    pub(crate) fn service<E>(doing: impl Into<String>, error: SdkError<E>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        match (&error, error.raw_response()) {
            (SdkError::ServiceError(_), Some(response)) => {
                let code = error.code().unwrap_or_default();
                Self::refused(doing, response.status().as_u16(), code, error.message())
            }
            (SdkError::ConstructionFailure(_), _) => Self::Service {
                doing: doing.into(),
                reason: with_causes(&error),
                advice: "correct the request",
                kind: ProcessorError::Permanent,
            },
            _ => Self::Service {
                doing: doing.into(),
                reason: with_causes(&error),
                advice: RUN_AGAIN,
                kind: ProcessorError::Transient,
            },
        }
    }

    /// What it means that a service answers with `status` and the error `code`, if it names one.
    pub(crate) fn refused(doing: impl Into<String>, status: u16, code: &str, message: Option<&str>) -> Self {
        let kind = kind(status, code);
        let reason = match code {
            "" if is_success(status) => format!("status {status}, but an answer that cannot be read"),
            "" => format!("status {status}"),
            _ => format!("{code}: {}", message.unwrap_or("no message")),
        };
        Self::Service { doing: doing.into(), reason, advice: advice(status, code, kind), kind }
    }
}

impl From<Error> for Diagnostic {
    fn from(error: Error) -> Self {
        Self { error_type: error.kind().name().into(), error_message: error.to_string() }
    }
}

/// What went wrong on the way, each cause after what it caused.
pub(crate) fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// What to do about what passes.
const RUN_AGAIN: &str = "run the execution again";

/// Codes that say that the credentials are no longer good.
pub(crate) const EXPIRED: [&str; 2] = ["ExpiredToken", "ExpiredTokenException"];

/// Codes that stand under a 4xx status although the same request can succeed later.
const PASSING: [&str; 8] = [
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "ReplicatedWriteConflictException",
    "RequestLimitExceeded",
    "RequestTimeout",
    "RequestTimeTooSkewed",
    "Throttling",
    "ThrottlingException",
];

/// Whether a request was granted. An error all the same is S3's when it finds it after it has begun to answer
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html>), or somebody's between here and
/// the service.
fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}

/// Whether another try can help. A server's fault and throttling pass; a refusal stays.
fn kind(status: u16, code: &str) -> ProcessorError {
    let passing =
        status >= 500 || status == 429 || is_success(status) || PASSING.contains(&code) || EXPIRED.contains(&code);
    if passing { ProcessorError::Transient } else { ProcessorError::Permanent }
}

fn advice(status: u16, code: &str, kind: ProcessorError) -> &'static str {
    if kind == ProcessorError::Transient {
        return RUN_AGAIN;
    }
    match (code, status) {
        ("ResourceNotFoundException" | "NoSuchBucket", _) => "deploy the stack again",
        ("ValidationException", _) => "deploy the stack again: the table has another key than its items",
        ("InvalidObjectState", _) => "restore the object from its archive class first",
        ("AccessDeniedException", _) => "grant it to the processor's role",
        (_, 403) => {
            "grant it to the processor's role; S3 also says so of an object that does not exist to one who may not \
             list the bucket"
        }
        (_, 404 | 405) => "the object has been deleted; upload it again",
        (_, 412) => "the object has been replaced, and the new one has an execution of its own",
        _ => "correct the request",
    }
}
