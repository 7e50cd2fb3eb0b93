//! The archives of the functions, as they are deployed.

use serde_json::Value;
use tests::{stack, talk};

/// The most bytes of one: each cold start waits for Lambda to fetch and to unpack it.
const MOST: u64 = 5_000_000;

#[test]
fn an_archive_is_small() {
    let output = stack(&["package", "--json"]);
    assert!(output.status.success(), "{}", talk(&output));
    let packages: Value = serde_json::from_slice(&output.stdout).unwrap();
    let sizes = packages["packages"].as_array().unwrap().iter().map(|package| package["size_bytes"].as_u64().unwrap());
    let sizes: Vec<_> = sizes.collect();
    assert_eq!(sizes.len(), 2);
    assert!(sizes.iter().all(|size| (1..MOST).contains(size)), "{packages}");
}
