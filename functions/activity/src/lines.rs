//! Lines out of bytes that come in pieces of any size.

use std::mem;

const BYTE_ORDER_MARK: [u8; 3] = *b"\xef\xbb\xbf";

/// One line, without its terminator (`\n` or `\r\n`) and without a UTF-8 byte order mark before it: a JSON text may have
/// one (RFC 8259, section 8.1), and files that are joined have one at each seam.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Its number, from 1.
    pub number: u64,
    /// The byte of the decompressed file at which it starts.
    pub offset: u64,
    /// Its length, bytes.
    pub length: u64,
    /// Its bytes; the first `max_bytes` of a longer line.
    pub raw: &'a [u8],
}

/// Splits bytes into lines. A line that lies whole within one piece is not copied; of one that does not, at most
/// the contract's longest line is kept.
pub(crate) struct Lines {
    max_bytes: usize,
    /// The start of the line that the next piece continues.
    pending: Vec<u8>,
    pending_length: u64,
    pending_last: u8,
    /// Lines that have ended.
    ended: u64,
    /// The byte at which the pending line starts.
    offset: u64,
}

impl Lines {
    pub(crate) fn new(max_bytes: usize) -> Self {
        Self { max_bytes, pending: Vec::new(), pending_length: 0, pending_last: 0, ended: 0, offset: 0 }
    }

    /// Has the next byte be the first of the line of this number, `offset` bytes into the file.
    pub(crate) fn begin_at(&mut self, number: u64, offset: u64) {
        self.ended = number.saturating_sub(1);
        self.offset = offset;
    }

    /// Hands out the line that was begun and ends within `piece`, and returns the rest of it.
    pub(crate) fn end_begun<'p>(&mut self, piece: &'p [u8], on_line: &mut impl FnMut(Line<'_>)) -> &'p [u8] {
        if self.pending_length == 0 {
            return piece;
        }
        let Some(end) = memchr::memchr(b'\n', piece) else { return piece };
        self.keep(&piece[..end]);
        self.end_pending(1, on_line);
        &piece[end + 1..]
    }

    /// Hands out the lines that lie whole within `piece`, where none was begun, and keeps the start of another.
    pub(crate) fn push<'p>(&mut self, mut piece: &'p [u8], on_line: &mut impl FnMut(Line<'p>)) {
        while self.pending_length == 0
            && let Some(end) = memchr::memchr(b'\n', piece)
        {
            let line = &piece[..end];
            on_line(self.end_line(line, end as u64, line.last().copied(), 1));
            piece = &piece[end + 1..];
        }
        self.keep(piece);
    }

    /// Hands out the last line, where the bytes do not end with a line feed.
    pub(crate) fn finish(&mut self, on_line: &mut impl FnMut(Line<'_>)) {
        let only_mark = self.pending == BYTE_ORDER_MARK;
        if self.pending_length > 0 && !only_mark {
            self.end_pending(0, on_line);
        }
    }

    fn keep(&mut self, piece: &[u8]) {
        // Room beyond the longest line for what is cut off at its ends: a carriage return and a byte order mark.
        let room = self.max_bytes + 1 + BYTE_ORDER_MARK.len() - self.pending.len();
        self.pending.extend_from_slice(&piece[..piece.len().min(room)]);
        self.pending_length += piece.len() as u64;
        self.pending_last = piece.last().copied().unwrap_or(self.pending_last);
    }

    fn end_pending(&mut self, terminator: u64, on_line: &mut impl FnMut(Line<'_>)) {
        let mut pending = mem::take(&mut self.pending);
        on_line(self.end_line(&pending, self.pending_length, Some(self.pending_last), terminator));
        pending.clear();
        self.pending = pending;
        self.pending_length = 0;
    }

    /// `raw` is the line, or the start of it; `length` and `last` are the whole line's.
    fn end_line<'p>(&mut self, raw: &'p [u8], length: u64, last: Option<u8>, terminator: u64) -> Line<'p> {
        let mark = if raw.first_chunk() == Some(&BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        let text = length - mark as u64 - u64::from(last == Some(b'\r'));
        let kept = usize::try_from(text).unwrap_or(usize::MAX).min(raw.len() - mark).min(self.max_bytes);
        let offset = self.offset + mark as u64;
        self.ended += 1;
        self.offset += length + terminator;
        Line { number: self.ended, offset, length: text, raw: &raw[mark..mark + kept] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Owned = (u64, u64, u64, Vec<u8>);

    fn lines(input: &[u8], piece: usize) -> Vec<Owned> {
        let mut owned = Vec::new();
        let mut lines = Lines::new(4);
        let mut on_line = |line: Line<'_>| owned.push((line.number, line.offset, line.length, line.raw.to_vec()));
        for piece in input.chunks(piece) {
            let whole = lines.end_begun(piece, &mut on_line);
            lines.push(whole, &mut on_line);
        }
        lines.finish(&mut on_line);
        owned
    }

    /// Checks `input`, cut into pieces of every size, against (offset, length, raw) of each line.
    fn check(input: &[u8], expected: &[(u64, u64, &[u8])]) {
        for piece in 1..=input.len().max(1) {
            let lines = lines(input, piece);
            let numbered: Vec<Owned> = (1..)
                .zip(expected)
                .map(|(number, (offset, length, raw))| (number, *offset, *length, raw.to_vec()))
                .collect();
            assert_eq!(lines, numbered, "{input:?} in pieces of {piece}");
        }
    }

    #[test]
    fn a_line_ends_at_a_line_feed_or_at_the_end() {
        check(b"", &[]);
        check(b"\n", &[(0, 0, b"")]);
        check(b"a\nb", &[(0, 1, b"a"), (2, 1, b"b")]);
        check(b"a\nb\n", &[(0, 1, b"a"), (2, 1, b"b")]);
        check(b"a\r\n\r\nb\r", &[(0, 1, b"a"), (3, 0, b""), (5, 1, b"b")]);
        check(b"a\rb\n", &[(0, 3, b"a\rb")]);
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_a_line() {
        check(b"\xef\xbb\xbf", &[]);
        check(b"\xef\xbb\xbf\n", &[(3, 0, b"")]);
        check(b"\xef\xbb\xbfab\n\xef\xbb\xbf\nc\xef\xbb\xbf", &[(3, 2, b"ab"), (9, 0, b""), (10, 4, b"c\xef\xbb\xbf")]);
        check(b"ab\n\xef\xbb\xbf", &[(0, 2, b"ab")]);
        check(b"\xef\xbb", &[(0, 2, b"\xef\xbb")]);
        check(b"\xef\xbb\xbfabcd\r\n", &[(3, 4, b"abcd")]);
    }

    #[test]
    fn a_long_line_is_measured_and_its_start_kept() {
        check(b"abcd\nabcde\nabcdefghijk\r\na", &[(0, 4, b"abcd"), (5, 5, b"abcd"), (11, 11, b"abcd"), (24, 1, b"a")]);
        check(b"\xef\xbb\xbfabcdefghi\r", &[(3, 9, b"abcd")]);
    }

    #[test]
    fn memory_stays_bounded() {
        let mut lines = Lines::new(1024);
        for _ in 0..1000 {
            lines.push(&[b'x'; 10_000], &mut |_| {});
        }
        assert!(lines.pending.capacity() <= 2 * 1024 + 16);
        lines.finish(&mut |line| assert_eq!((line.length, line.raw.len()), (10_000_000, 1024)));
    }
}
