//! Any text is a contract by which files can be read, also by a function, or is refused with words.

#![no_main]

use activity::RecordContract;
use activity_fuzz::read;
use libfuzzer_sys::fuzz_target;

const ROWS: &[u8] = br#"{"user_id":"u","timestamp":"2026-01-02T03:04:05Z","event":"view","price":"1.50","l":[{"a":1}]}
{"user_id":7,"timestamp":1767323045678,"event":null,"price":-1,"m":{"a":{"b":[]}}}
{"user_id":"","timestamp":""}
"#;

fuzz_target!(|text: &str| {
    match RecordContract::from_yaml(text) {
        Ok(contract) => {
            let json = RecordContract::json_of_yaml(text).expect("it is a contract");
            let packaged = RecordContract::from_json(&json).expect("a function can read it");
            assert_eq!(packaged.document(), contract.document());
            read(&contract, [ROWS]);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
