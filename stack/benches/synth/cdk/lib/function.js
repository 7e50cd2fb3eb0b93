// A function with its own role and log group.

const { Duration, RemovalPolicy } = require("aws-cdk-lib");
const iam = require("aws-cdk-lib/aws-iam");
const lambda = require("aws-cdk-lib/aws-lambda");
const logs = require("aws-cdk-lib/aws-logs");

function rustFunction(scope, name, { pipeline, assets, description, environment, memory, timeout }) {
  const logGroup = new logs.LogGroup(scope, `${name}LogGroup`, {
    logGroupName: `/aws/lambda/${pipeline}-${name.toLowerCase()}`,
    retention: logs.RetentionDays.ONE_WEEK,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const role = new iam.Role(scope, `${name}Role`, { assumedBy: new iam.ServicePrincipal("lambda.amazonaws.com") });
  logGroup.grantWrite(role);
  return new lambda.Function(scope, `${name}Function`, {
    architecture: lambda.Architecture.X86_64,
    code: lambda.Code.fromCfnParameters({
      bucketNameParam: assets.bucket,
      objectKeyParam: assets[name.toLowerCase()],
    }),
    description,
    environment,
    handler: "bootstrap",
    logGroup,
    loggingFormat: lambda.LoggingFormat.JSON,
    memorySize: memory,
    role,
    runtime: lambda.Runtime.PROVIDED_AL2023,
    timeout: Duration.seconds(timeout),
    tracing: lambda.Tracing.ACTIVE,
  });
}

module.exports = { rustFunction };
