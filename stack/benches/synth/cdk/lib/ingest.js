// The bucket that takes files, and its notifications.

const { Aws } = require("aws-cdk-lib");
const lambda = require("aws-cdk-lib/aws-lambda");
const s3 = require("aws-cdk-lib/aws-s3");
const { Construct } = require("constructs");

const { bucketProps } = require("./storage");

class Ingest extends Construct {
  constructor(scope, id, { storage, orchestrator }) {
    super(scope, id);
    const permission = new lambda.CfnPermission(this, "IngestBucketPermission", {
      action: "lambda:InvokeFunction",
      functionName: orchestrator.functionArn,
      principal: "s3.amazonaws.com",
      sourceAccount: Aws.ACCOUNT_ID,
      sourceArn: storage.ingest.bucketArn,
    });
    this.bucket = new s3.Bucket(this, "IngestBucket", { ...bucketProps(), bucketName: storage.ingestName });
    // By the L1, since `addEventNotification` makes a custom resource with a function and a role of its own.
    const cfnBucket = this.bucket.node.defaultChild;
    cfnBucket.notificationConfiguration = {
      lambdaConfigurations: [".jsonl", ".json", ".jsonl.gz", ".json.gz"].map((suffix) => ({
        event: "s3:ObjectCreated:*",
        function: orchestrator.functionArn,
        filter: {
          s3Key: {
            rules: [
              { name: "prefix", value: "ingest/" },
              { name: "suffix", value: suffix },
            ],
          },
        },
      })),
    };
    cfnBucket.addResourceDependency(permission);
  }
}

module.exports = { Ingest };
