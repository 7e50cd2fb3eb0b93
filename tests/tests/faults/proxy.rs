//! Stands between the function and the emulator, and does to each request what a test's script says.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{self, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex as AsyncMutex, Notify};
use tokio::time::Instant;

use crate::http::Message;
use crate::world::INGEST;

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// It reads the file.
    Read,
    /// It writes a batch of items.
    Write,
    /// It keeps what is not an item: the quarantine and what goes with it, and what a step leaves for the next.
    Keep,
    /// It reads what was kept.
    Fetch,
}

/// A request, as a script sees it.
pub(crate) struct Call<'a> {
    pub(crate) operation: Operation,
    /// How many of the same operation came before it.
    pub(crate) number: usize,
    /// How many of any operation did.
    pub(crate) position: usize,
    pub(crate) request: &'a Message,
}

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Conduct {
    /// The service answers it.
    Pass,
    /// The service answers it, and the answer takes as long to come.
    Late(Duration),
    /// The service answers; so many eighths of the answer's body come, then for so long a byte a second, which keeps the client
    /// from asking again, and then the rest.
    Trickle(usize, Duration),
    /// The service never sees it, and this is the answer: a status, and the error's code.
    Refuse(u16, &'static str),
    /// The service does what is asked, and this is the answer all the same.
    DoAndRefuse(u16, &'static str),
    /// The service does what is asked, and the answer is one that nobody can read.
    DoAndGarble,
    /// The service is given so many of the batch's puts; the others are handed back.
    Take(usize),
    /// The service never sees it: the connection is reset.
    ResetBefore,
    /// The service does what is asked; the connection is reset in the middle of its answer.
    ResetWithin,
    /// The service does what is asked; the connection is reset before its answer.
    ResetAfter,
    /// The service answers; of the answer's body so many bytes come, then the connection closes.
    Cut(usize),
    /// The service answers; half of the answer comes, and then nothing.
    Stall,
    /// Nothing comes, ever.
    Ignore,
    /// The service never sees it, and no other request any more: the function is killed.
    KillBefore,
    /// The service does what is asked, but no other request any more: the function is killed.
    KillAfter,
}

impl Conduct {
    /// What a request to S3 may meet once, and is made again for within the invocation.
    pub(crate) const PASSING: [Self; 5] = [
        Self::Refuse(500, "InternalError"),
        Self::Refuse(503, "SlowDown"),
        Self::DoAndRefuse(500, "InternalError"),
        Self::ResetBefore,
        Self::ResetAfter,
    ];
}

/// A script: what becomes of each call.
pub(crate) type Script = Box<dyn FnMut(&Call<'_>) -> Conduct + Send>;

/// The script that does so.
pub(crate) fn script(conduct: impl FnMut(&Call<'_>) -> Conduct + Send + 'static) -> Script {
    Box::new(conduct)
}

/// The script under which nothing is wrong.
pub(crate) fn no_fault() -> Script {
    script(|_| Conduct::Pass)
}

/// The first `count` requests of `operation` meet `conduct`.
pub(crate) fn first(count: usize, operation: Operation, conduct: Conduct) -> Script {
    script(move |call| match call.operation == operation && call.number < count {
        true => conduct.clone(),
        false => Conduct::Pass,
    })
}

/// Every request of `operation` meets `conduct`.
pub(crate) fn every(operation: Operation, conduct: Conduct) -> Script {
    first(usize::MAX, operation, conduct)
}

/// The request that comes after `position` others meets `conduct`.
pub(crate) fn at(position: usize, conduct: Conduct) -> Script {
    script(move |call| if call.position == position { conduct.clone() } else { Conduct::Pass })
}

/// The proxy. It ends with the program.
pub(crate) struct Proxy {
    pub(crate) endpoint: String,
    shared: Arc<Shared>,
}

struct Shared {
    /// The emulator's address.
    upstream: String,
    /// Held while the service works: requests reach it one after another, and the script knows their order.
    script: AsyncMutex<Script>,
    calls: Mutex<Vec<(Operation, Conduct)>>,
    killing: Notify,
}

impl Proxy {
    /// Starts a proxy for the emulator at `upstream`.
    pub(crate) async fn start(upstream: &str, script: impl FnMut(&Call<'_>) -> Conduct + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            upstream: upstream.trim_start_matches("http://").to_owned(),
            script: AsyncMutex::new(Box::new(script)),
            calls: Mutex::default(),
            killing: Notify::new(),
        });
        let proxy = Self { endpoint, shared: Arc::clone(&shared) };
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                // A caller that goes away in the middle is no news here.
                tokio::spawn(serve(connection, Arc::clone(&shared)));
            }
        });
        proxy
    }

    /// How many requests came.
    pub(crate) fn total(&self) -> usize {
        self.shared.calls.lock().unwrap().len()
    }

    /// How many requests of `operation` came.
    pub(crate) fn count(&self, operation: Operation) -> usize {
        self.shared.count(operation)
    }

    /// Waits until the script has the function killed.
    pub(crate) async fn killing(&self) {
        self.shared.killing.notified().await;
    }
}

impl Shared {
    fn count(&self, operation: Operation) -> usize {
        self.calls.lock().unwrap().iter().filter(|(known, _)| *known == operation).count()
    }

