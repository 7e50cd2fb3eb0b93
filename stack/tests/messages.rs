//! The help of verbs, and what the program says when something is wrong, word for word: `tests/cmd/`, and the README, whose
//! `console` blocks are what the program prints. Where a change is meant, `TRYCMD=overwrite cargo test --workspace --test
//! messages` writes the files anew.

use trycmd::TestCases;

/// Cases that touch nothing of whoever runs the tests. A key and a region that are empty are none.
fn cases(key: &str, region: &str) -> TestCases {
    let cases = TestCases::new();
    cases
        .env("COLUMNS", "100")
        .env("AWS_ACCESS_KEY_ID", key)
        .env("AWS_SECRET_ACCESS_KEY", key)
        .env("AWS_REGION", region)
        .env("AWS_DEFAULT_REGION", region)
        .env("AWS_CONFIG_FILE", "/nonexistent")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
        .env("AWS_EC2_METADATA_DISABLED", "true");
    cases
}

#[test]
fn the_program_says_what_it_said() {
    cases("test", "us-east-1").case("tests/cmd/*.trycmd").case("../README.md");
}

#[test]
fn without_a_way_to_an_account_it_says_what_is_missing() {
    cases("", "").case("tests/cmd/unconfigured/*.trycmd");
}
