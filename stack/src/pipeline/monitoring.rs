//! What watches the pipeline: alarms whose action is a topic, and a dashboard.

use cloudformation::cloudwatch::alarm::{ComparisonOperator, Statistic, TreatMissingData};
use cloudformation::rules::Rule;
use cloudformation::{
    Handle, Metric, PolicyDocument, Principal, Reserved, Stack, Statement, Tokens, Value, action, cloudwatch, dynamodb,
    lambda, pseudo, s3, sns, stepfunctions, text,
};
use contract::metric;
use handlebars::Handlebars;
use serde_json::json;

use super::{FunctionSettings, PipelineError, Settings};

/// The dashboard's text; its inputs are listed at its head.
const DASHBOARD: &str = include_str!("../../../templates/dashboard.json.hbs");

/// What is watched.
pub(super) struct Watched<'a> {
    pub(super) machine: &'a Handle<stepfunctions::StateMachine>,
    pub(super) orchestrator: &'a Handle<lambda::Function>,
    pub(super) processor: &'a Handle<lambda::Function>,
    pub(super) table: &'a Handle<dynamodb::Table>,
    pub(super) ingest: &'a Reserved<s3::Bucket>,
}

/// The alarms, and the topic that is their action.
pub(super) struct Alarms {
    pub(super) topic: Handle<sns::Topic>,
    pub(super) alarms: Vec<Handle<cloudwatch::Alarm>>,
}

/// Adds the topic, the alarms, and who hears of them.
pub(super) fn add_alarms(stack: &mut Stack, settings: &Settings, watched: &Watched<'_>) -> Alarms {
    let topic = add_topic(stack, settings);
    let mut alarms = AlarmsBuilder { stack, settings, topic, added: Vec::new() };
    alarms.watch_executions(watched.machine);
    alarms.watch_function("Orchestrator", watched.orchestrator, &settings.orchestrator);
    alarms.watch_function("Processor", watched.processor, &settings.processor);
    alarms.watch_table(watched.table);
    alarms.watch_files();
    Alarms { topic: alarms.topic, alarms: alarms.added }
}

fn add_topic(stack: &mut Stack, settings: &Settings) -> Handle<sns::Topic> {
    let topic = stack.add("AlarmTopic", sns::Topic::new().display_name(format!("Alarms of {}", settings.stack_name())));
    stack.attributes(&topic).suppress(
        Rule::TopicNotEncrypted,
        "CloudWatch cannot publish to a topic under the AWS managed key, and publishes an alarm's name and figures only.",
    );
    let publish = Statement::allow(&[action!("sns:Publish")], [topic.topic_arn()])
        .sid("CloudWatchAlarms")
        .principal(Principal::Service("cloudwatch.amazonaws.com"))
        .when("StringEquals", "aws:SourceAccount", pseudo::account_id());
    stack.add("AlarmTopicPolicy", sns::TopicPolicy::new(PolicyDocument::new([publish]), [topic.topic_arn()]));
    if let Some(email) = &settings.alarms.email {
        stack.add("AlarmEmail", sns::Subscription::new("email", topic.reference()).endpoint(email));
    }
    topic
}

struct AlarmsBuilder<'a> {
    stack: &'a mut Stack,
    settings: &'a Settings,
    topic: Handle<sns::Topic>,
    added: Vec<Handle<cloudwatch::Alarm>>,
}

