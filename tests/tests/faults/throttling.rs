//! A table that takes less than it is given.

use crate::file::File;
use crate::proxy::{Conduct, Operation};
use crate::world::{Case, World, run};

/// Processes a file while `conduct` says what becomes of each batch, by its number, and checks what became of the file.
/// Returns how many requests it took.
async fn check(world: &'static World, conduct: impl Fn(usize) -> Conduct + Send + 'static) -> usize {
    let case = world.case(File::mixed(120)).await;
    let proxy = case
        .proxy(move |call| if call.operation == Operation::Write { conduct(call.number) } else { Conduct::Pass })
        .await;
    let output = case.invoke(&proxy).await.processed();
    case.check(&output).await;
    proxy.count(Operation::Write)
}

#[test]
fn what_is_throttled_is_sent_again() {
    run(async |world| {
        for code in ["ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"] {
            let requests = check(world, move |number| match number {
                0..8 => Conduct::Refuse(400, code),
                _ => Conduct::Pass,
            });
            assert_eq!(requests.await, 8 + 5, "{code}");
        }
    });
}

#[test]
fn what_is_handed_back_is_sent_again_and_no_more() {
    run(async |world| {
        let partly = |number| if number % 2 == 0 { Conduct::Take(7) } else { Conduct::Pass };
        assert!(check(world, partly).await >= 8);
        let all = |number| if number < 6 { Conduct::Take(0) } else { Conduct::Pass };
        assert_eq!(check(world, all).await, 6 + 5);
        assert_eq!(check(world, |_| Conduct::Take(1)).await, 120, "one item each time is progress");
    });
}

#[test]
fn a_table_that_never_takes_anything_is_given_up_in_words() {
    run(async |world| {
        let (all, throttled, broken) = tokio::join!(
            give_up(world, Conduct::Take(0), "it returned them unprocessed"),
            give_up(world, Conduct::Refuse(400, "ThrottlingException"), "ThrottlingException: as the script says"),
            give_up(world, Conduct::Refuse(500, "InternalServerError"), "InternalServerError: as the script says"),
        );
        for case in [all, throttled, broken] {
            case.rerun().await;
        }
    });
}

/// After three batches every other one meets `conduct`: the run fails in words, and what was written stays.
async fn give_up(world: &'static World, conduct: Conduct, reason: &str) -> Case {
    let case = world.case(File::mixed(150)).await;
    let proxy = case
        .proxy(move |call| match (call.operation, call.number) {
            (Operation::Write, 3..) => conduct.clone(),
            _ => Conduct::Pass,
        })
        .await;
    let message = case.invoke(&proxy).await.transient();
    assert!(message.contains("items in 13 tries") && message.contains(reason), "{message}");
    assert!(message.contains("run the execution again when the table is less busy"), "{message}");
    assert_eq!(case.check_items().await, 75);
    assert!(!case.has_manifest().await, "a run that fails leaves no quarantine that counts");
    case
}