    /// Asks the script, and the service where it is to act. None where nothing is to follow.
    async fn conduct(&self, request: &mut Message) -> io::Result<Option<(Conduct, Option<Message>)>> {
        let mut script = self.script.lock().await;
        let operation = operation(request);
        let position = self.calls.lock().unwrap().len();
        let killed = self.calls.lock().unwrap().iter().any(|(_, conduct)| kills(conduct));
        if killed {
            return Ok(None);
        }
        let conduct = script(&Call { operation, number: self.count(operation), position, request });
        self.calls.lock().unwrap().push((operation, conduct.clone()));
        let answer = match conduct {
            Conduct::Refuse(..) | Conduct::ResetBefore | Conduct::Ignore | Conduct::KillBefore => None,
            Conduct::Take(count) => Some(self.take(request, count).await?),
            _ => Some(self.forward(request).await?),
        };
        if kills(&conduct) {
            self.killing.notify_one();
        }
        Ok(Some((conduct, answer)))
    }

    /// Gives the service the first `count` puts of a batch, and hands the others back as the service would.
    async fn take(&self, request: &mut Message, count: usize) -> io::Result<Message> {
        let mut body: Value = serde_json::from_slice(&request.body).unwrap();
        let (table, puts) = body["RequestItems"].as_object_mut().unwrap().iter_mut().next().unwrap();
        let puts = puts.as_array_mut().unwrap();
        let held = puts.split_off(count.min(puts.len()));
        let (table, is_empty) = (table.clone(), puts.is_empty());
        request.set_body(body.to_string().into_bytes());
        // The service takes no batch without a put.
        let mut answer = if is_empty { Message::answer(200, &[], "") } else { self.forward(request).await? };
        if !held.is_empty() {
            answer.set_body(json!({"UnprocessedItems": {table: held}}).to_string().into_bytes());
        }
        Ok(answer)
    }

    async fn forward(&self, request: &Message) -> io::Result<Message> {
        let mut request = request.clone();
        request.set_header("connection", "close");
        let mut service = BufReader::new(TcpStream::connect(&self.upstream).await?);
        service.write_all(&[request.head(), request.body].concat()).await?;
        let answer = Message::read(&mut service).await?;
        let mut answer = answer.ok_or_else(|| io::Error::other("the emulator closed the connection"))?;
        answer.set_header("connection", "keep-alive");
        Ok(answer)
    }
}

fn kills(conduct: &Conduct) -> bool {
    matches!(conduct, Conduct::KillBefore | Conduct::KillAfter)
}

fn operation(request: &Message) -> Operation {
    match (request.header("x-amz-target"), request.method()) {
        (Some(_), _) => Operation::Write,
        (None, "GET") if request.target().starts_with(&format!("/{INGEST}/")) => Operation::Read,
        (None, "GET") => Operation::Fetch,
        (None, _) => Operation::Keep,
    }
}

/// Answers the requests of one connection.
async fn serve(connection: TcpStream, shared: Arc<Shared>) -> io::Result<()> {
    let mut connection = BufReader::new(connection);
    while let Some(mut request) = Message::read(&mut connection).await? {
        let is_table = operation(&request) == Operation::Write;
        let Some((conduct, answer)) = shared.conduct(&mut request).await? else {
            return std::future::pending().await;
        };
        let answer = match conduct {
            Conduct::Refuse(status, code) | Conduct::DoAndRefuse(status, code) => refusal(is_table, status, code),
            Conduct::DoAndGarble => Message::answer(200, &[], "<html>all is well</html>"),
            Conduct::ResetBefore | Conduct::ResetAfter => return reset(connection.into_inner()),
            Conduct::Ignore | Conduct::KillBefore | Conduct::KillAfter => return std::future::pending().await,
            Conduct::Pass
            | Conduct::Late(_)
            | Conduct::Trickle(..)
            | Conduct::Take(_)
            | Conduct::ResetWithin
            | Conduct::Cut(_)
            | Conduct::Stall => answer.ok_or_else(|| io::Error::other("the service was not asked"))?,
        };
        if let Conduct::Late(time) = conduct {
            tokio::time::sleep(time).await;
        }
        let sent = match conduct {
            Conduct::ResetWithin | Conduct::Stall => answer.body.len() / 2,
            Conduct::Cut(length) => length.min(answer.body.len()),
            Conduct::Trickle(eighths, _) => answer.body.len() * eighths / 8,
            _ => answer.body.len(),
        };
        connection.write_all(&answer.head()).await?;
        connection.write_all(&answer.body[..sent]).await?;
        connection.flush().await?;
        match conduct {
            Conduct::ResetWithin => return reset(connection.into_inner()),
            Conduct::Cut(_) => return Ok(()),
            Conduct::Stall => return std::future::pending().await,
            Conduct::Trickle(_, time) => {
                let mut left = &answer.body[sent..];
                let end = Instant::now() + time;
                while Instant::now() < end {
                    tokio::time::sleep_until(end.min(Instant::now() + Duration::from_secs(1))).await;
                    let (byte, rest) = left.split_at(1.min(left.len()));
                    connection.write_all(byte).await?;
                    left = rest;
                }
                connection.write_all(left).await?;
                connection.flush().await?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// Closes the connection so that the other side is told of an error, not of an end.
fn reset(connection: TcpStream) -> io::Result<()> {
    connection.set_zero_linger()
}

/// An error as the service spells it.
fn refusal(is_table: bool, status: u16, code: &str) -> Message {
    match (code, is_table) {
        // As a load balancer answers that has nobody to ask.
        ("", _) => Message::answer(status, &[], ""),
        (_, true) => {
            let kind = format!("com.amazonaws.dynamodb.v20120810#{code}");
            let body = json!({"__type": kind, "message": "as the script says"}).to_string();
            Message::answer(status, &[("content-type", "application/x-amz-json-1.0")], body)
        }
        (_, false) => {
            let body = format!("<Error><Code>{code}</Code><Message>as the script says</Message></Error>");
            Message::answer(status, &[("content-type", "application/xml")], body)
        }
    }
}
