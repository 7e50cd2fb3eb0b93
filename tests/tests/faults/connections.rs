//! Connections that break, and answers that are slow or never come.

use std::time::{Duration, Instant};

use crate::file::File;
use crate::proxy::{Conduct, Operation, every, first};
use crate::world::{World, run};

/// Processes a file while the first request of `operation` meets `conduct`.
async fn check(world: &'static World, operation: Operation, conduct: Conduct) {
    let case = world.case(File::mixed(120)).await;
    let proxy = case.proxy(first(1, operation, conduct)).await;
    let output = case.invoke(&proxy).await.processed();
    case.check(&output).await;
}

#[test]
fn a_reset_is_survived_wherever_it_comes() {
    run(async |world| {
        for conduct in [Conduct::ResetBefore, Conduct::ResetWithin, Conduct::ResetAfter] {
            for operation in [Operation::Read, Operation::Write, Operation::Keep] {
                check(world, operation, conduct.clone()).await;
            }
        }
    });
}

#[test]
fn an_answer_may_be_slow_or_stop_in_its_middle_and_need_not_come() {
    run(async |world| {
        tokio::join!(
            check(world, Operation::Read, Conduct::Late(Duration::from_secs(1))),
            check(world, Operation::Read, Conduct::Stall),
            check(world, Operation::Read, Conduct::Ignore),
            check(world, Operation::Write, Conduct::Late(Duration::from_secs(1))),
            check(world, Operation::Write, Conduct::Stall),
            check(world, Operation::Write, Conduct::Ignore),
            check(world, Operation::Keep, Conduct::Late(Duration::from_secs(1))),
            check(world, Operation::Keep, Conduct::Ignore),
        );
    });
}

#[test]
fn silent_services_are_given_up_before_lambda_gives_up() {
    const TIME: Duration = Duration::from_secs(8);
    run(async |world| {
        let silent = async |operation: Operation| {
            let case = world.case(File::mixed(120)).await;
            let proxy = case.proxy(every(operation, Conduct::Ignore)).await;
            let began = Instant::now();
            let message = case.invoke_within(&proxy, TIME).await.failed();
            assert!(began.elapsed() < TIME, "{message}");
            assert!(message.contains("more time than the function has"), "{message}");
            case.rerun().await;
        };
        tokio::join!(silent(Operation::Read), silent(Operation::Write), silent(Operation::Keep));
    });
}
