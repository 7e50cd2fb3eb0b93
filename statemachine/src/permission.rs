//! What a machine's role may do: derived from the states, those of nested machines included, and nothing more.

use std::fmt;

use serde_json::Value;

use crate::StateMachine;
use crate::check::pointer;

/// Actions that a machine's role needs on some resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    /// The actions, such as `lambda:InvokeFunction`.
    pub actions: &'static [&'static str],
    /// What they are needed on.
    pub resources: Vec<Resource>,
}

/// What a permission is about. Where the definition names it by a placeholder alone, such as `${TableName}`, the
/// placeholder stands for its *ARN* here, whatever it is in the definition; `${AWS::Partition}`, `${AWS::Region}` and
/// `${AWS::AccountId}` are what they are in CloudFormation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resource {
    /// An ARN. It may end in a wildcard.
    Arn(String),
    /// All executions of the state machine of this ARN.
    Executions(String),
    /// The machine itself.
    Itself,
    /// The machine's own executions.
    OwnExecutions,
    /// The executions that the machine's distributed Map states start.
    OwnMapRuns,
}

/// Why permissions cannot be derived.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PermissionError {
    /// The action is not among those whose permissions are known.
    #[error("{path}: the permissions of {resource} are not known; grant them by hand")]
    UnknownAction {
        /// The state.
        path: String,
        /// Its Resource.
        resource: String,
    },
    /// What the action is about is known only when the state runs.
    #[error(
        "{path}/{field}: write what is meant, or a placeholder; for what an expression gives nothing can be granted"
    )]
    NotFixed {
        /// The state.
        path: String,
        /// The field.
        field: &'static str,
    },
}

impl<In, Out, L> StateMachine<In, Out, L> {
    /// What the machine's role must be allowed, and no more.
    ///
    /// ```
    /// # use statemachine::{Expression, StateMachine, Task};
    /// # use statemachine::service::sqs;
    /// let mut machine = StateMachine::<String, sqs::SentMessage>::builder("");
    /// let send = Task::call(sqs::send_message("${QueueUrl}", Expression::input())).timeout_seconds(5).end();
    /// let send = machine.add("Send", send);
    /// let permissions = machine.build(&send)?.permissions()?;
    /// assert_eq!(permissions[0].to_string(), "sqs:SendMessage on ${QueueUrl}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A task calls an action whose permissions are not known, or something that only an execution knows.
    pub fn permissions(&self) -> Result<Vec<Permission>, PermissionError> {
        permissions(self.definition())
    }
}

/// What the role of a definition's machine must be allowed; see [`StateMachine::permissions`].
///
/// # Errors
///
/// A task calls an action whose permissions are not known, or something that only an execution knows.
pub fn permissions(definition: &Value) -> Result<Vec<Permission>, PermissionError> {
    let (found, unknown) = known_permissions(definition);
    unknown.into_iter().next().map_or(Ok(found), Err)
}

/// What can be derived, and what cannot: the rest has to be granted by hand.
///
/// ```
/// # use serde_json::json;
/// # use statemachine::known_permissions;
/// let task = |resource: &str, arguments| json!({"Type": "Task", "Resource": resource, "Arguments": arguments, "End": true});
/// let branch = |name: &str, task| json!({"StartAt": name, "States": {name: task}});
/// let publish = task("arn:aws:states:::sns:publish", json!({"TopicArn": "${TopicArn}", "Message": "done"}));
/// let detect = task("arn:aws:states:::aws-sdk:comprehend:detectDominantLanguage", json!({"Text": "Guten Tag"}));
/// let branches = [branch("Tell", publish), branch("Detect", detect)];
/// let definition = json!({"StartAt": "Both", "States": {"Both": {"Type": "Parallel", "Branches": branches, "End": true}}});
///
/// let (known, unknown) = known_permissions(&definition);
/// assert_eq!(known[0].to_string(), "sns:Publish on ${TopicArn}");
/// assert!(unknown[0].to_string().starts_with("/States/Both/Branches/1/States/Detect: the permissions of arn:aws:"));
/// ```
pub fn known_permissions(definition: &Value) -> (Vec<Permission>, Vec<PermissionError>) {
    let mut permissions = Permissions::default();
    permissions.machine(definition, "");
    (permissions.found, permissions.unknown)
}

