//! Code and definitions are swapped behind CloudFormation's back, and a deployment puts them back.

use deployment::{DeploymentError, Outcome, Swap};
use serde_json::{Value, json};

use crate::functions::{Greetings, STACK, template};

fn ids(swaps: &[Swap]) -> Vec<&str> {
    swaps.iter().map(|swap| swap.logical_id.as_str()).collect()
}

/// The name of the state machine's state, and the function that it calls.
async fn machine(greetings: &Greetings) -> (String, String) {
    let arn = greetings.connection.outputs(STACK).await.unwrap().remove("Machine").unwrap();
    let machine = greetings.sfn.describe_state_machine().state_machine_arn(arn).send().await.unwrap();
    let definition: Value = serde_json::from_str(&machine.definition).unwrap();
    let state = definition["StartAt"].as_str().unwrap().to_owned();
    let called = definition["States"][&state]["Resource"].as_str().unwrap().to_owned();
    (state, called)
}

#[tokio::test]
async fn a_swap_is_seen_and_the_next_deployment_undoes_it() {
    let greetings = Greetings::deploy("hello").await;
    let connection = &greetings.connection;
    assert!(connection.hotswapped(STACK).await.unwrap().is_empty());
    let called = machine(&greetings).await.1;
    assert!(called.starts_with("arn:aws:lambda:us-east-1:000000000000:function:"), "{called}");

    let parameters = greetings.parameters("good morning").await;
    let hotswap = connection.hotswap(STACK, &template("Welcome"), &parameters).await.unwrap();
    assert_eq!(ids(&hotswap.swapped), ["GreetFunction", "Machine"]);
    assert!(hotswap.needs_deploy.is_empty(), "{hotswap:?}");
    assert_eq!(greetings.greet("Ada").await, r#""good morning""#);
    assert_eq!(machine(&greetings).await, ("Welcome".to_owned(), called.clone()), "as CloudFormation would fill it in");

    let again = connection.hotswap(STACK, &template("Welcome"), &parameters).await.unwrap();
    assert!(again.swapped.is_empty(), "it runs already: {again:?}");

    // CloudFormation compares templates: it sees nothing to do.
    assert_eq!(greetings.apply(&template("Greet"), "hello").await, Outcome::Unchanged);
    assert_eq!(greetings.greet("Ada").await, r#""good morning""#);
    assert_eq!(ids(&connection.hotswapped(STACK).await.unwrap()), ["GreetFunction", "Machine"]);

    assert_eq!(ids(&connection.reconcile(STACK).await.unwrap()), ["GreetFunction", "Machine"]);
    assert_eq!(greetings.greet("Ada").await, r#""hello""#);
    assert_eq!(machine(&greetings).await, ("Greet".to_owned(), called));
    assert!(connection.hotswapped(STACK).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_deployment_of_what_was_swapped_leaves_nothing_to_reconcile() {
    let greetings = Greetings::deploy("hello").await;
    let parameters = greetings.parameters("good evening").await;
    greetings.connection.hotswap(STACK, &template("Greet"), &parameters).await.unwrap();
    assert_eq!(greetings.apply(&template("Greet"), "good evening").await, Outcome::Updated);
    assert!(greetings.connection.reconcile(STACK).await.unwrap().is_empty());
    assert_eq!(greetings.greet("Ada").await, r#""good evening""#);
}

#[tokio::test]
async fn what_takes_a_deployment_is_named_and_left_alone() {
    let greetings = Greetings::deploy("hello").await;
    let mut changed = template("Welcome");
    changed["Resources"]["GreetFunction"]["Properties"]["MemorySize"] = json!(256);
    changed["Resources"]["Queue"] = json!({ "Type": "AWS::SQS::Queue" });
    changed["Outputs"]["Queue"] = json!({ "Value": { "Ref": "Queue" } });
    let parameters = greetings.parameters("good night").await;
    let hotswap = greetings.connection.hotswap(STACK, &changed, &parameters).await.unwrap();
    assert_eq!(ids(&hotswap.swapped), ["Machine"]);
    assert_eq!(hotswap.needs_deploy, ["GreetFunction", "Queue", "Outputs"]);
    assert_eq!(greetings.greet("Ada").await, r#""hello""#, "new code may need the memory");

    let error = greetings.connection.hotswap("absent", &changed, &parameters).await.unwrap_err();
    assert!(matches!(error, DeploymentError::NoStack { .. }), "{error}");
}
