//! Log groups that nobody declared: Lambda makes one for a function that writes, also for one that is being deleted.

use std::collections::BTreeSet;

use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::error::ProvideErrorMetadata;

use crate::{Connection, DeploymentError};

impl Connection {
    /// Which of the log groups `names` there are.
    ///
    /// # Errors
    ///
    /// AWS refuses to say, or does not answer.
    pub async fn log_groups(&self, names: &BTreeSet<String>) -> Result<BTreeSet<String>, DeploymentError> {
        let client = Client::new(self.sdk_config());
        let mut found = BTreeSet::new();
        for name in names {
            // The first of those that begin with a name is the one that has it: they come in order.
            let request = client.describe_log_groups().log_group_name_prefix(name).limit(1);
            let answer =
                request.send().await.map_err(DeploymentError::aws(format!("look for the log group {name}")))?;
            found.extend(answer.log_groups.unwrap_or_default().into_iter().filter_map(|group| group.log_group_name));
        }
        found.retain(|name| names.contains(name));
        Ok(found)
    }

    /// Deletes those of the log groups `names` that there are, with what they hold. Gives them.
    ///
    /// # Errors
    ///
    /// AWS refuses, or does not answer.
    pub async fn delete_log_groups(&self, names: &BTreeSet<String>) -> Result<BTreeSet<String>, DeploymentError> {
        let client = Client::new(self.sdk_config());
        let mut deleted = BTreeSet::new();
        for name in names {
            match client.delete_log_group().log_group_name(name).send().await {
                Ok(_) => deleted.insert(name.clone()),
                Err(error) if error.code() == Some("ResourceNotFoundException") => continue,
                Err(error) => return Err(DeploymentError::aws(format!("delete the log group {name}"))(error)),
            };
        }
        Ok(deleted)
    }
}
