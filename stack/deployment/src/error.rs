//! What can go wrong in a deployment, and what to do about it.

use std::error::Error as StdError;
use std::io;
use std::path::PathBuf;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_cloudformation::config::http::HttpResponse;
use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};
use cloudformation::diff::Rename;
use thiserror::Error;

use crate::plan::FORMAT;
use crate::{Failure, ImportError, Loss, Moved, Status};

/// A deployment failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DeploymentError {
    /// No region is set.
    #[error("no AWS region: give --region, set AWS_REGION, or add `region` to the profile in ~/.aws/config")]
    NoRegion,
    /// The region is none.
    #[error("`{0}` is no AWS region: give one such as eu-central-1")]
    Region(String),
    /// The endpoint is no URL.
    #[error("the endpoint `{0}` is no URL: give its scheme too, as in http://127.0.0.1:4566")]
    Endpoint(String),
    /// No credentials are found, or they cannot be loaded.
    #[error(
        "no AWS credentials: sign in with `aws sso login`, choose a profile with --profile or AWS_PROFILE, or set \
         AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    )]
    NoCredentials {
        /// What each place was missing.
        #[source]
        reason: Option<Box<dyn StdError + Send + Sync>>,
    },
    /// The profile that was asked for has no credentials, or they cannot be loaded.
    #[error(
        "no AWS credentials in the profile `{profile}`: sign in with `aws sso login --profile {profile}`, or check its \
         name in ~/.aws/config"
    )]
    NoProfileCredentials {
        /// The profile.
        profile: String,
        /// What it was missing.
        #[source]
        reason: Option<Box<dyn StdError + Send + Sync>>,
    },
    /// AWS refuses a request.
    #[error("cannot {action}: {message} ({code})")]
    Refused {
        /// What was tried.
        action: String,
        /// AWS's code: `AccessDenied`.
        code: String,
        /// AWS's message.
        message: String,
    },
    /// The credentials are not, or no longer, valid.
    #[error("cannot {action}: the AWS credentials are not valid ({code}); sign in again, with `aws sso login` say")]
    Credentials {
        /// What was tried.
        action: String,
        /// AWS's code: `ExpiredToken`.
        code: String,
    },
    /// No answer came.
    #[error("cannot {action}: no answer from the service: {message}; check the network, --endpoint-url and --region")]
    Unreachable {
        /// What was tried.
        action: String,
        /// What the connection says.
        message: String,
    },
    /// CloudFormation takes no template of this size.
    #[error("the template is {size} bytes, and CloudFormation takes {limit}; split the stack")]
    TemplateTooLarge {
        /// Bytes.
        size: usize,
        /// Bytes.
        limit: usize,
    },
    /// CloudFormation takes a template of this size only by way of S3.
    #[error("the template is {size} bytes, and a request takes {limit}; send it by way of the assets bucket")]
    TemplateNeedsBucket {
        /// Bytes.
        size: usize,
        /// Bytes.
        limit: usize,
    },
    /// The stack does not exist.
    #[error("there is no stack `{stack}` in {region}; deploy it first, or check --region and --profile")]
    NoStack {
        /// The stack's name.
        stack: String,
        /// The region.
        region: String,
    },
    /// The assets stack is not this crate's.
    #[error("stack `{stack}` has no output `{output}`: it is not an assets stack; bootstrap under another name")]
    NoOutput {
        /// The stack's name.
        stack: String,
        /// The output's name.
        output: &'static str,
    },
    /// Another operation is under way.
    #[error("stack `{stack}` is busy ({status}); {}", status.next_step().advice())]
    Busy {
        /// The stack's name.
        stack: String,
        /// Its status.
        status: Status,
    },
    /// The stack's first creation failed, and it can only be deleted.
    #[error("stack `{stack}` is {status}: {}; {}", status.meaning(), status.next_step().advice())]
    MustBeRecreated {
        /// The stack's name.
        stack: String,
        /// Its status.
        status: Status,
    },
    /// The stack's last update, rollback or deletion failed, and has to be dealt with first.
    #[error("stack `{stack}` is {status}: {}; {}", status.meaning(), status.next_step().advice())]
    Stuck {
        /// The stack's name.
        stack: String,
        /// Its status.
        status: Status,
    },
    /// No rollback is to be made.
    #[error("stack `{stack}` is {status}: {}; there is nothing to roll back", status.meaning())]
    NothingToRecover {
        /// The stack's name.
        stack: String,
        /// Its status.
        status: Status,
    },
    /// Resources are to be skipped by a rollback that has not failed on them.
    #[error(
        "stack `{stack}` is {status}, and only a rollback that failed can skip resources; recover without --skip first"
    )]
    NothingToSkip {
        /// The stack's name.
        stack: String,
        /// Its status.
        status: Status,
    },
    /// What is under way is no update.
    #[error("stack `{stack}` is {status}, and CloudFormation cancels only an update while it goes forward")]
    CannotCancel {
        /// The stack's name.
        stack: String,
        /// Its status.
        status: Status,
    },
    /// The stack is protected from deletion.
    #[error(
        "stack `{stack}` is protected from deletion; `stack destroy --lift-protection` lifts the protection, and asks"
    )]
    Protected {
        /// The stack's name.
        stack: String,
    },
    /// Resources are to be left behind that nothing has shown to be in the way.
    #[error(
        "stack `{stack}` is {status}, and CloudFormation leaves a resource behind only when its deletion has failed; \
         delete the stack without --retain first, or give the resource the deletion policy `Retain`"
    )]
    RetainTooEarly {
        /// The stack's name.
        stack: String,
        /// Its status.
        status: Status,
    },
    /// The stack's template is in another form than this crate writes.
    #[error("the template of stack `{stack}` is no JSON, so it was deployed by another tool; go on with that one")]
    ForeignTemplate {
        /// The stack's name.
        stack: String,
        /// Where the JSON ends.
        source: serde_json::Error,
    },
    /// An operation could not be watched to its end.
    #[error(
        "lost sight of stack `{stack}`, whose operation goes on by itself; `stack events --follow` takes up the watch"
    )]
    LostSight {
        /// The stack's name.
        stack: String,
        /// What is in the way.
        source: Box<DeploymentError>,
    },
    /// CloudFormation cannot make a change set of the template.
    #[error("CloudFormation refuses the change to stack `{stack}`: {reason}")]
    ChangeSet {
        /// The stack's name.
        stack: String,
        /// Its reason.
        reason: String,
    },
    /// Resources that hold data would be replaced or deleted.
    #[error("stopped before stack `{stack}` loses data: {}; allow each with --allow-replace LOGICAL_ID", list(losses))]
    WouldLose {
        /// The stack's name.
        stack: String,
        /// The resources.
        losses: Vec<Loss>,
    },
    /// A request for an import is not right.
    #[error(transparent)]
    Import(ImportError),
    /// The endpoint has no stack refactors.
    #[error(
        "cannot rename resources of stack `{stack}`: this endpoint has no stack refactors; --no-refactor deletes each and \
         creates it anew, empty: {}",
        list(moves)
    )]
    NoRefactor {
        /// The stack's name.
        stack: String,
        /// The resources.
        moves: Vec<Rename>,
    },
    /// CloudFormation cannot rename resources.
    #[error(
        "CloudFormation refuses to rename resources of stack `{stack}`: {reason}; give them their old logical ids, or \
         have them deleted and created anew, empty, with --no-refactor"
    )]
    RefactorRefused {
        /// The stack's name.
        stack: String,
        /// Its reason.
        reason: String,
    },
    /// Resources could not be renamed.
    #[error("renaming resources of stack `{stack}` failed, and nothing else was begun: {reason}")]
    RefactorFailed {
        /// The stack's name.
        stack: String,
        /// CloudFormation's reason.
        reason: String,
    },
    /// After a refactor, the change set would do more than was expected.
    #[error(
        "the resources of stack `{stack}` are renamed, and nothing more was done: what is left would change more than \
         was shown: {}; deploy again to see it and to decide", changes.join("; ")
    )]
    Unexpected {
        /// The stack's name.
        stack: String,
        /// What was not shown: `Modify Table`.
        changes: Vec<String>,
    },
    /// What a plan rests on is no longer so.
    #[error("the plan for stack `{stack}` no longer holds: {}; make a new one with `stack plan`", list(moved))]
    PlanStale {
        /// The stack's name.
        stack: String,
        /// All that has moved.
        moved: Vec<Moved>,
    },
    /// A plan is of another version of this program.
    #[error("the plan has format {found}, and this program reads format {FORMAT}; make a new one with `stack plan`")]
    PlanFormat {
        /// The plan's.
        found: u32,
    },
    /// A file is no plan.
    #[error("this is no plan; make one with `stack plan --out FILE`")]
    PlanSyntax(#[source] serde_json::Error),
    /// The operation ended badly.
    #[error("{0}")]
    Failed(Box<Failure>),
    /// Lambda could not take a function's new code.
    #[error("{logical_id} keeps its code: {reason}")]
    CodeNotTaken {
        /// The function's name in the template.
        logical_id: String,
        /// Lambda's reason.
        reason: String,
    },
    /// The deployed template is YAML, say.
    #[error("the template of stack `{stack}` is not JSON; deploy it with this program first")]
    TemplateNotJson {
        /// The stack's name.
        stack: String,
        /// Where it is not.
        source: serde_json::Error,
    },
    /// A file to upload cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The endpoint makes no drift-aware change sets.
    #[error(
        "cannot revert the drift of stack `{stack}`: this endpoint makes no drift-aware change sets; put back by hand \
         what `stack drift` shows"
    )]
    NoRevert {
        /// The stack's name.
        stack: String,
    },
    /// Reverting drift would be more than putting settings back.
    #[error(
        "reverting the drift of stack `{stack}` would replace {}, with what they hold; nothing was changed: put them \
         back by hand, or take what is there into the definition and deploy",
        resources.join(", ")
    )]
    RevertReplaces {
        /// The stack's name.
        stack: String,
        /// The resources, by logical id.
        resources: Vec<String>,
    },
    /// A file is not what it was when its hash was taken.
    #[error("{} has changed since it was packaged: its SHA-256 is another; package it again", path.display())]
    AssetChanged {
        /// The file.
        path: PathBuf,
    },
    /// The assets stack's definition is not sound.
    #[error("the assets stack's template is a fault of this program: {0}")]
    AssetsTemplate(#[source] cloudformation::TemplateError),
    /// An asset's hash is not a SHA-256.
    #[error("`{0}` is no SHA-256 in hexadecimal")]
    Hash(String),
}

