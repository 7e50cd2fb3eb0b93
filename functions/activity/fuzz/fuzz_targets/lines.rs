//! However a file is cut into pieces, its rows are the same, and its lines are those between its line feeds. Whatever the rows
//! before it, a row becomes the same item.

#![no_main]

use activity_fuzz::{contract, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((&size, file)) = input.split_first() else { return };
    let contract =
        contract("{user: [/u], time: [/t], time_formats: [epoch_s], limits: {max_line_bytes: 48, max_depth: 3}}");
    let whole = read(&contract, [file]);
    assert_eq!(whole, read(&contract, file.chunks(usize::from(size) + 1)));
    if !file.starts_with(&[0x1f, 0x8b]) {
        let ended = file.iter().filter(|byte| **byte == b'\n').count();
        // Behind the last line feed a byte order mark alone is no line.
        let behind = file.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        let last = usize::from(!behind.is_empty() && behind != b"\xef\xbb\xbf");
        assert_eq!(whole.summary.counts.lines, (ended + last) as u64);
        let mut lines = file.split(|byte| *byte == b'\n');
        let mut alone = read(&contract, lines.next()).items;
        // Not as a file's first bytes, which may be those of gzip.
        alone.extend(lines.flat_map(|line| read(&contract, [&b"\n"[..], line]).items));
        assert!(alone.iter().all(|item| whole.items.contains(item)), "{alone:?} {whole:?}");
        assert!(whole.items.iter().all(|item| alone.contains(item)), "{alone:?} {whole:?}");
    }
});
