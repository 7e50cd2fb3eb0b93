//! Which of the rows are shown that something is wrong with.

use std::collections::BTreeMap;

use activity::{Line, Reason};
use contract::{Destination, RowSample, SampleReason};

/// Rows shown for each code of those that went to one place: more of the same tell no more.
const ROWS_OF_A_CODE: u32 = 3;

/// Reasons shown of a row.
const REASONS: usize = 8;

/// How long the samples are in JSON, bytes: a checkpoint holds them, and a state machine takes no more than 256 KiB of it.
const BYTES: usize = 64 << 10;

/// A few rows of each code and destination, the first that come, as far as there is room.
#[derive(Clone, Debug, Default)]
pub struct Samples {
    rows: Vec<RowSample>,
    by_code: BTreeMap<(Destination, String), u32>,
    bytes: usize,
}

impl Samples {
    /// Takes the row, which `went` there, where there are few of one of the codes that are shown of it.
    pub fn offer(&mut self, line: Line<'_>, went: Destination, reasons: &[Reason]) {
        let reasons = &reasons[..reasons.len().min(REASONS)];
        if reasons.iter().any(|reason| self.has_few(went, reason.code.as_str())) {
            let reasons = reasons.iter().map(SampleReason::from).collect();
            self.insert(RowSample { line: line.number, offset: line.offset, length: line.length, went, reasons });
        }
    }

    /// Takes those of `rows` of whose codes there are few.
    pub fn extend(&mut self, rows: Vec<RowSample>) {
        for row in rows {
            if row.reasons.iter().any(|reason| self.has_few(row.went, &reason.code)) {
                self.insert(row);
            }
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The rows, in the order of the file.
    pub fn into_rows(mut self) -> Vec<RowSample> {
        self.rows.sort_unstable_by_key(|row| row.line);
        self.rows
    }

    fn has_few(&self, went: Destination, code: &str) -> bool {
        self.by_code.get(&(went, code.to_owned())).is_none_or(|rows| *rows < ROWS_OF_A_CODE)
    }

    fn insert(&mut self, row: RowSample) {
        for (index, reason) in row.reasons.iter().enumerate() {
            if row.reasons[..index].iter().all(|earlier| earlier.code != reason.code) {
                *self.by_code.entry((row.went, reason.code.clone())).or_default() += 1;
            }
        }
        let bytes = serde_json::to_vec(&row).map_or(usize::MAX, |json| json.len());
        if bytes <= BYTES - self.bytes {
            self.bytes += bytes;
            self.rows.push(row);
        }
    }
}

#[cfg(test)]
mod tests {
    use activity::Code;

    use super::*;

    fn line(number: u64) -> Line<'static> {
        Line { number, offset: 10 * number, length: 9, raw: b"{\"a\": 1}" }
    }

    fn offered(lines: std::ops::Range<u64>, codes: &[Code]) -> Samples {
        let reasons: Vec<_> = codes.iter().map(|code| Reason::of_row(*code)).collect();
        let mut samples = Samples::default();
        lines.for_each(|number| samples.offer(line(number), Destination::Dropped, &reasons));
        samples
    }

    fn lines(samples: Samples) -> Vec<u64> {
        samples.into_rows().iter().map(|row| row.line).collect()
    }

    #[test]
    fn a_few_rows_of_each_code_are_taken() {
        let mut samples = offered(1..100, &[Code::JsonSyntax]);
        samples.extend(offered(200..300, &[Code::JsonSyntax]).into_rows());
        samples.extend(offered(150..160, &[Code::FieldType, Code::JsonSyntax]).into_rows());
        assert_eq!(lines(samples), [1, 2, 3, 150, 151, 152]);
    }

    #[test]
    fn rows_that_are_written_take_no_place_of_others() {
        let mut samples = Samples::default();
        let reasons = [Reason::of_row(Code::FieldRange)];
        (1..10).for_each(|number| samples.offer(line(number), Destination::Written, &reasons));
        (10..20).for_each(|number| samples.offer(line(number), Destination::Quarantined, &reasons));
        assert_eq!(lines(samples), [1, 2, 3, 10, 11, 12]);
    }

    #[test]
    fn a_row_with_many_reasons_shows_some() {
        let mut samples = Samples::default();
        samples.offer(line(1), Destination::Written, &vec![Reason::of_row(Code::FieldType); 100]);
        assert_eq!(samples.into_rows()[0].reasons.len(), REASONS);
    }

    #[test]
    fn a_code_that_is_not_shown_takes_no_rows() {
        let codes = [&[Code::FieldType; REASONS][..], &[Code::FieldMissing]].concat();
        assert_eq!(lines(offered(1..100, &codes)), [1, 2, 3]);
    }

    #[test]
    fn samples_have_room_in_a_checkpoint() {
        let pointer = Some("/\u{1}".repeat(1000));
        let reasons = vec![Reason { pointer, ..Reason::of_row(Code::FieldType) }; REASONS];
        let mut samples = Samples::default();
        samples.offer(line(1), Destination::Written, &reasons);
        (2..5)
            .for_each(|number| samples.offer(line(number), Destination::Written, &[Reason::of_row(Code::JsonSyntax)]));
        assert!(serde_json::to_vec(&samples.clone().into_rows()).unwrap().len() <= BYTES + 100);
        assert_eq!(lines(samples), [1, 2, 3, 4]);
        let mut samples = Samples::default();
        (1..4).for_each(|number| samples.offer(line(number), Destination::Dropped, &reasons));
        assert_eq!(lines(samples), [1]);
    }
}
