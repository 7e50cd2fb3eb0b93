//! A local server that stands in for S3 and DynamoDB and can be told to misbehave: to cut a download short, to return
//! items unprocessed, to refuse one. The real client talks to it over a real connection.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use activity::RecordContract;
use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use contract::ProcessorEnvironment;
use flate2::read::GzDecoder;
use processor::{Backoff, Processor};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What the server holds, and how it misbehaves.
#[derive(Default)]
pub(crate) struct State {
    /// Objects by `/bucket/key`.
    pub(crate) objects: BTreeMap<String, Vec<u8>>,
    /// The parts of uploads that are not complete, by `/bucket/key`.
    pub(crate) uploads: BTreeMap<String, Vec<Vec<u8>>>,
    /// Items by partition and sort key.
    pub(crate) items: BTreeMap<(String, String), Value>,
    /// How many items were written, also over others.
    pub(crate) puts: usize,
    /// The method, path and query of every request to S3, and its `Range`.
    pub(crate) requests: Vec<String>,
    /// The headers of every request to the table.
    pub(crate) table_requests: Vec<BTreeMap<String, String>>,
    /// Answer a request for a part with the whole, as a server may.
    pub(crate) ignore_ranges: bool,
    /// Where to cut the answers to the next downloads.
    pub(crate) cuts: Vec<usize>,
    /// Answer every request to S3 for this path suffix with this status and code, or, without a code, with what is no
    /// answer of S3.
    pub(crate) refuse_object: Option<(&'static str, u16, &'static str)>,
    /// How many of the next `BatchWriteItem` leave all but one item unprocessed.
    pub(crate) unprocessed: usize,
    /// Answer every `BatchWriteItem` with this error: its status, code and message.
    pub(crate) refuse_table: Option<(u16, &'static str, &'static str)>,
    /// The users whose items DynamoDB takes for invalid.
    pub(crate) invalid_users: BTreeSet<String>,
}

/// The time that a run has where a test does not say.
pub(crate) const TIME: Duration = Duration::from_secs(60);

/// The settings of a client that asks `endpoint` under `credentials`.
pub(crate) fn config(endpoint: &str, credentials: Credentials) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(runtime::http_client())
        .region(Region::new("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(endpoint)
        .build()
}

/// The environment of every test's processor.
pub(crate) fn environment() -> ProcessorEnvironment {
    ProcessorEnvironment { pipeline: "test".into(), table_name: "table".into(), quarantine_bucket: "quarantine".into() }
}

/// A processor that works on the server's bucket `activity`, and tries quickly, three times.
pub(crate) fn processor(contract: &str, server: &Server) -> Processor {
    let config = config(&server.endpoint, Credentials::new("test", "test", None, None, "test"));
    let config = config.into_builder().retry_config(RetryConfig::disabled()).build();
    let contract = RecordContract::from_yaml(contract).unwrap();
    let backoff = Backoff { base: Duration::from_millis(1), cap: Duration::from_millis(2), tries: 3 };
    Processor::new(&config, environment(), contract).with_backoff(backoff)
}

/// What is compressed in `packed`, as text.
pub(crate) fn gunzip(packed: &[u8]) -> String {
    let mut text = String::new();
    GzDecoder::new(packed).read_to_string(&mut text).unwrap();
    text
}

/// The server, and what it holds.
pub(crate) struct Server {
    pub(crate) endpoint: String,
    pub(crate) state: Arc<Mutex<State>>,
}

struct Request {
    method: String,
    path: String,
    query: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

struct Response {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    cut: Option<usize>,
}

impl Response {
    fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into(), cut: None }
    }
}

impl Server {
    /// Starts a server that holds `objects`: path and content.
    pub(crate) async fn start(objects: &[(&str, &[u8])]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State::default()));
        for (path, content) in objects {
            state.lock().unwrap().objects.insert((*path).into(), content.to_vec());
        }
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(serve(connection, Arc::clone(&shared)));
            }
        });
        Self { endpoint, state }
    }
}

/// Answers requests on one connection until it closes.
async fn serve(connection: TcpStream, state: Arc<Mutex<State>>) -> std::io::Result<()> {
    let mut connection = BufReader::new(connection);
    while let Some(request) = receive(&mut connection).await? {
        let response = answer(request, &mut state.lock().unwrap());
        let mut head = format!("HTTP/1.1 {} Status\r\ncontent-length: {}\r\n", response.status, response.body.len());
        for (name, value) in &response.headers {
            head += &format!("{name}: {value}\r\n");
        }
        connection.write_all(head.as_bytes()).await?;
        connection.write_all(b"\r\n").await?;
        connection.write_all(&response.body[..response.cut.unwrap_or(response.body.len())]).await?;
        connection.flush().await?;
        if response.cut.is_some() {
            break;
        }
    }
    Ok(())
}

