//! CloudFormation and S3 as a script: a server on this machine that answers each action with what a test wrote down,
//! and remembers what it was asked. It speaks HTTP rather than standing in for the SDK, so that retries, dropped
//! connections and the requests themselves are the real ones.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{Credentials, ProvideCredentials, SharedCredentialsProvider};
use deployment::{Connection, DeploymentError, Operation, StackEvent};

pub(crate) const STACK_ID: &str = "arn:aws:cloudformation:eu-west-1:000000000000:stack/orders/1";

/// The field by which a request marks the events that follow from it.
const REQUEST_TOKEN: &str = "ClientRequestToken";

/// Stands in an answer for the token of the last request that had one.
const OURS: &str = "{ours}";

/// One answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// One request: its action (the method, for S3) and its fields (for S3 the headers, `path`
/// and `body`; for services of JSON `body`).
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) action: String,
    pub(crate) fields: BTreeMap<String, String>,
}

/// Answers by action, each given once, in their order.
#[derive(Default)]
pub(crate) struct Script {
    answers: BTreeMap<String, VecDeque<Answer>>,
}

impl Script {
    pub(crate) fn on(mut self, action: &str, answers: impl IntoIterator<Item = Answer>) -> Self {
        self.answers.entry(action.to_owned()).or_default().extend(answers);
        self
    }

    /// Starts answering.
    pub(crate) async fn play(self) -> Stage {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let script = Arc::new(Mutex::new(self.answers));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (remaining, log) = (Arc::clone(&script), Arc::clone(&requests));
        // The thread ends with the test's process: nothing waits for it.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                serve(stream.unwrap(), &script, &requests);
            }
        });
        Stage { connection: connect(&endpoint).await, endpoint, remaining, log }
    }
}

/// A connection to `endpoint` with invented credentials.
pub(crate) async fn connect(endpoint: &str) -> Connection {
    connect_with(endpoint, Credentials::new("test", "test", None, None, "test")).await
}

/// A connection to `endpoint` with the credentials that `credentials` provides.
pub(crate) async fn connect_with(endpoint: &str, credentials: impl ProvideCredentials + 'static) -> Connection {
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .region(Region::new("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build();
    Connection::with_config(config).await.unwrap()
}

/// A script that is being played.
pub(crate) struct Stage {
    pub(crate) connection: Connection,
    pub(crate) endpoint: String,
    remaining: Arc<Mutex<BTreeMap<String, VecDeque<Answer>>>>,
    log: Arc<Mutex<Vec<Request>>>,
}

impl Stage {
    /// The requests for `action`, in their order.
    pub(crate) fn requests(&self, action: &str) -> Vec<Request> {
        self.log.lock().unwrap().iter().filter(|request| request.action == action).cloned().collect()
    }

    /// Checks that every answer was asked for.
    pub(crate) fn assert_played(&self) {
        let remaining = self.remaining.lock().unwrap();
        let left: Vec<_> = remaining.iter().filter(|(_, answers)| !answers.is_empty()).map(|(name, _)| name).collect();
        assert!(left.is_empty(), "nobody asked again for {left:?}");
    }
}

/// Runs an operation to its end: its events as `Bucket CREATE_COMPLETE`, and its outcome.
pub(crate) async fn run<T>(mut operation: Operation<T>) -> (Vec<String>, Result<T, DeploymentError>) {
    let mut events = Vec::new();
    while let Some(StackEvent { logical_id, status, .. }) = operation.next_event().await {
        events.push(format!("{logical_id} {status}"));
    }
    (events, operation.outcome().await)
}

fn serve(stream: TcpStream, script: &Mutex<BTreeMap<String, VecDeque<Answer>>>, log: &Mutex<Vec<Request>>) {
    // A client that leaves amid a request has asked nothing: parts go side by side, and the first that fails stops the
    // others.
    let Ok(request) = read(&stream) else { return };
    let answer = script.lock().unwrap().get_mut(&request.action).and_then(VecDeque::pop_front);
    let answer = answer.unwrap_or_else(|| refused("Unscripted", &request.action));
    log.lock().unwrap().push(request);
    let ours = log.lock().unwrap().iter().rev().find_map(|request| request.fields.get(REQUEST_TOKEN).cloned());
    if answer.status == 0 {
        return; // The connection breaks.
    }
    let (status, body) = (answer.status, answer.body.replace(OURS, &ours.unwrap_or_default()));
    let text = format!(
        "HTTP/1.1 {status} Answer\r\nContent-Length: {}\r\nContent-Type: text/xml\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    // A client that has gone away is a test that has ended.
    let _ = (&stream).write_all(text.as_bytes());
}

fn read(stream: &TcpStream) -> io::Result<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split(' ').map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = BTreeMap::new();
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) => headers.insert(name.to_ascii_lowercase(), value.to_owned()),
            None => break,
        };
    }
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let form: BTreeMap<String, String> = String::from_utf8_lossy(&body)
        .split('&')
        .filter_map(|field| field.split_once('='))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect();
    let target = headers.get("x-amz-target").and_then(|target| target.split_once('.'));
    let body = ("body".to_owned(), String::from_utf8_lossy(&body).into_owned());
    Ok(match (form.get("Action"), target) {
        (Some(action), _) => Request { action: action.clone(), fields: form },
        (None, Some((_, action))) => Request { action: action.to_owned(), fields: [body].into() },
        (None, None) => {
            headers.extend([("path".to_owned(), path), body]);
            Request { action: method, fields: headers }
        }
    })
}

