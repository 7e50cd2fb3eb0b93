//! A resource under another logical id is moved, and not deleted and created.

use deployment::{Action, DeploymentError, Moved, Outcome, Plan, StackRequest};
use serde_json::{Value as Json, json};

use crate::scripted::{
    Answer, Script, account, change_set, change_set_created, changes, done, events, refused, stack, stack_resources,
    success, template,
};

/// A queue under some name, and a topic.
fn orders(queue: &str, title: &str) -> Json {
    json!({ "Resources": {
        queue: { "Type": "AWS::SQS::Queue", "Properties": { "DelaySeconds": 5 } },
        "Topic": { "Type": "AWS::SNS::Topic", "Properties": { "DisplayName": title } }
    }, "Outputs": { "Queue": { "Value": { "Ref": queue } } } })
}

fn request(wanted: &Json) -> StackRequest {
    StackRequest::new("orders", wanted.to_string())
}

fn state(status: &str, execution: &str, reason: &str) -> Answer {
    success(
        "DescribeStackRefactor",
        &format!(
            "<Status>{status}</Status><ExecutionStatus>{execution}</ExecutionStatus><StatusReason>{reason}</StatusReason>"
        ),
    )
}

/// What a refactor does: `MOVE Queue Orders`.
fn actions(actions: &[&str]) -> Answer {
    let location = |name: &str, id: &str| {
        format!("<{name}><StackName>orders</StackName><LogicalResourceId>{id}</LogicalResourceId></{name}>")
    };
    let member = |text: &&str| match text.split(' ').collect::<Vec<_>>()[..] {
        [action, from, to] => format!(
            "<member><Action>{action}</Action><Entity>RESOURCE</Entity><ResourceMapping>{}{}</ResourceMapping></member>",
            location("Source", from),
            location("Destination", to)
        ),
        _ => format!("<member><Action>{text}</Action><Entity>STACK</Entity></member>"),
    };
    let members: String = actions.iter().map(member).collect();
    success("ListStackRefactorActions", &format!("<StackRefactorActions>{members}</StackRefactorActions>"))
}

fn created() -> Answer {
    success("CreateStackRefactor", "<StackRefactorId>refactor</StackRefactorId>")
}

fn ready() -> Answer {
    state("CREATE_COMPLETE", "AVAILABLE", "")
}

/// The stack with its queue as `Queue`, up to a request for a refactor.
fn deployed() -> Script {
    let (body, twice) = (orders("Queue", "Orders").to_string(), 0..2);
    Script::default()
        .on("GetCallerIdentity", twice.clone().map(|_| account("123456789012")))
        .on("DescribeStacks", twice.clone().map(|_| stack("UPDATE_COMPLETE")))
        .on("GetTemplate", twice.map(|_| template(&body)))
        .on("ListStackResources", [stack_resources(&["Queue", "Topic"], "")])
}

/// The script up to a plan that moves `Queue` to `Orders`.
fn planned() -> Script {
    deployed()
        .on("CreateStackRefactor", [created()])
        .on("DescribeStackRefactor", [state("CREATE_IN_PROGRESS", "UNAVAILABLE", ""), ready()])
        .on("ListStackRefactorActions", [actions(&["MOVE Queue Orders", "MOVE Topic Topic"])])
}

/// The script of an apply whose refactor is executed.
fn executed() -> Script {
    let execution = ["EXECUTE_IN_PROGRESS", "EXECUTE_COMPLETE"];
    planned()
        .on("DescribeStackRefactor", [ready()])
        .on("ExecuteStackRefactor", [done("ExecuteStackRefactor")])
        .on("DescribeStackRefactor", execution.map(|execution| state("CREATE_COMPLETE", execution, "")))
        .on("DescribeStacks", [stack("UPDATE_IN_PROGRESS"), stack("UPDATE_COMPLETE")])
        .on("CreateChangeSet", [change_set_created()])
}

