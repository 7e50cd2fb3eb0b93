//! The program deploys the pipeline: it shows a change, plans it, applies exactly that, and refuses what has moved or
//! loses data.

use std::path::PathBuf;
use std::process::Output;

use deployment::{ASSETS_STACK, Capability, Connection, Outcome, StackRequest};
use serde_json::{Value as Json, json};
use tempfile::TempDir;
use tests::{Pipeline, stack, talk, workspace};

/// The name under which the program deploys the development environment.
const STACK: &str = "activity-development";

struct Deployed {
    pipeline: Pipeline,
    connection: Connection,
    folder: TempDir,
}

impl Deployed {
    async fn new() -> Self {
        let pipeline = Pipeline::deploy().await;
        let connection = Connection::with_config(pipeline.emulator.sdk_config()).await.unwrap();
        Self { pipeline, connection, folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the program, which must exit with `code`, and say each of `parts`.
    #[track_caller]
    fn run(&self, arguments: &[&str], code: i32, parts: &[&str]) -> Output {
        let output = stack(&[arguments, &["--endpoint-url", &self.pipeline.endpoint]].concat());
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), talk(&output));
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        for part in parts {
            assert!(said.contains(part), "{arguments:?} does not say `{part}`: {said}");
        }
        output
    }

    /// Settings under which the development environment keeps its logs for `days`.
    fn keeping_logs(&self, days: u32) -> String {
        let settings = std::fs::read_to_string(workspace().join("stack/settings.yaml")).unwrap();
        let path = self.path(&format!("{days}.yaml"));
        std::fs::write(&path, settings.replacen("log_retention_days: 7", &format!("log_retention_days: {days}"), 1))
            .unwrap();
        path.to_string_lossy().into_owned()
    }

    async fn template(&self) -> Json {
        serde_json::from_str(&self.connection.template(STACK).await.unwrap()).unwrap()
    }

    async fn retention(&self) -> Json {
        self.template().await["Resources"]["ProcessorLogGroup"]["Properties"]["RetentionInDays"].clone()
    }
}

fn last_line(output: &Output) -> Json {
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    serde_json::from_str(lines.lines().last().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_shown_planned_and_made_exactly_so() {
    let deployed = Deployed::new().await;
    let (plan, settings, other) = (deployed.path("plan.json"), deployed.keeping_logs(14), deployed.keeping_logs(30));
    let plan = plan.to_string_lossy().into_owned();

    deployed.run(&["diff"], 0, &["no changes"]);
    deployed.run(&["plan", "--out", &plan], 0, &["nothing to change"]);
    assert_eq!(last_line(&deployed.run(&["deploy", "--yes", "--json"], 0, &[]))["outcome"], "unchanged");

    let change = "RetentionInDays: 7 → 14";
    deployed.run(&["diff", "--settings", &settings], 2, &[change, "3 to update", "USD a month"]);
    deployed.run(
        &["plan", "--out", &plan, "--settings", &settings],
        2,
        &[change, "apply it with `stack deploy --plan"],
    );
    deployed.run(
        &["deploy", "--plan", &plan, "--yes", "--environment", "production"],
        1,
        &["the stack is `activity-production`, and the plan is for `activity-development`"],
    );
    deployed.run(&["deploy", "--plan", &plan, "--yes", "--settings", &other], 1, &["the template is another"]);
    deployed.run(&["deploy", "--plan", &plan, "--settings", &settings], 1, &["there is no terminal to ask on"]);
    assert_eq!(deployed.retention().await, 7, "nothing was changed so far");

    let applied = deployed.run(&["deploy", "--plan", &plan, "--yes", "--settings", &settings, "--json"], 0, &[change]);
    assert_eq!(last_line(&applied)["outcome"], "updated");
    assert_eq!(deployed.retention().await, 14);

    let parts = ["no longer holds", "the deployed template is another", "make a new one with `stack plan`"];
    deployed.run(&["deploy", "--plan", &plan, "--yes", "--settings", &settings], 1, &parts);
    deployed.run(&["diff", "--settings", &settings], 0, &["no changes"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_is_replaced_only_by_name() {
    let deployed = Deployed::new().await;
    // As if an earlier definition had named the bucket.
    let mut template = deployed.template().await;
    template["Resources"]["QuarantineBucket"]["Properties"]["BucketName"] = json!("rejected");
    let parameters = deployed.connection.stack(STACK).await.unwrap().unwrap().parameters;
    let store = deployed.connection.asset_store(ASSETS_STACK).await.unwrap();
    let named = StackRequest {
        parameters,
        capabilities: vec![Capability::Iam],
        allow_replace: ["QuarantineBucket".to_owned()].into(),
        ..StackRequest::new(STACK, store.template(template.to_string()).await.unwrap())
    };
    assert_eq!(deployed.connection.apply(named).outcome().await.unwrap(), Outcome::Updated);

    let plan = deployed.path("plan.json").to_string_lossy().into_owned();
    deployed.run(
        &["plan", "--out", &plan],
        2,
        &["DATA LOSS: QuarantineBucket", "takes --allow-replace QuarantineBucket"],
    );
    for arguments in [&["deploy", "--yes"][..], &["deploy", "--yes", "--plan", &plan]] {
        deployed.run(arguments, 1, &["loses data: QuarantineBucket (AWS::S3::Bucket)", "--allow-replace LOGICAL_ID"]);
        deployed.run(&[arguments, &["--allow-replace", "Table"]].concat(), 1, &["loses data: QuarantineBucket"]);
    }
    assert_eq!(deployed.template().await, template, "nothing was changed");

    deployed.run(&["deploy", "--yes", "--plan", &plan, "--allow-replace", "QuarantineBucket"], 0, &["updated"]);
    assert_ne!(deployed.pipeline.output("QuarantineBucketName"), "rejected");
    deployed.run(&["diff"], 0, &["no changes"]);
}
