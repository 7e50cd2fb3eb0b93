//! What holds for every file, however it is made and cut.

use activity::Attribute;
use proptest::prelude::*;
use proptest::sample::{Index, subsequence};

use crate::{CONTRACT, gzip, item, read, read_pieces};

/// A line: a good row, a row with a fault, or any bytes.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let good = (0..4_u8, 0..3_u8, ".{0,6}").prop_map(|(user, second, text)| {
        let text = serde_json::to_string(&text).unwrap();
        format!(r#"{{"user_id":"u{user}","timestamp":"2026-01-02T03:04:0{second}Z","text":{text}}}"#).into_bytes()
    });
    let faulty = prop::sample::select(vec![
        r#"{"user_id":"","timestamp":0}"#,
        r#"{"user_id":1,"timestamp":0,"price":-1,"":1e999}"#,
        r#"{"user_id":1,"timestamp":0,"a":1,"a":2}"#,
        r#"{"user_id":1,"timestamp":0,"a":"\ud800"}"#,
        "[]",
        "   ",
        "",
    ]);
    prop_oneof![
        4 => good,
        2 => faulty.prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..20),
    ]
}

pub(crate) fn plain_file() -> impl Strategy<Value = Vec<u8>> {
    let lines = prop::collection::vec((line(), prop::sample::select(vec![&b"\n"[..], b"\r\n"])), 0..12);
    let file = (any::<bool>(), lines, any::<bool>()).prop_map(|(mark, lines, last_feed)| {
        let mut file = if mark { b"\xef\xbb\xbf".to_vec() } else { Vec::new() };
        lines.iter().for_each(|(line, feed)| file.extend([line, *feed].concat()));
        file.truncate(file.len() - usize::from(!last_feed && !lines.is_empty()));
        file
    });
    file.prop_filter("a file that begins as gzip does is gzip", |file| !file.starts_with(b"\x1f\x8b"))
}

/// A plain or gzip file, of one member or two, whole or with some bytes changed, cut or added.
fn any_file() -> impl Strategy<Value = Vec<u8>> {
    let changes = prop::collection::vec((any::<Index>(), any::<u8>()), 0..3);
    (plain_file(), 0..3_u8, any::<Index>(), changes, prop::option::weighted(0.3, any::<Index>())).prop_map(
        |(plain, members, split, changes, cut)| {
            let (start, end) = plain.split_at(split.index(plain.len() + 1));
            let mut file = match members {
                0 => plain.clone(),
                1 => gzip(&plain),
                _ => [gzip(start), gzip(end)].concat(),
            };
            for (at, byte) in changes {
                if !file.is_empty() {
                    let at = at.index(file.len());
                    file[at] = byte;
                }
            }
            file.truncate(cut.map_or(file.len(), |cut| cut.index(file.len() + 1)));
            file
        },
    )
}

/// `file` in pieces that end at `cuts`.
fn pieces<'a>(file: &'a [u8], cuts: &[Index]) -> Vec<&'a [u8]> {
    let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(file.len() + 1)).collect();
    ends.extend([0, file.len()]);
    ends.sort_unstable();
    ends.windows(2).map(|pair| &file[pair[0]..pair[1]]).collect()
}

/// A contract whose longest line is short, so that long lines are met.
fn short_lines() -> String {
    CONTRACT.replace("1000000", "70")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn how_a_file_is_cut_into_pieces_changes_nothing(file in any_file(), cuts: [Index; 6]) {
        let whole = read(&short_lines(), &file);
        prop_assert_eq!(&read_pieces(&short_lines(), pieces(&file, &cuts)), &whole);
        prop_assert_eq!(&read_pieces(&short_lines(), file.chunks(1)), &whole);
    }

    #[test]
    fn lines_are_numbered_and_found_at_their_offset(file in plain_file()) {
        let outcome = read(&short_lines(), &file);
        for row in &outcome.quarantined {
            let start = row.offset as usize;
            prop_assert!(file[start..start + row.length as usize].starts_with(&row.raw));
            prop_assert_eq!(row.line - 1, file[..start].iter().filter(|byte| **byte == b'\n').count() as u64);
        }
        let feeds = file.iter().filter(|byte| **byte == b'\n').count() as u64;
        let rest = file.rsplit(|byte| *byte == b'\n').next().is_some_and(|rest| !rest.is_empty() && rest != b"\xef\xbb\xbf");
        prop_assert_eq!(outcome.summary.counts.lines, feeds + u64::from(rest));
    }

    #[test]
    fn gzip_holds_what_plain_holds(file in plain_file(), split: Index) {
        let (start, end) = file.split_at(split.index(file.len() + 1));
        let whole = read(CONTRACT, &file);
        prop_assert_eq!(&read(CONTRACT, &gzip(&file)), &whole);
        prop_assert_eq!(&read(CONTRACT, &[gzip(start), gzip(end)].concat()), &whole);
    }

    #[test]
    fn a_file_read_again_adds_nothing(file in plain_file()) {
        let once = read(CONTRACT, &file);
        let twice = read(CONTRACT, &[&file[..], b"\n", &file].concat());
        prop_assert_eq!(&read(CONTRACT, &file).items, &once.items);
        prop_assert_eq!(&twice.items, &once.items);
    }

    #[test]
    fn any_bytes_are_accounted(file in prop::collection::vec(any::<u8>(), 0..400)) {
        read(CONTRACT, &file);
        read(CONTRACT, &[&b"\x1f\x8b\x08\0"[..], &file].concat());
    }

    #[test]
    fn every_digit_is_kept(digits in "[1-9][0-9]{0,37}", point in any::<Index>(), negative: bool) {
        let (integer, fraction) = digits.split_at(1 + point.index(digits.len()));
        let fraction = fraction.trim_end_matches('0');
        let point = if fraction.is_empty() { "" } else { "." };
        let number = format!("{}{integer}{point}{fraction}", if negative { "-" } else { "" });
        let zeros = if point.is_empty() { "" } else { "00" };
        let item = item(CONTRACT, format!(r#"{{"user_id":{integer},"timestamp":0,"b":{number}{zeros}}}"#));
        prop_assert_eq!(item.attributes().get("b").cloned(), Some(Attribute::N(number.into())));
        prop_assert_eq!(&*item.user_id, integer);
    }

    #[test]
    fn the_order_of_fields_changes_nothing(order in Just((0..6).collect::<Vec<u8>>()).prop_shuffle(), kept in subsequence((0..6).collect::<Vec<u8>>(), 0..6)) {
        let fields = |order: &[u8]| {
            let kept = order.iter().filter(|field| kept.contains(field));
            kept.map(|field| format!(r#", "f{field}": [{field}, "x"]"#)).collect::<String>()
        };
        let sorted = crate::row(&fields(&[0, 1, 2, 3, 4, 5]));
        prop_assert_eq!(item(CONTRACT, crate::row(&fields(&order))), item(CONTRACT, sorted));
    }
}
