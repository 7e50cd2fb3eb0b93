//! The metrics of one file, in CloudWatch's embedded metric format: a line on standard output becomes data points, with
//! no request of the function's own
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>).

use std::time::SystemTime;

use contract::{Counts, metric};
use serde_json::{Map, Value, json};

/// The line for a file of `pipeline` whose lines went where `counts` says, at time `now`.
pub fn embedded_metrics(pipeline: &str, counts: &Counts, now: SystemTime) -> String {
    let values = [
        (metric::FILES, "Count", Value::from(1)),
        (metric::LINES, "Count", counts.lines.into()),
        (metric::WRITTEN, "Count", counts.written.into()),
        (metric::DUPLICATES, "Count", counts.duplicates.into()),
        (metric::QUARANTINED, "Count", counts.quarantined.into()),
        (metric::DROPPED, "Count", counts.dropped.into()),
        (metric::BLANK, "Count", counts.blank.into()),
        (metric::QUARANTINED_PERCENT, "Percent", quarantined_percent(counts).into()),
    ];
    let milliseconds = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
    let definitions: Vec<_> = values.iter().map(|(name, unit, _)| json!({"Name": name, "Unit": unit})).collect();
    let directive = json!({
        "Timestamp": milliseconds,
        "CloudWatchMetrics": [{
            "Namespace": metric::NAMESPACE,
            "Dimensions": [[metric::DIMENSION]],
            "Metrics": definitions,
        }],
    });
    let mut line = Map::new();
    line.insert("_aws".into(), directive);
    line.insert(metric::DIMENSION.into(), pipeline.into());
    line.extend(values.map(|(name, _, value)| (name.to_owned(), value)));
    Value::Object(line).to_string()
}

fn quarantined_percent(counts: &Counts) -> f64 {
    100.0 * counts.quarantined as f64 / counts.lines.max(1) as f64
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_metric_is_declared_and_has_a_value() {
        let counts = Counts { lines: 12, written: 6, duplicates: 2, quarantined: 3, dropped: 0, blank: 1 };
        let now = SystemTime::UNIX_EPOCH + Duration::from_millis(1_442_018_818_771);
        let line = embedded_metrics("clicks", &counts, now);
        assert!(!line.contains('\n'));
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["_aws"]["Timestamp"].as_u64(), Some(1_442_018_818_771));
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!((&directive["Namespace"], &directive["Dimensions"]), (&json!("Pipeline"), &json!([["Pipeline"]])));
        assert_eq!(line["Pipeline"], "clicks");
        let metrics = directive["Metrics"].as_array().unwrap();
        let names: Vec<_> = metrics.iter().map(|metric| metric["Name"].as_str().unwrap()).collect();
        assert_eq!(names, metric::ALL);
        let read: Vec<_> = metrics.iter().map(|metric| line[metric["Name"].as_str().unwrap()].as_f64()).collect();
        assert_eq!(read, [1.0, 12.0, 6.0, 2.0, 3.0, 0.0, 1.0, 25.0].map(Some));
    }
}
