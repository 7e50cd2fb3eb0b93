// The processor and the state machine that runs it.

const { Duration, RemovalPolicy } = require("aws-cdk-lib");
const iam = require("aws-cdk-lib/aws-iam");
const logs = require("aws-cdk-lib/aws-logs");
const sfn = require("aws-cdk-lib/aws-stepfunctions");
const tasks = require("aws-cdk-lib/aws-stepfunctions-tasks");
const { Construct } = require("constructs");

const { rustFunction } = require("./function");

class Processing extends Construct {
  constructor(scope, id, { pipeline, assets, storage }) {
    super(scope, id);
    this.function = rustFunction(this, "Processor", {
      pipeline,
      assets,
      description: "Writes the rows of one file to the table, and quarantines the malformed.",
      environment: {
        PIPELINE: pipeline,
        TABLE_NAME: storage.table.tableName,
        QUARANTINE_BUCKET: storage.quarantine.bucketName,
      },
      memory: 512,
      timeout: 900,
    });
    storage.ingest.grantRead(this.function, "ingest/*");
    storage.quarantine.grantPut(this.function, "quarantine/*");
    storage.quarantine.grantPut(this.function, "reports/*");
    storage.table.grant(this.function, "dynamodb:BatchWriteItem", "dynamodb:PutItem");

    this.stateMachine = new sfn.StateMachine(this, "StateMachine", {
      comment: "Processes one file of user activity.",
      definitionBody: sfn.DefinitionBody.fromChainable(definition(this, this.function)),
      logs: {
        destination: new logs.LogGroup(this, "StateMachineLogGroup", {
          logGroupName: `/aws/vendedlogs/states/${pipeline}`,
          retention: logs.RetentionDays.ONE_WEEK,
          removalPolicy: RemovalPolicy.DESTROY,
        }),
        includeExecutionData: true,
        level: sfn.LogLevel.ALL,
      },
      queryLanguage: sfn.QueryLanguage.JSONATA,
      role: new iam.Role(this, "StateMachineRole", { assumedBy: new iam.ServicePrincipal("states.amazonaws.com") }),
      timeout: Duration.seconds(33602),
      tracingEnabled: true,
    });
  }
}

function definition(scope, processor) {
  const processFile = tasks.LambdaInvoke.jsonata(scope, "ProcessFile", {
    stateName: "ProcessFile",
    lambdaFunction: processor,
    payload: sfn.TaskInput.fromText("{% $states.input %}"),
    outputs: "{% $states.result.Payload %}",
    retryOnServiceExceptions: false,
    taskTimeout: sfn.Timeout.duration(Duration.seconds(960)),
  });
  for (const [errors, interval, maxAttempts, maxDelay] of [
    [
      [
        "Lambda.ClientExecutionTimeoutException",
        "Lambda.ServiceException",
        "Lambda.AWSLambdaException",
        "Lambda.SdkClientException",
      ],
      ...[2, 6, 60],
    ],
    [["Lambda.TooManyRequestsException"], 5, 20, 300],
    [["Processor.Transient"], 15, 3, 120],
  ]) {
    processFile.addRetry({
      errors,
      interval: Duration.seconds(interval),
      maxAttempts,
      backoffRate: 2,
      maxDelay: Duration.seconds(maxDelay),
      jitterStrategy: sfn.JitterType.FULL,
    });
  }
  processFile.addCatch(
    sfn.Fail.jsonata(scope, "ProcessingFailed", {
      stateName: "ProcessingFailed",
      comment: "The file was not processed.",
      error: "{% $states.input.Error %}",
      cause: '{% $exists($states.input.Cause) and $states.input.Cause != null ? $states.input.Cause : "" %}',
    }),
  );
  const fileDamaged = sfn.Fail.jsonata(scope, "FileDamaged", {
    stateName: "FileDamaged",
    comment: "The file broke off. The cause holds the summary of the rows before the break.",
    error: "FileDamaged",
    cause: "{% $string($states.input) %}",
  });
  const damaged = sfn.Condition.jsonata("{% $exists($states.input.damage) and $states.input.damage != null %}");
  const contractBroken = sfn.Fail.jsonata(scope, "ContractBroken", {
    stateName: "ContractBroken",
    comment: "The record contract fails the file. The cause holds the summary, with what its rules found.",
    error: "ContractBroken",
    cause: "{% $string($states.input) %}",
  });
  const failed = sfn.Condition.jsonata('{% $states.input.verdict = "FAIL" %}');
  const checkFile = sfn.Choice.jsonata(scope, "CheckFile", { stateName: "CheckFile" })
    .when(damaged, fileDamaged)
    .when(failed, contractBroken)
    .otherwise(sfn.Succeed.jsonata(scope, "FileProcessed", { stateName: "FileProcessed" }));
  return processFile.next(checkFile);
}

module.exports = { Processing };
