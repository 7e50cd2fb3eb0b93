use serde_json::json;

use super::*;

/// What a machine with this one state needs, a line each.
fn needs(state: Value) -> Result<Vec<String>, PermissionError> {
    let definition = json!({"StartAt": "A", "States": {"A": state}});
    Ok(permissions(&definition)?.iter().map(ToString::to_string).collect())
}

#[track_caller]
fn check(resource: &str, arguments: Value, expected: &[&str]) {
    let task = json!({"Type": "Task", "Resource": resource, "Arguments": arguments});
    assert_eq!(needs(task).unwrap(), expected);
}

#[test]
fn a_function_is_invoked_by_name_arn_or_placeholder() {
    let invoke = "arn:aws:states:::lambda:invoke.waitForTaskToken";
    check(invoke, json!({"FunctionName": "${Arn}"}), &["lambda:InvokeFunction on ${Arn}, ${Arn}:*"]);
    let named = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:charge";
    check(invoke, json!({"FunctionName": "charge"}), &[&format!("lambda:InvokeFunction on {named}, {named}:*")]);
    let version = "arn:aws:lambda:us-east-1:123456789012:function:charge:7";
    check(invoke, json!({"FunctionName": version}), &[&format!("lambda:InvokeFunction on {version}")]);
    check(version, json!({}), &[&format!("lambda:InvokeFunction on {version}")]);
    check("arn:aws:states:us-east-1:123456789012:activity:sign", json!({}), &[]);
}

#[test]
fn each_service_is_allowed_its_action() {
    let here = "${AWS::Region}:${AWS::AccountId}";
    let table = format!("arn:${{AWS::Partition}}:dynamodb:{here}:table/orders");
    let arguments = json!({"TableName": "orders"});
    check("arn:aws:states:::dynamodb:getItem", arguments.clone(), &[&format!("dynamodb:GetItem on {table}")]);
    check("arn:aws:states:::dynamodb:putItem", arguments.clone(), &[&format!("dynamodb:PutItem on {table}")]);
    check("arn:aws:states:::dynamodb:updateItem", arguments.clone(), &[&format!("dynamodb:UpdateItem on {table}")]);
    check("arn:aws:states:::dynamodb:deleteItem", arguments, &[&format!("dynamodb:DeleteItem on {table}")]);
    let url = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders";
    let queue = "sqs:SendMessage on arn:${AWS::Partition}:sqs:eu-west-1:123456789012:orders";
    check("arn:aws:states:::sqs:sendMessage", json!({"QueueUrl": url}), &[queue]);
    let topic = json!({"TopicArn": "${TopicArn}"});
    check("arn:aws:states:::sns:publish", topic, &["sns:Publish on ${TopicArn}"]);
    let events = json!({"Entries": [{"EventBusName": "bus"}, {"EventBusName": "bus"}, {"EventBusName": "${Bus}"}]});
    let bus = format!("events:PutEvents on arn:${{AWS::Partition}}:events:{here}:event-bus/bus");
    check("arn:aws:states:::events:putEvents", events, &[&bus, "events:PutEvents on ${Bus}"]);
    let object = json!({"Bucket": "files", "Key": "{% $states.input.key %}"});
    let objects = "s3:GetObject on arn:${AWS::Partition}:s3:::files/*";
    check("arn:aws:states:::aws-sdk:s3:getObject", object, &[objects]);
    let object = json!({"Bucket": "${Files}", "Key": "report.json"});
    check("arn:aws:states:::aws-sdk:s3:putObject", object, &["s3:PutObject on ${Files}/report.json"]);
}

#[test]
fn waiting_for_an_execution_needs_more_than_starting_it() {
    let machine = json!({"StateMachineArn": "${Other}"});
    check("arn:aws:states:::states:startExecution", machine.clone(), &["states:StartExecution on ${Other}"]);
    let rule = "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:rule/\
                StepFunctionsGetEventsForStepFunctionsExecutionRule";
    let waits = [
        "states:StartExecution on ${Other}",
        "states:DescribeExecution, states:StopExecution on the executions of ${Other}",
        &format!("events:PutTargets, events:PutRule, events:DescribeRule on {rule}"),
    ];
    check("arn:aws:states:::states:startExecution.sync:2", machine, &waits);
    let arn = "arn:aws:states:us-east-1:123456789012:stateMachine:other";
    let task = json!({"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Parameters": {"StateMachineArn": arn}});
    let executions = "arn:aws:states:us-east-1:123456789012:execution:other:*";
    assert_eq!(needs(task).unwrap()[1], format!("states:DescribeExecution, states:StopExecution on {executions}"));
}

