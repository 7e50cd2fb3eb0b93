//! What differs between environments, read from one file.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use cloudformation::Removal;
use serde::Deserialize;

/// The settings that the program carries: `stack/settings.yaml`.
const DEFAULT: &str = include_str!("../../settings.yaml");

/// The file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// It is not YAML, or a key is unknown, missing or of the wrong type.
    #[error("the settings are wrong: {0}")]
    Syntax(String),
    /// It has no such environment.
    #[error("there is no environment `{name}` in the settings; choose one of {known}, or add it there")]
    UnknownEnvironment {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// A value is out of its bounds.
    #[error("the settings are wrong: {key} is {value}; it must be {bounds}")]
    Bounds {
        /// The key.
        key: String,
        /// Its value.
        value: String,
        /// What it may be.
        bounds: &'static str,
    },
}

/// The settings file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    pipeline: String,
    environments: BTreeMap<String, Environment>,
}

impl File {
    fn parse(text: &str) -> Result<Self, SettingsError> {
        serde_saphyr::from_str(text).map_err(|error| SettingsError::Syntax(error.to_string()))
    }
}

/// One environment's settings, as the file has them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Environment {
    retain_data: bool,
    architecture: Architecture,
    log_retention_days: u32,
    orchestrator: FunctionSettings,
    processor: FunctionSettings,
    split: SplitSettings,
    ingest_expiration_days: u32,
    quarantine_expiration_days: u32,
    alarms: AlarmSettings,
    #[serde(default)]
    usage: UsageSettings,
}

/// The instruction set of the functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Architecture {
    /// Intel and AMD.
    #[serde(rename = "x86_64")]
    X86_64,
    /// Graviton.
    Arm64,
}

/// A function's size and limits.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FunctionSettings {
    /// Memory, MB, 128 to 10,240. Lambda gives one whole vCPU at 1,769.
    pub memory_mb: u32,
    /// The longest that one invocation may take, seconds, 1 to 900.
    pub timeout_seconds: u32,
    /// The size of `/tmp`, MB, 512 to 10,240; 512 without it. The processor spills keys that it has seen: while runs are
    /// merged, at most 32 bytes for each row that is written, so that 2,048 MB are enough for 64 million.
    pub ephemeral_storage_mb: Option<u32>,
    /// The most invocations at one time, taken out of the account's; without it, the account's own limit.
    pub reserved_concurrency: Option<u32>,
}

/// How large files are split, so that several invocations of the processor read them side by side. A file that is
/// compressed, or whose contract has rules that need all of it in order, is read as a whole, whatever its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SplitSettings {
    /// Files of this size and more are split, MB.
    pub file_mb: u32,
    /// About how large a part is, MB.
    pub range_mb: u32,
    /// How many parts of one file are read at once, at most, 1 to 1,000.
    pub max_concurrency: u32,
    /// How many parts of a hundred may fail before the others are given up. The file fails for one all the same.
    pub tolerated_failure_percentage: u32,
}

/// When alarms sound.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlarmSettings {
    /// Who hears of alarms. Without it the topic has no subscription yet.
    pub email: Option<String>,
    /// Hours without a file, 1 to 24.
    pub no_files_hours: u32,
    /// Quarantined lines of a hundred.
    pub quarantine_percent: f64,
    /// Mean latency of a batch write, milliseconds.
    pub write_latency_ms: f64,
    /// A function's longest duration, percent of its timeout.
    pub duration_percent: f64,
}

/// How much the pipeline is used: what its cost is estimated from, and nothing else. What is left out is as in
/// [`UsageSettings::default`].
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UsageSettings {
    /// Files that arrive in a month.
    pub files_per_month: u32,
    /// Rows of a file.
    pub rows_per_file: u32,
    /// The size of a row, in a file and as an item.
    pub bytes_per_row: u32,
    /// How many times smaller a file is than its rows: 1 where files are not compressed.
    pub compression: NonZeroU32,
    /// Rows that are quarantined, of a hundred.
    pub quarantined_percent: f64,
    /// Rows that the processor takes in a second; the dashboard shows how long files take.
    pub rows_per_second: NonZeroU32,
    /// For how many months what nothing deletes, such as the table's items, is counted.
    pub months_kept: u32,
}

