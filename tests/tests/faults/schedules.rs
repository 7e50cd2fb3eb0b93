//! Any file under any schedule of faults.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::file::{BAD, File, Row};
use crate::machine::Machine;
use crate::proxy::{Call, Conduct, Operation, script};
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
        (Conduct::Take(_) | Conduct::DoAndGarble, Operation::Read | Operation::Keep | Operation::Fetch) => {
            Conduct::Pass
        }
        (Conduct::Cut(_), Operation::Write | Operation::Keep) => Conduct::ResetWithin,
        (Conduct::Refuse(400, _), Operation::Read | Operation::Keep | Operation::Fetch) => {
            Conduct::Refuse(503, "SlowDown")
        }
        (conduct, _) => conduct,
    }
}

/// The same so many cases at every run.
fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(20_150_912),
        max_shrink_iters: 100,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(40))]

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
                match case.invoke(&proxy).await.completed() {
                    Some(output) => case.check(&output).await,
                    None => _ = case.check_items().await,
                }
            }
            case.rerun().await;
        });
    }
}

proptest! {
    #![proptest_config(config(16))]

    #[test]
    fn a_file_that_is_read_by_ranges_is_that_of_a_run_without_faults(
        rows in prop::collection::vec(row(), 0..250),
        range_bytes in 1_000..8_000_u64,
        schedule in schedule(),
    ) {
        run(async |world| {
            let case = world.case(File::of(&rows)).await;
            // What an attempt does not meet, because it is killed or done, is for the next, of whatever step.
            let schedule = Arc::new(Mutex::new(VecDeque::from(schedule)));
            let faults = |_| {
                let schedule = Arc::clone(&schedule);
                script(move |call| {
                    let next = schedule.lock().unwrap().pop_front();
                    next.map_or(Conduct::Pass, |fault| fitting(fault, call))
                })
            };
            Machine::new(&case, faults).by_ranges(range_bytes).await;
            case.rerun().await;
        });
    }
}
