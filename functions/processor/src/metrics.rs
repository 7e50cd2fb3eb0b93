//! The metrics of one file, in CloudWatch's embedded metric format: a line on standard output becomes data points, with
//! no request of the function's own
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>).

use std::time::SystemTime;

use contract::{Counts, ProcessorOutput, Verdict, metric};
use serde_json::{Map, Value, json};

/// The lines for a file of `pipeline` that became of as `output` says, at time `now`: one of the file, and one more for
/// each code that it or its rows have, each field that they are wrong in and each file rule that it breaks, since those are
/// dimensions.
pub fn embedded_metrics(pipeline: &str, output: &ProcessorOutput, now: SystemTime) -> String {
    let milliseconds = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
    let line = |dimension, values: &[(&'static str, &'static str, Value)]| {
        line(pipeline, milliseconds, dimension, values).to_string()
    };
    let mut lines = vec![line(None, &of_file(output))];
    let rows = [
        (metric::CODE, metric::INVALID_ROWS, &output.errors_by_code),
        (metric::CODE, metric::WARNED_ROWS, &output.warnings_by_code),
        (metric::FIELD, metric::INVALID_ROWS, &output.errors_by_field),
        (metric::FIELD, metric::WARNED_ROWS, &output.warnings_by_field),
    ];
    for (dimension, name, counts) in rows {
        for (value, rows) in counts {
            lines.push(line(Some((dimension, value)), &[(name, "Count", (*rows).into())]));
        }
    }
    if let Some(damage) = &output.damage {
        lines.push(line(Some((metric::CODE, &damage.code)), &[(metric::DAMAGED_FILES, "Count", 1.into())]));
    }
    for rule in output.file_rules.iter().filter(|rule| rule.verdict > Verdict::Pass) {
        lines.push(line(Some((metric::RULE, &rule.rule)), &[(metric::BROKEN_RULES, "Count", 1.into())]));
    }
    lines.join("\n")
}

fn of_file(output: &ProcessorOutput) -> Vec<(&'static str, &'static str, Value)> {
    let counts = &output.counts;
    let mut values = vec![
        (metric::FILES, "Count", Value::from(1)),
        (metric::LINES, "Count", counts.lines.into()),
        (metric::WRITTEN, "Count", counts.written.into()),
        (metric::DUPLICATES, "Count", counts.duplicates.into()),
        (metric::QUARANTINED, "Count", counts.quarantined.into()),
        (metric::DROPPED, "Count", counts.dropped.into()),
        (metric::BLANK, "Count", counts.blank.into()),
        (metric::QUARANTINED_PERCENT, "Percent", quarantined_percent(counts).into()),
        (metric::RECONCILIATION_GAP, "Count", counts.gap().into()),
    ];
    if let Some(age) = output.newest_row_age_seconds {
        values.push((metric::NEWEST_ROW_AGE, "Seconds", age.into()));
    }
    values
}

