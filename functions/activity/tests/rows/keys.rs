//! Which events are one item, and which are two.

use activity::{Attribute, Code};

use crate::{CONTRACT, codes, item, read, row};

/// Checks (written, duplicates) of a file.
fn check(rows: &[&str], expected: (u64, u64)) {
    let counts = read(CONTRACT, rows.join("\n").as_bytes()).summary.counts;
    assert_eq!((counts.written, counts.duplicates), expected, "{rows:?}");
}

#[test]
fn two_events_in_one_instant_are_two_items_and_one_sent_twice_is_one() {
    let (view, cart) = (row(r#", "event": "view""#), row(r#", "event": "cart""#));
    check(&[&view, &cart], (2, 0));
    check(&[&view, &cart, &view], (2, 1));
}

#[test]
fn order_and_spacing_and_spelling_do_not_make_another_event() {
    check(
        &[
            r#"{"user_id":"u","timestamp":"2026-01-02T03:04:05Z","n":1,"o":{"a":0.5,"b":"é"}}"#,
            r#"{ "o": {"b": "\u00e9", "a": 5e-1}, "n": 1.0, "timestamp": "2026-01-02T03:04:05Z", "user_id": "u" }"#,
            r#"{"user_id":"u","timestamp":"2026-01-02T04:04:05.000+01:00","n":1,"o":{"a":0.50,"b":"é"}}"#,
            r#"{"user_id":"u","timestamp":1767323045000,"n":1,"o":{"a":0.5,"b":"é"}}"#,
            r#"{"user_id":"u","timestamp":"1767323045000","n":1,"o":{"a":0.5,"b":"é"}}"#,
        ],
        (1, 4),
    );
}

#[test]
fn the_rows_before_do_not_make_another_event() {
    let (flat, nested) = (row(r#", "x": 1, "b": 1, "a": 2"#), row(r#", "x": {"b": 1}, "a": 2"#));
    check(&[&flat, &flat, &nested, &flat, &nested], (2, 3));
}

#[test]
fn type_and_place_of_a_value_make_another_event() {
    check(
        &[
            &row(r#", "a": 1"#),
            &row(r#", "a": "1""#),
            &row(r#", "a": [1]"#),
            &row(r#", "a": [[1]]"#),
            &row(r#", "a": [1, 1]"#),
            &row(r#", "a": null"#),
            &row(r#", "b": 1"#),
            &row(""),
        ],
        (8, 0),
    );
}

#[test]
fn the_sort_key_is_the_instant_and_the_id() {
    let contract = "{user: [/actor/id, /user], time: [/at], id: [/event/id], time_formats: [epoch_s]}";
    let first = item(contract, r#"{"actor": {"id": 42}, "user": "x", "at": 1442018818.5, "event": {"id": "e#1"}}"#);
    assert_eq!((first.user_id.as_ref(), first.timestamp.as_str()), ("42", "2015-09-12T00:46:58.500000000Z#e#1"));
    assert_eq!(first.attributes().get("at"), Some(&Attribute::N("1442018818.5".into())));
    let digits = "98765432109876543210987654321098765432";
    let second =
        item(contract, format!(r#"{{"actor": {{"id": null}}, "user": {digits}, "at": "0", "event": {{"id": 7}}}}"#));
    assert_eq!((second.user_id.as_ref(), second.timestamp.as_str()), (digits, "1970-01-01T00:00:00.000000000Z#7"));
}

#[test]
fn a_hash_stands_in_for_an_absent_id() {
    let contract = "{user: [/user_id], time: [/timestamp], id: [/id], time_formats: [iso8601]}";
    for more in [r#", "id": null"#, ""] {
        let timestamp = item(contract, row(more)).timestamp;
        let (instant, hash) = timestamp.split_once('#').unwrap();
        assert_eq!(instant, "2026-01-02T03:04:05.000000000Z");
        assert!(hash.len() == 32 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{hash}");
    }
}

#[test]
fn the_hash_never_changes() {
    // A changed hash would write every item of a file that is read again a second time.
    let timestamp = item(CONTRACT, row(r#", "event": "view", "price": 19.990, "tags": ["a", null, true]"#)).timestamp;
    assert_eq!(timestamp, "2026-01-02T03:04:05.000000000Z#804ea914c448ce5d57af4fc82b95c8ad");
}

#[test]
fn the_keys_take_the_place_of_their_fields() {
    let item = item(CONTRACT, row(r#", "event": "view", "price": 19.990"#));
    let attributes = item.attributes();
    let names: Vec<_> = attributes.iter().map(|(name, _)| name).collect();
    assert_eq!((names, &*item.user_id), (vec!["event", "price"], "u1"));
    assert_eq!(item.size(), "user_id".len() + 2 + "timestamp".len() + 63 + "event".len() + 4 + "price".len() + 3);
}

#[test]
fn a_field_in_a_keys_place_is_not_lost() {
    let contract = "{user: [/user], time: [/timestamp/ms], time_formats: [epoch_ms]}";
    let codes = codes(contract, r#"{"user": "u", "user_id": null, "timestamp": {"ms": 1, "zone": "UTC"}}"#);
    assert_eq!(codes, [Code::FieldReserved, Code::FieldReserved]);
}

#[test]
fn a_field_in_a_keys_place_is_kept_out_where_another_is_the_source() {
    let contract = "{user: [/actor, /user_id], time: [/at, /timestamp], time_formats: [epoch_ms]}";
    let both = codes(contract, r#"{"actor": "a", "user_id": "u", "at": 1, "timestamp": 2}"#);
    assert_eq!(both, [Code::FieldReserved, Code::FieldReserved]);
    let item = item(contract, r#"{"actor": "a", "user_id": null, "at": null, "timestamp": 2}"#);
    assert_eq!((&*item.user_id, item.attributes().len()), ("a", 2));
}
