//! A gzip that outlasts the function's time: faults within the invocations that read it, and between them.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use contract::{Step as _, step};

use crate::file::File;
use crate::machine::{Attempt, Machine};
use crate::proxy::{Conduct, Operation, Script, no_fault, script};
use crate::world::run;

/// How long an invocation may take. The function stops to read 3.8 seconds before.
const TIME: Duration = Duration::from_secs(20);

/// When the rest of a file comes so late, a step of it is read, that unpacks to 64 KiB, and there is time to write that.
const LATE: Duration = Duration::from_millis(16_300);

/// Request `number` of `operation` meets `conduct`.
fn at(operation: Operation, number: usize, conduct: Conduct) -> Script {
    script(move |call| match (call.operation, call.number) == (operation, number) {
        true => conduct.clone(),
        false => Conduct::Pass,
    })
}

#[test]
fn a_gzip_that_is_continued_is_whole_whatever_kills_and_breaks_in_between() {
    run(async |world| {
        // About 270 KB unpacked.
        let case = world.case(File::mixed(4_000).packed()).await;
        let late = |eighths| at(Operation::Read, 0, Conduct::Trickle(eighths, LATE));
        let faults = [
            // From the start: killed among the batches, then stopped for its time.
            at(Operation::Write, 20, Conduct::KillAfter),
            late(1),
            // From the first checkpoint: killed before it has read anything, among the batches, and with all of the rest
            // in quarantine; then stopped once more, with less in quarantine than there was.
            at(Operation::Read, 0, Conduct::KillBefore),
            at(Operation::Write, 0, Conduct::KillAfter),
            at(Operation::Write, 30, Conduct::KillBefore),
            at(Operation::Keep, 0, Conduct::KillAfter),
            late(4),
            // From the second: killed around all that is kept, and given less than it asks for.
            at(Operation::Write, 7, Conduct::KillAfter),
            at(Operation::Keep, 0, Conduct::KillBefore),
            at(Operation::Keep, 1, Conduct::KillBefore),
            at(Operation::Keep, 1, Conduct::KillAfter),
            at(Operation::Keep, 3, Conduct::KillAfter),
            script(|call| match (call.operation, call.number) {
                (Operation::Read, 0..3) => Conduct::Cut(5_003),
                (Operation::Write, 1) => Conduct::Refuse(500, "InternalServerError"),
                (Operation::Write, 3) => Conduct::Take(7),
                (Operation::Write, 5) => Conduct::Refuse(400, "ThrottlingException"),
                (Operation::Keep, 0) => Conduct::Refuse(503, "SlowDown"),
                _ => Conduct::Pass,
            }),
        ];
        let (faults, continued) = (Mutex::new(VecDeque::from(faults)), AtomicUsize::new(0));
        let next = |attempt: Attempt| {
            let continues = attempt.step == step::Continue::NAME && attempt.number == 0;
            continued.fetch_add(usize::from(continues), Ordering::Relaxed);
            faults.lock().unwrap().pop_front().unwrap_or_else(no_fault)
        };
        Machine::new(&case, next).within(TIME).as_a_whole().await;
        assert_eq!(continued.into_inner(), 2);
        assert!(faults.into_inner().unwrap().is_empty(), "every fault was met");
        // In one go all that is in quarantine is in one object, and the others are done with.
        case.rerun().await;
    });
}
