// Where rows go: the quarantine bucket and the table. The ingest bucket comes last, in ingest.js, since it needs the
// orchestrator; here is its name, which is all that the functions' permissions need.

const { Aws, Duration, RemovalPolicy } = require("aws-cdk-lib");
const dynamodb = require("aws-cdk-lib/aws-dynamodb");
const s3 = require("aws-cdk-lib/aws-s3");
const { Construct } = require("constructs");

class Storage extends Construct {
  constructor(scope, id, { pipeline }) {
    super(scope, id);
    this.ingestName = `${pipeline}-ingest-${Aws.ACCOUNT_ID}-${Aws.REGION}`;
    this.ingest = s3.Bucket.fromBucketName(this, "IngestByName", this.ingestName);
    this.quarantine = new s3.Bucket(this, "QuarantineBucket", bucketProps());
    this.table = new dynamodb.Table(this, "Table", {
      partitionKey: { name: "user_id", type: dynamodb.AttributeType.STRING },
      sortKey: { name: "timestamp", type: dynamodb.AttributeType.STRING },
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      deletionProtection: false,
      encryption: dynamodb.TableEncryption.AWS_MANAGED,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: RemovalPolicy.DESTROY,
    });
  }
}

// What both buckets have.
function bucketProps() {
  return {
    blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
    encryption: s3.BucketEncryption.S3_MANAGED,
    enforceSSL: true,
    lifecycleRules: [
      { id: "expire", expiration: Duration.days(30), noncurrentVersionExpiration: Duration.days(7) },
      { id: "abort-uploads", abortIncompleteMultipartUploadAfter: Duration.days(1) },
    ],
    objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
    removalPolicy: RemovalPolicy.DESTROY,
    versioned: true,
  };
}

module.exports = { Storage, bucketProps };
