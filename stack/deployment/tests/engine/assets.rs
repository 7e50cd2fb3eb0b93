//! The assets bucket and what is put into it.

use std::sync::Mutex;

use deployment::{Asset, AssetsStack, StackRequest, Template};
use sha2::{Digest, Sha256};

use crate::scripted::{Answer, Script, absent, assets_stack, s3, s3_answer, s3_refused, stack, stack_without_outputs};

fn asset(folder: &tempfile::TempDir) -> Asset {
    asset_of(folder, b"hello")
}

fn asset_of(folder: &tempfile::TempDir, content: &[u8]) -> Asset {
    let path = folder.path().join("processor.zip");
    std::fs::write(&path, content).unwrap();
    Asset { path, sha256: hex::encode(Sha256::digest(content)) }
}

/// A script in which the bucket has not got the asset, and answers its upload.
fn uploaded(answers: impl IntoIterator<Item = Answer>) -> Script {
    Script::default().on("DescribeStacks", [stack("CREATE_COMPLETE")]).on("HEAD", [s3(404)]).on("PUT", answers)
}

#[tokio::test]
async fn an_asset_is_uploaded_once_with_its_checksum() {
    let stage = Script::default()
        .on("DescribeStacks", [stack("CREATE_COMPLETE")])
        .on("HEAD", [s3(404), s3(200)])
        .on("PUT", [s3(200)])
        .play()
        .await;
    let folder = tempfile::tempdir().unwrap();
    let asset = asset(&folder);
    let store = stage.connection.asset_store("orders").await.unwrap();

    let first = store.upload(&asset).await.unwrap();
    let second = store.upload(&asset).await.unwrap();

    assert_eq!((first.sent, second.sent), (true, false));
    assert_eq!((first.bucket.as_str(), first.key), ("assets", format!("{}.zip", asset.sha256)));
    let put = &stage.requests("PUT")[0].fields;
    assert_eq!(put["x-amz-checksum-sha256"], "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=");
    stage.assert_played();
}

#[tokio::test]
async fn a_bucket_that_refuses_without_a_reason_is_named() {
    let stage = Script::default().on("DescribeStacks", [stack("CREATE_COMPLETE")]).on("HEAD", [s3(403)]).play().await;
    let folder = tempfile::tempdir().unwrap();
    let store = stage.connection.asset_store("orders").await.unwrap();
    let message = store.upload(&asset(&folder)).await.unwrap_err().to_string();
    assert!(message.contains(" in assets: ") && message.ends_with("(HTTP 403)"), "{message}");
}

#[tokio::test]
async fn a_throttled_upload_is_tried_again() {
    let stage = uploaded([s3_refused(503, "SlowDown"), s3(200)]).play().await;
    let folder = tempfile::tempdir().unwrap();
    let store = stage.connection.asset_store("orders").await.unwrap();
    let progress = Mutex::new(Vec::new());

    let assets = [asset(&folder)];
    let uploads =
        store.upload_all(&assets, |part| progress.lock().unwrap().push((part.stored_bytes, part.total_bytes)));

    assert!(uploads.await.unwrap()[0].sent);
    let mut progress = progress.into_inner().unwrap();
    progress.dedup();
    assert_eq!(progress, [(0, 5), (5, 5)]);
    stage.assert_played();
}

#[tokio::test]
async fn content_that_arrives_changed_is_refused_and_not_tried_again() {
    let stage = uploaded([s3_refused(400, "BadDigest")]).play().await;
    let folder = tempfile::tempdir().unwrap();
    let store = stage.connection.asset_store("orders").await.unwrap();
    let message = store.upload(&asset(&folder)).await.unwrap_err().to_string();
    assert!(message.starts_with("cannot upload ") && message.ends_with("No. (BadDigest)"), "{message}");
    stage.assert_played();
}

