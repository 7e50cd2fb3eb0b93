//! The processor's steps in the order of the state machine, each done again until it is done.

use std::time::Duration;

use contract::{
    ByteRange, PlanInput, ProcessorOutput, RangeInput, RangeOutput, ReconcileOutput, SplitPlan, Step, step,
};
use futures::future::join_all;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::proxy::Script;
use crate::world::{Case, TIME};

/// One try to do a step.
pub(crate) struct Attempt {
    /// The step's name.
    pub(crate) step: &'static str,
    /// How many came before it.
    pub(crate) number: usize,
}

/// Does the steps of a case's file. What an attempt meets is what `faults` says.
pub(crate) struct Machine<'a, F> {
    case: &'a Case,
    faults: F,
    time: Duration,
}

impl<'a, F: Fn(Attempt) -> Script> Machine<'a, F> {
    pub(crate) fn new(case: &'a Case, faults: F) -> Self {
        Self { case, faults, time: TIME }
    }

    /// With so much time for each attempt.
    pub(crate) fn within(self, time: Duration) -> Self {
        Self { time, ..self }
    }

    /// Has the file read by ranges of about so many bytes, side by side, and checks what each step says, and what
    /// becomes of the file.
    pub(crate) async fn by_ranges(&self, range_bytes: u64) -> ProcessorOutput {
        let case = self.case;
        let input = PlanInput { file: case.location(), range_bytes };
        let plan: SplitPlan = self.perform::<step::Plan>(&input).await;
        if plan.ranges.is_empty() {
            return self.as_a_whole().await;
        }
        let inputs: Vec<_> = plan.ranges.iter().map(|range| input_of(&plan, range)).collect();
        let keys = join_all(inputs.iter().map(|input| self.perform::<step::Keys>(input))).await;
        let reconciled: ReconcileOutput = self.perform::<step::Reconcile>(&plan).await;
        assert_eq!(case.check_items().await, 0, "nothing is written before all keys are known");
        let written = join_all(inputs.iter().map(|input| self.perform::<step::Write>(input))).await;
        assert!(!case.has_manifest().await, "the quarantine counts when all ranges are accounted for");
        let output = self.perform::<step::Finish>(&plan).await;
        case.check(&output).await;
        let counts = output.counts;
        assert_eq!(ReconcileOutput { keys: counts.written, duplicates: counts.duplicates }, reconciled);
        let sum = |outputs: &[RangeOutput]| {
            let sum = |figure: fn(&RangeOutput) -> u64| outputs.iter().map(figure).sum::<u64>();
            (sum(|output| output.lines), sum(|output| output.written))
        };
        assert_eq!((sum(&keys), sum(&written)), ((counts.lines, 0), (counts.lines, counts.written)));
        output
    }

    /// Has the file read from its start on, as often continued as its time takes, and checks what becomes of it.
    pub(crate) async fn as_a_whole(&self) -> ProcessorOutput {
        let mut output: ProcessorOutput = self.perform::<step::Process>(&self.case.location()).await;
        while let Some(checkpoint) = output.checkpoint.take() {
            assert!(output.counts.reconciles(), "{output:?}");
            // An attempt that was killed may have come further.
            assert!(self.case.check_items().await as u64 >= output.counts.written);
            assert!(!self.case.has_manifest().await, "the quarantine counts when the file has been read");
            output = self.perform::<step::Continue>(&checkpoint).await;
        }
        self.case.check(&output).await;
        output
    }

    async fn perform<S>(&self, input: &S::Input) -> S::Output
    where
        S: Step<Input: Serialize, Output: DeserializeOwned>,
    {
        let mut number = 0;
        loop {
            let proxy = self.case.proxy((self.faults)(Attempt { step: S::NAME, number })).await;
            if let Some(output) = self.case.perform::<S>(&proxy, self.time, input).await.completed() {
                return output;
            }
            self.case.check_items().await;
            number += 1;
        }
    }
}

fn input_of(plan: &SplitPlan, range: &ByteRange) -> RangeInput {
    RangeInput { file: plan.file.clone(), run: plan.run.clone(), range: *range }
}
