//! How a large file is read: as a whole, or in ranges of whole lines.

use activity::can_be_read_in_parts;
use contract::{ByteRange, FileLocation, PlanInput, SplitPlan};
use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::Run;
use crate::error::Error;
use crate::object::Object;
use crate::processor::Processor;

/// The most ranges of a file. What a plan says, and what comes of the ranges, flows through the state machine, which takes
/// 256 KB; of a file that is larger than this many ranges, each is larger.
const MOST: u64 = 1_000;

/// How many bytes tell what a file is.
const FIRST_BYTES: u64 = 4;

/// What is read to find the end of a line, bytes. Where there is none, twice as much is read next.
const FIRST_WINDOW: u64 = 64 << 10;
const LARGEST_WINDOW: u64 = 1 << 20;

/// How many ends of lines are looked for at a time.
const AT_A_TIME: usize = 16;

impl Processor {
    /// Looks at a large file and decides how it is read.
    pub(crate) async fn plan(&self, input: PlanInput) -> Result<SplitPlan, Error> {
        let file = Object::open(&self.s3, &input.file).await?.pinned();
        let run = Run::begin(self);
        let size = file.size.unwrap_or_default();
        let count = size.div_ceil(input.range_bytes.max(1)).min(MOST);
        let ranges = match count > 1 && self.can_be_split(&file, size).await? {
            true => self.ranges(&file, size, count).await?,
            false => Vec::new(),
        };
        Ok(SplitPlan { file, run: run.name(), ranges })
    }

    async fn can_be_split(&self, file: &FileLocation, size: u64) -> Result<bool, Error> {
        if self.contract_of(file).needs_whole_file() {
            return Ok(false);
        }
        let first = ByteRange { start: 0, end: size.min(FIRST_BYTES) };
        let bytes = Object::open_range(&self.s3, file, first).await?.collect(self.backoff).await?;
        Ok(can_be_read_in_parts(&bytes))
    }

    /// About `count` ranges of `file`. Fewer, where lines are longer than a range; none, where it is all one line.
    async fn ranges(&self, file: &FileLocation, size: u64, count: u64) -> Result<Vec<ByteRange>, Error> {
        // A file can be so large that the product is not a 64-bit number.
        let cuts = (1..count).map(|number| (u128::from(size) * u128::from(number) / u128::from(count)) as u64);
        // A search that goes on to the next cut would find what that one's finds.
        let ends = cuts.clone().skip(1).chain([size]);
        let starts = stream::iter(cuts.zip(ends)).map(|(cut, end)| self.next_line(file, cut, end)).buffered(AT_A_TIME);
        let starts: Vec<Option<u64>> = starts.try_collect().await?;
        let mut bounds: Vec<u64> = [0].into_iter().chain(starts.into_iter().flatten()).chain([size]).collect();
        bounds.dedup();
        let ranges: Vec<_> = bounds.windows(2).map(|pair| ByteRange { start: pair[0], end: pair[1] }).collect();
        Ok(if ranges.len() > 1 { ranges } else { Vec::new() })
    }

    /// Where the first line starts behind byte `from`, if one ends before byte `to`.
    async fn next_line(&self, file: &FileLocation, mut from: u64, to: u64) -> Result<Option<u64>, Error> {
        let mut length = FIRST_WINDOW;
        while from < to {
            let window = ByteRange { start: from, end: (from + length).min(to) };
            let bytes = Object::open_range(&self.s3, file, window).await?.collect(self.backoff).await?;
            if let Some(at) = bytes.iter().position(|byte| *byte == b'\n') {
                return Ok(Some(from + at as u64 + 1));
            }
            from = window.end;
            length = (2 * length).min(LARGEST_WINDOW);
        }
        Ok(None)
    }
}
