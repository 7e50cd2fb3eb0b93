// The stack of `stack/src/pipeline/` in its development environment, as a user of the AWS CDK would write it: L2
// constructs, save where they add resources that ours has not. It exists to be timed; nothing deploys it.
//
// Plain CommonJS, because that is CDK at its fastest: TypeScript would be compiled first, and an ES module import of
// `aws-cdk-lib` loads every service.

const { App, CfnOutput, CfnParameter, DefaultStackSynthesizer, Stack, Tags } = require("aws-cdk-lib");

const { Ingest } = require("./lib/ingest");
const { Monitoring } = require("./lib/monitoring");
const { Orchestration } = require("./lib/orchestration");
const { Processing } = require("./lib/processing");
const { Storage } = require("./lib/storage");

class PipelineStack extends Stack {
  constructor(scope, id, props) {
    super(scope, id, props);
    const assets = {
      bucket: new CfnParameter(this, "AssetsBucket", { description: "The bucket that holds the functions' packages." }),
      orchestrator: codeKey(this, "Orchestrator"),
      processor: codeKey(this, "Processor"),
    };

    const storage = new Storage(this, "Storage", { pipeline: id });
    const processing = new Processing(this, "Processing", { pipeline: id, assets, storage });
    const orchestration = new Orchestration(this, "Orchestration", {
      pipeline: id,
      assets,
      stateMachine: processing.stateMachine,
    });
    const ingest = new Ingest(this, "Ingest", { storage, orchestrator: orchestration.function });
    const monitoring = new Monitoring(this, "Monitoring", {
      pipeline: id,
      storage,
      stateMachine: processing.stateMachine,
      functions: { Orchestrator: orchestration.function, Processor: processing.function },
    });

    const outputs = {
      IngestBucketName: ["The bucket that takes files under ingest/.", ingest.bucket.bucketName],
      QuarantineBucketName: ["The bucket that keeps quarantined rows.", storage.quarantine.bucketName],
      TableName: ["The table that the rows are written to.", storage.table.tableName],
      StateMachineArn: ["The state machine that processes a file.", processing.stateMachine.stateMachineArn],
      AlarmTopicArn: ["The topic that hears of alarms.", monitoring.topic.topicArn],
      OrchestratorFunctionName: ["The function that starts executions.", orchestration.function.functionName],
      ProcessorFunctionName: ["The function that processes a file.", processing.function.functionName],
      DashboardUrl: [
        "The dashboard in the console.",
        `https://${this.region}.console.aws.amazon.com/cloudwatch/home?region=${this.region}#dashboards:name=${id}`,
      ],
    };
    for (const [name, [description, value]] of Object.entries(outputs)) {
      new CfnOutput(this, name, { description, value });
    }
    Tags.of(this).add("pipeline", "activity");
    Tags.of(this).add("environment", "development");
  }
}

function codeKey(scope, name) {
  return new CfnParameter(scope, `${name}CodeKey`, {
    description: `The ${name.toLowerCase()}'s package.`,
    allowedPattern: "[0-9a-f]{64}\\.zip",
  });
}

const app = new App();
new PipelineStack(app, "activity-development", {
  description: "Event-driven pipeline activity-development: activity files in S3 become items in DynamoDB.",
  // Ours asks for no bootstrap stack.
  synthesizer: new DefaultStackSynthesizer({ generateBootstrapVersionRule: false }),
});
app.synth();
