//! The rows of a range, written.

use std::time::Duration;

use activity::Account;
use contract::{Progress, RangeInput, RangeOutput};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout_at};

use super::reconcile;
use super::run::{Kind, Run};
use crate::error::Error;
use crate::object::Object;
use crate::processor::{Processor, Reading, Source};

/// What came of a range.
#[derive(Serialize, Deserialize)]
pub(super) struct RangeAccount {
    /// Where its lines went, but for those that the table refused.
    pub(super) account: Account,
    pub(super) progress: Progress,
}

impl Processor {
    /// Writes the rows of a range within `time`, and leaves its account in an object of the run.
    pub(crate) async fn write_range(&self, input: RangeInput, time: Duration) -> Result<RangeOutput, Error> {
        let begun = Instant::now();
        let deadline = begun + time;
        let run = Run::of_name(self, &input.run)?;
        let start = input.range.start;
        let (first_line, duplicates) = reconcile::told(&run, input.range).await?;
        let object = Object::open_range(&self.s3, &input.file, input.range).await?;
        let source = Source::of(&object);
        let mut quarantine = self.quarantine(&source, first_line);
        let read = async {
            let reading = Reading::Range { first_line, start, duplicates };
            let read = self.read(object, &source, reading, &mut quarantine).await?;
            Ok((read.account, quarantine.progress(begun).await?))
        };
        // A range is small: what takes so long is the table, which may take more the next time.
        let read = timeout_at(deadline, read).await.unwrap_or(Err(Error::Slow));
        let (account, progress) = quarantine.abort_unless(read).await?;
        let counts = account.counts();
        let output = RangeOutput { start, lines: counts.lines, written: counts.written - progress.refused };
        let account = RangeAccount { account, progress };
        // Writing text to memory cannot fail.
        run.put(Kind::Account, start, serde_json::to_vec(&account).unwrap_or_default()).await?;
        Ok(output)
    }
}
