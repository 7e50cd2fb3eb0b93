//! Any file under any schedule of faults.

use std::collections::VecDeque;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::file::{BAD, File, Row};
use crate::function::Ended;
use crate::proxy::{Call, Conduct, Operation};
use crate::world::run;

fn row() -> impl Strategy<Value = Row> {
    // Few users, seconds and ids, so that rows meet.
    let good =
        (0..4_u8, 0..3_u8, 0..12_u16, 0..100_u16).prop_map(|(user, second, id, n)| Row::Good { user, second, id, n });
    prop_oneof![8 => good, 1 => prop::sample::select(BAD.to_vec()), 1 => Just(Row::Blank)]
}

/// What the first requests meet, whatever each is for. It ends: what comes after is answered.
fn schedule() -> impl Strategy<Value = Vec<Conduct>> {
    let fault = prop_oneof![
        Just(Conduct::Pass),
        Just(Conduct::Late(Duration::from_millis(20))),
        Just(Conduct::Refuse(400, "ThrottlingException")),
        Just(Conduct::Refuse(500, "InternalServerError")),
        Just(Conduct::DoAndRefuse(500, "InternalServerError")),
        Just(Conduct::DoAndGarble),
        (0..25_usize).prop_map(Conduct::Take),
        Just(Conduct::ResetBefore),
        Just(Conduct::ResetWithin),
        Just(Conduct::ResetAfter),
        (0..2_000_usize).prop_map(Conduct::Cut),
        Just(Conduct::KillBefore),
        Just(Conduct::KillAfter),
    ];
    prop::collection::vec(fault, 0..12)
}

/// What a fault that only one operation can meet is to another.
fn fitting(conduct: Conduct, call: &Call<'_>) -> Conduct {
    match (conduct, call.operation) {
        (Conduct::Take(_) | Conduct::DoAndGarble, Operation::Read | Operation::Keep) => Conduct::Pass,
        (Conduct::Cut(_), Operation::Write | Operation::Keep) => Conduct::ResetWithin,
        (Conduct::Refuse(400, _), Operation::Read | Operation::Keep) => Conduct::Refuse(503, "SlowDown"),
        (conduct, _) => conduct,
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 40,
        rng_seed: RngSeed::Fixed(20_150_912),
        max_shrink_iters: 100,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_table_and_the_counts_are_those_of_a_run_without_faults(
        rows in prop::collection::vec(row(), 0..250),
        schedule in schedule(),
    ) {
        run(async |world| {
            let case = world.case(File::of(&rows)).await;
            // A kill ends a run, and what is scheduled behind it is for the next.
            for faults in schedule.split_inclusive(|fault| matches!(fault, Conduct::KillBefore | Conduct::KillAfter)) {
                let mut faults = VecDeque::from(faults.to_vec());
                let script = move |call: &Call<'_>| faults.pop_front().map_or(Conduct::Pass, |fault| fitting(fault, call));
                let proxy = case.proxy(script).await;
                match case.invoke(&proxy).await {
                    Ended::Processed(output) => case.check(&output).await,
                    Ended::Killed => _ = case.check_items().await,
                    failed => {
                        let message = failed.transient();
                        assert!(message.contains("run the execution again"), "{message}");
                        case.check_items().await;
                    }
                }
            }
            case.rerun().await;
        });
    }
}
