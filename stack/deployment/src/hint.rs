//! What to do about a failure, by the words of its reason.

/// A reason that is known, and the way out.
struct Known {
    /// Words in the reason, in lower case. All of one group must be there.
    words: &'static [&'static [&'static str]],
    advice: &'static str,
}

const fn known(words: &'static [&'static [&'static str]], advice: &'static str) -> Known {
    Known { words, advice }
}

/// The first that fits holds: what names a service's own trouble stands before CloudFormation's general codes.
const KNOWN: &[Known] = &[
    // Roles and policies.
    known(
        &[&["not authorized to access the log destination"]],
        "the state machine's role needs the log delivery actions (logs:CreateLogDelivery, logs:PutResourcePolicy and \
         their like) before the machine is made: let the machine depend on that policy. If it does, the account's log \
         resource policies may be full",
    ),
    known(
        &[&["cannot be assumed by"]],
        "let the role trust the service that is to assume it. If it does, the role was too new: deploy again",
    ),
    known(
        &[&["invalid principal"]],
        "a principal in the policy does not exist: check its account, its partition and its spelling, and whether the \
         role was deleted and made anew",
    ),
    known(
        &[&["requires capabilities"], &["insufficientcapabilities"]],
        "the template makes IAM resources or uses macros, and the request must acknowledge the capabilities named",
    ),
    known(
        &[&["explicit deny in a service control policy"]],
        "the organisation forbids it, whatever the account allows: ask those who manage the service control policies",
    ),
    known(
        &[&["token included in the request is expired"], &["expiredtoken"]],
        "the credentials expired on the way: sign in again, then deploy again",
    ),
    // What the resource needs of others.
    known(
        &[&["unable to validate the following destination configurations"]],
        "S3 tries each destination when the notification is set: the function, queue or topic must exist, be in the \
         bucket's region, and allow s3.amazonaws.com to use it, and the bucket must depend on that permission. A key \
         that encrypts a queue or topic must allow it too",
    ),
    known(
        &[&["s3 error code: nosuchkey"], &["s3 error code: nosuchbucket"]],
        "the function's package is not in the assets bucket, where a lifecycle rule or a clean-up may have removed \
         it: deploy again, which uploads it",
    ),
    known(
        &[&["s3 error code: permanentredirect"]],
        "the function's package lies in a bucket of another region: bootstrap the region that you deploy to",
    ),
    known(
        &[&["s3 error code: accessdenied"]],
        "whoever deploys may not read the function's package: allow s3:GetObject on the assets bucket, and kms:Decrypt \
         where a key encrypts it. S3 says the same of a package that is not there",
    ),
    known(
        &[&["kms access was denied"], &["kms exception"], &["perform: kms:"], &["customer master key"]],
        "the key's policy, or that of whoever uses the key, does not allow it; the key may also be disabled or awaiting \
         deletion",
    ),
    known(
        &[&["no longer supported for creating or updating"]],
        "the Lambda runtime has been retired: choose a supported one",
    ),
    known(
        &[&["hook(s) failed"]],
        "a CloudFormation hook of the account forbids it: change what its message names, or ask those who manage the hook",
    ),
    // Quotas.
    known(
        &[&["unreservedconcurrentexecution"], &["'aws::lambda::function'", "notupdatable"]],
        "reserving concurrency must leave the account at least 100 unreserved executions, or 10 in a new account: lower \
         `reserved_concurrency`, or ask for a higher quota of concurrent executions",
    ),
    known(
        &[&["rate exceeded"], &["throttling"], &["requestlimitexceeded"], &["too many requests"]],
        "AWS throttled the service's calls: deploy again. If it returns, let some of the resources depend on others, so \
         that fewer are made at a time",
    ),
    known(
        &[&["limitexceeded"], &["limit exceeded"], &["quota"], &["has been reached"]],
        "a quota of the account is used up: remove what is not needed, or raise it in Service Quotas",
    ),
    // Names and other stacks.
    known(
        &[&["custom-named resource requires replacing"]],
        "CloudFormation makes the new resource before it deletes the old one, and both cannot have one name: change the \
         name, or leave it out, and CloudFormation chooses one",
    ),
    known(
        &[&["already exists in stack"]],
        "another stack has that resource: take another name, or remove it there first",
    ),
    known(
        &[&["already exists"], &["alreadyexists"], &["already owned by you"], &["name is not available"]],
        "the name is taken, perhaps by what an earlier stack retained: take another name, delete that resource, or \
         adopt it with `stack import`. A bucket's name may be taken by any account",
    ),
    known(&[&["as it is in use by"]], "the other stack imports that export: change or delete that stack first"),
    known(&[&["no export named"]], "deploy the stack that exports it first, in the same account and region"),
    // Updates and deletions.
    known(
        &[&["bucket", "not empty"], &["bucketnotempty"]],
        "CloudFormation deletes no bucket that holds objects: `stack destroy --purge` empties it, versions and all",
    ),
    known(&[&["terminationprotection"]], "the stack is protected from deletion: lift its termination protection first"),
    known(
        &[&["denied by stack policy"], &["not allowed by stack policy"]],
        "the stack's policy protects the resource: change the stack's policy first, if the change is meant",
    ),
    known(
        &[&["conflicting conditional operation"], &["operationaborted"]],
        "S3 has not finished with a bucket of that name, deleted perhaps: wait some minutes, then deploy again",
    ),
    known(
        &[&["dependencyviolation"], &["has a dependent object"], &["resourceinuse"], &["resourceconflict"]],
        "something uses the resource, or another operation is changing it: end that first, then do this again",
    ),
    known(
        &[&["notstabilized"], &["did not stabilize"], &["failed to stabilize"], &["exceeded attempts to wait"]],
        "the resource was made but did not become ready: look at its own logs or events, since CloudFormation saw none",
    ),
    known(
        &[&["notfound"], &["was not found"]],
        "it is not there: deleted outside the stack, perhaps, which `stack drift` shows, or named wrongly",
    ),
];

/// What to do about a failure whose reason is known; none where it is not.
///
/// `reason` is a stack event's reason, or the message of an error that AWS answers with.
///
/// ```
/// let reason = "The bucket you tried to delete is not empty (Service: Amazon S3; Error Code: BucketNotEmpty)";
/// assert!(deployment::hint(reason).is_some_and(|hint| hint.contains("--purge")));
/// assert_eq!(deployment::hint("Resource creation cancelled"), None);
/// ```
pub fn hint(reason: &str) -> Option<String> {
    let lower = reason.to_lowercase();
    let fits = |known: &&Known| known.words.iter().any(|group| group.iter().all(|word| lower.contains(word)));
    if let Some(known) = KNOWN.iter().find(fits) {
        return Some(known.advice.to_owned());
    }
    match denied_action(reason) {
        Some(action) => Some(format!(
            "whoever deploys may not do {action}: allow it; `stack policy deploy-role` prints all that the template needs"
        )),
        None if lower.contains("accessdenied") || lower.contains("access denied") => Some(
            "whoever deploys lacks a permission, which AWS does not name: CloudTrail shows the refused call, and `stack \
             policy deploy-role` prints all that the template needs"
                .to_owned(),
        ),
        None => None,
    }
}

/// The action that a refusal names: `iam:CreateRole`.
fn denied_action(reason: &str) -> Option<&str> {
    const BEFORE: [&str; 3] = ["not authorized to perform: ", "API: ", "permission to call "];
    let after = BEFORE.iter().find_map(|before| Some(reason.split_once(before)?.1))?;
    let end = after.find(|character: char| !(character.is_ascii_alphanumeric() || matches!(character, ':' | '-')));
    let action = &after[..end.unwrap_or(after.len())];
    action.contains(':').then_some(action)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Messages as AWS words them, found in public reports, and what the hint must speak of.
    const MESSAGES: &[(&str, &str)] = &[
        (
            "Resource handler returned message: \"The state machine IAM Role is not authorized to access the Log \
             Destination (Service: Sfn, Status Code: 400)\"",
            "log delivery",
        ),
        (
            "The role defined for the function cannot be assumed by Lambda. (Service: Lambda, Status Code: 400, Request \
             ID: c33fdd39-59d4-4ba8-8ad6-29f6c04d79eb, Extended Request ID: null)",
            "trust",
        ),
        (
            "Resource handler returned message: \"Invalid principal in policy: \"AWS\":\"arn:aws::iam::1:root\" \
             (Service: Iam, Status Code: 400, Request ID: 1)\" (RequestToken: 2, HandlerErrorCode: InvalidRequest)",
            "principal",
        ),
        ("Invalid principal in policy (Service: Amazon S3; Status Code: 400; Error Code: MalformedPolicy", "principal"),
        ("Requires capabilities : [CAPABILITY_NAMED_IAM]", "acknowledge"),
        (
            "User: arn:aws:sts::1:assumed-role/a/b is not authorized to perform: iam:CreateRole on resource: c with an \
             explicit deny in a service control policy",
            "organisation",
        ),
        (
            "Unable to validate the following destination configurations (Service: Amazon S3; Status Code: 400; Error \
             Code: InvalidArgument; Request ID: 6CYB6R5W6P0HJ0D9; Proxy: null)",
            "s3.amazonaws.com",
        ),
        (
            "Resource handler returned message: \"Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error \
             Message: The specified key does not exist. (Service: Lambda, Status Code: 400, Request ID: 1)\" \
             (RequestToken: 2, HandlerErrorCode: InvalidRequest)",
            "package",
        ),
        (
            "Error occurred while GetObject. S3 Error Code: PermanentRedirect. S3 Error Message: The bucket is in this \
             region: us-east-2. Please use this region to retry the request",
            "bootstrap",
        ),
        (
            "Your access has been denied by S3, please make sure your request credentials have permission to GetObject \
             for artifacts/68dfa11078. S3 Error Code: AccessDenied. S3 Error Message: Access Denied (Service: \
             AWSLambdaInternal; Status Code: 403; Error Code: AccessDeniedException; Request ID: 6225d338)",
            "s3:GetObject",
        ),
        (
            "KMS Exception: AccessDeniedExceptionKMS Message: The ciphertext refers to a customer master key that does \
             not exist, does not exist in this region, or you are not allowed to access.",
            "key's policy",
        ),
        (
            "The runtime parameter of python3.7 is no longer supported for creating or updating AWS Lambda functions.",
            "runtime",
        ),
        ("The following hook(s) failed: [AWS::ControlTower::Hook] : Hook failed with message: ValidationError", "hook"),
        (
            "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below \
             its minimum value of [10].",
            "reserved_concurrency",
        ),
        (
            "Resource handler returned message: \"Resource of type 'AWS::Lambda::Function' with identifier 'Migration' \
             is not updatable with parameters provided.\" (HandlerErrorCode: NotUpdatable)",
            "reserved_concurrency",
        ),
        (
            "Rate exceeded for operation 'Rate exceeded (Service: Lambda, Status Code: 429, Request ID: 2d5768a1, \
             Extended Request ID: null)'.",
            "throttled",
        ),
        (
            "Request limit exceeded. (Service: AmazonEC2; Status Code: 503; Error Code: RequestLimitExceeded; Request \
             ID: 7fd6cf20)",
            "throttled",
        ),
        (
            "The maximum number of VPC endpoints has been reached. (Service: Ec2, Status Code: 400, Request ID: 1) (SDK \
             Attempt Count: 1)\" (RequestToken: 2, HandlerErrorCode: ServiceLimitExceeded)",
            "quota",
        ),
        ("Resource limit exceeded. (Service: AWSLogs; Status Code: 400; Error Code: LimitExceededException)", "quota"),
        (
            "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename jobs and \
             update the stack again.",
            "change the name",
        ),
        (
            "fsmt-1 already exists in stack arn:aws:cloudformation:us-east-1:1:stack/orders/3",
            "another stack has that resource",
        ),
        (
            "Resource handler returned message: \"Resource of type 'AWS::Logs::LogGroup' with identifier \
             '{\"/properties/LogGroupName\":\"/aws/lambda/a\"}' already exists.\" (RequestToken: 1, HandlerErrorCode: \
             AlreadyExists)",
            "stack import",
        ),
        (
            "Resource handler returned message: \"The requested bucket name is not available. The bucket namespace is \
             shared by all users of the system\" (RequestToken: t-1, HandlerErrorCode: AlreadyExists)",
            "any account",
        ),
        ("Export vpc-EcsCluster cannot be deleted as it is in use by docker-events", "other stack"),
        (
            "The bucket you tried to delete is not empty (Service: Amazon S3; Status Code: 409; Error Code: \
             BucketNotEmpty; Request ID: 13B5WKE8TCT9VS8K; Proxy: null)",
            "--purge",
        ),
        ("Stack [orders] cannot be deleted while TerminationProtection is enabled", "termination protection"),
        (
            "Action denied by stack policy: Statement [#1] does not allow [Update:Replace] for resource \
             [LogicalResourceId/Table];",
            "stack's policy",
        ),
        (
            "OperationAborted: A conflicting conditional operation is currently in progress against this resource. \
             Please try again.",
            "wait",
        ),
        (
            "the internetGateway has dependencies (Service: EC2, Status Code: 400, Error Code: DependencyViolation)\" \
             (RequestToken: token-7, HandlerErrorCode: ResourceConflict)",
            "uses the resource",
        ),
        (
            "Resource handler returned message: \"Exceeded attempts to wait\" (RequestToken: 9, HandlerErrorCode: \
             NotStabilized)",
            "did not become ready",
        ),
        (
            "The specified bucket does not exist (Service: S3, Status Code: 404)\" (RequestToken: 1, HandlerErrorCode: \
             NotFound)",
            "stack drift",
        ),
        (
            "User: arn:aws:iam::1:user/matt is not authorized to perform: iam:GetRole on resource: role a because no \
             identity-based policy allows the iam:GetRole action (Service: Iam, Status Code: 403, Request ID: 2014b22d)",
            "may not do iam:GetRole",
        ),
        ("API: ec2:CreateVpc You are not authorized to perform this operation.", "may not do ec2:CreateVpc"),
        (
            "AccessDenied. User doesn't have permission to call ec2:DescribeImages. Rollback requested by user.",
            "may not do ec2:DescribeImages",
        ),
        ("Access Denied (Service: S3, Status Code: 403)", "CloudTrail"),
        ("The security token included in the request is expired (Service: Sts, Status Code: 403)", "sign in again"),
        ("No export named vpc-EcsCluster found. Rollback requested by user.", "exports it first"),
    ];

    #[test]
    fn what_aws_says_is_met_with_what_to_do() {
        for (message, expected) in MESSAGES {
            let hint = hint(message).unwrap_or_default();
            assert!(hint.contains(expected), "`{expected}` is not in the hint for: {message}\n{hint}");
        }
    }

    #[test]
    fn every_hint_is_for_a_message_that_aws_gives() {
        let given: Vec<_> = MESSAGES.iter().filter_map(|(message, _)| hint(message)).collect();
        for known in KNOWN {
            assert!(given.iter().any(|hint| hint == known.advice), "no message leads to: {}", known.advice);
        }
    }

    #[test]
    fn what_is_not_known_has_no_hint() {
        for reason in ["", "Resource creation cancelled", "Internal Failure", "API: no action here"] {
            assert_eq!(hint(reason), None, "{reason}");
        }
    }
}
