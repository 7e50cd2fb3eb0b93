//! CloudFormation with one stack, on which an operation goes on until a test ends it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// The name that the program gives the stack of its development environment.
pub const STACK: &str = "activity-development";

/// Longer than anything takes, also on a machine that has other work.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The service, and what it was asked.
pub struct CloudFormation {
    /// Where it answers.
    pub endpoint: String,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// What the stack came to, oldest first.
    statuses: Vec<&'static str>,
    /// The actions that were asked for.
    actions: Vec<String>,
}

impl CloudFormation {
    /// Starts to answer. The stack came to `statuses`.
    pub fn start(statuses: &[&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared::default());
        shared.state.lock().unwrap().statuses.extend(statuses);
        let answering = Arc::clone(&shared);
        // The threads end with the test's process. Each connection has its own: the program may open one, and send its
        // request only when another has been answered.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&answering);
                // A program that has ended in the middle of a request is what some tests are about.
                std::thread::spawn(move || serve(&stream, &shared));
            }
        });
        Self { endpoint, shared }
    }

    /// The stack comes to `status`.
    pub fn come_to(&self, status: &'static str) {
        self.shared.state.lock().unwrap().statuses.push(status);
    }

    /// Waits until `action` was asked for.
    pub fn await_request(&self, action: &str) {
        let state = self.shared.state.lock().unwrap();
        let is_missing = |state: &mut State| !state.actions.iter().any(|asked| asked == action);
        let (state, waited) = self.shared.changed.wait_timeout_while(state, PATIENCE, is_missing).unwrap();
        assert!(!waited.timed_out(), "nobody asks for {action}, but for {:?}", state.actions);
    }

    /// Whether `action` was asked for.
    pub fn was_asked(&self, action: &str) -> bool {
        self.shared.state.lock().unwrap().actions.iter().any(|asked| asked == action)
    }
}

fn serve(mut stream: &TcpStream, shared: &Shared) -> std::io::Result<()> {
    let action = read_action(stream)?;
    let body = {
        let mut state = shared.state.lock().unwrap();
        let body = state.answer(&action);
        state.actions.push(action);
        body
    };
    shared.changed.notify_all();
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

fn read_action(stream: &TcpStream) -> std::io::Result<String> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.parse().unwrap(),
            None if line.trim_end().is_empty() => break,
            _ => {}
        }
    }
    let mut form = vec![0; length];
    reader.read_exact(&mut form)?;
    let form = String::from_utf8_lossy(&form).into_owned();
    let action = form.split('&').find_map(|field| field.strip_prefix("Action="));
    Ok(action.unwrap_or_default().to_owned())
}

impl State {
    fn answer(&mut self, action: &str) -> String {
        let result = match action {
            "DescribeStacks" => format!("<Stacks><member>{}</member></Stacks>", self.stack()),
            "DescribeStackEvents" => format!("<StackEvents>{}</StackEvents>", self.events()),
            "ListStackResources" => QUEUE.to_owned(),
            "DetectStackDrift" => "<StackDriftDetectionId>7</StackDriftDetectionId>".to_owned(),
            "DescribeStackDriftDetectionStatus" => "<DetectionStatus>DETECTION_COMPLETE</DetectionStatus>".to_owned(),
            "DescribeStackResourceDrifts" => DRIFT.to_owned(),
            "CreateChangeSet" => "<Id>change-set</Id>".to_owned(),
            "DescribeChangeSet" => REVERSAL.to_owned(),
            "ExecuteChangeSet" => self.come_to(&["UPDATE_IN_PROGRESS"]),
            "ContinueUpdateRollback" => self.come_to(&["UPDATE_ROLLBACK_IN_PROGRESS"]),
            "CancelUpdateStack" => self.come_to(&["UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"]),
            _ => String::new(),
        };
        format!("<{action}Response><{action}Result>{result}</{action}Result></{action}Response>")
    }

    fn come_to(&mut self, statuses: &[&'static str]) -> String {
        self.statuses.extend(statuses);
        String::new()
    }

    fn stack(&self) -> String {
        let status = self.statuses.last().unwrap();
        format!("<StackId>{}</StackId><StackName>{STACK}</StackName><StackStatus>{status}</StackStatus>", arn())
    }

    /// An event for each status, newest first.
    fn events(&self) -> String {
        let event = |(second, status): (usize, &&str)| {
            format!(
                "<member><EventId>{second}</EventId><Timestamp>2026-01-01T00:00:{second:02}Z</Timestamp>\
                 <LogicalResourceId>{STACK}</LogicalResourceId><PhysicalResourceId>{}</PhysicalResourceId>\
                 <ResourceType>AWS::CloudFormation::Stack</ResourceType><ResourceStatus>{status}</ResourceStatus></member>",
                arn()
            )
        };
        self.statuses.iter().enumerate().rev().map(event).collect()
    }
}

fn arn() -> String {
    format!("arn:aws:cloudformation:eu-west-1:000000000000:stack/{STACK}/1")
}

/// The stack's one resource.
const QUEUE: &str = "\
    <StackResourceSummaries><member><LogicalResourceId>Queue</LogicalResourceId>\
    <PhysicalResourceId>queue</PhysicalResourceId><ResourceType>AWS::SQS::Queue</ResourceType>\
    <ResourceStatus>CREATE_COMPLETE</ResourceStatus></member></StackResourceSummaries>";

/// A queue has a setting that the template does not give it.
const DRIFT: &str = "\
    <StackResourceDrifts><member><LogicalResourceId>Queue</LogicalResourceId>\
    <ResourceType>AWS::SQS::Queue</ResourceType><StackResourceDriftStatus>MODIFIED</StackResourceDriftStatus></member>\
    </StackResourceDrifts>";

/// A change set that puts a queue's setting back.
const REVERSAL: &str = "\
    <DeploymentMode>REVERT_DRIFT</DeploymentMode><Status>CREATE_COMPLETE</Status>\
    <ExecutionStatus>AVAILABLE</ExecutionStatus><Changes><member><ResourceChange><Action>Modify</Action>\
    <LogicalResourceId>Queue</LogicalResourceId><ResourceType>AWS::SQS::Queue</ResourceType>\
    <Replacement>False</Replacement></ResourceChange></member></Changes>";
