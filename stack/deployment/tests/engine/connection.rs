//! What a service that refuses, or does not answer, comes to.

use crate::scripted::{self, Script, absent, refused};

#[tokio::test]
async fn errors_of_the_service_say_what_was_tried() {
    let stage = Script::default()
        .on(
            "DescribeStacks",
            [
                refused("AccessDenied", "User is not authorized"),
                refused("ExpiredToken", "The security token included in the request is expired"),
                absent(),
            ],
        )
        .play()
        .await;
    for expected in [
        "cannot describe stack `orders`: User is not authorized (AccessDenied)",
        "cannot describe stack `orders`: the AWS credentials are not valid (ExpiredToken); sign in again",
        "there is no stack `orders` in eu-west-1",
    ] {
        let message = stage.connection.outputs("orders").await.unwrap_err().to_string();
        assert!(message.starts_with(expected), "{message}");
    }
}

#[tokio::test]
async fn an_endpoint_that_nobody_serves_is_named_as_the_reason() {
    let connection = scripted::connect("http://127.0.0.1:1").await;
    let message = connection.stack("orders").await.unwrap_err().to_string();
    assert!(message.starts_with("cannot describe stack `orders`: no answer from the service"), "{message}");
    assert!(message.contains("Connection refused"), "{message}");
}
