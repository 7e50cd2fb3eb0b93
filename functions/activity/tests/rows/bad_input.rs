//! Bad input never panics and never loses a row in silence.

use activity::{Attribute, Code, Damage, FileReader, Line, RecordContract, Row};
use contract::{Counts, Verdict};

use crate::{CONTRACT, codes, gzip, item, read, row};

/// Checks (lines, written, quarantined, blank) of a file.
fn check_counts(file: &[u8], expected: (u64, u64, u64, u64)) {
    let counts = read(CONTRACT, file).summary.counts;
    assert_eq!((counts.lines, counts.written, counts.quarantined, counts.blank), expected);
}

fn check(more: &str, expected: &[Code]) {
    assert_eq!(codes(CONTRACT, row(more)), expected, "{more}");
}

#[test]
fn nothing_is_no_line() {
    check_counts(b"", (0, 0, 0, 0));
    check_counts(b"\xef\xbb\xbf", (0, 0, 0, 0));
    check_counts(&gzip(b""), (0, 0, 0, 0));
    check_counts(b"\n\r\n \t\n  ", (4, 0, 0, 4));
}

#[test]
fn a_file_is_what_its_bytes_say_whatever_its_name() {
    let rows = format!("\u{feff}{}\r\n\r\n{}", row(r#", "n": 1"#), row(r#", "n": 2"#));
    check_counts(rows.as_bytes(), (3, 2, 0, 1));
    assert_eq!(read(CONTRACT, rows.as_bytes()), read(CONTRACT, &gzip(rows.as_bytes())));
}

#[test]
fn several_members_are_one_file() {
    let rows = format!("{}\n{}\n", row(r#", "n": 1"#), row(r#", "n": 2"#));
    let (start, end) = rows.as_bytes().split_at(90);
    let padding = [0; 100];
    let members = [gzip(start), gzip(end), padding.to_vec()].concat();
    assert_eq!(read(CONTRACT, rows.as_bytes()), read(CONTRACT, &members));
}

#[test]
fn a_hundred_members_are_one_file_wherever_they_meet() {
    let rows: String = (0..250).map(|n| row(&format!(r#", "n": {n}"#)) + "\n").collect();
    let members: Vec<u8> = rows.as_bytes().chunks(rows.len().div_ceil(100)).flat_map(gzip).collect();
    assert_eq!(members.windows(3).filter(|bytes| bytes == b"\x1f\x8b\x08").count(), 100);
    assert_eq!(read(CONTRACT, &members), read(CONTRACT, rows.as_bytes()));
}

#[test]
fn what_is_packed_twice_is_told_and_makes_no_rows_of_garbage() {
    let rows = row("") + "\n";
    let twice = gzip(&gzip(rows.as_bytes()));
    let summary = read(CONTRACT, &twice).summary;
    assert_eq!((summary.damage, summary.verdict), (Some(Damage::PackedTwice), Verdict::Fail));
    assert_eq!(summary.counts, Counts::default());
    let outcome = read(CONTRACT, &[gzip(rows.as_bytes()), twice].concat());
    assert_eq!((outcome.summary.damage, outcome.summary.counts.written), (Some(Damage::PackedTwice), 1));
    assert_eq!(outcome.summary.counts.lines, 1);
}

#[test]
fn a_file_in_utf_16_says_so_once_and_for_each_line() {
    let rows = row(r#", "a": "é😀""#) + "\r\n" + &row("") + "\n";
    let units = || rows.encode_utf16();
    let (little, big): (Vec<u8>, Vec<u8>) =
        (units().flat_map(u16::to_le_bytes).collect(), units().flat_map(u16::to_be_bytes).collect());
    let (marked_little, marked_big) = ([b"\xff\xfe", &little[..]].concat(), [b"\xfe\xff", &big[..]].concat());
    for (file, lines) in [(&little, 3), (&marked_little, 3), (&big, 2), (&marked_big, 2)] {
        for file in [file.clone(), gzip(file)] {
            let outcome = read(CONTRACT, &file);
            assert_eq!((outcome.summary.damage, outcome.summary.verdict), (Some(Damage::Utf16), Verdict::Fail));
            assert_eq!((outcome.summary.counts.lines, outcome.summary.counts.quarantined), (lines, lines));
            assert_eq!(outcome.summary.errors_by_code, [("UTF16".to_owned(), lines)].into());
        }
    }
    let message = Damage::Utf16.to_string();
    assert!(message.contains("export it as UTF-8"), "{message}");
}

#[test]
fn one_line_in_utf_16_costs_no_row_that_can_be_read() {
    let file = [b"{\0}\0\n", row("").as_bytes()].concat();
    let outcome = read(CONTRACT, &file);
    assert_eq!((outcome.summary.counts.written, outcome.summary.counts.quarantined), (1, 1));
    let file = [row("").as_bytes(), b"\n{\0}\0\n"].concat();
    let outcome = read(CONTRACT, &file);
    assert_eq!((outcome.summary.damage, outcome.quarantined[0].codes[0]), (None, Code::JsonSyntax));
}

#[test]
fn lines_that_end_with_carriage_returns_alone_are_one_line_that_says_so() {
    let rows = (0..3).map(|n| row(&format!(r#", "n": {n}"#)) + "\r").collect::<String>();
    let outcome = read(CONTRACT, rows.as_bytes());
    assert_eq!((outcome.summary.counts.lines, outcome.summary.counts.quarantined), (1, 1));
    let expected = "expected a line feed between rows, not a carriage return alone";
    assert_eq!(outcome.quarantined[0].reasons, [format!("JSON_SYNTAX at byte 63: {expected}")]);
    assert_eq!(outcome.quarantined[0].raw, rows.trim_end().as_bytes());
    assert_eq!((outcome.summary.damage, outcome.summary.verdict), (Some(Damage::NoLineFeeds), Verdict::Fail));
    for file in [format!("{rows}\n\n"), rows.replace('\r', " \r\r ")] {
        let outcome = read(CONTRACT, file.as_bytes());
        assert_eq!(outcome.summary.damage, Some(Damage::NoLineFeeds), "{file:?}");
        assert!(outcome.quarantined[0].reasons[0].contains(expected), "{:?}", outcome.quarantined);
    }
    // One such line is a bad row, and not a bad file.
    let outcome = read(CONTRACT, format!("{rows}\n{}", row("")).as_bytes());
    assert_eq!((outcome.summary.damage, outcome.summary.verdict), (None, Verdict::Warn));

    let outcome = read(CONTRACT, rows.repeat(10_000).as_bytes());
    assert_eq!(outcome.summary.damage, Some(Damage::NoLineFeeds));
    assert_eq!(outcome.quarantined[0].codes, [Code::LineTooLong]);
    assert!(
        outcome.quarantined[0].reasons[0].contains("a line feed between rows"),
        "{:?}",
        outcome.quarantined[0].reasons
    );

    // Within a row a carriage return is white space.
    assert_eq!(read(CONTRACT, row("").replace(' ', "\r").as_bytes()).summary.counts.written, 1);
}

#[test]
fn rows_before_a_cut_in_gzip_are_accounted() {
    let rows: String = (0..5000).map(|n| row(&format!(r#", "n": {n}, "m": {}"#, n * 7919 % 5003)) + "\n").collect();
    let whole = gzip(rows.as_bytes());
    let outcome = read(CONTRACT, &whole[..whole.len() / 2]);
    assert_eq!(outcome.summary.damage, Some(Damage::Truncated { offset: whole.len() as u64 / 2 }));
    assert!(outcome.summary.counts.written > 1000, "{:?}", outcome.summary);
    assert_eq!(outcome.quarantined.len(), 1);
    assert_eq!(outcome.quarantined[0].codes, [Code::GzipTruncated]);
    assert_eq!(outcome.items, read(CONTRACT, rows.as_bytes()).items[..outcome.items.len()]);
}

#[test]
fn damaged_gzip_is_told() {
    let whole = gzip((row("") + "\n").as_bytes());
    let mut damaged = whole.clone();
    damaged[whole.len() - 5] ^= 1;
    for file in [damaged, [whole, b"trailing garbage".to_vec()].concat()] {
        let outcome = read(CONTRACT, &file);
        assert!(matches!(outcome.summary.damage, Some(Damage::Corrupt { .. })), "{:?}", outcome.summary);
        assert_eq!(outcome.summary.counts.written, 1);
    }
    let outcome = read(CONTRACT, b"\x1f\x8bnot gzip at all");
    assert!(matches!(outcome.summary.damage, Some(Damage::Corrupt { .. })), "{:?}", outcome.summary);
}

#[test]
fn a_gzip_bomb_comes_in_steps() {
    let bomb = gzip(&b"\n".repeat(30_000_000));
    assert!(bomb.len() < 30_000_000 / 1000, "a thousand to one: {}", bomb.len());
    let contract = RecordContract::from_yaml(CONTRACT).unwrap();
    let mut reader = FileReader::new(&contract);
    let (mut chunk, mut before) = (&bomb[..], 0);
    while reader.step(&mut chunk, &mut |_: Row<'_>| {}).unwrap() {
        let lines = reader.counts().lines;
        assert!(lines - before <= 64 * 1024);
        before = lines;
    }
    assert_eq!(reader.finish(&mut |_| {}).unwrap().counts.blank, 30_000_000);
}

#[test]
fn a_gzip_bomb_is_read_up_to_the_ratio_that_the_contract_allows() {
    let row = |number| format!("{{\"user_id\":\"u{number}\",\"timestamp\":\"2025-01-31T00:00:00Z\"}}\n");
    let bomb = gzip(format!("{}{}\n{}", row(1), "x".repeat(500_000), row(2)).as_bytes());
    let bounded = CONTRACT.replace("1000000", "1000000, max_gzip_ratio: 100");
    for (yaml, size, verdict, written, damaged) in [
        (&bounded, Some(bomb.len()), Verdict::Fail, 1, true),
        (&bounded, Some(500_000), Verdict::Warn, 2, false),
        (&bounded, None, Verdict::Warn, 2, false),
        (&CONTRACT.to_owned(), Some(bomb.len()), Verdict::Warn, 2, false),
    ] {
        let contract = RecordContract::from_yaml(yaml).unwrap();
        let mut reader = FileReader::new(&contract);
        if let Some(size) = size {
            reader = reader.of_size(size as u64);
        }
        let mut codes = Vec::new();
        let mut sink = |row: Row<'_>| {
            if let Row::Quarantined(row) = row {
                codes.extend(row.reasons.iter().map(|reason| reason.code));
            }
        };
        reader.feed(&bomb, &mut sink).unwrap();
        let summary = reader.finish(&mut sink).unwrap();
        assert_eq!((summary.verdict, summary.counts.written, summary.damage.is_some()), (verdict, written, damaged));
        assert_eq!(codes, [if damaged { Code::GzipRatio } else { Code::JsonSyntax }]);
        assert!(summary.counts.reconciles());
    }
}

#[test]
fn a_line_of_100_mb_is_measured_and_cut() {
    let contract = RecordContract::from_yaml(CONTRACT).unwrap();
    let mut reader = FileReader::new(&contract);
    let chunk = vec![b'x'; 100_000];
    let mut lengths = Vec::new();
    let mut sink = |row: Row<'_>| {
        if let Row::Quarantined(row) = row {
            let Line { number, offset, length, raw } = row.line;
            lengths.push((number, offset, length, raw.len(), row.reasons[0].code));
        }
    };
    for _ in 0..1000 {
        reader.feed(&chunk, &mut sink).unwrap();
    }
    reader.feed(b"\n\n", &mut sink).unwrap();
    let summary = reader.finish(&mut sink).unwrap();
    assert_eq!(lengths, [(1, 0, 100_000_000, 1_000_000, Code::LineTooLong)]);
    assert_eq!((summary.counts.lines, summary.counts.blank), (2, 1));
    assert_eq!(summary.errors_by_code, [("LINE_TOO_LONG".to_owned(), 1)].into());
}

#[test]
fn what_is_not_a_json_object_is_quarantined() {
    for (line, code) in [
        (&b"{\"user_id\": \"\xff\"}"[..], Code::Utf8Invalid),
        (b"\xff\xfe{}", Code::Utf8Invalid),
        (b"{\"user_id\": \"a\0b\"}", Code::JsonSyntax),
        (b"\0", Code::JsonSyntax),
        (b"{\"a\": NaN}", Code::JsonSyntax),
        (b"{\"a\": -Infinity}", Code::JsonSyntax),
        (b"{\"a\": 1", Code::JsonSyntax),
        (b"{} {}", Code::JsonSyntax),
        (b"{\"a\": \"\\ud83d\"}", Code::JsonSurrogate),
        (b"[1]", Code::NotObject),
        (b"\"text\"", Code::NotObject),
        (b"null", Code::NotObject),
    ] {
        assert_eq!(codes(CONTRACT, line), [code], "{}", String::from_utf8_lossy(line));
    }
    assert_eq!(codes(CONTRACT, "[".repeat(100_000)), [Code::Depth]);
    assert_eq!(codes(CONTRACT, r#"{"a":"#.repeat(100_000)), [Code::Depth]);
}

#[test]
fn the_byte_is_told_where_reading_stopped() {
    assert_eq!(
        read(CONTRACT, b"{\"a\": 1x}").quarantined[0].reasons,
        ["JSON_SYNTAX at byte 7: the line is not one JSON value (RFC 8259)"]
    );
}

#[test]
fn an_escaped_nul_is_a_character() {
    let item = item(CONTRACT, row(r#", "a": "x\u0000y""#));
    assert_eq!(item.attributes().get("a"), Some(&Attribute::S("x\0y".into())));
}

#[test]
fn nesting_up_to_dynamodbs_limit_is_written() {
    let nested = |levels: usize| row(&format!(r#", "a": {}1{}"#, "[".repeat(levels), "]".repeat(levels)));
    item(CONTRACT, nested(31));
    assert_eq!(codes(CONTRACT, nested(32)), [Code::Depth]);
}

#[test]
fn the_last_of_two_equal_keys_wins_with_a_warning() {
    let rows = row(r#", "a": 1, "b": {"c": 1, "c": 2}, "a": 3"#);
    let outcome = read(CONTRACT, rows.as_bytes());
    assert_eq!(outcome.items[0].attributes().get("a"), Some(&Attribute::N("3".into())));
    assert_eq!(outcome.summary.warnings_by_code, [("JSON_DUPLICATE_KEY".to_owned(), 1)].into());
    assert_eq!(outcome.summary.errors_by_code, [].into());
    assert!(outcome.kept[0].1[0].starts_with("JSON_DUPLICATE_KEY at /b/c: "), "{:?}", outcome.kept);
}

#[test]
fn names_that_dynamodb_refuses_are_quarantined() {
    check(r#", "": 1"#, &[Code::NameEmpty]);
    check(r#", "a": [{"b": {"": 1}}]"#, &[Code::NameEmpty]);
    check(&format!(r#", "{}": 1"#, "n".repeat(65_536)), &[Code::NameTooLong]);
    item(CONTRACT, row(&format!(r#", "{}": 1"#, "n".repeat(65_535))));
}

#[test]
fn numbers_are_refused_rather_than_rounded() {
    let digits = "12345678901234567890123456789012345678";
    assert_eq!(
        item(CONTRACT, row(&format!(r#", "a": {digits}"#))).attributes().get("a"),
        Some(&Attribute::N(digits.into()))
    );
    check(&format!(r#", "a": {digits}9"#), &[Code::NumPrecision]);
    check(r#", "a": 1e126"#, &[Code::NumRange]);
    check(r#", "a": {"b": [1e-131]}"#, &[Code::NumRange]);
    item(CONTRACT, row(r#", "a": [9.9e125, 1e-130, 0e999, -0]"#));
}

#[test]
fn items_over_400_kb_are_quarantined() {
    // The size of the item beside the value of `a`: names, keys and that name.
    let beside = item(CONTRACT, row(r#", "a": """#)).size();
    let filled = |bytes: usize| row(&format!(r#", "a": "{}""#, "x".repeat(bytes)));
    assert_eq!(item(CONTRACT, filled(409_600 - beside)).size(), 409_600);
    assert_eq!(codes(CONTRACT, filled(409_601 - beside)), [Code::ItemTooLarge]);
}

#[test]
fn a_line_that_is_too_short_to_be_measured_makes_no_item_over_400_kb() {
    let contract = CONTRACT.replace("fields:", "fields:\n  /l/*: {type: string, coerce: true, severity: warn}");
    let many = |element: &str, count: usize| row(&format!(r#", "l": [{}]"#, vec![element; count].join(",")));
    for element in ["1e39", "1", "-1", "1.5", "1e-30", "true", "null", "\"\"", "[]", "{}", "[[[]]]", r#"{"a":{}}"#] {
        let line = many(element, 4_000);
        let item = item(&contract, line.clone());
        assert!(item.size() <= 10 * line.len(), "{element}: {} of {}", item.size(), line.len());
    }
    assert_eq!(codes(&contract, many("1e39", 10_000)), [Code::ItemTooLarge], "40 digits of each");
}

#[test]
fn keys_that_dynamodb_refuses_are_quarantined() {
    let contract = format!("{CONTRACT}\nid: [/id]");
    let keyed =
        |user: &str, id: &str| format!(r#"{{"user_id": {user}, "timestamp": "2026-01-02T03:04:05Z", "id": {id}}}"#);
    let text = |bytes: usize| format!("\"{}\"", "k".repeat(bytes));
    for (user, id, expected) in [
        (text(2049), text(1), vec![Code::KeyTooLong]),
        (text(1), text(994), vec![Code::KeyTooLong]),
        (text(0), text(0), vec![Code::KeyEmpty, Code::KeyEmpty]),
        ("1.5".into(), "true".into(), vec![Code::FieldType, Code::FieldType]),
        ("[]".into(), text(1), vec![Code::FieldType]),
        ("null".into(), text(1), vec![Code::FieldNull]),
    ] {
        assert_eq!(codes(&contract, keyed(&user, &id)), expected);
    }
    let longest = item(&contract, keyed(&text(2048), &text(993)));
    assert_eq!((longest.user_id.len(), longest.timestamp.len()), (2048, 1024));
}

#[test]
fn a_time_that_names_no_instant_is_quarantined() {
    for time in [r#""yesterday""#, r#""2026-01-02T03:04:05""#, "1e40", "253402300800000", r#""""#] {
        assert_eq!(
            codes(CONTRACT, format!(r#"{{"user_id": "u", "timestamp": {time}}}"#)),
            [Code::TsUnparseable],
            "{time}"
        );
    }
    assert_eq!(codes(CONTRACT, r#"{"user_id": "u", "timestamp": true}"#), [Code::FieldType]);
    assert_eq!(codes(CONTRACT, r#"{"user_id": "u"}"#), [Code::FieldMissing]);
}

#[test]
fn every_reason_of_a_row_is_told_and_no_value() {
    let file = br#"{"timestamp": "secret", "price": -1, "": 1e999, "a": {"~/": 1e999}}"#;
    let outcome = read(CONTRACT, file);
    assert_eq!(
        outcome.quarantined[0].reasons,
        [
            "NAME_EMPTY at /: an attribute name, at any depth, is empty",
            "NUM_RANGE at /: a number is outside DynamoDB's range, 1E-130 to 9.99…E+125",
            "NUM_RANGE at /a/~0~1: a number is outside DynamoDB's range, 1E-130 to 9.99…E+125",
            "FIELD_RANGE at /price: expected at least 0",
            "FIELD_MISSING at /user_id: a required field is absent",
            "TS_UNPARSEABLE at /timestamp: expected iso8601 or epoch_ms",
        ]
    );
    assert_eq!(outcome.summary.errors_by_code["NUM_RANGE"], 1);
}

#[test]
fn reasons_are_bounded() {
    let many = format!("[{}1e999]", "1e999,".repeat(10_000));
    let reasons = codes(CONTRACT, row(&format!(r#", "a": {many}"#)));
    assert!((2..=100).contains(&reasons.len()), "{}", reasons.len());
}

#[test]
fn a_fault_is_told_once() {
    let contract =
        "{user: [/user_id], time: [/timestamp], time_formats: [iso8601], fields: {/user_id: {required: true}}}";
    assert_eq!(codes(contract, r#"{"timestamp": "2026-01-02T03:04:05Z"}"#), [Code::FieldMissing]);
}
