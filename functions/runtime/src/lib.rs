//! What every function starts with: its logs, and its way to AWS.

mod aws;
mod logs;

pub use aws::{connector, http_client, sdk_config};
pub use logs::start_logs;