#[tokio::test]
async fn a_resource_is_moved_first_and_then_the_rest_is_changed() {
    let wanted = orders("Orders", "Incoming");
    let stage = executed()
        // What refers to the topic is listed too, and changes in place.
        .on(
            "DescribeChangeSet",
            [changes(&["Modify Topic AWS::SNS::Topic False", "Modify Alarm AWS::CloudWatch::Alarm False"], None)],
        )
        .on("ExecuteChangeSet", [done("ExecuteChangeSet")])
        .on("DescribeStackEvents", [events(&[], None), events(&["1 orders UPDATE_COMPLETE"], None)])
        .play()
        .await;

    let plan = stage.connection.plan(&request(&wanted)).await.unwrap();

    assert_eq!(plan.moves().iter().map(ToString::to_string).collect::<Vec<_>>(), ["Queue -> Orders (AWS::SQS::Queue)"]);
    let [change] = &plan.changes[..] else { panic!("{:?}", plan.changes) };
    assert_eq!((change.logical_id.as_str(), change.action), ("Topic", Action::Modify));
    assert_eq!(change.details[0].path, "/Properties/DisplayName");
    assert!(plan.losses().is_empty() && !plan.is_unchanged());
    assert!(stage.requests("CreateChangeSet").is_empty(), "it would delete the queue");

    let asked = &stage.requests("CreateStackRefactor")[0].fields;
    let sent: Json = serde_json::from_str(&asked["StackDefinitions.member.1.TemplateBody"]).unwrap();
    assert_eq!(sent, orders("Orders", "Orders"), "nothing but the name changes");
    let mapping = |field: &str| asked[&format!("ResourceMappings.member.1.{field}")].as_str();
    assert_eq!([mapping("Source.StackName"), mapping("Source.LogicalResourceId")], ["orders", "Queue"]);
    assert_eq!([mapping("Destination.StackName"), mapping("Destination.LogicalResourceId")], ["orders", "Orders"]);

    let saved = Plan::from_json(&serde_json::to_string(&plan).unwrap()).unwrap();
    assert_eq!(saved, plan);
    let outcome = stage.connection.apply_plan(saved, request(&wanted)).outcome().await;

    assert_eq!(outcome.unwrap(), Outcome::Updated);
    assert_eq!(stage.requests("ExecuteStackRefactor")[0].fields["StackRefactorId"], "refactor");
    stage.assert_played();
}

#[tokio::test]
async fn where_only_names_change_the_refactor_is_all() {
    let stage = executed()
        .on(
            "DescribeChangeSet",
            [change_set("FAILED", "UNAVAILABLE", "The submitted information didn't contain changes.")],
        )
        .on("DeleteChangeSet", [done("DeleteChangeSet")])
        .play()
        .await;
    let wanted = request(&orders("Orders", "Orders"));
    let plan = stage.connection.plan(&wanted).await.unwrap();
    assert!(plan.changes.is_empty() && !plan.is_unchanged());
    assert_eq!(stage.connection.apply_plan(plan, wanted).outcome().await.unwrap(), Outcome::Updated);
    stage.assert_played();
}

#[tokio::test]
async fn what_nobody_was_shown_is_not_done_after_a_refactor() {
    for (surprise, told) in [
        ("Remove Topic AWS::SNS::Topic - Delete", "Remove Topic"),
        ("Modify Topic AWS::SNS::Topic True", "Modify Topic"),
        ("Add Extra AWS::SNS::Topic", "Add Extra"),
    ] {
        let stage = executed()
            .on("DescribeChangeSet", [changes(&[surprise], None)])
            .on("DeleteChangeSet", [done("DeleteChangeSet")])
            .play()
            .await;
        let wanted = request(&orders("Orders", "Incoming"));
        let plan = stage.connection.plan(&wanted).await.unwrap();
        let error = stage.connection.apply_plan(plan, wanted).outcome().await.unwrap_err();
        assert!(matches!(&error, DeploymentError::Unexpected { changes, .. } if changes == &[told]), "{error}");
        assert!(error.to_string().contains("are renamed, and nothing more was done"), "{error}");
        stage.assert_played();
    }
}

#[tokio::test]
async fn data_is_guarded_before_anything_is_renamed() {
    let mut wanted = orders("Orders", "Orders");
    wanted["Resources"]["Archive"] = json!({ "Type": "AWS::S3::Bucket" });
    let mut before = orders("Queue", "Orders");
    before["Resources"]["Attic"] = json!({ "Type": "AWS::S3::Bucket", "Properties": { "BucketName": "attic" } });
    let stage = Script::default()
        .on("DescribeStacks", [stack("UPDATE_COMPLETE")])
        .on("GetTemplate", [template(&before.to_string())])
        .on("ListStackResources", [stack_resources(&["Queue", "Topic", "Attic"], "")])
        .on("CreateStackRefactor", [created()])
        .on("DescribeStackRefactor", [ready()])
        .on("ListStackRefactorActions", [actions(&["MOVE Queue Orders"])])
        .play()
        .await;
    let error = stage.connection.apply(request(&wanted)).outcome().await.unwrap_err();
    let DeploymentError::WouldLose { losses, .. } = &error else { panic!("{error}") };
    assert_eq!(losses.iter().map(|loss| loss.logical_id.as_str()).collect::<Vec<_>>(), ["Attic"]);
    assert!(stage.requests("ExecuteStackRefactor").is_empty());
    stage.assert_played();
}

#[tokio::test]
async fn cloudformations_refusal_says_why_and_what_to_do() {
    let failed = state("CREATE_FAILED", "UNAVAILABLE", "Resource type AWS::SQS::Queue is not supported");
    let other = [actions(&["MOVE Queue Orders", "MOVE Topic Title"])];
    for (state, actions, part) in [
        (failed, Vec::new(), "AWS::SQS::Queue is not supported"),
        (ready(), other.into(), "more than that: MOVE Topic -> Title"),
        (ready(), [actions(&["CREATE"])].into(), "more than that: CREATE"),
    ] {
        let stage = deployed()
            .on("CreateStackRefactor", [created()])
            .on("DescribeStackRefactor", [state])
            .on("ListStackRefactorActions", actions)
            .play()
            .await;
        let error = stage.connection.plan(&request(&orders("Orders", "Orders"))).await.unwrap_err().to_string();
        assert!(error.contains(part) && error.contains("--no-refactor"), "{error}");
        assert!(stage.requests("ExecuteStackRefactor").is_empty());
    }
}

