//! What tests across crates share: the program itself, and a deployed pipeline to put files through.

// Everything here serves tests, where a panic is how a fault is told.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use contract::{ProcessorOutput, QuarantineManifest};
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use local::{Clients, Emulator, Execution, Executions, Object, Options};

/// The workspace's folder.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the workspace").to_owned()
}

/// Runs the program with `arguments` to its end, away from any real account.
pub fn stack(arguments: &[&str]) -> Output {
    program(arguments).output().expect("the program starts")
}

/// The program with `arguments`, away from any real account.
pub fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(built("stack"));
    command
        .args(arguments)
        .current_dir(workspace())
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_REGION", local::DEFAULT_REGION)
        .env("AWS_CONFIG_FILE", "/nonexistent")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent");
    command
}

/// The path of a program of this workspace.
pub fn built(program: &str) -> PathBuf {
    // Cargo builds a program for the tests of its own package, which a run of the whole workspace includes.
    let tests = std::env::current_exe().expect("a test has a path");
    let program = tests.ancestors().nth(2).expect("tests lie in target/<profile>/deps").join(program);
    assert!(program.exists(), "{} is not built: run `cargo test --workspace`", program.display());
    program
}

/// What a program printed on standard error.
pub fn talk(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// `content`, compressed.
pub fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).expect("a vector takes every byte");
    encoder.finish().expect("a vector takes every byte")
}

/// What is compressed in `packed`, as text.
pub fn gunzip(packed: &[u8]) -> String {
    let mut text = String::new();
    MultiGzDecoder::new(packed).read_to_string(&mut text).expect("it is gzip, and text");
    text
}

/// The pipeline, deployed by the program on an emulator of its own.
pub struct Pipeline {
    /// The emulator's endpoint.
    pub endpoint: String,
    /// The clients of its services.
    pub clients: Clients,
    /// The stack's outputs.
    pub outputs: BTreeMap<String, String>,
    /// The emulator, which ends with this.
    pub emulator: Emulator,
}

impl Pipeline {
    /// Starts an emulator and deploys to it, as a user would.
    pub async fn deploy() -> Self {
        Self::deploy_by(false, &[]).await
    }

    /// Starts an emulator, with or without IAM, and deploys to it with more `arguments`.
    pub async fn deploy_by(enforce_iam: bool, arguments: &[&str]) -> Self {
        let folder = workspace().join("target").join("emulator");
        let options = Options { port: 0, enforce_iam, ..Options::in_folder(folder) };
        let emulator = Emulator::start(&options).await.expect("it starts");
        let endpoint = emulator.endpoint();
        let deployed = stack(&[&["deploy", "--yes", "--endpoint-url", &endpoint], arguments].concat());
        assert!(deployed.status.success(), "{}", talk(&deployed));
        let outputs = stack(&["outputs", "--json", "--endpoint-url", &endpoint]);
        assert!(outputs.status.success(), "{}", talk(&outputs));
        Self {
            clients: Clients::new(&emulator.sdk_config()),
            outputs: serde_json::from_slice(&outputs.stdout).expect("outputs are one JSON object"),
            endpoint,
            emulator,
        }
    }

    /// An output of the stack.
    pub fn output(&self, name: &str) -> &str {
        self.outputs.get(name).unwrap_or_else(|| panic!("no output {name}"))
    }

    /// Puts `files`, of a key below `ingest/` and bytes each, into the bucket, and waits for their executions.
    pub async fn process(&self, files: &[(&str, Vec<u8>)]) -> Vec<Execution> {
        let machine = self.output(stack::pipeline::output::STATE_MACHINE);
        let mut executions = Executions::from_now(&self.clients.sfn, machine).await.expect("the machine is there");
        let bucket = self.output(stack::pipeline::output::INGEST_BUCKET);
        let mut objects = Vec::new();
        for (name, bytes) in files {
            let key = format!("ingest/2025/01/31/{name}");
            let put = self.clients.s3.put_object().bucket(bucket).key(&key).body(bytes.clone().into());
            let version_id = put.send().await.expect("the bucket takes it").version_id;
            objects.push(Object { bucket: bucket.to_owned(), key, version_id });
        }
        executions.wait(&objects, Duration::from_secs(300), |_| {}).await.expect("every execution ends")
    }

    /// The number of items in the table.
    pub async fn items(&self) -> u64 {
        let table = self.output(stack::pipeline::output::TABLE);
        local::scan_keys(&self.clients.dynamodb, table, 2, |_| {}).await.expect("the table is there")
    }

    /// The quarantined rows that the manifest `key` lists.
    pub async fn quarantined(&self, key: &str) -> Vec<serde_json::Value> {
        quarantined(&self.clients.s3, self.output(stack::pipeline::output::QUARANTINE_BUCKET), key).await
    }
}

/// The quarantined rows that the manifest `key` of `bucket` lists.
pub async fn quarantined(s3: &aws_sdk_s3::Client, bucket: &str, key: &str) -> Vec<serde_json::Value> {
    let manifest: QuarantineManifest =
        serde_json::from_slice(&object(s3, bucket, key).await).expect("it is a manifest");
    let mut rows = Vec::new();
    for listed in &manifest.objects {
        let text = gunzip(&object(s3, bucket, &listed.key).await);
        rows.extend(text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON")));
    }
    assert_eq!(rows.len() as u64, manifest.counts.quarantined);
    rows
}

/// The bytes of an object.
pub async fn object(s3: &aws_sdk_s3::Client, bucket: &str, key: &str) -> Vec<u8> {
    let object = s3.get_object().bucket(bucket).key(key).send().await.expect("the object is there");
    object.body.collect().await.expect("it can be read").into_bytes().into()
}

/// The summary that an execution ended with: its output, or the cause of its failure.
pub fn summary(execution: &Execution) -> ProcessorOutput {
    let text = execution.output.as_deref().or(execution.cause.as_deref()).unwrap_or_default();
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {execution:?}"))
}