/// One line. `dimension` is a second one beside the pipeline.
fn line(
    pipeline: &str,
    milliseconds: u64,
    dimension: Option<(&'static str, &str)>,
    values: &[(&'static str, &'static str, Value)],
) -> Value {
    let definitions: Vec<_> = values.iter().map(|(name, unit, _)| json!({"Name": name, "Unit": unit})).collect();
    let dimensions: Vec<_> = [metric::DIMENSION].into_iter().chain(dimension.map(|(name, _)| name)).collect();
    let directive = json!({
        "Timestamp": milliseconds,
        "CloudWatchMetrics": [{
            "Namespace": metric::NAMESPACE,
            "Dimensions": [dimensions],
            "Metrics": definitions,
        }],
    });
    let mut line = Map::new();
    line.insert("_aws".into(), directive);
    line.insert(metric::DIMENSION.into(), pipeline.into());
    line.extend(dimension.map(|(name, value)| (name.to_owned(), value.into())));
    line.extend(values.iter().map(|(name, _, value)| ((*name).to_owned(), value.clone())));
    Value::Object(line)
}

fn quarantined_percent(counts: &Counts) -> f64 {
    100.0 * counts.quarantined as f64 / counts.lines.max(1) as f64
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use contract::{FileDamage, FileLocation, FileRuleOutcome};

    use super::*;

    fn output() -> ProcessorOutput {
        let file = FileLocation { bucket: "b".into(), key: "k".into(), version_id: None, etag: None, size: None };
        let rule = |rule: &str, verdict| FileRuleOutcome {
            rule: rule.into(),
            expected: String::new(),
            observed: String::new(),
            verdict,
        };
        ProcessorOutput {
            counts: Counts { lines: 12, written: 6, duplicates: 2, quarantined: 3, dropped: 0, blank: 1 },
            errors_by_code: [("FIELD_TYPE".to_owned(), 2), ("TS_FUTURE".to_owned(), 1)].into(),
            warnings_by_code: [("JSON_DUPLICATE_KEY".to_owned(), 4)].into(),
            errors_by_field: [("/price".to_owned(), 2)].into(),
            warnings_by_field: [("/items/*/price".to_owned(), 5)].into(),
            damage: Some(FileDamage { code: "GZIP_CORRUPT".into(), text: "damaged".into() }),
            file_rules: vec![rule("row_count", Verdict::Pass), rule("mean of /price", Verdict::Warn)],
            newest_row_age_seconds: Some(90),
            ..ProcessorOutput::of_empty(file)
        }
    }

    fn lines(output: &ProcessorOutput) -> Vec<Value> {
        let now = SystemTime::UNIX_EPOCH + Duration::from_millis(1_442_018_818_771);
        let text = embedded_metrics("clicks", output, now);
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn every_metric_of_a_file_is_declared_and_has_a_value() {
        let line = &lines(&output())[0];
        assert_eq!(line["_aws"]["Timestamp"].as_u64(), Some(1_442_018_818_771));
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!((&directive["Namespace"], &directive["Dimensions"]), (&json!("Pipeline"), &json!([["Pipeline"]])));
        assert_eq!(line["Pipeline"], "clicks");
        let metrics = directive["Metrics"].as_array().unwrap();
        let names: Vec<_> = metrics.iter().map(|metric| metric["Name"].as_str().unwrap()).collect();
        assert_eq!(names, metric::ALL);
        let read: Vec<_> = metrics.iter().map(|metric| line[metric["Name"].as_str().unwrap()].as_f64()).collect();
        assert_eq!(read, [1.0, 12.0, 6.0, 2.0, 3.0, 0.0, 1.0, 25.0, 0.0, 90.0].map(Some));
    }

    #[test]
    fn a_file_without_a_time_has_no_age() {
        let line = &lines(&ProcessorOutput { newest_row_age_seconds: None, ..output() })[0];
        assert_eq!(line.get(metric::NEWEST_ROW_AGE), None);
    }

    #[test]
    fn codes_fields_and_broken_file_rules_are_dimensions() {
        let second: Vec<_> = lines(&output())[1..]
            .iter()
            .map(|line| {
                let directive = &line["_aws"]["CloudWatchMetrics"][0];
                let dimension = directive["Dimensions"][0][1].as_str().unwrap().to_owned();
                let name = directive["Metrics"][0]["Name"].as_str().unwrap().to_owned();
                let (value, count) = (line[&dimension].clone(), line[&name].clone());
                (name, dimension, value, count)
            })
            .collect();
        let expected = [
            ("InvalidRows", "Code", "FIELD_TYPE", 2),
            ("InvalidRows", "Code", "TS_FUTURE", 1),
            ("WarnedRows", "Code", "JSON_DUPLICATE_KEY", 4),
            ("InvalidRows", "Field", "/price", 2),
            ("WarnedRows", "Field", "/items/*/price", 5),
            ("DamagedFiles", "Code", "GZIP_CORRUPT", 1),
            ("BrokenRules", "Rule", "mean of /price", 1),
        ];
        let expected = expected
            .map(|(name, dimension, value, count)| (name.to_owned(), dimension.to_owned(), json!(value), json!(count)));
        assert_eq!(second, expected);
    }
}
