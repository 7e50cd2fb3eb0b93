//! The help of verbs, and what the program says when something is wrong, word for word: `tests/cmd/`, and the README, whose
//! `console` blocks are what the program prints. Where a change is
//! meant, `TRYCMD=overwrite cargo test --workspace --test messages` writes the files anew.

#[test]
fn the_program_says_what_it_said() {
    trycmd::TestCases::new()
        .env("COLUMNS", "100")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .case("tests/cmd/*.trycmd")
        .case("../README.md");
}
