//! A stack with a function and a state machine, small enough to be made in a second: the function is a script.

use std::collections::BTreeMap;
use std::io::{Cursor, Write};

use aws_sdk_lambda::primitives::Blob;
use deployment::{Asset, AssetStore, Connection, Outcome, StackRequest};
use local::Emulator;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::emulator;

/// The stack's name.
pub const STACK: &str = "greetings";

/// The deployed stack, and what it takes to change it.
pub struct Greetings {
    pub connection: Connection,
    store: AssetStore,
    lambda: aws_sdk_lambda::Client,
    pub sfn: aws_sdk_sfn::Client,
    _emulator: Emulator,
}

impl Greetings {
    /// Deploys a function that says `greeting`.
    pub async fn deploy(greeting: &str) -> Self {
        let (emulator, connection) = emulator().await;
        let store = connection.bootstrap("assets").outcome().await.unwrap();
        let config = emulator.sdk_config();
        let (lambda, sfn) = (aws_sdk_lambda::Client::new(&config), aws_sdk_sfn::Client::new(&config));
        let greetings = Self { connection, store, lambda, sfn, _emulator: emulator };
        assert_eq!(greetings.apply(&template("Greet"), greeting).await, Outcome::Created);
        greetings
    }

    /// Deploys `template` through CloudFormation.
    pub async fn apply(&self, template: &Value, greeting: &str) -> Outcome {
        let parameters = self.parameters(greeting).await;
        let request = StackRequest { parameters, ..StackRequest::new(STACK, template.to_string()) };
        self.connection.apply(request).outcome().await.unwrap()
    }

    /// The template's parameters for a function that says `greeting`, whose package is in S3.
    pub async fn parameters(&self, greeting: &str) -> BTreeMap<String, String> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        archive.start_file("index.py", SimpleFileOptions::default()).unwrap();
        write!(archive, "def handler(event, context):\n    print('{greeting}, ' + event)\n    return '{greeting}'\n")
            .unwrap();
        let bytes = archive.finish().unwrap().into_inner();
        let sha256 = hex::encode(Sha256::digest(&bytes));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("greet.zip");
        std::fs::write(&path, bytes).unwrap();
        let upload = self.store.upload(&Asset { path, sha256 }).await.unwrap();
        [("Bucket".to_owned(), upload.bucket), ("Key".to_owned(), upload.key)].into()
    }

    /// What the function says to `whom`.
    pub async fn greet(&self, whom: &str) -> String {
        let name = self.connection.outputs(STACK).await.unwrap().remove("Function").unwrap();
        let payload = Blob::new(json!(whom).to_string());
        let answer = self.lambda.invoke().function_name(name).payload(payload).send().await.unwrap();
        String::from_utf8(answer.payload.unwrap().into_inner()).unwrap()
    }
}

/// A function, and a state machine whose only state, which calls the function, is named `state`.
pub fn template(state: &str) -> Value {
    let definition = json!({
        "StartAt": state,
        "States": { state: { "Type": "Task", "Resource": "${Greet}", "End": true } }
    });
    json!({
        "Parameters": { "Bucket": { "Type": "String" }, "Key": { "Type": "String" } },
        "Resources": {
            "GreetFunction": { "Type": "AWS::Lambda::Function", "Properties": {
                "Code": { "S3Bucket": { "Ref": "Bucket" }, "S3Key": { "Ref": "Key" } },
                "Handler": "index.handler",
                "MemorySize": 128,
                "Role": "arn:aws:iam::000000000000:role/greet",
                "Runtime": "python3.12"
            } },
            "Machine": { "Type": "AWS::StepFunctions::StateMachine", "Properties": {
                "DefinitionString": definition.to_string(),
                "DefinitionSubstitutions": { "Greet": { "Fn::GetAtt": ["GreetFunction", "Arn"] } },
                "RoleArn": "arn:aws:iam::000000000000:role/machine"
            } }
        },
        "Outputs": { "Function": { "Value": { "Ref": "GreetFunction" } }, "Machine": { "Value": { "Ref": "Machine" } } }
    })
}
