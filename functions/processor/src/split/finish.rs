//! The accounts of all ranges, added up.

use contract::{ByteRange, FileDamage, ProcessorOutput, RANGE_UNREAD, SplitPlan};
use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::run::{Kind, Run};
use super::write::RangeAccount;
use crate::error::Error;
use crate::object::Object;
use crate::processor::{Outcome, Processor, Source};

/// How many accounts are fetched at a time.
const AT_A_TIME: usize = 16;

impl Processor {
    /// Adds up what came of the ranges. A range that was given up is damage: the others are accounted for.
    pub(crate) async fn finish(&self, plan: SplitPlan) -> Result<ProcessorOutput, Error> {
        let run = Run::of_name(self, &plan.run)?;
        let source = Source::of(&Object::open(&self.s3, &plan.file).await?);
        let fetch = async |range: &ByteRange| Ok::<_, Error>((*range, account(&run, *range).await?));
        let accounts = stream::iter(&plan.ranges).map(fetch).buffered(AT_A_TIME);
        let accounts: Vec<_> = accounts.try_collect().await?;
        let mut whole = Outcome::default();
        let mut missing = Vec::new();
        for (range, account) in accounts {
            match account {
                Some(RangeAccount { account, progress }) => {
                    whole.account.add(account);
                    whole.add(progress);
                }
                None => missing.push(format!("{} to {}", range.start, range.end)),
            }
        }
        let damage = match missing.len() {
            0 => None,
            count => Some(FileDamage {
                code: RANGE_UNREAD.to_owned(),
                text: format!(
                    "{count} of {} ranges were not read, the first from byte {}; run the execution again",
                    plan.ranges.len(),
                    missing[0]
                ),
            }),
        };
        self.conclude(source, whole, damage).await
    }
}

async fn account(run: &Run, range: ByteRange) -> Result<Option<RangeAccount>, Error> {
    let Some(body) = run.get(Kind::Account, range.start).await? else { return Ok(None) };
    serde_json::from_slice(&body).map(Some).map_err(|_| Error::Run(run.name()))
}