/// Undoes the form encoding of ASCII text.
fn decode(text: &str) -> String {
    let mut parts = text.split('%');
    let mut decoded = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (code, rest) = part.split_at(2);
        decoded.push(char::from(u8::from_str_radix(code, 16).unwrap()));
        decoded.push_str(rest);
    }
    decoded
}

// Answers.

/// An action that answers `result`.
pub(crate) fn success(action: &str, result: &str) -> Answer {
    let body = format!("<{action}Response><{action}Result>{result}</{action}Result></{action}Response>");
    Answer { status: 200, body }
}

/// An action that answers nothing.
pub(crate) fn done(action: &str) -> Answer {
    success(action, "")
}

/// An error with its code.
pub(crate) fn refused(code: &str, message: &str) -> Answer {
    let error = format!("<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>");
    Answer { status: 400, body: format!("<ErrorResponse>{error}</ErrorResponse>") }
}

/// An answer of a service that speaks JSON.
pub(crate) fn json(status: u16, body: &serde_json::Value) -> Answer {
    Answer { status, body: body.to_string() }
}

/// The stack is not there.
pub(crate) fn absent() -> Answer {
    refused("ValidationError", "Stack with id orders does not exist")
}

/// The connection breaks before there is an answer.
pub(crate) fn broken() -> Answer {
    Answer { status: 0, body: String::new() }
}

/// An answer of S3's, without content.
pub(crate) fn s3(status: u16) -> Answer {
    s3_answer(status, "")
}

/// S3's refusal, with its code.
pub(crate) fn s3_refused(status: u16, code: &str) -> Answer {
    s3_answer(status, format!("<Error><Code>{code}</Code><Message>No.</Message></Error>"))
}

/// An answer of S3's.
pub(crate) fn s3_answer(status: u16, body: impl Into<String>) -> Answer {
    Answer { status, body: body.into() }
}

/// The stack `orders` with a status, and the assets stack's output.
pub(crate) fn stack(status: &str) -> Answer {
    describe(status, &output("AssetsBucketName", "assets"))
}

/// The assets stack, made by a version of the template.
pub(crate) fn assets_stack(version: &str) -> Answer {
    describe("UPDATE_COMPLETE", &(output("AssetsBucketName", "assets") + &output("AssetsVersion", version)))
}

fn output(name: &str, value: &str) -> String {
    format!("<member><OutputKey>{name}</OutputKey><OutputValue>{value}</OutputValue></member>")
}

/// The stack `orders`, protected from deletion.
pub(crate) fn protected_stack() -> Answer {
    let Answer { status, body } = stack("CREATE_COMPLETE");
    let protected = "<EnableTerminationProtection>true</EnableTerminationProtection><Outputs>";
    Answer { status, body: body.replace("<Outputs>", protected) }
}

/// The stack `orders` with a status.
pub(crate) fn stack_without_outputs(status: &str) -> Answer {
    describe(status, "")
}

fn describe(status: &str, outputs: &str) -> Answer {
    success(
        "DescribeStacks",
        &format!(
            "<Stacks><member><StackId>{STACK_ID}</StackId><StackName>orders</StackName>\
             <StackStatus>{status}</StackStatus><Outputs>{outputs}</Outputs></member></Stacks>"
        ),
    )
}

/// A page of the stack's resources, by logical id.
pub(crate) fn stack_resources(logical_ids: &[&str], next: &str) -> Answer {
    let member = |id| {
        format!(
            "<member><LogicalResourceId>{id}</LogicalResourceId><PhysicalResourceId>{id}</PhysicalResourceId>\
             <ResourceType>AWS::SSM::Parameter</ResourceType><ResourceStatus>CREATE_COMPLETE</ResourceStatus></member>"
        )
    };
    let members: String = logical_ids.iter().map(member).collect();
    let next = if next.is_empty() { String::new() } else { format!("<NextToken>{next}</NextToken>") };
    success("ListStackResources", &format!("<StackResourceSummaries>{members}</StackResourceSummaries>{next}"))
}

