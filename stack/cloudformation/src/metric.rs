//! CloudWatch metrics, and the alarms that watch them. A metric is got from the resource that emits it, so its
//! dimensions cannot name another.

use crate::cloudwatch;
use crate::cloudwatch::alarm::{self, Statistic};
use crate::resource::Handle;
use crate::value::{Name, Value};
use crate::{dynamodb, lambda, stepfunctions};

/// A CloudWatch metric with the statistic and the period in which it is looked at.
///
/// Default: the sum of five minutes.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    namespace: String,
    name: String,
    dimensions: Vec<(String, Value<String>)>,
    statistic: Statistic,
    period_seconds: u32,
}

impl Metric {
    /// The metric `name` of `namespace`, such as `AWS/Lambda`.
    pub fn new(namespace: &str, name: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            dimensions: Vec::new(),
            statistic: Statistic::Sum,
            period_seconds: 300,
        }
    }

    /// Narrows the metric to a dimension's value.
    pub fn dimension(mut self, name: &str, value: impl Into<Value<String>>) -> Self {
        self.dimensions.push((name.to_owned(), value.into()));
        self
    }

    /// Sets the statistic.
    pub fn statistic(mut self, statistic: Statistic) -> Self {
        self.statistic = statistic;
        self
    }

    /// Sets the period: 10, 20, 30, or a multiple of 60 seconds.
    pub fn period_seconds(mut self, seconds: u32) -> Self {
        self.period_seconds = seconds;
        self
    }

    /// An alarm that compares the metric with `threshold` in each of `periods` periods.
    pub fn alarm(&self, comparison: alarm::ComparisonOperator, threshold: f64, periods: u32) -> cloudwatch::Alarm {
        cloudwatch::Alarm::new()
            .comparison_operator(comparison)
            .evaluation_periods(periods)
            .namespace(self.namespace.as_str())
            .metric_name(self.name.as_str())
            .dimensions(self.dimension_list())
            .statistic(self.statistic.clone())
            .period(self.period_seconds)
            .threshold(threshold)
    }

    fn dimension_list(&self) -> Value<Vec<alarm::Dimension>> {
        self.dimensions.iter().map(|(name, value)| alarm::Dimension::new(name.as_str(), value)).collect()
    }
}

impl Handle<lambda::Function> {
    /// A metric of the function: `Errors`, `Throttles`, `Duration` (milliseconds) …:
    /// <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html>.
    pub fn metric(&self, name: &str) -> Metric {
        let function: Value<Name<lambda::Function>> = self.reference();
        Metric::new("AWS/Lambda", name).dimension("FunctionName", function)
    }
}

impl Handle<stepfunctions::StateMachine> {
    /// A metric of the state machine: `ExecutionsFailed`, `ExecutionsTimedOut` …:
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html>.
    pub fn metric(&self, name: &str) -> Metric {
        Metric::new("AWS/States", name).dimension("StateMachineArn", self.arn())
    }
}

impl Handle<dynamodb::Table> {
    /// A metric of the table: `WriteThrottleEvents` …:
    /// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html>.
    pub fn metric(&self, name: &str) -> Metric {
        Metric::new("AWS/DynamoDB", name).dimension("TableName", self.reference())
    }

    /// A metric of one operation on the table: `SuccessfulRequestLatency` (milliseconds), `SystemErrors` …
    pub fn operation_metric(&self, name: &str, operation: &str) -> Metric {
        self.metric(name).dimension("Operation", operation)
    }
}