#[tokio::test]
async fn a_file_that_is_not_what_was_packaged_is_not_sent() {
    let stage = uploaded([]).play().await;
    let folder = tempfile::tempdir().unwrap();
    let asset = asset(&folder);
    std::fs::write(&asset.path, "other").unwrap();
    let store = stage.connection.asset_store("orders").await.unwrap();
    let message = store.upload(&asset).await.unwrap_err().to_string();
    assert!(message.contains("processor.zip has changed since it was packaged"), "{message}");
    assert!(stage.requests("PUT").is_empty());
}

/// Two people deploy the same commit: the upload that one of them takes up is the one that the other finishes.
#[tokio::test]
async fn an_upload_that_somebody_else_finished_first_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    let asset = asset_of(&folder, &vec![7; 9 << 20]);
    let begun = format!("<Upload><Key>{}</Key><UploadId>begun</UploadId></Upload>", asset.key());
    let stage = Script::default()
        .on("DescribeStacks", [stack("CREATE_COMPLETE")])
        .on("HEAD", [s3(404), s3(200)])
        .on(
            "GET",
            [
                s3_answer(200, format!("<ListMultipartUploadsResult>{begun}</ListMultipartUploadsResult>")),
                s3_answer(200, "<ListPartsResult><IsTruncated>false</IsTruncated></ListPartsResult>"),
            ],
        )
        .on("PUT", [s3_refused(404, "NoSuchUpload"), s3_refused(404, "NoSuchUpload")])
        .play()
        .await;
    let store = stage.connection.asset_store("orders").await.unwrap();
    assert!(store.upload(&asset).await.unwrap().sent);
}

#[tokio::test]
async fn whether_to_bootstrap_is_known_beforehand() {
    let stage = Script::default()
        .on(
            "DescribeStacks",
            [absent(), stack("ROLLBACK_COMPLETE"), stack("CREATE_COMPLETE"), assets_stack("1"), assets_stack("99")],
        )
        .play()
        .await;
    for (case, expected) in [
        ("there is none", "Absent"),
        ("its creation failed", "Absent"),
        ("it is older than versions are", "Outdated"),
        ("it is of this version", "Ready"),
        ("it is of a later version", "Ready"),
    ] {
        let found = match stage.connection.assets_stack("orders").await.unwrap() {
            AssetsStack::Absent => "Absent",
            AssetsStack::Outdated(store) if store.bucket() == "assets" => "Outdated",
            AssetsStack::Ready(store) if store.bucket() == "assets" => "Ready",
            other => panic!("{case}: {other:?}"),
        };
        assert_eq!(found, expected, "{case}");
    }
}

#[tokio::test]
async fn bootstrap_touches_no_stack_that_is_not_its_own() {
    let stage = Script::default()
        .on("DescribeStacks", [stack_without_outputs("CREATE_COMPLETE"), stack_without_outputs("CREATE_COMPLETE")])
        .play()
        .await;
    let message = stage.connection.bootstrap("orders").outcome().await.unwrap_err().to_string();
    assert!(message.starts_with("stack `orders` has no output `AssetsBucketName`"), "{message}");
    assert!(stage.requests("CreateChangeSet").is_empty());
}

#[tokio::test]
async fn a_template_goes_by_way_of_the_bucket_only_where_it_must() {
    let stage = Script::default()
        .on("DescribeStacks", [stack("CREATE_COMPLETE")])
        .on("HEAD", [s3(404)])
        .on("PUT", [s3(200)])
        .play()
        .await;
    let store = stage.connection.asset_store("orders").await.unwrap();

    assert_eq!(store.template("x".repeat(51_200)).await.unwrap(), Template::from("x".repeat(51_200)));
    let template = store.template("x".repeat(51_201)).await.unwrap();
    let url = template.url().unwrap();
    assert!(url.contains("/assets/") && url.ends_with(".template"), "{url}");
    let inline = StackRequest::new("orders", "x".repeat(51_201));
    let message = stage.connection.apply(inline).outcome().await.unwrap_err().to_string();
    assert!(message.contains("send it by way of the assets bucket"), "{message}");
    let message = store.template("x".repeat(1_000_001)).await.unwrap_err().to_string();
    assert_eq!(message, "the template is 1000001 bytes, and CloudFormation takes 1000000; split the stack");
}
