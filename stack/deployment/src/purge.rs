//! Empties buckets: CloudFormation deletes none that holds anything.

use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use futures::{TryStreamExt, stream};

use crate::{Connection, DeploymentError};

/// Batches being deleted at one time. A batch is a page of the listing: at most 1,000 versions, which is also what one
/// request may delete.
const PARALLEL_BATCHES: usize = 4;

/// What a bucket holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BucketContent {
    /// Versions of objects and delete markers, of the first thousand.
    pub versions: usize,
    /// Whether there are more.
    pub more: bool,
}

impl BucketContent {
    /// Whether CloudFormation would delete the bucket.
    pub fn is_empty(self) -> bool {
        self.versions == 0
    }
}

impl Connection {
    /// What the bucket holds. One that is not there holds nothing.
    ///
    /// # Errors
    ///
    /// AWS refuses to list it, or does not answer.
    pub async fn bucket_content(&self, bucket: &str) -> Result<BucketContent, DeploymentError> {
        let page = list(self, bucket, &Markers::default()).await?;
        let more = page.is_truncated.unwrap_or_default();
        Ok(BucketContent { versions: versions(page).len(), more })
    }

    /// Deletes all that the bucket holds: every version of every object, and every delete marker. `progress` is told
    /// after each batch how many that were so far. Gives how many it were in all.
    ///
    /// What is written meanwhile may stay.
    ///
    /// # Errors
    ///
    /// AWS refuses (an object is locked, say), or does not answer. What is deleted by then is gone.
    pub async fn purge_bucket(&self, bucket: &str, mut progress: impl FnMut(usize)) -> Result<usize, DeploymentError> {
        let pages = stream::try_unfold(Some(Markers::default()), async |from| {
            let Some(from) = from else { return Ok(None) };
            let page = list(self, bucket, &from).await?;
            let next = Markers::after(&page);
            Ok::<_, DeploymentError>(Some((versions(page), next)))
        });
        let deletions = pages.map_ok(|batch| delete(self, bucket, batch)).try_buffer_unordered(PARALLEL_BATCHES);
        deletions
            .try_fold(0, |so_far, deleted| {
                let so_far = so_far + deleted;
                progress(so_far);
                std::future::ready(Ok(so_far))
            })
            .await
    }
}

/// Where a page begins.
#[derive(Default)]
struct Markers {
    key: Option<String>,
    version_id: Option<String>,
}

impl Markers {
    /// Where the next page begins, if there is one.
    fn after(page: &ListObjectVersionsOutput) -> Option<Self> {
        page.is_truncated
            .unwrap_or_default()
            .then(|| Self { key: page.next_key_marker.clone(), version_id: page.next_version_id_marker.clone() })
    }
}

async fn list(
    connection: &Connection,
    bucket: &str,
    from: &Markers,
) -> Result<ListObjectVersionsOutput, DeploymentError> {
    let request = connection.s3.list_object_versions().bucket(bucket);
    let request = request.set_key_marker(from.key.clone()).set_version_id_marker(from.version_id.clone());
    match request.send().await {
        Ok(page) => Ok(page),
        Err(error) if error.code() == Some("NoSuchBucket") => Ok(ListObjectVersionsOutput::builder().build()),
        Err(error) => Err(DeploymentError::aws(format!("list what the bucket {bucket} holds"))(error)),
    }
}

fn versions(page: ListObjectVersionsOutput) -> Vec<ObjectIdentifier> {
    let versions = page.versions.unwrap_or_default().into_iter().map(|version| (version.key, version.version_id));
    let markers = page.delete_markers.unwrap_or_default().into_iter().map(|marker| (marker.key, marker.version_id));
    let identifier = |(key, version_id): (Option<String>, Option<String>)| {
        ObjectIdentifier::builder().set_key(key).set_version_id(version_id).build().ok()
    };
    versions.chain(markers).filter_map(identifier).collect()
}

/// Deletes a batch, and gives its size.
async fn delete(connection: &Connection, bucket: &str, batch: Vec<ObjectIdentifier>) -> Result<usize, DeploymentError> {
    let size = batch.len();
    let action = || format!("delete what the bucket {bucket} holds");
    // An empty bucket has one page, without anything; an identifier without a key is none of S3's.
    let Ok(batch) = Delete::builder().set_objects((size > 0).then_some(batch)).quiet(true).build() else {
        return Ok(0);
    };
    let request = connection.s3.delete_objects().bucket(bucket).delete(batch);
    let answer = request.send().await.map_err(DeploymentError::aws(action()))?;
    match answer.errors.unwrap_or_default().into_iter().next() {
        None => Ok(size),
        Some(error) => Err(DeploymentError::Refused {
            action: format!("{}: {}", action(), error.key.unwrap_or_default()),
            code: error.code.unwrap_or_default(),
            message: error.message.unwrap_or_default(),
        }),
    }
}