impl AlarmsBuilder<'_> {
    fn watch_executions(&mut self, machine: &Handle<stepfunctions::StateMachine>) {
        for (id, metric, what) in [
            (
                "ExecutionsFailed",
                "ExecutionsFailed",
                "An execution failed: its cause is in the console and in the log.",
            ),
            ("ExecutionsTimedOut", "ExecutionsTimedOut", "An execution ran out of time."),
            ("ExecutionsAborted", "ExecutionsAborted", "An execution was aborted."),
            ("ExecutionsThrottled", "ExecutionThrottled", "Step Functions throttles state transitions."),
        ] {
            self.any(id, what, &machine.metric(metric));
        }
    }

    fn watch_function(&mut self, name: &str, function: &Handle<lambda::Function>, size: &FunctionSettings) {
        self.any(&format!("{name}Errors"), &format!("The {name} function failed."), &function.metric("Errors"));
        let what = format!("Lambda throttles the {name} function.");
        self.any(&format!("{name}Throttles"), &what, &function.metric("Throttles"));
        let limit_ms = f64::from(size.timeout_seconds) * 10.0 * self.settings.alarms.duration_percent;
        let duration = function.metric("Duration").statistic(Statistic::Maximum);
        let what = format!("The {name} function takes nearly as long as it may.");
        self.add(&format!("{name}Duration"), &what, TreatMissingData::NotBreaching, above(&duration, limit_ms, 1));
    }

    fn watch_table(&mut self, table: &Handle<dynamodb::Table>) {
        self.any("TableThrottles", "DynamoDB throttles writes.", &table.metric("WriteThrottleEvents"));
        let errors = table.operation_metric("SystemErrors", "BatchWriteItem");
        self.any("TableSystemErrors", "DynamoDB fails.", &errors);
        let latency =
            table.operation_metric("SuccessfulRequestLatency", "BatchWriteItem").statistic(Statistic::Average);
        let alarm = above(&latency, self.settings.alarms.write_latency_ms, 3);
        self.add("TableWriteLatency", "DynamoDB takes long to write.", TreatMissingData::NotBreaching, alarm);
    }

    fn watch_files(&mut self) {
        let metric =
            |name| Metric::new(metric::NAMESPACE, name).dimension(metric::DIMENSION, self.settings.stack_name());
        let hours = self.settings.alarms.no_files_hours;
        let none =
            metric(metric::FILES).period_seconds(hours * 3_600).alarm(ComparisonOperator::LessThanThreshold, 1.0, 1);
        let ratio = metric(metric::QUARANTINED_PERCENT).statistic(Statistic::Maximum);
        let ratio = above(&ratio, self.settings.alarms.quarantine_percent, 1);
        self.add("NoFiles", &format!("No file was processed in {hours} hours."), TreatMissingData::Breaching, none);
        self.add(
            "QuarantineRatio",
            "Too many rows are malformed; see the quarantine bucket.",
            TreatMissingData::NotBreaching,
            ratio,
        );
        self.any(
            "ReconciliationGap",
            "A file's lines are not the sum of what became of them: rows may be lost.",
            &metric(metric::RECONCILIATION_GAP),
        );
    }

    /// An alarm that sounds when the metric is above zero once.
    fn any(&mut self, id: &str, what: &str, metric: &Metric) {
        self.add(id, what, TreatMissingData::NotBreaching, above(metric, 0.0, 1));
    }

    fn add(&mut self, id: &str, what: &str, missing_data: TreatMissingData, alarm: cloudwatch::Alarm) {
        let alarm = alarm
            .alarm_name(format!("{}-{id}", self.settings.stack_name()))
            .alarm_description(what)
            .treat_missing_data(missing_data)
            .alarm_actions([self.topic.reference()])
            .ok_actions([self.topic.reference()]);
        self.added.push(self.stack.add(&format!("{id}Alarm"), alarm));
    }
}

fn above(metric: &Metric, threshold: f64, periods: u32) -> cloudwatch::Alarm {
    metric.alarm(ComparisonOperator::GreaterThanThreshold, threshold, periods)
}

/// Adds the dashboard, and gives its address in the console.
pub(super) fn add_dashboard(
    stack: &mut Stack,
    settings: &Settings,
    watched: &Watched<'_>,
    alarms: &[Handle<cloudwatch::Alarm>],
) -> Result<Value<String>, PipelineError> {
    let mut tokens = Tokens::default();
    let functions = [("Orchestrator", watched.orchestrator), ("Processor", watched.processor)]
        .map(|(title, function)| json!({ "title": title, "name": tokens.mark(function.reference()) }));
    let inputs = json!({
        "pipeline": settings.stack_name(),
        "region": tokens.mark(pseudo::region()),
        "state_machine_arn": tokens.mark(watched.machine.arn()),
        "functions": functions,
        "table_name": tokens.mark(watched.table.reference()),
        "ingest_bucket": tokens.mark(watched.ingest.name()),
        "metric_namespace": metric::NAMESPACE,
        "metric_dimension": metric::DIMENSION,
        "metrics": {
            "files": metric::FILES,
            "lines": metric::LINES,
            "written": metric::WRITTEN,
            "duplicates": metric::DUPLICATES,
            "quarantined": metric::QUARANTINED,
            "dropped": metric::DROPPED,
            "blank": metric::BLANK,
            "gap": metric::RECONCILIATION_GAP,
            "age": metric::NEWEST_ROW_AGE,
        },
        "invalid_rows_search": search(settings, metric::INVALID_ROWS, metric::CODE),
        "broken_rules_search": search(settings, metric::BROKEN_RULES, metric::RULE),
        "alarms": alarms.iter().map(|alarm| tokens.mark(alarm.arn())).collect::<Vec<_>>(),
    });
    let body = render(&inputs)?;
    let name = settings.stack_name();
    stack.add("Dashboard", cloudwatch::Dashboard::new(tokens.resolve(&body)).dashboard_name(name.as_str()));
    let region = pseudo::region();
    Ok(text![
        "https://",
        &region,
        ".console.aws.amazon.com/cloudwatch/home?region=",
        &region,
        "#dashboards:name=",
        name
    ])
}

/// A search expression, escaped for JSON, for every metric of this name, whatever its second dimension
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html>).
fn search(settings: &Settings, name: &str, dimension: &str) -> String {
    let (namespace, first, pipeline) = (metric::NAMESPACE, metric::DIMENSION, settings.stack_name());
    let schema = format!("{{{namespace},{first},{dimension}}}");
    format!(r#"SEARCH('{schema} {first}=\"{pipeline}\" MetricName=\"{name}\"', 'Sum', 300)"#)
}

/// The dashboard's body, without the white space that people need and that counts against its size.
fn render(inputs: &serde_json::Value) -> Result<String, PipelineError> {
    let mut renderer = Handlebars::new();
    renderer.set_strict_mode(true);
    renderer.register_escape_fn(handlebars::no_escape);
    let text = renderer.render_template(DASHBOARD, inputs).map_err(Box::new)?;
    let body: serde_json::Value = serde_json::from_str(&text)?;
    Ok(body.to_string())
}