#[tokio::test]
async fn a_refactor_that_fails_ends_the_apply() {
    let stage = planned()
        .on("ExecuteStackRefactor", [done("ExecuteStackRefactor")])
        .on(
            "DescribeStackRefactor",
            [
                ready(),
                state("CREATE_COMPLETE", "ROLLBACK_IN_PROGRESS", ""),
                state("CREATE_COMPLETE", "ROLLBACK_COMPLETE", "Property changes detected"),
            ],
        )
        .play()
        .await;
    let wanted = request(&orders("Orders", "Incoming"));
    let plan = stage.connection.plan(&wanted).await.unwrap();
    let error = stage.connection.apply_plan(plan, wanted).outcome().await.unwrap_err();
    assert!(matches!(&error, DeploymentError::RefactorFailed { reason, .. } if reason.contains("Property")), "{error}");
    assert!(stage.requests("CreateChangeSet").is_empty());
}

#[tokio::test]
async fn a_plan_is_stale_when_its_refactor_cannot_be_executed() {
    let stage = planned().on("DescribeStackRefactor", [state("CREATE_COMPLETE", "OBSOLETE", "")]).play().await;
    let wanted = request(&orders("Orders", "Orders"));
    let plan = stage.connection.plan(&wanted).await.unwrap();
    let error = stage.connection.apply_plan(plan, wanted).outcome().await.unwrap_err();
    let DeploymentError::PlanStale { moved, .. } = &error else { panic!("{error}") };
    assert!(matches!(&moved[..], [Moved::Refactor { reason }] if reason.contains("OBSOLETE")), "{moved:?}");
    assert!(stage.requests("ExecuteStackRefactor").is_empty());
}

#[tokio::test]
async fn an_endpoint_without_refactors_deletes_only_where_it_is_told() {
    let wanted = orders("Orders", "Orders");
    let refusal = refused("InvalidAction", "Unknown action: CreateStackRefactor");
    let stage = deployed().on("CreateStackRefactor", [refusal]).play().await;
    let error = stage.connection.apply(request(&wanted)).outcome().await.unwrap_err().to_string();
    assert!(error.contains("this endpoint has no stack refactors; --no-refactor deletes"), "{error}");
    assert!(error.ends_with("Queue -> Orders (AWS::SQS::Queue)"), "{error}");

    let stage = deployed()
        .on("CreateChangeSet", [change_set_created()])
        .on(
            "DescribeChangeSet",
            [changes(&["Add Orders AWS::SQS::Queue", "Remove Queue AWS::SQS::Queue - Delete"], None)],
        )
        .on("DeleteChangeSet", [done("DeleteChangeSet")])
        .play()
        .await;
    let told = StackRequest { refactor: false, ..request(&wanted) };
    let error = stage.connection.apply(told).outcome().await.unwrap_err();
    assert!(matches!(&error, DeploymentError::WouldLose { .. }), "{error}");
    assert!(stage.requests("CreateStackRefactor").is_empty());
}

#[tokio::test]
async fn what_is_not_moved_for_certain_is_left_to_a_change_set() {
    let two = |names: [&str; 2]| {
        let queues = names.map(|name| (name.to_owned(), json!({ "Type": "AWS::SQS::Queue" })));
        json!({ "Resources": serde_json::Map::from_iter(queues) })
    };
    let with_condition = |name: &str| {
        json!({ "Conditions": { "Never": { "Fn::Equals": ["a", "b"] } },
            "Resources": { name: { "Type": "AWS::SQS::Queue", "Condition": "Never" } } })
    };
    for (deployed, wanted) in [
        (orders("Queue", "Orders"), orders("Queue", "Incoming")), // No name changes.
        (two(["A", "B"]), two(["C", "D"])),                       // Two could be meant.
        (with_condition("A"), with_condition("B")),               // There is no such resource.
    ] {
        let stage = Script::default()
            .on("GetCallerIdentity", [account("123456789012")])
            .on("DescribeStacks", [stack("UPDATE_COMPLETE")])
            .on("GetTemplate", [template(&deployed.to_string())])
            .on("ListStackResources", [stack_resources(&["Topic"], "")])
            .on("CreateChangeSet", [change_set_created()])
            .on("DescribeChangeSet", [changes(&[], None)])
            .play()
            .await;
        assert!(stage.connection.plan(&request(&wanted)).await.unwrap().moves().is_empty());
        assert!(stage.requests("CreateStackRefactor").is_empty());
    }
}
