// Alarms, the topic that hears of them, and the dashboard.

const { Aws, Duration } = require("aws-cdk-lib");
const cloudwatch = require("aws-cdk-lib/aws-cloudwatch");
const actions = require("aws-cdk-lib/aws-cloudwatch-actions");
const iam = require("aws-cdk-lib/aws-iam");
const sns = require("aws-cdk-lib/aws-sns");
const { Construct } = require("constructs");

class Monitoring extends Construct {
  constructor(scope, id, { pipeline, storage, stateMachine, functions }) {
    super(scope, id);
    this.pipeline = pipeline;
    this.storage = storage;
    this.stateMachine = stateMachine;
    this.functions = functions;
    this.topic = new sns.Topic(this, "AlarmTopic", { displayName: `Alarms of ${pipeline}` });
    this.topic.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: "CloudWatchAlarms",
        principals: [new iam.ServicePrincipal("cloudwatch.amazonaws.com")],
        actions: ["sns:Publish"],
        resources: [this.topic.topicArn],
        conditions: { StringEquals: { "aws:SourceAccount": Aws.ACCOUNT_ID } },
      }),
    );
    this.alarms = [...this.executionAlarms(), ...this.functionAlarms(), ...this.tableAlarms(), ...this.fileAlarms()];
    this.dashboard();
  }

  alarm(name, description, metric, props = {}) {
    const alarm = new cloudwatch.Alarm(this, `${name}Alarm`, {
      alarmDescription: description,
      alarmName: `${this.pipeline}-${name}`,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: 1,
      metric,
      threshold: 0,
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
      ...props,
    });
    alarm.addAlarmAction(new actions.SnsAction(this.topic));
    alarm.addOkAction(new actions.SnsAction(this.topic));
    return alarm;
  }

  executionAlarms() {
    const machine = this.stateMachine;
    return [
      this.alarm(
        "ExecutionsFailed",
        "An execution failed: its cause is in the console and in the log.",
        machine.metricFailed(),
      ),
      this.alarm("ExecutionsTimedOut", "An execution ran out of time.", machine.metricTimedOut()),
      this.alarm("ExecutionsAborted", "An execution was aborted.", machine.metricAborted()),
      this.alarm("ExecutionsThrottled", "Step Functions throttles state transitions.", machine.metricThrottled()),
    ];
  }

  functionAlarms() {
    return Object.entries(this.functions).flatMap(([name, fn]) => [
      this.alarm(`${name}Errors`, `The ${name} function failed.`, fn.metricErrors()),
      this.alarm(`${name}Throttles`, `Lambda throttles the ${name} function.`, fn.metricThrottles()),
      this.alarm(
        `${name}Duration`,
        `The ${name} function takes nearly as long as it may.`,
        fn.metricDuration({ statistic: "Maximum" }),
        { threshold: 0.8 * fn.timeout.toMilliseconds() },
      ),
    ]);
  }

  tableAlarms() {
    return [
      this.alarm("TableThrottles", "DynamoDB throttles writes.", this.table("WriteThrottleEvents")),
      this.alarm("TableSystemErrors", "DynamoDB fails.", this.batches("SystemErrors")),
      this.alarm(
        "TableWriteLatency",
        "DynamoDB takes long to write.",
        this.batches("SuccessfulRequestLatency", { statistic: "Average" }),
        { evaluationPeriods: 3, threshold: 100 },
      ),
    ];
  }

  fileAlarms() {
    return [
      this.alarm("NoFiles", "No file was processed in 24 hours.", this.own("Files", { period: Duration.days(1) }), {
        comparisonOperator: cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
        threshold: 1,
        treatMissingData: cloudwatch.TreatMissingData.BREACHING,
      }),
      this.alarm(
        "QuarantineRatio",
        "Too many rows are malformed; see the quarantine bucket.",
        this.own("QuarantinedPercent", { statistic: "Maximum" }),
        { threshold: 5 },
      ),
      this.alarm(
        "ReconciliationGap",
        "A file's lines are not the sum of what became of them: rows may be lost.",
        this.own("ReconciliationGap"),
      ),
    ];
  }

  // The processor's own metrics.
  own(metricName, props = {}) {
    const dimensionsMap = { Pipeline: this.pipeline };
    return new cloudwatch.Metric({ namespace: "Pipeline", metricName, dimensionsMap, statistic: "Sum", ...props });
  }

  table(metricName, props = {}) {
    return this.storage.table.metric(metricName, { statistic: "Sum", ...props });
  }

  // Of the table's `BatchWriteItem` calls.
  batches(metricName, props = {}) {
    return new cloudwatch.Metric({
      namespace: "AWS/DynamoDB",
      metricName,
      dimensionsMap: { TableName: this.storage.table.tableName, Operation: "BatchWriteItem" },
      statistic: "Sum",
      ...props,
    });
  }

  dashboard() {
    new cloudwatch.Dashboard(this, "Dashboard", {
      dashboardName: this.pipeline,
      periodOverride: cloudwatch.PeriodOverride.INHERIT,
      widgets: [
        [
          new cloudwatch.AlarmStatusWidget({
            title: `Alarms of ${this.pipeline}`,
            alarms: this.alarms,
            width: 24,
            height: 3,
          }),
        ],
        this.executionWidgets(),
        this.rowWidgets(),
        ...Object.entries(this.functions).map(([name, fn]) => functionWidgets(name, fn)),
        this.tableWidgets(),
        [this.bucketWidget()],
      ],
    });
  }

  executionWidgets() {
    const machine = this.stateMachine;
    return [
      graph("Executions", 12, "Executions", [
        machine.metricStarted({ label: "Started", color: cloudwatch.Color.BLUE }),
        machine.metricSucceeded({ label: "Succeeded", color: cloudwatch.Color.GREEN }),
        machine.metricFailed({ label: "Failed", color: cloudwatch.Color.RED }),
        machine.metricTimedOut({ label: "Timed out", color: cloudwatch.Color.ORANGE }),
        machine.metricAborted({ label: "Aborted", color: cloudwatch.Color.GREY }),
        machine.metricThrottled({ label: "Throttled", color: cloudwatch.Color.PURPLE }),
      ]),
      graph("Execution time", 12, undefined, percentiles((props) => machine.metricTime(props))),
    ];
  }

  rowWidgets() {
    const ratio = new cloudwatch.MathExpression({
      expression: "IF(lines > 0, 100 * quarantined / lines, 0)",
      label: "Quarantined",
      color: cloudwatch.Color.RED,
      usingMetrics: { quarantined: this.own("Quarantined"), lines: this.own("Lines") },
    });
    return [
      graph(
        "Rows by outcome",
        12,
        "Rows",
        [
          this.own("Written", { label: "Written", color: cloudwatch.Color.GREEN }),
          this.own("Duplicates", { label: "Duplicates", color: cloudwatch.Color.BLUE }),
          this.own("Quarantined", { label: "Quarantined", color: cloudwatch.Color.RED }),
          this.own("Blank", { label: "Blank", color: cloudwatch.Color.GREY }),
        ],
        { stacked: true },
      ),
      graph("Quarantine ratio", 6, "% of lines", [ratio], { leftYAxis: { min: 0, max: 100, showUnits: false } }),
      new cloudwatch.SingleValueWidget({
        title: "Files and lines",
        width: 6,
        // Ours has a sparkline besides, which CDK takes only without this.
        setPeriodToTimeRange: true,
        metrics: [this.own("Files", { label: "Files" }), this.own("Lines", { label: "Lines" })],
      }),
    ];
  }

  tableWidgets() {
    const rate = new cloudwatch.MathExpression({
      expression: "consumed / PERIOD(consumed)",
      label: "Write units a second",
      period: Duration.minutes(1),
      usingMetrics: { consumed: this.table("ConsumedWriteCapacityUnits", { period: Duration.minutes(1) }) },
    });
    return [
      graph("Table: write capacity", 8, undefined, [rate]),
      graph("Table: throttles and errors", 8, undefined, [
        this.table("WriteThrottleEvents", { label: "Throttled writes", color: cloudwatch.Color.PURPLE }),
        this.batches("ThrottledRequests", { label: "Throttled batches", color: cloudwatch.Color.ORANGE }),
        this.batches("SystemErrors", { label: "System errors", color: cloudwatch.Color.RED }),
      ]),
      graph("Table: latency of a batch", 8, undefined, [
        this.batches("SuccessfulRequestLatency", { statistic: "Average", label: "Average" }),
        this.batches("SuccessfulRequestLatency", { statistic: "Maximum", label: "Longest" }),
      ]),
    ];
  }

  bucketWidget() {
    const metric = (metricName, StorageType, label) =>
      new cloudwatch.Metric({
        namespace: "AWS/S3",
        metricName,
        dimensionsMap: { BucketName: this.storage.ingestName, StorageType },
        statistic: "Average",
        period: Duration.days(1),
        label,
      });
    const objects = metric("NumberOfObjects", "AllStorageTypes", "Objects");
    return graph("Ingest bucket, by the day", 24, undefined, [objects], {
      height: 4,
      right: [metric("BucketSizeBytes", "StandardStorage", "Size")],
      rightYAxis: { min: 0 },
    });
  }
}

function functionWidgets(name, fn) {
  return [
    graph(`${name}: invocations`, 10, undefined, [
      fn.metricInvocations({ color: cloudwatch.Color.BLUE }),
      fn.metricErrors({ color: cloudwatch.Color.RED }),
      fn.metricThrottles({ color: cloudwatch.Color.PURPLE }),
    ]),
    graph(`${name}: duration`, 8, undefined, percentiles((props) => fn.metricDuration(props))),
    graph(`${name}: concurrency`, 6, undefined, [
      fn.metric("ConcurrentExecutions", { statistic: "Maximum", label: "At once" }),
    ]),
  ];
}

function percentiles(metric) {
  return [
    metric({ statistic: "p50", label: "Median" }),
    metric({ statistic: "p95", label: "95th percentile" }),
    metric({ statistic: "Maximum", label: "Longest" }),
  ];
}

function graph(title, width, label, left, props = {}) {
  return new cloudwatch.GraphWidget({ title, width, left, leftYAxis: { min: 0, label, showUnits: false }, ...props });
}

module.exports = { Monitoring };