#[derive(Default)]
struct Permissions {
    found: Vec<Permission>,
    unknown: Vec<PermissionError>,
}

impl Permissions {
    fn machine(&mut self, machine: &Value, path: &str) {
        for (name, state) in machine.get("States").and_then(Value::as_object).into_iter().flatten() {
            let path = format!("{path}{}", pointer(["States", name]));
            let outcome = match state.get("Type").and_then(Value::as_str) {
                Some("Task") => self.task(&Place { object: state, path: path.clone() }),
                Some("Map") => self.map(state, &path),
                _ => Ok(()),
            };
            self.unknown.extend(outcome.err());
            let branches = state.get("Branches").and_then(Value::as_array).into_iter().flatten();
            for (index, branch) in branches.enumerate() {
                self.machine(branch, &format!("{path}/Branches/{index}"));
            }
            for field in ["ItemProcessor", "Iterator"] {
                if let Some(machine) = state.get(field) {
                    self.machine(machine, &format!("{path}/{field}"));
                }
            }
        }
    }

    fn allow(&mut self, actions: &'static [&'static str], resources: impl IntoIterator<Item = Resource>) {
        let permission = Permission { actions, resources: resources.into_iter().collect() };
        if !self.found.contains(&permission) {
            self.found.push(permission);
        }
    }

    fn task(&mut self, task: &Place<'_>) -> Result<(), PermissionError> {
        if let Some(credentials) = task.object.get("Credentials") {
            // Another role does the work; what it may is said where it is.
            let role = credentials.get("RoleArn").and_then(Value::as_str).filter(|role| !role.starts_with("{%"));
            let not_fixed = || PermissionError::NotFixed { path: task.path.clone(), field: "Credentials/RoleArn" };
            let role = role.and_then(|role| Arn::of(role, "iam", "role/")).ok_or_else(not_fixed)?;
            self.allow(&["sts:AssumeRole"], [role.into()]);
            return Ok(());
        }
        let resource = task.object.get("Resource").and_then(Value::as_str).unwrap_or_default();
        let unknown = || PermissionError::UnknownAction { path: task.path.clone(), resource: resource.to_owned() };
        let Some((_, integration)) = resource.split_once(":states:::") else {
            return match Arn::of(resource, "lambda", "function:") {
                _ if resource.contains(":activity:") => Ok(()),
                Some(function) => {
                    self.invoke(&function);
                    Ok(())
                }
                None => Err(unknown()),
            };
        };
        let (action, pattern) = integration.split_once('.').unwrap_or((integration, ""));
        match action {
            "lambda:invoke" => {
                let function = task.arn("FunctionName", "lambda", "function:")?;
                self.invoke(&function);
            }
            "dynamodb:getItem" => self.allow(&["dynamodb:GetItem"], [task.table()?]),
            "dynamodb:putItem" => self.allow(&["dynamodb:PutItem"], [task.table()?]),
            "dynamodb:updateItem" => self.allow(&["dynamodb:UpdateItem"], [task.table()?]),
            "dynamodb:deleteItem" => self.allow(&["dynamodb:DeleteItem"], [task.table()?]),
            "sqs:sendMessage" => self.allow(&["sqs:SendMessage"], [task.queue()?]),
            "sns:publish" => self.allow(&["sns:Publish"], [task.arn("TopicArn", "sns", "")?.into()]),
            "events:putEvents" => {
                for bus in task.buses()? {
                    self.allow(&["events:PutEvents"], [bus]);
                }
            }
            "aws-sdk:s3:getObject" => self.allow(&["s3:GetObject"], [task.object("Key", false)?]),
            "aws-sdk:s3:putObject" => self.allow(&["s3:PutObject"], [task.object("Key", false)?]),
            "states:startExecution" => {
                let machine = task.arn("StateMachineArn", "states", "stateMachine:")?;
                self.start_execution(&machine, pattern.starts_with("sync"));
            }
            _ => return Err(unknown()),
        }
        Ok(())
    }

    /// A function is invoked by itself or, where it is named so, by a version or an alias.
    ///
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html#lambda-iam>
    fn invoke(&mut self, function: &Arn) {
        let any_version = Resource::Arn(format!("{}:*", function.0));
        let is_qualified = function.0.split_once(":function:").is_some_and(|(_, name)| name.contains(':'));
        let resources = [Some(function.clone().into()), (!is_qualified).then_some(any_version)];
        self.allow(&["lambda:InvokeFunction"], resources.into_iter().flatten());
    }

    /// Whoever waits for an execution's end is told of it by a rule that Step Functions makes.
    ///
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html#sync-async-iam-policies>
    fn start_execution(&mut self, machine: &Arn, is_waited_for: bool) {
        self.allow(&["states:StartExecution"], [machine.clone().into()]);
        if is_waited_for {
            let rule = Arn::named("events", "rule/StepFunctionsGetEventsForStepFunctionsExecutionRule");
            self.allow(&["states:DescribeExecution", "states:StopExecution"], [machine.executions()]);
            self.allow(&["events:PutTargets", "events:PutRule", "events:DescribeRule"], [rule.into()]);
        }
    }

    /// A distributed Map runs executions of its own machine, reads its items from S3 and writes its results there.
    ///
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html>
    fn map(&mut self, map: &Value, path: &str) -> Result<(), PermissionError> {
        if map.pointer("/ItemProcessor/ProcessorConfig/Mode").is_none_or(|mode| mode != "DISTRIBUTED") {
            return Ok(());
        }
        self.allow(&["states:StartExecution"], [Resource::Itself]);
        self.allow(
            &["states:DescribeExecution", "states:StopExecution"],
            [Resource::OwnExecutions, Resource::OwnMapRuns],
        );
        self.allow(&["states:RedriveExecution"], [Resource::OwnMapRuns]);
        if let Some(reader) = map.get("ItemReader") {
            let place = Place { object: reader, path: format!("{path}/ItemReader") };
            if reader.get("Resource").and_then(Value::as_str).is_some_and(|name| name.ends_with("listObjectsV2")) {
                self.allow(&["s3:ListBucket"], [place.arn("Bucket", "s3", "")?.into()]);
            } else if reader.pointer("/ReaderConfig/InputType").is_some_and(|name| name == "MANIFEST") {
                // The manifest names the objects that hold the list.
                self.allow(&["s3:GetObject"], [Resource::Arn(format!("{}/*", place.arn("Bucket", "s3", "")?.0))]);
            } else {
                self.allow(&["s3:GetObject"], [place.object("Key", false)?]);
            }
        }
        if let Some(writer) = map.get("ResultWriter").filter(|writer| writer.get("Resource").is_some()) {
            let place = Place { object: writer, path: format!("{path}/ResultWriter") };
            let actions = &["s3:PutObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload"];
            self.allow(actions, [place.object("Prefix", true)?]);
        }
        Ok(())
    }
}

