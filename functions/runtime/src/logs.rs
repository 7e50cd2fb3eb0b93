//! Logs as Lambda's logging controls ask for them:
//! <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-advanced.html>.

use std::env;

use tracing::level_filters::LevelFilter;

/// Has what is logged written to standard output: from the level that `AWS_LAMBDA_LOG_LEVEL`, or else `RUST_LOG`, names
/// on, by default INFO; as JSON where `AWS_LAMBDA_LOG_FORMAT` is that, or else as text.
///
/// INFO is also the finest of a function that is shipped: below it libraries tell of requests, whose bodies are rows.
pub fn start_logs() {
    let level = ["AWS_LAMBDA_LOG_LEVEL", "RUST_LOG"].iter().find_map(|name| level(&env::var(name).ok()?));
    let subscriber =
        tracing_subscriber::fmt().with_target(false).without_time().with_max_level(level.unwrap_or(LevelFilter::INFO));
    if env::var("AWS_LAMBDA_LOG_FORMAT").is_ok_and(|format| format.eq_ignore_ascii_case("json")) {
        subscriber.json().init();
    } else {
        subscriber.init();
    }
}

/// Lambda has a level above those of `tracing`.
fn level(name: &str) -> Option<LevelFilter> {
    if name.eq_ignore_ascii_case("fatal") { Some(LevelFilter::ERROR) } else { name.parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_lambdas() {
        for (name, expected) in [
            ("TRACE", Some(LevelFilter::TRACE)),
            ("warn", Some(LevelFilter::WARN)),
            ("FATAL", Some(LevelFilter::ERROR)),
            ("loud", None),
        ] {
            assert_eq!(level(name), expected, "{name}");
        }
    }
}
