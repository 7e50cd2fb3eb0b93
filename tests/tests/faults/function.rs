//! The processor's own binary, run as Lambda runs it: it asks the Runtime API for work and answers there
//! (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>).

use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use contract::{ProcessorEnvironment, ProcessorError, ProcessorOutput, ProcessorTask, Step};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::io::{self, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::sync::mpsc;

use crate::http::Message;
use crate::proxy::Proxy;

/// How an invocation ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// With what its step returns.
    Answered(Value),
    /// With an error.
    Failed {
        /// What the state machine decides by.
        kind: String,
        /// What a person reads.
        message: String,
    },
    /// The process was killed before it answered.
    Killed,
}

impl Ended {
    pub(crate) fn processed(self) -> ProcessorOutput {
        match self {
            Self::Answered(output) => serde_json::from_value(output).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// What the step returned; none where the state machine tries it again.
    pub(crate) fn completed<T: DeserializeOwned>(self) -> Option<T> {
        match self {
            Self::Answered(output) => Some(serde_json::from_value(output).unwrap()),
            Self::Killed => None,
            failed => {
                let message = failed.transient();
                assert!(message.contains("run the execution again"), "{message}");
                None
            }
        }
    }

    /// The message of a failure that has a name of the processor's own.
    pub(crate) fn failed(self) -> String {
        match self {
            Self::Failed { kind, message } if kind.starts_with("Processor.") => message,
            other => panic!("{other:?}"),
        }
    }

    /// The message of a failure that the state machine tries again.
    pub(crate) fn transient(self) -> String {
        match self {
            Self::Failed { kind, message } if kind == ProcessorError::Transient.name() => message,
            other => panic!("{other:?}"),
        }
    }
}

/// What the function is started with.
pub(crate) struct Settings<'a> {
    /// The folder with its record contract.
    pub(crate) package: &'a Path,
    pub(crate) environment: ProcessorEnvironment,
    /// Where its credentials come from.
    pub(crate) credentials: Vec<(&'static str, String)>,
    /// How long one invocation may take.
    pub(crate) time: Duration,
}

/// The event for a step, as the state machine makes it.
fn event<S: Step<Input: Serialize>>(input: &S::Input) -> String {
    serde_json::to_string(&ProcessorTask { step: S::NAME.into(), input }).unwrap()
}

/// Has the step `S` done by a new process that reaches AWS through `proxy`, and waits until it answers or is killed.
pub(crate) async fn invoke<S: Step<Input: Serialize>>(
    settings: Settings<'_>,
    proxy: &Proxy,
    input: &S::Input,
) -> Ended {
    let (sender, mut answers) = mpsc::channel(1);
    let api = runtime_api(event::<S>(input), settings.time, sender).await;
    let mut process = Command::new(tests::built("processor"))
        .env_clear()
        .envs(settings.environment.variables())
        .envs(settings.credentials)
        .env("AWS_LAMBDA_RUNTIME_API", api)
        .env("AWS_LAMBDA_FUNCTION_NAME", "processor")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1024")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", "log-group")
        .env("AWS_LAMBDA_LOG_STREAM_NAME", "log-stream")
        .env("LAMBDA_TASK_ROOT", settings.package)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_REGION", local::DEFAULT_REGION)
        .env("AWS_ENDPOINT_URL", &proxy.endpoint)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the function starts");
    let log = tokio::spawn(read_all(process.stdout.take().unwrap(), process.stderr.take().unwrap()));
    let ended = tokio::select! {
        Some(ended) = answers.recv() => Some(ended),
        () = proxy.killing() => Some(Ended::Killed),
        _ = process.wait() => None,
    };
    process.kill().await.expect("it can be killed, or has ended");
    let log = log.await.unwrap();
    let ended = ended.unwrap_or_else(|| panic!("the function ended without an answer:\n{log}"));
    assert!(!log.contains("panicked"), "{log}");
    // The summary of a whole file has its metrics, and without one nothing is counted. One who is killed may have
    // printed them.
    let summed_up =
        matches!(&ended, Ended::Answered(output) if output["verdict"].is_string() && output["checkpoint"].is_null());
    assert!(log.contains("CloudWatchMetrics") == summed_up || matches!(ended, Ended::Killed), "{ended:?}\n{log}");
    ended
}

/// All that a process prints.
async fn read_all(mut out: impl io::AsyncRead + Unpin, mut err: impl io::AsyncRead + Unpin) -> String {
    let (mut printed, mut complained) = (Vec::new(), Vec::new());
    let _ = tokio::join!(out.read_to_end(&mut printed), err.read_to_end(&mut complained));
    String::from_utf8_lossy(&printed).into_owned() + &String::from_utf8_lossy(&complained)
}

/// Serves one invocation, and sends how it ended. Returns the API's address.
async fn runtime_api(event: String, time: Duration, answers: mpsc::Sender<Ended>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + time;
    let next = Message::answer(
        200,
        &[
            ("content-type", "application/json"),
            ("lambda-runtime-aws-request-id", "request-1"),
            ("lambda-runtime-deadline-ms", &deadline.as_millis().to_string()),
            ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:000000000000:function:processor"),
            ("lambda-runtime-trace-id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0"),
        ],
        event,
    );
    let next = Arc::new(Mutex::new(Some(next)));
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            tokio::spawn(serve(connection, Arc::clone(&next), answers.clone()));
        }
    });
    address
}

/// Answers the requests of one connection. The event in `next` is given once: more work does not come.
async fn serve(
    connection: TcpStream,
    next: Arc<Mutex<Option<Message>>>,
    answers: mpsc::Sender<Ended>,
) -> io::Result<()> {
    let mut connection = BufReader::new(connection);
    while let Some(request) = Message::read(&mut connection).await? {
        let answer = match request.target().rsplit('/').next() {
            Some("next") => {
                let event = next.lock().unwrap().take();
                match event {
                    Some(event) => event,
                    None => return std::future::pending().await,
                }
            }
            Some("response") => {
                let _ = answers.send(Ended::Answered(serde_json::from_slice(&request.body).unwrap())).await;
                Message::answer(202, &[], "{}")
            }
            _ => {
                let error: Value = serde_json::from_slice(&request.body).unwrap();
                let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
                let _ = answers.send(Ended::Failed { kind: text("errorType"), message: text("errorMessage") }).await;
                Message::answer(202, &[], "{}")
            }
        };
        connection.write_all(&[answer.head(), answer.body].concat()).await?;
    }
    Ok(())
}
