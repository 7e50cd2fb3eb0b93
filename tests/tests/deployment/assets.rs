//! Assets reach the bucket whole, once, and where they broke off.

use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ChecksumAlgorithm;
use deployment::{Asset, AssetStore, AssetsStack, Connection};
use local::{Clients, Emulator};
use tests::{stack, talk};
use tokio::sync::Notify;

use crate::emulator;

const PART: usize = 8 << 20;

/// An asset of 18 MiB, in three parts that are all different.
fn asset(folder: &Path) -> (Asset, Vec<u8>) {
    let content: Vec<u8> = (0..18 << 20).map(|index: usize| (index / PART + index % 251) as u8).collect();
    let path = folder.join("function.zip");
    fs::write(&path, &content).unwrap();
    // `sha256sum` of the content.
    (Asset { path, sha256: SHA256.to_owned() }, content)
}

const SHA256: &str = "634aa9033becce883f495dcdc7896b106397b18b1cee0a796007377bc3d06bee";

async fn store() -> (Emulator, Connection, AssetStore) {
    let (emulator, connection) = emulator().await;
    let store = connection.bootstrap("assets").outcome().await.unwrap();
    (emulator, connection, store)
}

/// Uploads `asset`; gives the bytes that the bucket had, as they became more, and whether it was sent.
async fn upload(store: &AssetStore, asset: &Asset) -> (Vec<u64>, bool) {
    let steps = Mutex::new(Vec::new());
    let assets = [asset.clone()];
    let uploads = store.upload_all(&assets, |progress| {
        assert!((progress.stored_bytes..=progress.total_bytes).contains(&progress.sent_bytes), "{progress:?}");
        steps.lock().unwrap().push(progress.stored_bytes);
    });
    let sent = uploads.await.unwrap()[0].sent;
    let mut steps = steps.into_inner().unwrap();
    steps.dedup();
    (steps, sent)
}

async fn content(emulator: &Emulator, store: &AssetStore, asset: &Asset) -> Vec<u8> {
    let s3 = Clients::new(&emulator.sdk_config()).s3;
    let object = s3.get_object().bucket(store.bucket()).key(asset.key()).send().await.unwrap();
    object.body.collect().await.unwrap().to_vec()
}

#[tokio::test]
async fn the_assets_stack_is_made_once() {
    let (_emulator, connection, store) = store().await;
    let AssetsStack::Ready(found) = connection.assets_stack("assets").await.unwrap() else { panic!("it was made") };
    assert_eq!(found.bucket(), store.bucket());
    let mut again = connection.bootstrap("assets");
    assert!(again.next_event().await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_bootstraps_on_consent() {
    let (emulator, _connection) = emulator().await;
    let endpoint = emulator.endpoint();
    let bootstrap = |more: &[&str]| stack(&[&["bootstrap", "--endpoint-url", &endpoint], more].concat());

    let refused = bootstrap(&[]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(talk(&refused).contains("give --yes"), "{}", talk(&refused));

    for expected in ["created", "unchanged"] {
        let done = bootstrap(&["--yes", "--json"]);
        let result: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
        assert_eq!(result["outcome"], expected, "{}", talk(&done));
        assert!(result["bucket"].is_string());
    }
}

#[tokio::test]
async fn a_large_asset_is_sent_in_parts_and_only_once() {
    let (emulator, _connection, store) = store().await;
    let folder = tempfile::tempdir().unwrap();
    let (asset, expected) = asset(folder.path());

    let (steps, sent) = upload(&store, &asset).await;
    assert_eq!((steps.len(), steps.first(), steps.last()), (4, Some(&0), Some(&(18 << 20))));
    assert!(sent && content(&emulator, &store, &asset).await == expected);

    assert_eq!(upload(&store, &asset).await, (Vec::new(), false));
}

#[tokio::test]
async fn an_interrupted_upload_goes_on_where_it_stopped() {
    let (emulator, _connection, store) = store().await;
    let folder = tempfile::tempdir().unwrap();
    let (asset, expected) = asset(folder.path());

    let (arrived, interrupt) = (AtomicU64::new(0), Notify::new());
    let assets = [asset.clone()];
    let first = store.upload_all(&assets, |progress| {
        arrived.store(progress.stored_bytes, Ordering::SeqCst);
        if progress.stored_bytes > 0 {
            interrupt.notify_one();
        }
    });
    tokio::select! {
        biased;
        () = interrupt.notified() => {}
        outcome = first => panic!("it was not interrupted: {outcome:?}"),
    }

    let (steps, sent) = upload(&store, &asset).await;
    assert!(sent && steps[0] >= arrived.load(Ordering::SeqCst), "{steps:?}");
    assert!(content(&emulator, &store, &asset).await == expected);
}

#[tokio::test]
async fn a_part_with_other_content_is_sent_again() {
    let (emulator, _connection, store) = store().await;
    let folder = tempfile::tempdir().unwrap();
    let (asset, expected) = asset(folder.path());
    let s3 = Clients::new(&emulator.sdk_config()).s3;
    let (bucket, key) = (store.bucket(), asset.key());
    let begun = s3.create_multipart_upload().bucket(bucket).key(&key).checksum_algorithm(ChecksumAlgorithm::Sha256);
    let upload_id = begun.send().await.unwrap().upload_id.unwrap();
    for (number, body) in [(1, expected[..PART].to_vec()), (2, vec![0; PART])] {
        let part = s3.upload_part().bucket(bucket).key(&key).upload_id(&upload_id).part_number(number);
        let part = part.checksum_algorithm(ChecksumAlgorithm::Sha256).body(ByteStream::from(body));
        part.send().await.unwrap();
    }

    let (steps, sent) = upload(&store, &asset).await;

    // The first part alone was right: two are sent.
    assert_eq!((steps.len(), steps[0], sent), (3, PART as u64, true));
    assert!(content(&emulator, &store, &asset).await == expected);
    let left = s3.list_multipart_uploads().bucket(bucket).send().await.unwrap();
    assert!(left.uploads().is_empty());
}
