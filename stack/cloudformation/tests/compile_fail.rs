//! Wrong references do not compile; what the compiler says of each is beside it.

#[test]
fn wrong_references_do_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
