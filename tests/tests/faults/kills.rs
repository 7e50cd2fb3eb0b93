//! The process is killed between any two requests, and the file processed again.

use crate::file::File;
use crate::function::Ended;
use crate::proxy::{Conduct, Operation, at, no_fault};
use crate::world::{Case, run};

/// Eight batches, three of them with what follows a bad, a repeated or a blank row.
fn file() -> File {
    File::mixed(200)
}

#[test]
fn a_kill_after_any_batch_is_mended_by_a_rerun() {
    run(async |world| {
        for batches in 1..=file().batches() {
            let case = world.case(file()).await;
            let proxy = case
                .proxy(move |call| match (call.operation, call.number + 1) {
                    (Operation::Write, number) if number == batches => Conduct::KillAfter,
                    _ => Conduct::Pass,
                })
                .await;
            assert!(matches!(case.invoke(&proxy).await, Ended::Killed));
            assert_eq!(case.check_items().await, 25 * batches, "what went through is there, and nothing else");
            assert!(!case.has_manifest().await);
            case.rerun().await;
        }
    });
}

#[test]
fn a_kill_around_any_request_is_mended_by_a_rerun() {
    run(async |world| {
        let whole = world.case(file()).await;
        let requests = requests(&whole).await;
        for kill in [Conduct::KillBefore, Conduct::KillAfter] {
            for position in 0..requests {
                let case = world.case(file()).await;
                let proxy = case.proxy(at(position, kill.clone())).await;
                assert!(matches!(case.invoke(&proxy).await, Ended::Killed));
                case.check_items().await;
                case.rerun().await;
                assert_eq!(case.kept().await, whole.kept().await, "byte for byte what a run without a kill keeps");
            }
        }
    });
}

/// Has the file processed while nothing is wrong, and tells how many requests that took: for the file, its batches, and
/// for what is kept beside.
async fn requests(case: &Case) -> usize {
    let proxy = case.proxy(no_fault()).await;
    let output = case.invoke(&proxy).await.processed();
    case.check(&output).await;
    assert_eq!((proxy.count(Operation::Read), proxy.count(Operation::Write)), (1, case.file.batches()));
    proxy.total()
}
