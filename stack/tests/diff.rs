//! `diff --offline` as a user meets it: what it prints, as text and as JSON, and how it exits.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::process::{Command, Output};

use serde_json::{Value as Json, json};

fn stack(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_stack")).args(arguments).output().expect("the program starts")
}

/// Compares two files of this content.
fn diff(before: &str, after: &str, more: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let paths = [("before", before), ("after", after)].map(|(name, text)| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_string_lossy().into_owned()
    });
    stack(&[&["diff", "--offline", &paths[0], &paths[1]], more].concat())
}

fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The pipeline's template, in which the processor has a package.
fn pipeline(package: &str) -> Json {
    let output = stack(&["synth", "--stdout", "--format", "json", "--environment", "production"]);
    let mut template: Json = serde_json::from_slice(&output.stdout).unwrap();
    template["Parameters"]["ProcessorCodeKey"]["Default"] = format!("{}.zip", package.repeat(32)).into();
    template
}

/// A day's work on the pipeline, good and bad.
fn changed() -> Json {
    let mut template = pipeline("9c");
    let resources = template["Resources"].as_object_mut().unwrap();
    let mut property = |resource: &str, path: &str, value: Json| {
        *resources[resource]["Properties"].pointer_mut(path).unwrap() = value;
    };
    property("ProcessorFunction", "/MemorySize", json!(2048));
    property("AlarmTopic", "/DisplayName", json!("Alarms"));
    property("QuarantineBucket", "/PublicAccessBlockConfiguration/BlockPublicPolicy", json!(false));
    property("ProcessorLogGroup", "/RetentionInDays", json!(30));

    resources["Table"]["Properties"]["TableName"] = "items".into();
    resources["Table"].as_object_mut().unwrap().shift_remove("UpdateReplacePolicy");
    let statements = resources["ProcessorPolicy"]["Properties"]["PolicyDocument"]["Statement"].as_array_mut().unwrap();
    let writes = statements.iter_mut().find(|statement| statement["Action"][0] == "dynamodb:BatchWriteItem").unwrap();
    writes["Action"].as_array_mut().unwrap().push("dynamodb:DeleteItem".into());
    let definition = &mut resources["StateMachine"]["Properties"]["DefinitionString"];
    *definition = definition.as_str().unwrap().replace("\"MaxAttempts\": 20", "\"MaxAttempts\": 10").into();

    let dashboard = resources.shift_remove("Dashboard").unwrap();
    resources.insert("Overview".into(), dashboard);
    resources.shift_remove("QuarantineBucketPolicy");
    resources
        .insert("Failures".into(), json!({ "Type": "AWS::SQS::Queue", "Properties": { "QueueName": "failures" } }));
    let url = template["Outputs"]["DashboardUrl"].to_string().replace("${Dashboard}", "${Overview}");
    template["Outputs"]["DashboardUrl"] = serde_json::from_str(&url).unwrap();
    template
}

#[test]
fn a_change_of_the_pipeline_for_people() {
    let output = diff(&pipeline("3f").to_string(), &changed().to_string(), &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut settings = insta::Settings::clone_current();
    // A source line moves with every edit above it.
    settings.add_filter(r"(stack/src/\S+\.rs):\d+", "$1:LINE");
    settings.bind(|| insta::assert_snapshot!(printed(&output)));
}

#[test]
fn a_change_of_the_pipeline_for_programs() {
    let output = diff(&pipeline("3f").to_string(), &changed().to_string(), &["--json"]);
    assert_eq!(output.status.code(), Some(2));
    let diff: Json = serde_json::from_slice(&output.stdout).unwrap();
    let resource = |name: &str| {
        let resources = diff["resources"].as_array().unwrap();
        resources.iter().find(|resource| resource["logical_id"] == name).unwrap().clone()
    };
    let table = resource("Table");
    assert_eq!(
        [&table["impact"], &table["disposal"], &table["stateful"]],
        [&json!("replace"), &json!("delete"), &json!(true)]
    );
    assert_eq!(
        table["properties"][0],
        json!({ "path": "TableName", "before": null, "after": "items", "impact": "replace" })
    );
    assert_eq!(resource("ProcessorFunction")["code"], json!({ "before": "3f".repeat(32), "after": "9c".repeat(32) }));
    assert_eq!(
        diff["moves"],
        json!([{ "from": "Dashboard", "to": "Overview", "resource_type": "AWS::CloudWatch::Dashboard" }])
    );
    assert!(diff["renames"].as_array().unwrap().is_empty());
    let statements = diff["access"].as_array().unwrap();
    let statement = statements.iter().find(|statement| statement["holder"] == "ProcessorRole").unwrap();
    assert_eq!([&statement["actions"], &statement["broadens"]], [&json!(["dynamodb:DeleteItem"]), &json!(true)]);
}

#[test]
fn a_rename_moves_the_resource_unless_told_otherwise() {
    let table = |name: &str| format!("Resources: {{{name}: {{Type: AWS::DynamoDB::Table}}}}\n");
    let moved = diff(&table("Table"), &table("Items"), &[]);
    assert_eq!(moved.status.code(), Some(2));
    let text = printed(&moved);
    assert!(text.starts_with("Moves\n    Table → Items  AWS::DynamoDB::Table\n\nresources: 1 to move\n"), "{text}");
    let told = printed(&diff(&table("Table"), &table("Items"), &["--no-refactor"]));
    assert!(told.contains("Same content under another logical id") && told.contains("DATA LOSS: Table"), "{told}");
}

#[test]
fn the_same_in_other_forms_is_no_change() {
    let yaml = "\
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties: {QueueName: !Sub \"${AWS::StackName}-q\", DelaySeconds: \"5\"}
";
    let json = r#"{"Resources": {"Queue": {"Properties": {"DelaySeconds": 5,
        "QueueName": {"Fn::Join": ["-", [{"Ref": "AWS::StackName"}, "q"]]}}, "Type": "AWS::SQS::Queue"}}}"#;
    let output = diff(yaml, json, &[]);
    assert_eq!((output.status.code(), printed(&output).as_str()), (Some(0), "no changes\n"));
}

#[test]
fn a_file_that_is_no_template_is_named() {
    for (text, reason) in [("{\"A\": 1, \"A\": 2}", "stands twice"), ("A: !Nonsense x\n", "!Nonsense")] {
        let output = diff("{\"Resources\": {}}", text, &[]);
        let talk = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{talk}");
        assert!(output.stdout.is_empty() && talk.contains("after") && talk.contains(reason), "{talk}");
    }
}

#[test]
fn no_color_has_the_last_word_on_colours() {
    let queue = r#"{"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}"#;
    let folder = tempfile::tempdir().unwrap();
    let [before, after] = [("before", "{}"), ("after", queue)].map(|(name, text)| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    });
    for (no_color, coloured) in [("", true), ("1", false)] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stack"));
        command.args(["diff", "--offline"]).args([&before, &after]);
        let output = command.env("CLICOLOR_FORCE", "1").env("NO_COLOR", no_color).output().unwrap();
        assert_eq!(printed(&output).contains('\u{1b}'), coloured, "NO_COLOR={no_color}: {}", printed(&output));
    }
}
