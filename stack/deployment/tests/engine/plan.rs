//! A plan is applied exactly, or not at all.

use deployment::{Action, AssetLocation, Capability, DeploymentError, Moved, Outcome, Plan, StackRequest};

use crate::scripted::{
    Answer, STACK_ID, Script, absent, account, change_set, change_set_created, changes, done, events, refused, s3,
    stack, template,
};

const DEPLOYED: &str = r#"{"Resources": {}}"#;
const WANTED: &str = r#"{"Parameters": {"Key": {"Type": "String"}, "Token": {"Type": "String", "NoEcho": true}}}"#;

fn request() -> StackRequest {
    StackRequest {
        parameters: [("Key", "abc.zip"), ("Token", "secret")].map(|(k, v)| (k.into(), v.into())).into(),
        capabilities: vec![Capability::Iam],
        assets: vec![AssetLocation { bucket: "assets".into(), key: "abc.zip".into() }],
        ..StackRequest::new("orders", WANTED.to_owned())
    }
}

/// A plan, and what is answered after it was made.
struct Scene {
    stack: Answer,
    template: Answer,
    account: Answer,
    change_set: Answer,
    asset: Answer,
}

impl Default for Scene {
    /// Nothing has moved.
    fn default() -> Self {
        Self {
            stack: stack("UPDATE_COMPLETE"),
            template: template(DEPLOYED),
            account: account("123456789012"),
            change_set: changes(&[], None),
            asset: s3(200),
        }
    }
}

impl Scene {
    /// The script up to a plan and the check of it.
    fn script(self) -> Script {
        Script::default()
            .on("GetCallerIdentity", [account("123456789012"), self.account])
            .on("DescribeStacks", [stack("UPDATE_COMPLETE"), self.stack])
            .on("GetTemplate", [template(DEPLOYED), self.template])
            .on("CreateChangeSet", [change_set_created()])
            .on("DescribeChangeSet", [changes(&["Modify Queue AWS::SQS::Queue False"], None), self.change_set])
            .on("HEAD", [self.asset])
    }

