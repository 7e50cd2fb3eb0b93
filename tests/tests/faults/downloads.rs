//! Downloads of the file that end too soon.

use crate::file::File;
use crate::proxy::{Conduct, Operation, every, first};
use crate::world::run;

#[test]
fn a_download_that_is_cut_short_is_taken_up_where_it_broke() {
    run(async |world| {
        for conduct in [Conduct::Cut(0), Conduct::Cut(1), Conduct::Cut(5_003), Conduct::ResetWithin] {
            let case = world.case(File::mixed(400)).await;
            let proxy = case.proxy(first(3, Operation::Read, conduct)).await;
            let output = case.invoke(&proxy).await.processed();
            case.check(&output).await;
            assert_eq!(proxy.count(Operation::Read), 4);
        }
    });
}

#[test]
fn a_download_that_never_begins_is_given_up_in_words() {
    run(async |world| {
        for conduct in [Conduct::Refuse(500, "InternalError"), Conduct::Refuse(503, "SlowDown"), Conduct::ResetBefore] {
            let case = world.case(File::mixed(60)).await;
            let proxy = case.proxy(every(Operation::Read, conduct)).await;
            let message = case.invoke(&proxy).await.transient();
            assert!(message.contains("cannot read s3://"), "{message}");
            assert!(message.contains("run the execution again"), "{message}");
            assert_eq!(case.check_items().await, 0);
            case.rerun().await;
        }
    });
}

#[test]
fn a_download_that_stops_for_good_keeps_what_came_and_a_rerun_completes_it() {
    run(async |world| {
        let case = world.case(File::mixed(400)).await;
        let proxy = case
            .proxy(|call| match (call.operation, call.number) {
                (Operation::Read, 0) => Conduct::Cut(20_000),
                (Operation::Read, _) => Conduct::Refuse(500, "InternalError"),
                _ => Conduct::Pass,
            })
            .await;
        let message = case.invoke(&proxy).await.transient();
        assert!(message.contains("run the execution again"), "{message}");
        case.check_items().await;
        case.rerun().await;
    });
}