#[test]
fn a_distributed_map_runs_itself_reads_and_writes_and_what_is_nested_counts() {
    let task = json!({"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage",
        "Arguments": {"QueueUrl": "${Queue}"}, "End": true});
    let inside = json!({"StartAt": "B", "States": {"B": {"Type": "Parallel", "Branches": [
        {"StartAt": "C", "States": {"C": task}}, {"StartAt": "D", "States": {"D": task}}
    ], "End": true}}});
    let mut processor = inside;
    processor["ProcessorConfig"] = json!({"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"});
    let map = json!({
        "Type": "Map",
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "Arguments": {"Bucket": "rows", "Key": "a.jsonl"}
        },
        "ResultWriter": {
            "Resource": "arn:aws:states:::s3:putObject",
            "Arguments": {"Bucket": "${Results}", "Prefix": "counts"}
        },
        "ItemProcessor": processor,
        "End": true
    });
    let expected = [
        "states:StartExecution on the machine itself",
        "states:DescribeExecution, states:StopExecution on its own executions, the executions of its Map states",
        "states:RedriveExecution on the executions of its Map states",
        "s3:GetObject on arn:${AWS::Partition}:s3:::rows/a.jsonl",
        "s3:PutObject, s3:GetObject, s3:ListMultipartUploadParts, s3:AbortMultipartUpload on ${Results}/counts/*",
        "sqs:SendMessage on ${Queue}",
    ];
    assert_eq!(needs(map).unwrap(), expected);
}

#[test]
fn listings_and_inventories_are_read_in_their_own_ways() {
    let map = |reader: Value| json!({"Type": "Map", "ItemReader": reader, "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED"}}});
    let listing = map(json!({"Resource": "arn:aws:states:::s3:listObjectsV2", "Arguments": {"Bucket": "${Files}"}}));
    assert_eq!(needs(listing).unwrap()[3], "s3:ListBucket on ${Files}");
    let inventory = map(json!({"Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "MANIFEST"}, "Arguments": {"Bucket": "${Files}", "Key": "manifest.json"}}));
    assert_eq!(needs(inventory).unwrap()[3], "s3:GetObject on ${Files}/*");
}

#[test]
fn what_cannot_be_known_is_an_error_and_not_a_wildcard() {
    let task = |resource: &str, arguments: Value| json!({"Type": "Task", "Resource": resource, "Arguments": arguments});
    let dynamic = needs(task("arn:aws:states:::lambda:invoke", json!({"FunctionName": "{% $states.input.f %}"})));
    let error = PermissionError::NotFixed { path: "/States/A".into(), field: "FunctionName" };
    assert_eq!(dynamic.unwrap_err(), error);
    let other = needs(task("arn:aws:states:::batch:submitJob.sync", json!({})));
    assert!(other.unwrap_err().to_string().contains("grant them by hand"));
}

#[test]
fn a_distributed_map_is_found_however_deep_it_is() {
    let nested = |state: Value| json!({"StartAt": "In", "States": {"In": state}});
    let mut processor = nested(json!({"Type": "Pass", "End": true}));
    processor["ProcessorConfig"] = json!({"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"});
    let reader = json!({"Resource": "arn:aws:states:::s3:getObject", "Arguments": {"Bucket": "rows", "Key": "a.json"}});
    let distributed = json!({"Type": "Map", "ItemReader": reader, "ItemProcessor": processor, "End": true});
    let inline = json!({"Type": "Map", "ItemProcessor": nested(distributed.clone()), "End": true});
    let parallel = json!({"Type": "Parallel", "Branches": [nested(inline.clone())], "End": true});
    let mut outer = distributed.clone();
    outer["ItemProcessor"]["States"]["In"] = parallel.clone();
    let expected = needs(distributed).unwrap();
    assert!(expected.contains(&"states:StartExecution on the machine itself".to_owned()), "{expected:?}");
    for state in [inline, parallel, outer] {
        assert_eq!(needs(state).unwrap(), expected);
    }
}

#[test]
fn another_role_that_does_the_work_is_assumed() {
    let task = |role: &str| {
        json!({"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Credentials": {"RoleArn": role},
            "Arguments": {"FunctionName": "arn:aws:lambda:us-east-1:210987654321:function:charge"}})
    };
    let role = "arn:aws:iam::210987654321:role/charges";
    assert_eq!(needs(task(role)).unwrap(), [format!("sts:AssumeRole on {role}")]);
    assert!(needs(task("{% $states.input.role %}")).unwrap_err().to_string().contains("Credentials/RoleArn"));
}