/// An object of a definition that has arguments.
struct Place<'a> {
    object: &'a Value,
    path: String,
}

impl Place<'_> {
    /// An argument that is known now.
    fn fixed(&self, field: &'static str) -> Result<&str, PermissionError> {
        self.argument(field)
            .and_then(Value::as_str)
            .filter(|text| !text.starts_with("{%"))
            .ok_or_else(|| PermissionError::NotFixed { path: self.path.clone(), field })
    }

    fn argument(&self, field: &str) -> Option<&Value> {
        let arguments = self.object.get("Arguments").or_else(|| self.object.get("Parameters"))?;
        arguments.get(field)
    }

    fn arn(&self, field: &'static str, service: &str, kind: &str) -> Result<Arn, PermissionError> {
        let text = self.fixed(field)?;
        Arn::of(text, service, kind).ok_or_else(|| PermissionError::NotFixed { path: self.path.clone(), field })
    }

    fn table(&self) -> Result<Resource, PermissionError> {
        self.arn("TableName", "dynamodb", "table/").map(Resource::from)
    }

    /// A queue is named by its URL: `https://sqs.<region>.amazonaws.com/<account>/<name>`.
    fn queue(&self) -> Result<Resource, PermissionError> {
        let text = self.fixed("QueueUrl")?;
        let mut parts = text.rsplit('/');
        match (parts.next(), parts.next(), text.split('.').nth(1)) {
            (Some(name), Some(account), Some(region)) if text.starts_with("https://sqs.") => {
                Ok(Resource::Arn(format!("arn:${{AWS::Partition}}:sqs:{region}:{account}:{name}")))
            }
            _ => self.arn("QueueUrl", "sqs", "").map(Resource::from),
        }
    }

    fn buses(&self) -> Result<Vec<Resource>, PermissionError> {
        let not_fixed = || PermissionError::NotFixed { path: self.path.clone(), field: "EventBusName" };
        let entries = self.argument("Entries").and_then(Value::as_array).ok_or_else(not_fixed)?;
        let bus = |entry: &Value| {
            let name = entry.get("EventBusName").map_or(Some("default"), Value::as_str);
            let name = name.filter(|name| !name.starts_with("{%")).ok_or_else(not_fixed)?;
            Arn::of(name, "events", "event-bus/").map(Resource::from).ok_or_else(not_fixed)
        };
        entries.iter().map(bus).collect()
    }

    /// An object, or all whose keys begin so. What an expression gives may be any key of the bucket.
    fn object(&self, key: &'static str, is_prefix: bool) -> Result<Resource, PermissionError> {
        let bucket = self.arn("Bucket", "s3", "")?;
        let key = match self.fixed(key) {
            Ok(prefix) if is_prefix => format!("{prefix}/*"),
            Ok(key) => key.to_owned(),
            Err(_) => "*".to_owned(),
        };
        Ok(Resource::Arn(format!("{}/{key}", bucket.0)))
    }
}