    /// What has moved when the plan is applied to `request`.
    async fn moved(self, request: StackRequest) -> Vec<Moved> {
        let stage = self.script().play().await;
        let plan = stage.connection.plan(&crate::plan::request()).await.unwrap();
        let error = stage.connection.apply_plan(plan, request).outcome().await.unwrap_err();
        assert!(stage.requests("ExecuteChangeSet").is_empty());
        match error {
            DeploymentError::PlanStale { moved, .. } => moved,
            other => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn a_plan_says_what_would_change_and_rests_in_a_file() {
    let stage = Scene::default().script().play().await;
    let plan = stage.connection.plan(&request()).await.unwrap();
    let change = &plan.changes[0];
    assert_eq!((change.logical_id.as_str(), change.action, change.stateful), ("Queue", Action::Modify, true));
    let detail = &change.details[0];
    assert_eq!(
        (detail.path.as_str(), detail.before.as_deref(), detail.after.as_deref(), detail.cause.as_deref()),
        ("/Properties/Size", Some("1"), Some("2"), Some("Scale"))
    );
    assert_eq!(stage.requests("DescribeChangeSet")[0].fields["IncludePropertyValues"], "true");

    let text = serde_json::to_string(&plan).unwrap();
    assert!(!text.contains("secret"), "{text}");
    assert_eq!(Plan::from_json(&text).unwrap(), plan);
    let later = Plan::from_json(&text.replace(r#""format":1"#, r#""format":2"#)).unwrap_err().to_string();
    assert!(later.contains("make a new one with `stack plan`"), "{later}");
    assert!(Plan::from_json("{}").unwrap_err().to_string().contains("no plan"));
}

#[tokio::test]
async fn exactly_the_planned_change_set_is_executed() {
    let stage = Scene::default()
        .script()
        .on("ExecuteChangeSet", [done("ExecuteChangeSet")])
        .on("DescribeStackEvents", [events(&[], None), events(&["1 orders UPDATE_COMPLETE"], None)])
        .play()
        .await;
    let plan = stage.connection.plan(&request()).await.unwrap();
    let outcome = stage.connection.apply_plan(plan, request()).outcome().await;
    assert_eq!(outcome.unwrap(), Outcome::Updated);
    assert_eq!(stage.requests("ExecuteChangeSet")[0].fields["ChangeSetName"], "change-set");
    assert_eq!(stage.requests("CreateChangeSet").len(), 1);
    stage.assert_played();
}

#[tokio::test]
async fn nothing_to_change_is_a_plan_too() {
    let unchanged = StackRequest::new("orders", DEPLOYED.to_owned());
    let stage = Script::default()
        .on("GetCallerIdentity", [account("123456789012"), account("123456789012")])
        .on("DescribeStacks", [stack("UPDATE_COMPLETE"), stack("UPDATE_COMPLETE")])
        .on("GetTemplate", [template(DEPLOYED), template(DEPLOYED)])
        .play()
        .await;
    let plan = stage.connection.plan(&unchanged).await.unwrap();
    assert!(plan.is_unchanged() && plan.losses().is_empty());
    assert_eq!(stage.connection.apply_plan(plan, unchanged).outcome().await.unwrap(), Outcome::Unchanged);
    stage.assert_played();
}

#[tokio::test]
async fn a_plan_for_another_account_is_refused_before_anything_is_compared() {
    let moved = Scene { account: account("210987654321"), ..Scene::default() }.moved(request()).await;
    let expected = Moved::Account { planned: "123456789012".into(), now: "210987654321".into() };
    assert_eq!(moved, [expected]);
}

#[tokio::test]
async fn a_plan_for_another_place_is_refused() {
    let stage = Scene::default().script().play().await;
    let mut plan = stage.connection.plan(&request()).await.unwrap();
    plan.region = "us-east-1".into();
    plan.endpoint = None;
    let message = stage.connection.apply_plan(plan, request()).outcome().await.unwrap_err().to_string();
    assert!(message.contains("the region is eu-west-1, and the plan is for us-east-1"), "{message}");
    assert!(message.contains("and the plan is for AWS"), "{message}");
}

#[tokio::test]
async fn a_plan_for_another_place_or_stack_is_known_before_anything_is_made() {
    let stage = Script::default()
        .on("GetCallerIdentity", ["123456789012", "123456789012", "123456789012", "210987654321"].map(account))
        .on("DescribeStacks", [stack("UPDATE_COMPLETE")])
        .on("GetTemplate", [template(DEPLOYED)])
        .on("CreateChangeSet", [change_set_created()])
        .on("DescribeChangeSet", [changes(&["Modify Queue AWS::SQS::Queue False"], None)])
        .play()
        .await;
    let plan = stage.connection.plan(&request()).await.unwrap();
    stage.connection.check_destination(&plan, "orders").await.unwrap();
    for (name, expected) in [
        ("invoices", "the stack is `invoices`, and the plan is for `orders`"),
        ("orders", "the account is 210987654321, and the plan is for 123456789012"),
    ] {
        let message = stage.connection.check_destination(&plan, name).await.unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    }
    stage.assert_played();
}

#[tokio::test]
async fn a_plan_is_checked_without_being_applied() {
    let stage = Scene::default().script().play().await;
    let plan = stage.connection.plan(&request()).await.unwrap();
    stage.connection.check_plan(&plan, &request()).await.unwrap();
    assert!(stage.requests("ExecuteChangeSet").is_empty());
    let stage = Scene { template: template("{}"), ..Scene::default() }.script().play().await;
    let plan = stage.connection.plan(&request()).await.unwrap();
    let error = stage.connection.check_plan(&plan, &request()).await.unwrap_err();
    assert!(matches!(error, DeploymentError::PlanStale { .. }), "{error}");
}

#[tokio::test]
async fn a_plan_is_stale_when_something_else_is_wanted() {
    let template = StackRequest { template: format!("{WANTED} ").into(), ..request() };
    assert_eq!(Scene::default().moved(template).await, [Moved::Template,]);

    let mut asset = request();
    asset.parameters.insert("Key".into(), "def.zip".into());
    assert_eq!(Scene::default().moved(asset).await, [Moved::Asset { parameter: "Key".into() }]);

    let mut parameter = request();
    parameter.parameters.insert("Size".into(), "3".into());
    assert_eq!(Scene::default().moved(parameter).await, [Moved::Parameter { name: "Size".into() }]);

    let mut others = StackRequest { capabilities: Vec::new(), ..request() };
    others.tags.insert("team".into(), "data".into());
    others.options.disable_rollback = true;
    assert_eq!(Scene::default().moved(others).await, [Moved::Tags, Moved::Capabilities, Moved::Options]);
}

#[tokio::test]
async fn a_plan_is_stale_when_an_asset_is_gone() {
    let moved = Scene { asset: s3(404), ..Scene::default() }.moved(request()).await;
    assert_eq!(moved, [Moved::AssetGone { key: "abc.zip".into() }]);
}

#[tokio::test]
async fn a_plan_is_stale_when_the_stack_has_moved() {
    let failed = Scene { stack: stack("UPDATE_ROLLBACK_COMPLETE"), ..Scene::default() }.moved(request()).await;
    let status = Moved::Status { planned: "UPDATE_COMPLETE".into(), now: "UPDATE_ROLLBACK_COMPLETE".into() };
    assert_eq!(failed, [status]);

    let deployed = Scene { template: template("{}"), ..Scene::default() }.moved(request()).await;
    assert_eq!(deployed, [Moved::DeployedTemplate]);

    let with = |element: &str| {
        let Answer { status, body } = stack("UPDATE_COMPLETE");
        Answer { status, body: body.replace("<Outputs>", &format!("{element}<Outputs>")) }
    };
    let updated = with("<LastUpdatedTime>2026-01-02T00:00:00Z</LastUpdatedTime>");
    assert_eq!(Scene { stack: updated, ..Scene::default() }.moved(request()).await, [Moved::Updated]);
    let parameters = with(
        "<Parameters><member><ParameterKey>Key</ParameterKey><ParameterValue>x</ParameterValue></member></Parameters>",
    );
    assert_eq!(Scene { stack: parameters, ..Scene::default() }.moved(request()).await, [Moved::DeployedParameters]);

    let Answer { status, body } = stack("UPDATE_COMPLETE");
    let another = Answer { status, body: body.replace(STACK_ID, "arn:aws:cloudformation:::stack/orders/2") };
    assert_eq!(Scene { stack: another, ..Scene::default() }.moved(request()).await, [Moved::Stack]);
    assert_eq!(Scene { stack: absent(), ..Scene::default() }.moved(request()).await, [Moved::Stack]);
}

#[tokio::test]
async fn a_plan_is_stale_when_its_change_set_cannot_be_executed() {
    for (answer, expected) in [
        (change_set("CREATE_COMPLETE", "OBSOLETE", ""), "obsolete"),
        (change_set("CREATE_COMPLETE", "EXECUTE_COMPLETE", ""), "applied already"),
        (change_set("CREATE_COMPLETE", "EXECUTE_FAILED", ""), "and failed"),
        (change_set("DELETE_IN_PROGRESS", "UNAVAILABLE", ""), "is DELETE_IN_PROGRESS"),
        (refused("ChangeSetNotFound", "ChangeSet [x] does not exist"), "is gone"),
    ] {
        let moved = Scene { change_set: answer, ..Scene::default() }.moved(request()).await;
        let [Moved::ChangeSet { reason }] = moved.as_slice() else { panic!("{moved:?}") };
        assert!(reason.contains(expected), "{reason}");
    }
}

#[tokio::test]
async fn a_plan_that_is_not_applied_leaves_nothing_behind() {
    let stage = Script::default()
        .on("GetCallerIdentity", [account("123456789012")])
        .on("DescribeStacks", [absent()])
        .on("CreateChangeSet", [change_set_created()])
        .on("DescribeChangeSet", [changes(&["Add Queue AWS::SQS::Queue"], None)])
        .on("DeleteChangeSet", [done("DeleteChangeSet")])
        .on("DeleteStack", [done("DeleteStack")])
        .play()
        .await;
    let plan = stage.connection.plan(&request()).await.unwrap();
    assert!(plan.before.is_none());
    stage.connection.discard_plan(&plan).await.unwrap();
    stage.assert_played();
}
