//! A file read in parts: the keys of each part first, then each part by itself.

use std::collections::BTreeSet;

use activity::{Account, ExternalSort, FileReader, KeyHash, KeyHasher, RecordContract};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::properties::plain_file;
use crate::{Outcome, read};

/// Rules that parts add up.
const CONTRACT: &str = "
user: [/user_id]
time: [/timestamp]
time_formats: [iso8601, epoch_ms]
fields:
  /price: {type: number, min: 0}
  /text: {max_length: 3, severity: warn}
file:
  rules:
    - {rule: row_count, min: 3}
    - {rule: invalid_ratio, max: 0.2}
    - {rule: duplicate_ratio, max: 0.2, severity: warn}
    - {rule: completeness, field: /text, min: 0.5}
    - {rule: sum, field: /user_id, max: 5}
    - {rule: quantile, field: /user_id, at: 0.5, max: 0}
    - {rule: freshness, max_age: 1h}
    - {rule: schema_drift, baseline: {/user_id: string, /timestamp: string, /text: string}}
";

/// The parts of `file` that begin where the first lines behind `cuts` do.
fn parts(file: &[u8], cuts: &[Index]) -> Vec<std::ops::Range<usize>> {
    let starts = cuts.iter().map(|cut| {
        let from = cut.index(file.len() + 1);
        file[from..].iter().position(|byte| *byte == b'\n').map_or(file.len(), |feed| from + feed + 1)
    });
    let bounds: BTreeSet<usize> = starts.chain([0, file.len()]).collect();
    let bounds: Vec<_> = bounds.into_iter().collect();
    bounds.windows(2).map(|pair| pair[0]..pair[1]).collect()
}

/// Reads each part by itself, knowing of the others no more than which of its rows have an earlier one's key.
fn read_parts(file: &[u8], cuts: &[Index]) -> Outcome {
    let contract = RecordContract::from_yaml(CONTRACT).unwrap();
    assert!(!contract.needs_whole_file());
    let hasher = KeyHasher::default();
    let mut keys = Vec::new();
    let mut first_line = 1;
    let mut first_lines = Vec::new();
    let parts = parts(file, cuts);
    for part in &parts {
        let reader = FileReader::new(&contract).within(1, part.start as u64).hashing_with(hasher.clone());
        let mut reader = reader.collecting_keys(ExternalSort::new(None, 1 << 20));
        reader.feed(&file[part.clone()], &mut |_| {}).unwrap();
        let (lines, of_part) = reader.finish_keys().unwrap();
        keys.extend(of_part.map(Result::unwrap));
        first_lines.push(first_line);
        first_line += lines;
    }
    keys.sort_unstable();
    let mut duplicates = Vec::new();
    for pair in keys.windows(2) {
        if pair[0][..KeyHash::BYTES] == pair[1][..KeyHash::BYTES] {
            duplicates.push(u64::from_be_bytes(pair[1][KeyHash::BYTES..].try_into().unwrap()));
        }
    }
    duplicates.sort_unstable();

    let mut outcome = Outcome::default();
    let mut whole = Account::default();
    for (part, first_line) in parts.into_iter().zip(first_lines) {
        let own: Vec<u64> = duplicates.iter().copied().filter(|place| part.contains(&(*place as usize))).collect();
        let reader = FileReader::new(&contract).within(first_line, part.start as u64);
        let mut reader = reader.knowing_duplicates(own.into_iter());
        let mut sink = outcome.sink();
        reader.feed(&file[part], &mut sink).unwrap();
        let account = reader.finish_account(&mut sink).unwrap();
        // What a part is known by passes through JSON between the processes that read the parts.
        let text = serde_json::to_string(&account).unwrap();
        whole.add(serde_json::from_str(&text).unwrap());
    }
    let summary = whole.summary(&contract, None).unwrap();
    Outcome { summary, ..outcome }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn parts_add_up_to_the_whole(file in plain_file(), cuts: [Index; 3]) {
        prop_assume!(!file.is_empty());
        prop_assert_eq!(read_parts(&file, &cuts), read(CONTRACT, &file));
    }
}

#[test]
fn what_needs_all_rows_in_order_is_not_read_in_parts() {
    let needs = |more: &str| RecordContract::from_yaml(&format!("{CONTRACT}{more}")).unwrap().needs_whole_file();
    assert!(!needs(""));
    assert!(needs("    - {rule: uniqueness, field: /text, min: 1}"));
    assert!(needs("  strict: true"));
    let unique = CONTRACT.replace("min: 0}", "min: 0, unique: true}");
    assert!(RecordContract::from_yaml(&unique).unwrap().needs_whole_file());
}