/// The deployed template.
pub(crate) fn template(body: &str) -> Answer {
    success("GetTemplate", &format!("<TemplateBody>{body}</TemplateBody>"))
}

/// The account that the credentials are for.
pub(crate) fn account(number: &str) -> Answer {
    success("GetCallerIdentity", &format!("<Account>{number}</Account>"))
}

/// A change set was begun.
pub(crate) fn change_set_created() -> Answer {
    success("CreateChangeSet", &format!("<Id>change-set</Id><StackId>{STACK_ID}</StackId>"))
}

/// A change set's state, without any resource change.
pub(crate) fn change_set(status: &str, execution: &str, reason: &str) -> Answer {
    success(
        "DescribeChangeSet",
        &format!(
            "<Status>{status}</Status><ExecutionStatus>{execution}</ExecutionStatus>\
             <StatusReason>{reason}</StatusReason><Changes/>"
        ),
    )
}

/// A change set that is ready, with what it does to resources: `<action> <logical id> <type> <replacement> <policy
/// action>`, where `-` is nothing; `next` leads to another page.
pub(crate) fn changes(changes: &[&str], next: Option<&str>) -> Answer {
    let members: String = changes.iter().map(|text| resource_change(text)).collect();
    let next = next.map(|token| format!("<NextToken>{token}</NextToken>")).unwrap_or_default();
    success(
        "DescribeChangeSet",
        &format!(
            "<Status>CREATE_COMPLETE</Status><ExecutionStatus>AVAILABLE</ExecutionStatus>\
             <Changes>{members}</Changes>{next}"
        ),
    )
}

fn resource_change(text: &str) -> String {
    let mut parts = text.split(' ');
    let mut element = |name: &str| match parts.next() {
        None | Some("-") => String::new(),
        Some(value) => format!("<{name}>{value}</{name}>"),
    };
    let [action, logical_id, resource_type, replacement, policy_action] =
        ["Action", "LogicalResourceId", "ResourceType", "Replacement", "PolicyAction"].map(&mut element);
    format!(
        "<member><Type>Resource</Type><ResourceChange>{action}{logical_id}{resource_type}{replacement}{policy_action}\
         <PhysicalResourceId>physical</PhysicalResourceId><Details><member><Target><Attribute>Properties</Attribute>\
         <Name>Size</Name><Path>/Properties/Size</Path><BeforeValue>1</BeforeValue><AfterValue>2</AfterValue>\
         <RequiresRecreation>Never</RequiresRecreation></Target><CausingEntity>Scale</CausingEntity></member></Details>\
         </ResourceChange></member>"
    )
}

/// An event: `<second>[@<token>] <logical id> <status> <reason>`. The second is its id too, and `orders` is the stack.
/// The token `ours` is that of the request which began the operation.
pub(crate) fn event(text: &str) -> String {
    let mut parts = text.splitn(4, ' ');
    let mut next = || parts.next().unwrap_or_default();
    let (second, logical_id, status, reason) = (next(), next(), next(), next());
    let (second, token) = second.split_once('@').unwrap_or((second, ""));
    let token = if token == "ours" { OURS } else { token };
    let (kind, physical_id) =
        if logical_id == "orders" { ("AWS::CloudFormation::Stack", STACK_ID) } else { ("AWS::S3::Bucket", "") };
    format!(
        "<member><EventId>{second}</EventId><Timestamp>2026-01-01T00:00:{second:0>2}Z</Timestamp>\
         <LogicalResourceId>{logical_id}</LogicalResourceId><PhysicalResourceId>{physical_id}</PhysicalResourceId>\
         <ResourceType>{kind}</ResourceType><ResourceStatus>{status}</ResourceStatus>\
         <ResourceStatusReason>{reason}</ResourceStatusReason>\
         <ClientRequestToken>{token}</ClientRequestToken></member>"
    )
}

/// A page of events, newest first as CloudFormation has them; `next` leads to an older page.
pub(crate) fn events(newest_first: &[&str], next: Option<&str>) -> Answer {
    let members: String = newest_first.iter().map(|text| event(text)).collect();
    let next = next.map(|token| format!("<NextToken>{token}</NextToken>")).unwrap_or_default();
    success("DescribeStackEvents", &format!("<StackEvents>{members}</StackEvents>{next}"))
}