impl Default for UsageSettings {
    /// A hundred files a day of 5,000 rows, 500 bytes each, compressed to a fifth; a row of a thousand is quarantined; the
    /// processor takes 5,000 rows a second; data are counted for a year.
    fn default() -> Self {
        Self {
            files_per_month: 3_000,
            rows_per_file: 5_000,
            bytes_per_row: 500,
            compression: NonZeroU32::MIN.saturating_add(4),
            quarantined_percent: 0.1,
            rows_per_second: NonZeroU32::MIN.saturating_add(4_999),
            months_kept: 12,
        }
    }
}

/// The settings of one environment of the pipeline.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The pipeline's name: small letters, digits and hyphens.
    pub pipeline: String,
    /// The environment's name, likewise.
    pub environment: String,
    /// Whether the table, the buckets and the logs outlive their stack.
    pub retain_data: bool,
    /// The instruction set of the functions.
    pub architecture: Architecture,
    /// How long logs are kept, days; one of the values that CloudWatch Logs has.
    pub log_retention_days: u32,
    /// The orchestrator's size and limits.
    pub orchestrator: FunctionSettings,
    /// The processor's size and limits.
    pub processor: FunctionSettings,
    /// How large files are split.
    pub split: SplitSettings,
    /// How long ingested files are kept, days.
    pub ingest_expiration_days: u32,
    /// How long quarantined rows are kept, days.
    pub quarantine_expiration_days: u32,
    /// When alarms sound.
    pub alarms: AlarmSettings,
    /// How much the pipeline is used.
    pub usage: UsageSettings,
}

impl Settings {
    /// The settings of `environment` in the file that the program carries.
    ///
    /// # Errors
    ///
    /// As [`Settings::from_yaml`].
    pub fn carried(environment: &str) -> Result<Self, SettingsError> {
        Self::from_yaml(DEFAULT, environment)
    }

    /// The settings of `environment` in a file's text.
    ///
    /// # Errors
    ///
    /// The text is no settings file, has no such environment, or a value is out of its bounds.
    pub fn from_yaml(text: &str, environment: &str) -> Result<Self, SettingsError> {
        let mut file = File::parse(text)?;
        let known = file.environments.keys().cloned().collect::<Vec<_>>().join(", ");
        let Some(found) = file.environments.remove(environment) else {
            return Err(SettingsError::UnknownEnvironment { name: environment.to_owned(), known });
        };
        let settings = Self {
            pipeline: file.pipeline,
            environment: environment.to_owned(),
            retain_data: found.retain_data,
            architecture: found.architecture,
            log_retention_days: found.log_retention_days,
            orchestrator: found.orchestrator,
            processor: found.processor,
            split: found.split,
            ingest_expiration_days: found.ingest_expiration_days,
            quarantine_expiration_days: found.quarantine_expiration_days,
            alarms: found.alarms,
            usage: found.usage,
        };
        settings.check()?;
        Ok(settings)
    }

    /// The names of all environments in a file's text, or, without one, in the file that the program carries.
    ///
    /// # Errors
    ///
    /// The text is no settings file.
    pub fn environments(text: Option<&str>) -> Result<Vec<String>, SettingsError> {
        Ok(File::parse(text.unwrap_or(DEFAULT))?.environments.into_keys().collect())
    }

    /// The stack's name: `<pipeline>-<environment>`.
    pub fn stack_name(&self) -> String {
        format!("{}-{}", self.pipeline, self.environment)
    }

    /// Whether this is a development stack: its data may be lost. Only such a stack is swapped behind CloudFormation's
    /// back, left as it failed, or updated with less care.
    pub fn is_development(&self) -> bool {
        !self.retain_data
    }

    /// What happens to what holds data, when it leaves the stack.
    pub(super) fn removal(&self) -> Removal {
        if self.retain_data { Removal::RetainExceptOnCreate } else { Removal::Delete }
    }

