//! Buckets are emptied of all that is in them.

use std::cell::RefCell;

use deployment::BucketContent;

use crate::scripted::{Answer, Script, s3_answer, s3_refused};

/// A page of a bucket's versions: `<key> <version>`, a delete marker with `!` before it.
fn page(content: &[&str], next: Option<&str>) -> Answer {
    let member = |text: &&str| {
        let (element, text) = match text.strip_prefix('!') {
            Some(marker) => ("DeleteMarker", marker),
            None => ("Version", *text),
        };
        let (key, version) = text.split_once(' ').unwrap();
        format!("<{element}><Key>{key}</Key><VersionId>{version}</VersionId></{element}>")
    };
    let members: String = content.iter().map(member).collect();
    let next = next.map(|key| {
        format!(
            "<IsTruncated>true</IsTruncated><NextKeyMarker>{key}</NextKeyMarker>\
             <NextVersionIdMarker>v</NextVersionIdMarker>"
        )
    });
    s3_answer(200, format!("<ListVersionsResult>{}{members}</ListVersionsResult>", next.unwrap_or_default()))
}

fn deleted() -> Answer {
    s3_answer(200, "<DeleteResult></DeleteResult>")
}

#[tokio::test]
async fn every_version_and_delete_marker_of_every_page_goes() {
    let stage = Script::default()
        .on("GET", [page(&["a 1", "!a 2"], Some("a")), page(&["b null"], None)])
        .on("POST", [deleted(), deleted()])
        .play()
        .await;
    let progress = RefCell::new(Vec::new());

    let count = stage.connection.purge_bucket("data", |so_far| progress.borrow_mut().push(so_far)).await.unwrap();

    assert_eq!((count, progress.borrow().len(), progress.borrow().last()), (3, 2, Some(&3)));
    let listed = stage.requests("GET");
    assert!(
        listed[1].fields["path"].contains("key-marker=a&") && listed[1].fields["path"].contains("version-id-marker=v")
    );
    let bodies: String = stage.requests("POST").iter().map(|request| request.fields["body"].as_str()).collect();
    for version in ["<Key>a</Key><VersionId>1<", "<Key>a</Key><VersionId>2<", "<Key>b</Key><VersionId>null<"] {
        assert!(bodies.contains(version), "{bodies}");
    }
    stage.assert_played();
}

/// S3 answers such a request with success, and names what it did not delete.
#[tokio::test]
async fn an_object_that_cannot_be_deleted_is_named() {
    let refusal = "<Error><Key>a</Key><Code>AccessDenied</Code><Message>Object is locked</Message></Error>";
    let stage = Script::default()
        .on("GET", [page(&["a 1"], None)])
        .on("POST", [s3_answer(200, format!("<DeleteResult>{refusal}</DeleteResult>"))])
        .play()
        .await;
    let message = stage.connection.purge_bucket("data", |_| {}).await.unwrap_err().to_string();
    assert_eq!(message, "cannot delete what the bucket data holds: a: Object is locked (AccessDenied)");
}

#[tokio::test]
async fn an_empty_or_missing_bucket_needs_nothing() {
    for answer in [page(&[], None), s3_refused(404, "NoSuchBucket")] {
        let stage = Script::default().on("GET", [answer]).play().await;
        assert_eq!(stage.connection.purge_bucket("data", |_| {}).await.unwrap(), 0);
        assert!(stage.requests("POST").is_empty());
    }
}

#[tokio::test]
async fn a_delete_marker_alone_is_in_the_way_too() {
    for (answer, expected) in [
        (page(&["!a 1"], None), BucketContent { versions: 1, more: false }),
        (page(&["a 1", "b 1"], Some("b")), BucketContent { versions: 2, more: true }),
        (s3_refused(404, "NoSuchBucket"), BucketContent { versions: 0, more: false }),
    ] {
        let stage = Script::default().on("GET", [answer]).play().await;
        assert_eq!(stage.connection.bucket_content("data").await.unwrap(), expected);
    }
}
