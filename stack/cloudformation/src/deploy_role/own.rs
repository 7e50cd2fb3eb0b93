//! What the program that deploys calls on a stack's resources by itself, beside what CloudFormation's handlers call.

/// What is allowed beside what deploying, changing and deleting a stack takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extra {
    /// Emptying the stack's buckets, every version of every object: `destroy --purge`.
    Purge,
    /// Reading what the functions and state machines write: `logs`.
    Logs,
}

/// A resource of this type takes these actions, always or with an extra; on the resource, and on what follows its ARN.
pub(super) const CALLS: &[(&str, Option<Extra>, &str, &[&str])] = &[
    // `watch` swaps code and definitions, and a deployment puts back what was swapped.
    ("AWS::Lambda::Function", None, "", &["lambda:GetFunctionConfiguration", "lambda:UpdateFunctionCode"]),
    ("AWS::StepFunctions::StateMachine", None, "", &["states:DescribeStateMachine", "states:UpdateStateMachine"]),
    // `destroy` says which buckets are not empty.
    ("AWS::S3::Bucket", None, "", &["s3:ListBucketVersions"]),
    ("AWS::S3::Bucket", Some(Extra::Purge), "/*", &["s3:DeleteObject", "s3:DeleteObjectVersion"]),
    ("AWS::Logs::LogGroup", Some(Extra::Logs), "", &["logs:FilterLogEvents"]),
];

/// What is called on the log groups that Lambda makes for a function: `destroy` leaves none behind.
pub(super) const FUNCTION_LOG_GROUP: &[(Option<Extra>, &str)] =
    &[(None, "logs:DeleteLogGroup"), (Some(Extra::Logs), "logs:FilterLogEvents")];
