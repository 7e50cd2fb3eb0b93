//! One emulator for all tests, with a table and a quarantine bucket for each case.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use activity::RecordContract;
use aws_sdk_dynamodb::types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType};
use contract::{
    FileLocation, ProcessorEnvironment, ProcessorOutput, QUARANTINE_MANIFEST, QUARANTINE_PREFIX, RECORD_CONTRACT_FILE,
    Step, step,
};
use local::{Clients, Emulator, Options};
use serde::Serialize;
use tempfile::TempDir;
use tests::{quarantined as quarantined_rows, workspace};
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;

use crate::file::{CONTRACT, File, Items};
use crate::function::{Ended, Settings, invoke};
use crate::proxy::{Call, Conduct, Proxy, no_fault};

/// The bucket of all files.
pub(crate) const INGEST: &str = "ingest";

/// How long an invocation may take unless a test says otherwise.
pub(crate) const TIME: Duration = Duration::from_secs(120);

/// The credentials unless a test says otherwise.
const CREDENTIALS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")];

/// The emulator, which ends with the program, and the function's package.
pub(crate) struct World {
    emulator: Emulator,
    clients: Clients,
    package: TempDir,
    cases: AtomicUsize,
}

/// Runs a test. All run on one runtime, for the emulator's sake: its clients live no longer than the runtime that made
/// them.
pub(crate) fn run<T>(test: impl AsyncFnOnce(&'static World) -> T) -> T {
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
    static WORLD: OnceCell<World> = OnceCell::const_new();
    RUNTIME.block_on(async { test(WORLD.get_or_init(World::start).await).await })
}

impl World {
    async fn start() -> Self {
        let options = Options { port: 0, ..Options::in_folder(workspace().join("target").join("emulator")) };
        let emulator = Emulator::start(&options).await.unwrap();
        let clients = Clients::new(&emulator.sdk_config());
        clients.s3.create_bucket().bucket(INGEST).send().await.unwrap();
        let package = tempfile::tempdir().unwrap();
        let contract = RecordContract::json_of_yaml(CONTRACT).unwrap();
        std::fs::write(package.path().join(RECORD_CONTRACT_FILE), contract).unwrap();
        Self { emulator, clients, package, cases: AtomicUsize::new(0) }
    }

    /// A case for `file`, with nothing written yet.
    pub(crate) async fn case(&'static self, file: File) -> Case {
        let name = format!("case-{}", self.cases.fetch_add(1, Ordering::Relaxed));
        let key = |name, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap();
        let text = |name| {
            let definition = AttributeDefinition::builder().attribute_name(name);
            definition.attribute_type(ScalarAttributeType::S).build().unwrap()
        };
        let table = self.clients.dynamodb.create_table().table_name(&name).billing_mode(BillingMode::PayPerRequest);
        let table = table.key_schema(key("user_id", KeyType::Hash)).key_schema(key("timestamp", KeyType::Range));
        let table = table.attribute_definitions(text("user_id")).attribute_definitions(text("timestamp"));
        table.send().await.unwrap();
        self.clients.s3.create_bucket().bucket(&name).send().await.unwrap();
        // The same file has the same key in every case, so that the same is kept of it, byte for byte.
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(&file.bytes);
        let key = format!("ingest/2026/01/02/{hash}.jsonl");
        let put = self.clients.s3.put_object().bucket(INGEST).key(&key);
        put.body(file.bytes.clone().into()).send().await.unwrap();
        Case { world: self, name, key, file }
    }
}

/// A file in S3, a table for its items and a bucket for the rest.
pub(crate) struct Case {
    world: &'static World,
    /// The name of its table and of its quarantine bucket.
    name: String,
    key: String,
    pub(crate) file: File,
}

impl Case {
    /// A proxy between the function and the services.
    pub(crate) async fn proxy(&self, script: impl FnMut(&Call<'_>) -> Conduct + Send + 'static) -> Proxy {
        Proxy::start(&self.world.emulator.endpoint(), script).await
    }

    /// Processes the file through `proxy`.
    pub(crate) async fn invoke(&self, proxy: &Proxy) -> Ended {
        self.invoke_within(proxy, TIME).await
    }

    /// Processes the file through `proxy` within `time`.
    pub(crate) async fn invoke_within(&self, proxy: &Proxy, time: Duration) -> Ended {
        self.perform::<step::Process>(proxy, time, &self.location()).await
    }

    /// Processes the file through `proxy`, with credentials as these variables say.
    pub(crate) async fn invoke_as(&self, proxy: &Proxy, credentials: &[(&'static str, &str)]) -> Ended {
        invoke::<step::Process>(self.settings(TIME, credentials), proxy, &self.location()).await
    }

    /// Does a step through `proxy` within `time`.
    pub(crate) async fn perform<S: Step<Input: Serialize>>(
        &self,
        proxy: &Proxy,
        time: Duration,
        input: &S::Input,
    ) -> Ended {
        invoke::<S>(self.settings(time, &CREDENTIALS), proxy, input).await
    }

    /// The file, as an event names it.
    pub(crate) fn location(&self) -> FileLocation {
        let (bucket, key) = (INGEST.to_owned(), self.key.clone());
        FileLocation { bucket, key, version_id: None, etag: None, size: None }
    }

    fn settings(&self, time: Duration, credentials: &[(&'static str, &str)]) -> Settings<'_> {
        Settings {
            package: self.world.package.path(),
            environment: ProcessorEnvironment {
                pipeline: "faults".into(),
                table_name: self.name.clone(),
                quarantine_bucket: self.name.clone(),
            },
            credentials: credentials.iter().map(|&(name, value)| (name, value.to_owned())).collect(),
            time,
        }
    }

    /// Processes the file while nothing is wrong, and checks what became of it.
    pub(crate) async fn rerun(&self) {
        let proxy = self.proxy(no_fault()).await;
        let output = self.invoke(&proxy).await.processed();
        self.check(&output).await;
    }

    /// Checks that every line is where it must be, and that `output` says so.
    pub(crate) async fn check(&self, output: &ProcessorOutput) {
        let file = &self.file;
        assert_eq!((output.counts, &output.errors_by_code), (file.counts, &file.errors_by_code));
        assert!(output.counts.reconciles(), "{output:?}");
        let items = self.items().await;
        assert_eq!(items.len() as u64, output.counts.written, "written rows can be read back");
        assert!(items == file.items, "the table differs");
        let mut quarantined = Vec::new();
        if let Some(manifest) = &output.quarantine_manifest {
            for record in quarantined_rows(&self.world.clients.s3, &self.name, manifest).await {
                let code = record["codes"][0].as_str().unwrap().to_owned();
                quarantined.push((record["line"].as_u64().unwrap(), code));
            }
        }
        assert_eq!(quarantined, file.quarantined);
        let kept = self.kept().await;
        let objects = kept.iter().filter(|(key, _)| key.ends_with(".gz"));
        let rows: usize = objects.map(|(_, packed)| tests::gunzip(packed).lines().count()).sum();
        assert_eq!(rows, quarantined.len(), "no object holds rows that the manifest does not list");
    }

    /// Checks that nothing is in the table that does not belong there, and tells how many items there are.
    pub(crate) async fn check_items(&self) -> usize {
        let items = self.items().await;
        for (key, item) in &items {
            assert_eq!(self.file.items.get(key), Some(item));
        }
        items.len()
    }

    async fn items(&self) -> Items {
        let scan = self.world.clients.dynamodb.scan().table_name(&self.name).consistent_read(true);
        let mut pages = scan.into_paginator().items().send();
        let mut items = Items::new();
        while let Some(item) = pages.next().await {
            let item = item.unwrap();
            let text = |name: &str| item[name].as_s().unwrap().clone();
            items.insert((text("user_id"), text("timestamp")), item);
        }
        items
    }

    /// What is in quarantine: bytes by key.
    pub(crate) async fn kept(&self) -> BTreeMap<String, Vec<u8>> {
        let s3 = &self.world.clients.s3;
        let mut kept = BTreeMap::new();
        for listed in s3.list_objects_v2().bucket(&self.name).prefix(QUARANTINE_PREFIX).send().await.unwrap().contents()
        {
            let key = listed.key().unwrap().to_owned();
            kept.insert(key.clone(), tests::object(s3, &self.name, &key).await);
        }
        kept
    }

    /// Whether the quarantine counts: it does once it has a manifest.
    pub(crate) async fn has_manifest(&self) -> bool {
        self.kept().await.keys().any(|key| key.ends_with(QUARANTINE_MANIFEST))
    }
}
