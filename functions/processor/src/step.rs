//! The steps that the state machine asks for, each done by the part that can.

use std::time::Duration;

use contract::{ProcessorOutput, ProcessorStep, RangeOutput, ReconcileOutput, SplitPlan};
use futures::{FutureExt as _, TryFutureExt as _};
use serde::Serialize;

use crate::error::Error;
use crate::processor::Processor;

/// What the processor answers to a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// What came of a file.
    File(Box<ProcessorOutput>),
    /// How a large file is read.
    Plan(SplitPlan),
    /// What came of a range.
    Range(RangeOutput),
    /// How many rows have an earlier one's key.
    Reconciled(ReconcileOutput),
}

impl Answer {
    fn of_file(output: ProcessorOutput) -> Self {
        Self::File(Box::new(output))
    }
}

impl Processor {
    /// Does one step of the state machine within `time`.
    ///
    /// # Errors
    ///
    /// The step is not done whole, and leaves nothing that is in the way of doing it again.
    pub async fn perform(&self, step: ProcessorStep, time: Duration) -> Result<Answer, Error> {
        // Each on the heap: the steps together would make a future of some kilobytes for the smallest.
        let within = async |step| tokio::time::timeout(time, step).await.unwrap_or(Err(Error::Deadline));
        match step {
            ProcessorStep::Process(file) => self.process(file, time).boxed().await.map(Answer::of_file),
            ProcessorStep::Continue(checkpoint) => self.go_on(checkpoint, time).boxed().await.map(Answer::of_file),
            ProcessorStep::Plan(input) => within(self.plan(input).map_ok(Answer::Plan).boxed()).await,
            ProcessorStep::Keys(input) => within(self.keys(input).map_ok(Answer::Range).boxed()).await,
            ProcessorStep::Reconcile(plan) => within(self.reconcile(plan).map_ok(Answer::Reconciled).boxed()).await,
            ProcessorStep::Write(input) => self.write_range(input, time).boxed().await.map(Answer::Range),
            ProcessorStep::Finish(plan) => within(self.finish(plan).map_ok(Answer::of_file).boxed()).await,
        }
    }
}
