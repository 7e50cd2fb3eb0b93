//! The assets stack: a bucket for the files that other stacks' templates refer to, made once in an account and region.

mod template;

use crate::apply::apply;
use crate::{AssetStore, Connection, DeploymentError, NextStep, Operation, Stack, StackRequest};

/// The usual name of the assets stack: one in an account and region, for all stacks.
pub const ASSETS_STACK: &str = "pipeline-assets";

/// The assets stack's output that names the bucket.
const BUCKET_OUTPUT: &str = "AssetsBucketName";

/// The assets stack's output that says which version of the template made it.
const VERSION_OUTPUT: &str = "AssetsVersion";

/// What there is of the assets stack.
#[derive(Clone, Debug)]
pub enum AssetsStack {
    /// It is there and needs nothing.
    Ready(AssetStore),
    /// It is there, as an earlier version of this crate made it; [`Connection::bootstrap`] updates it in place.
    Outdated(AssetStore),
    /// It is not there: [`Connection::bootstrap`] creates it.
    Absent,
}

impl Connection {
    /// What there is of the assets stack `name`: whether a deployment has to ask for consent to make or change it.
    ///
    /// A stack that a later version of this crate made is ready: two colleagues with different versions must not
    /// change it to and fro.
    ///
    /// # Errors
    ///
    /// `name` is some other stack's, or the stack is in a state that takes no update.
    pub async fn assets_stack(&self, name: &str) -> Result<AssetsStack, DeploymentError> {
        let Some(stack) = self.stack(name).await? else { return Ok(AssetsStack::Absent) };
        match stack.next_step() {
            NextStep::Create | NextStep::Recreate => Ok(AssetsStack::Absent),
            NextStep::Update if version(&stack) < template::VERSION => {
                Ok(AssetsStack::Outdated(AssetStore::of(self, &stack)?))
            }
            NextStep::Update => Ok(AssetsStack::Ready(AssetStore::of(self, &stack)?)),
            _ => Err(stack.refusal()),
        }
    }

    /// Makes sure of the assets stack `name` and its bucket: private, encrypted, versioned, reached over TLS only.
    /// An operation without events is one that had nothing to do.
    ///
    /// The operation fails where `name` is some other stack's, which stays as it is.
    pub fn bootstrap(&self, name: impl Into<String>) -> Operation<AssetStore> {
        let (connection, name) = (self.clone(), name.into());
        Operation::new(|events| async move {
            if let AssetsStack::Ready(store) = connection.assets_stack(&name).await? {
                return Ok(store);
            }
            let request = StackRequest { recreate_failed: true, ..StackRequest::new(&name, template::body()?) };
            apply(&connection, &request, &events).await?;
            connection.asset_store(&name).await
        })
    }

    /// The bucket of the assets stack `name`.
    ///
    /// # Errors
    ///
    /// There is no such stack, or it is not an assets stack.
    pub async fn asset_store(&self, name: &str) -> Result<AssetStore, DeploymentError> {
        let stack = self.stack(name).await?;
        AssetStore::of(self, &stack.ok_or_else(|| self.no_stack(name))?)
    }
}

impl AssetStore {
    fn of(connection: &Connection, stack: &Stack) -> Result<Self, DeploymentError> {
        match stack.outputs.get(BUCKET_OUTPUT) {
            Some(bucket) => Ok(Self::new(connection, bucket)),
            None => Err(DeploymentError::NoOutput { stack: stack.name.clone(), output: BUCKET_OUTPUT }),
        }
    }
}

/// Assets stacks without a version are older than any.
fn version(stack: &Stack) -> u32 {
    stack.outputs.get(VERSION_OUTPUT).and_then(|version| version.parse().ok()).unwrap_or(0)
}
