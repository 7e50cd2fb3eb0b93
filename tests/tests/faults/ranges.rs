//! A file that is split: faults within any step, and between the steps.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::file::File;
use crate::machine::{Attempt, Machine};
use crate::proxy::{Conduct, Operation, Script, at, every, first, no_fault, script};
use crate::world::{World, run};

const RANGE_BYTES: u64 = 4_000;

/// How many ranges of so many bytes the file has.
const RANGES: usize = 4;

/// A file of several batches for each range, with rows that repeat one of their own range and of an earlier one.
fn file() -> File {
    File::mixed(200)
}

/// Reads the file by ranges, and checks what becomes of it. The first attempt at each step meets what `fault` makes, and
/// the others nothing. Tells how many attempts failed.
async fn check(world: &'static World, fault: impl Fn() -> Script) -> usize {
    let case = world.case(file()).await;
    let failed = AtomicUsize::new(0);
    let faults = |attempt: Attempt| {
        if attempt.number == 0 {
            return fault();
        }
        failed.fetch_add(1, Ordering::Relaxed);
        no_fault()
    };
    Machine::new(&case, faults).by_ranges(RANGE_BYTES).await;
    failed.into_inner()
}

#[test]
fn a_kill_around_any_request_of_any_step_is_mended_by_doing_the_step_again() {
    run(async |world| {
        let whole = world.case(file()).await;
        let most = Arc::new(AtomicUsize::new(0));
        let counting = |_| {
            let most = Arc::clone(&most);
            script(move |call| {
                most.fetch_max(call.position + 1, Ordering::Relaxed);
                Conduct::Pass
            })
        };
        Machine::new(&whole, counting).by_ranges(RANGE_BYTES).await;
        for kill in [Conduct::KillBefore, Conduct::KillAfter] {
            for position in 0..most.load(Ordering::Relaxed) {
                let case = world.case(file()).await;
                let faults = |attempt: Attempt| match attempt.number {
                    0 => at(position, kill.clone()),
                    _ => no_fault(),
                };
                Machine::new(&case, faults).by_ranges(RANGE_BYTES).await;
                assert_eq!(case.kept().await, whole.kept().await, "byte for byte what a run without a kill keeps");
            }
        }
    });
}

#[test]
fn a_step_that_is_killed_again_and_again_leaves_nothing_in_its_own_way() {
    run(async |world| {
        for kill in [Conduct::KillBefore, Conduct::KillAfter] {
            let case = world.case(file()).await;
            // At its first request, then at its second, until it has none left to be killed at.
            let faults = |attempt: Attempt| at(attempt.number, kill.clone());
            Machine::new(&case, faults).by_ranges(RANGE_BYTES).await;
        }
    });
}

#[test]
fn a_range_whose_download_is_cut_short_is_taken_up_where_it_broke() {
    run(async |world| {
        for conduct in [Conduct::Cut(4), Conduct::Cut(1_003), Conduct::Cut(0)] {
            assert_eq!(check(world, || first(3, Operation::Read, conduct.clone())).await, 0, "{conduct:?}");
        }
        assert!(check(world, || first(3, Operation::Read, Conduct::ResetWithin)).await <= 1);
    });
}

#[test]
fn what_another_step_left_is_asked_for_again_where_it_breaks_off() {
    run(async |world| {
        for conduct in [Conduct::Cut(0), Conduct::Cut(3), Conduct::ResetWithin] {
            assert_eq!(check(world, || first(1, Operation::Fetch, conduct.clone())).await, 0, "{conduct:?}");
        }
    });
}

#[test]
fn a_service_that_fails_once_is_asked_again_within_the_step() {
    run(async |world| {
        let once = async |operation, conduct: Conduct| {
            let failed = check(world, || first(1, operation, conduct.clone())).await;
            assert_eq!(failed, 0, "{operation:?} {conduct:?}");
        };
        for conduct in Conduct::PASSING {
            tokio::join!(
                once(Operation::Read, conduct.clone()),
                once(Operation::Keep, conduct.clone()),
                once(Operation::Fetch, conduct.clone()),
            );
        }
    });
}

#[test]
fn a_batch_of_a_range_that_is_not_taken_is_sent_again_within_the_step() {
    run(async |world| {
        for conduct in [
            Conduct::Refuse(400, "ThrottlingException"),
            Conduct::Refuse(500, "InternalServerError"),
            Conduct::DoAndRefuse(500, "InternalServerError"),
            Conduct::DoAndGarble,
            Conduct::ResetWithin,
            Conduct::Take(0),
            Conduct::Take(7),
        ] {
            let failed = check(world, || first(4, Operation::Write, conduct.clone())).await;
            assert_eq!(failed, 0, "{conduct:?}");
        }
    });
}

#[test]
fn a_service_that_fails_for_good_fails_the_step_and_doing_it_again_mends_it() {
    run(async |world| {
        let failing = async |operation, conduct: Conduct, steps| {
            let failed = check(world, || every(operation, conduct.clone())).await;
            assert_eq!(failed, steps, "{operation:?}");
        };
        tokio::join!(
            // To plan, to collect the keys of each range and to write it, to finish.
            failing(Operation::Read, Conduct::Refuse(503, "SlowDown"), 1 + RANGES + RANGES + 1),
            // All but to plan.
            failing(Operation::Keep, Conduct::Refuse(500, "InternalError"), RANGES + 1 + RANGES + 1),
            // To reconcile, to write each range, to finish.
            failing(Operation::Fetch, Conduct::Refuse(503, "SlowDown"), 1 + RANGES + 1),
            // To write each range.
            failing(Operation::Write, Conduct::Take(0), RANGES),
        );
    });
}