    /// What the template's own checks cannot see: names that become part of other names, and quantities that are
    /// computed with before they reach the template.
    fn check(&self) -> Result<(), SettingsError> {
        for (key, name) in [("pipeline", &self.pipeline), ("environments", &self.environment)] {
            let proper = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            if !proper || !name.starts_with(|c: char| c.is_ascii_lowercase()) {
                let bounds = "small letters, digits and hyphens, a letter first: it is part of bucket names";
                return Err(SettingsError::Bounds { key: key.into(), value: format!("`{name}`"), bounds });
            }
        }
        // A bucket's name has at most 63 characters: `<stack>-ingest-<account>-<region>`.
        let (stack, longest) = (self.stack_name(), 63 - "-ingest-123456789012-ap-southeast-1".len());
        if stack.len() > longest {
            let bounds = "at most 28 characters, pipeline and environment together: it is part of bucket names";
            return Err(SettingsError::Bounds { key: "the stack's name".into(), value: format!("`{stack}`"), bounds });
        }
        let alarms = &self.alarms;
        let percent = |value: f64| value > 0.0 && value <= 100.0;
        let split = &self.split;
        for (key, value, holds, bounds) in [
            ("split.file_mb", f64::from(split.file_mb), split.file_mb >= 1, "at least 1"),
            ("split.range_mb", f64::from(split.range_mb), split.range_mb >= 1, "at least 1"),
            (
                "split.max_concurrency",
                f64::from(split.max_concurrency),
                (1..=1_000).contains(&split.max_concurrency),
                "1 to 1000",
            ),
            (
                "split.tolerated_failure_percentage",
                f64::from(split.tolerated_failure_percentage),
                split.tolerated_failure_percentage <= 100,
                "0 to 100",
            ),
            (
                "alarms.no_files_hours",
                f64::from(alarms.no_files_hours),
                (1..=24).contains(&alarms.no_files_hours),
                "1 to 24",
            ),
            (
                "alarms.quarantine_percent",
                alarms.quarantine_percent,
                percent(alarms.quarantine_percent),
                "above 0, at most 100",
            ),
            (
                "alarms.duration_percent",
                alarms.duration_percent,
                percent(alarms.duration_percent),
                "above 0, at most 100",
            ),
            ("alarms.write_latency_ms", alarms.write_latency_ms, alarms.write_latency_ms > 0.0, "above 0"),
            (
                "usage.quarantined_percent",
                self.usage.quarantined_percent,
                (0.0..=100.0).contains(&self.usage.quarantined_percent),
                "0 to 100",
            ),
        ] {
            if !holds {
                return Err(SettingsError::Bounds { key: key.into(), value: value.to_string(), bounds });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl Fn(&str) -> String, expected: &str) {
        let error = Settings::from_yaml(&change(DEFAULT), "development").unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }

    #[test]
    fn every_carried_environment_is_sound() {
        for environment in ["development", "production"] {
            Settings::carried(environment).unwrap();
        }
    }

    #[test]
    fn a_stack_that_keeps_its_data_is_no_development_stack() {
        assert!(Settings::carried("development").unwrap().is_development());
        assert!(!Settings::carried("production").unwrap().is_development());
    }

    #[test]
    fn an_unknown_key_is_an_error() {
        check(|text| text.replacen("retain_data", "retain_dat", 1), "retain_dat");
    }

    #[test]
    fn an_unknown_environment_lists_the_known() {
        let error = Settings::carried("staging").unwrap_err();
        assert!(error.to_string().contains("development, production"), "{error}");
    }

    #[test]
    fn values_have_bounds() {
        check(|text| text.replace("pipeline: activity", "pipeline: Activity"), "bucket names");
        check(|text| text.replace("no_files_hours: 24", "no_files_hours: 25"), "no_files_hours is 25");
        check(|text| text.replace("max_concurrency: 8", "max_concurrency: 0"), "max_concurrency is 0");
        check(|text| text.replace("quarantine_percent: 5", "quarantine_percent: 0"), "quarantine_percent is 0");
        check(
            |text| text.replacen("files_per_month: 100", "quarantined_percent: 101", 1),
            "quarantined_percent is 101",
        );
    }
}