fn list(items: &[impl ToString]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Codes of a signature that AWS does not, or no longer, accept.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/CommonErrors.html>
const CREDENTIAL_CODES: [&str; 8] = [
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidToken",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];

/// Codes by which a service asks for patience.
const TRANSIENT_CODES: [&str; 9] = [
    "InternalError",
    "InternalFailure",
    "RequestLimitExceeded",
    "RequestTimeout",
    "ServiceUnavailable",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
];

impl DeploymentError {
    /// Whether the same request can succeed later: the service is busy, or was not reached.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Refused { code, .. } => TRANSIENT_CODES.contains(&code.as_str()) || code.starts_with("HTTP 5"),
            Self::Unreachable { .. } => true,
            _ => false,
        }
    }

    /// Says what was tried beside an SDK error, for `map_err`.
    pub(crate) fn aws<E>(action: impl Into<String>) -> impl FnOnce(SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + StdError + 'static,
    {
        let action = action.into();
        move |error| {
            let status = error.raw_response().map(|response| response.status().as_u16());
            match (error.code(), status) {
                (Some(code), _) if CREDENTIAL_CODES.contains(&code) => {
                    Self::Credentials { action, code: code.to_owned() }
                }
                (Some(code), _) => {
                    let message = error.message().unwrap_or("no message").to_owned();
                    Self::Refused { action, code: code.to_owned(), message }
                }
                // S3 gives no reason for a HEAD that it refuses.
                (None, Some(status)) => {
                    Self::Refused { action, code: format!("HTTP {status}"), message: chain(&error) }
                }
                (None, None) if causes(&error).any(|cause| cause.is::<CredentialsError>()) => {
                    Self::NoCredentials { reason: Some(chain(&error).into()) }
                }
                (None, None) => Self::Unreachable { action, message: chain(&error) },
            }
        }
    }
}

/// What an SDK error is called, and the kind of its connection's error: no more than names of what follows.
const KINDS_OF_ERROR: [&str; 2] = ["dispatch failure", "io error"];

/// An error with its causes: an SDK error by itself says no more than its kind.
fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut messages: Vec<String> = causes(error).map(ToString::to_string).collect();
    messages.dedup();
    let kinds = messages.iter().take_while(|message| KINDS_OF_ERROR.contains(&message.as_str())).count();
    // Where nothing follows, the name is all there is.
    messages.drain(..kinds.min(messages.len() - 1));
    messages.join(": ")
}

fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}