async fn receive(connection: &mut BufReader<TcpStream>) -> std::io::Result<Option<Request>> {
    let mut line = String::new();
    if connection.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace();
    let (method, target) = (words.next().unwrap().to_owned(), words.next().unwrap().to_owned());
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    // No other character of a test's keys is escaped.
    let unescaped = |text: &str| text.replace("%3D", "=").replace("%2F", "/");
    let (path, query) = (unescaped(path), unescaped(query));
    let mut headers = BTreeMap::new();
    loop {
        line.clear();
        connection.read_line(&mut line).await?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    connection.read_exact(&mut body).await?;
    Ok(Some(Request { method, path, query, headers, body }))
}

fn answer(request: Request, state: &mut State) -> Response {
    if request.headers.contains_key("x-amz-target") {
        state.table_requests.push(request.headers.clone());
        return batch_write(&request, state);
    }
    let range = request.headers.get("range");
    state.requests.push(format!("{} {}?{} {}", request.method, request.path, request.query, range.map_or("", |r| r)));
    if let Some((suffix, status, code)) = state.refuse_object
        && request.path.ends_with(suffix)
    {
        let error = || format!("<Error><Code>{code}</Code><Message>no</Message></Error>");
        return Response::new(status, if code.is_empty() { "<html></html>".into() } else { error() });
    }
    match request.method.as_str() {
        "GET" if request.query.contains("list-type=2") => list(&request, state),
        "GET" => get(&request, state),
        "PUT" if request.query.contains("uploadId") => {
            state.uploads.get_mut(&request.path).unwrap().push(request.body);
            let mut response = Response::new(200, "");
            response.headers.push(("etag", "\"part\"".into()));
            response
        }
        "PUT" => {
            state.objects.insert(request.path, request.body);
            Response::new(200, "")
        }
        "POST" if request.query.contains("uploadId") => {
            let parts = state.uploads.remove(&request.path).unwrap();
            state.objects.insert(request.path, parts.concat());
            Response::new(200, "<CompleteMultipartUploadResult></CompleteMultipartUploadResult>")
        }
        "POST" => {
            state.uploads.insert(request.path, Vec::new());
            let id = "<UploadId>upload</UploadId>";
            Response::new(200, format!("<InitiateMultipartUploadResult>{id}</InitiateMultipartUploadResult>"))
        }
        "DELETE" => {
            state.uploads.remove(&request.path);
            Response::new(204, "")
        }
        method => panic!("unexpected {method}"),
    }
}

/// An object's entity tag: enough to tell two contents of a test apart.
fn etag(content: &[u8]) -> String {
    format!("\"etag-{}\"", content.len())
}

/// The keys below a prefix, without those of which more than a name follows it.
fn list(request: &Request, state: &State) -> Response {
    let prefix = request.query.split('&').find_map(|pair| pair.strip_prefix("prefix=")).unwrap();
    assert!(request.query.contains("delimiter=/"), "{}", request.query);
    let bucket = request.path.trim_end_matches('/');
    let keys = state.objects.keys().filter_map(|path| path.strip_prefix(bucket)?.strip_prefix('/'));
    let below = keys.filter(|key| key.strip_prefix(prefix).is_some_and(|name| !name.contains('/')));
    let contents: String = below.map(|key| format!("<Contents><Key>{key}</Key></Contents>")).collect();
    Response::new(200, format!("<ListBucketResult><IsTruncated>false</IsTruncated>{contents}</ListBucketResult>"))
}

fn get(request: &Request, state: &mut State) -> Response {
    let Some(content) = state.objects.get(&request.path) else {
        return Response::new(404, "<Error><Code>NoSuchKey</Code><Message>no</Message></Error>");
    };
    if request.headers.get("if-match").is_some_and(|wanted| *wanted != etag(content)) {
        return Response::new(412, "<Error><Code>PreconditionFailed</Code><Message>no</Message></Error>");
    }
    let range = request.headers.get("range").map(|range| {
        let (from, to) = range.strip_prefix("bytes=").and_then(|range| range.split_once('-')).unwrap();
        let to = to.parse().map_or(content.len(), |last: usize| (last + 1).min(content.len()));
        from.parse::<usize>().unwrap()..to
    });
    if range.as_ref().is_some_and(|range| range.start >= content.len()) {
        return Response::new(416, "<Error><Code>InvalidRange</Code><Message>no</Message></Error>");
    }
    let range = range.filter(|_| !state.ignore_ranges);
    let status = if range.is_some() { 206 } else { 200 };
    let content_range =
        range.as_ref().map(|range| format!("bytes {}-{}/{}", range.start, range.end - 1, content.len()));
    let mut response = Response::new(status, &content[range.unwrap_or(0..content.len())]);
    response.headers.extend(content_range.map(|range| ("content-range", range)));
    response.headers.push(("etag", etag(content)));
    response.headers.push(("last-modified", "Sat, 12 Sep 2015 01:00:00 GMT".into()));
    response.cut = state.cuts.pop();
    response
}

fn batch_write(request: &Request, state: &mut State) -> Response {
    let error = |status, code: &str, message: &str| {
        let kind = format!("com.amazonaws.dynamodb.v20120810#{code}");
        Response::new(status, json!({"__type": kind, "message": message}).to_string())
    };
    if let Some((status, code, message)) = state.refuse_table {
        return error(status, code, message);
    }
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    let (table, puts) = body["RequestItems"].as_object().unwrap().iter().next().unwrap();
    let puts = puts.as_array().unwrap();
    assert!((1..=25).contains(&puts.len()), "{} items in one batch", puts.len());
    let key = |put: &Value| {
        let text = |name: &str| put["PutRequest"]["Item"][name]["S"].as_str().unwrap().to_owned();
        (text("user_id"), text("timestamp"))
    };
    let keys: BTreeSet<_> = puts.iter().map(key).collect();
    if keys.len() < puts.len() || keys.iter().any(|(user, _)| state.invalid_users.contains(user)) {
        return error(400, "ValidationException", "Supplied AttributeValue is empty");
    }
    let taken = if state.unprocessed > 0 { 1 } else { puts.len() };
    state.unprocessed = state.unprocessed.saturating_sub(1);
    state.puts += taken;
    for put in &puts[..taken] {
        state.items.insert(key(put), put["PutRequest"]["Item"].clone());
    }
    let left = if taken < puts.len() { json!({table: puts[taken..]}) } else { json!({}) };
    Response::new(200, json!({"UnprocessedItems": left}).to_string())
}
