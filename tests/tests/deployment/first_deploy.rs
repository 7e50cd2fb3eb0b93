//! A stack comes into being, changes in place, stays as it is, and goes.

use deployment::{Deletion, Outcome, StackRequest};
use serde_json::json;

use crate::emulator;

fn request(value: &str) -> StackRequest {
    let template = json!({
        "Resources": { "Greeting": { "Type": "AWS::SSM::Parameter", "Properties": { "Type": "String", "Value": value } } },
        "Outputs": { "Name": { "Value": { "Ref": "Greeting" } } }
    });
    StackRequest::new("greeting", template.to_string())
}

#[tokio::test]
async fn a_stack_is_created_updated_left_alone_and_deleted() {
    let (_emulator, connection) = emulator().await;
    for (value, expected) in
        [("hello", Outcome::Created), ("hello", Outcome::Unchanged), ("good morning", Outcome::Updated)]
    {
        assert_eq!(connection.apply(request(value)).outcome().await.unwrap(), expected);
        assert!(connection.outputs("greeting").await.unwrap().contains_key("Name"));
    }
    let deleted = connection.delete("greeting").outcome().await.unwrap();
    assert_eq!(deleted, Deletion::Deleted { retained: Vec::new() });
    assert!(connection.stack("greeting").await.unwrap().is_none());
}