/// An ARN, or a placeholder that stands for one.
#[derive(Clone, Debug)]
struct Arn(String);

impl Arn {
    /// The ARN of what a definition names by its ARN, its name or a placeholder.
    fn of(text: &str, service: &str, kind: &str) -> Option<Self> {
        let placeholder = text.strip_prefix("${").and_then(|text| text.strip_suffix('}'));
        if text.starts_with("arn:") || placeholder.is_some_and(|name| !name.contains('$')) {
            return Some(Self(text.to_owned()));
        }
        let is_name = !text.is_empty() && !text.contains([':', '/']);
        match service {
            _ if !is_name => None,
            "s3" => Some(Self(format!("arn:${{AWS::Partition}}:s3:::{text}"))),
            _ => Some(Self::named(service, &format!("{kind}{text}"))),
        }
    }

    /// The ARN of something in this account and region.
    fn named(service: &str, resource: &str) -> Self {
        Self(format!("arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{resource}"))
    }

    fn executions(&self) -> Resource {
        match self.0.split_once(":stateMachine:") {
            Some((account, name)) => Resource::Arn(format!("{account}:execution:{name}:*")),
            None => Resource::Executions(self.0.clone()),
        }
    }
}

impl From<Arn> for Resource {
    fn from(arn: Arn) -> Self {
        Self::Arn(arn.0)
    }
}

impl Resource {
    /// Whether this is the machine itself, or something of it. A template grants it once it has the machine.
    pub fn is_own(&self) -> bool {
        matches!(self, Self::Itself | Self::OwnExecutions | Self::OwnMapRuns)
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Arn(arn) => formatter.write_str(arn),
            Self::Executions(machine) => write!(formatter, "the executions of {machine}"),
            Self::Itself => formatter.write_str("the machine itself"),
            Self::OwnExecutions => formatter.write_str("its own executions"),
            Self::OwnMapRuns => formatter.write_str("the executions of its Map states"),
        }
    }
}

/// `action, action on resource, resource`
impl fmt::Display for Permission {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let resources: Vec<String> = self.resources.iter().map(ToString::to_string).collect();
        write!(formatter, "{} on {}", self.actions.join(", "), resources.join(", "))
    }
}

#[cfg(test)]
mod tests;
