//! Stands in for S3 and DynamoDB where only the processor is to be measured: it answers as soon as it can, or after a
//! fixed time, and keeps nothing.
//!
//! ```text
//! sink write ROWS FILE          writes the benchmark's rows to a file
//! sink serve PORT FOLDER MS     GET /bucket/FILE: the file of the folder; GET /bucket/ROWS.rows: that many rows, made
//!                               as they are sent; POST /: BatchWriteItem, answered after MS milliseconds; else an
//!                               object is put, whole or in parts
//! ```

mod rows;

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["write", count, file] => Ok(write_rows(count.parse()?, BufWriter::new(File::create(file)?))?),
        ["serve", port, folder, milliseconds] => {
            serve(port.parse()?, Path::new(folder), Duration::from_millis(milliseconds.parse()?))
        }
        _ => Err("usage: sink write ROWS FILE | sink serve PORT FOLDER MS".into()),
    }
}

fn write_rows(count: u64, mut to: impl Write) -> io::Result<()> {
    (0..count).try_for_each(|row| rows::write_row(row, &mut to))?;
    to.flush()
}

/// A thread for each connection: waiting takes no processor, and the processor opens few.
fn serve(port: u16, folder: &Path, delay: Duration) -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    std::thread::scope(|scope| {
        for connection in listener.incoming() {
            let connection = connection?;
            connection.set_nodelay(true)?;
            // A client that goes away is no news.
            scope.spawn(move || drop(answer_all(connection, folder, delay)));
        }
        Ok(())
    })
}

fn answer_all(connection: TcpStream, folder: &Path, delay: Duration) -> io::Result<()> {
    let mut requests = BufReader::with_capacity(64 << 10, connection.try_clone()?);
    let mut answers = BufWriter::with_capacity(64 << 10, connection);
    let mut line = String::new();
    loop {
        line.clear();
        if requests.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let (method, target) = line.split_once(' ').unwrap_or_default();
        let target = target.split(' ').next().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let is_write = method == "POST" && path == "/";
        let is_object = method == "GET" && !query.contains("list-type");
        let (name, answer) = (path.rsplit('/').next().unwrap_or_default().to_owned(), answer(is_write, query));
        let mut length = 0;
        while line != "\r\n" {
            line.clear();
            requests.read_line(&mut line)?;
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        io::copy(&mut requests.by_ref().take(length), &mut io::sink())?;
        if is_object {
            send_object(&name, folder, &mut answers)?;
        } else {
            if is_write {
                std::thread::sleep(delay);
            }
            write!(answers, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\netag: \"0\"\r\n\r\n{answer}", answer.len())?;
        }
        answers.flush()?;
    }
}

/// The body of the answer to a request that takes something in, or lists what there is.
fn answer(is_write: bool, query: &str) -> &'static str {
    if is_write {
        r#"{"UnprocessedItems":{}}"#
    } else if query.contains("list-type") {
        "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"
    } else if query.contains("uploads") {
        "<InitiateMultipartUploadResult><UploadId>0</UploadId></InitiateMultipartUploadResult>"
    } else if query.contains("uploadId") && !query.contains("partNumber") {
        "<CompleteMultipartUploadResult></CompleteMultipartUploadResult>"
    } else {
        ""
    }
}

fn send_object(name: &str, folder: &Path, to: &mut impl Write) -> io::Result<()> {
    match name.strip_suffix(".rows").and_then(|count| count.parse().ok()) {
        // Without a length, a body ends with its connection.
        Some(count) => {
            write!(to, "HTTP/1.1 200 OK\r\nconnection: close\r\netag: \"{name}\"\r\n\r\n")?;
            write_rows(count, &mut *to)?;
            Err(io::ErrorKind::ConnectionAborted.into())
        }
        None => {
            let mut file = File::open(folder.join(name))?;
            let length = file.metadata()?.len();
            write!(to, "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\netag: \"{name}\"\r\n\r\n")?;
            io::copy(&mut file, to)?;
            Ok(())
        }
    }
}
