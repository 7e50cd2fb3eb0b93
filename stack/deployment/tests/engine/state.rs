//! Each status of a stack, and what an apply makes of it.

use aws_sdk_cloudformation::types::StackStatus;
use deployment::{NextStep, StackRequest, Status};

use crate::scripted::{Script, stack, template};

/// No status is forgotten, and none that refuses is touched.
#[tokio::test]
async fn an_apply_touches_a_stack_only_where_its_status_allows() {
    for status in StackStatus::values() {
        let script = Script::default().on("DescribeStacks", [stack(status)]);
        let stage = script.on("GetTemplate", [template(r#"{"Resources": {}}"#)]).play().await;
        let error = stage.connection.apply(StackRequest::new("orders", "{}".to_owned())).outcome().await.unwrap_err();
        let next = Status::new(*status).next_step();
        let takes = matches!(next, NextStep::Create | NextStep::Update);
        assert_eq!(!stage.requests("CreateChangeSet").is_empty(), takes, "{status}: {error}");
        if !takes {
            let message = error.to_string();
            assert!(message.contains(status) && message.contains(next.advice()), "{status}: {message}");
        }
        assert!(stage.requests("DeleteStack").is_empty(), "{status}");
    }
}
