//! Services that fail, and answers that tell nothing.

use crate::file::File;
use crate::proxy::{Conduct, Operation, every, first};
use crate::world::run;

#[test]
fn a_batch_whose_answer_tells_nothing_is_sent_again() {
    run(async |world| {
        for conduct in [
            Conduct::Refuse(500, "InternalServerError"),
            Conduct::Refuse(503, ""),
            Conduct::Refuse(429, ""),
            // These batches were written.
            Conduct::DoAndRefuse(500, "InternalServerError"),
            Conduct::DoAndGarble,
        ] {
            let case = world.case(File::mixed(120)).await;
            let proxy = case.proxy(first(5, Operation::Write, conduct.clone())).await;
            let output = case.invoke(&proxy).await.processed();
            case.check(&output).await;
            assert_eq!(proxy.count(Operation::Write), 5 + 5, "{conduct:?}");
        }
    });
}

#[test]
fn a_quarantine_that_fails_once_is_kept_all_the_same() {
    run(async |world| {
        for conduct in Conduct::PASSING {
            let case = world.case(File::mixed(40)).await;
            let proxy = case.proxy(first(1, Operation::Keep, conduct)).await;
            let output = case.invoke(&proxy).await.processed();
            case.check(&output).await;
        }
    });
}

#[test]
fn a_quarantine_that_cannot_be_kept_fails_the_run_and_a_rerun_mends_it() {
    run(async |world| {
        let case = world.case(File::mixed(40)).await;
        let proxy = case.proxy(every(Operation::Keep, Conduct::Refuse(503, "SlowDown"))).await;
        let message = case.invoke(&proxy).await.transient();
        assert!(message.contains("SlowDown") && message.contains("run the execution again"), "{message}");
        assert_eq!(case.check_items().await, 40);
        case.rerun().await;
    });
}
