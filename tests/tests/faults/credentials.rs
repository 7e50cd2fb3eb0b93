//! Credentials that expire while they are used.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use tokio::io::{AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

use crate::file::File;
use crate::http::Message;
use crate::proxy::{Conduct, Operation};
use crate::world::run;

/// A source of credentials as containers have it. The first that it gives are `KEY-1`, the next `KEY-2`, and so on.
async fn source() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/credentials", listener.local_addr().unwrap());
    let given = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&given);
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            let mut connection = BufReader::new(connection);
            while let Ok(Some(_)) = Message::read(&mut connection).await {
                let number = count.fetch_add(1, Ordering::Relaxed) + 1;
                let credentials = json!({
                    "AccessKeyId": format!("KEY-{number}"),
                    "SecretAccessKey": "secret",
                    "Token": "token",
                    "Expiration": "2099-01-01T00:00:00Z",
                });
                let answer = Message::answer(200, &[("content-type", "application/json")], credentials.to_string());
                connection.write_all(&[answer.head(), answer.body].concat()).await.unwrap();
            }
        }
    });
    (address, given)
}

#[test]
fn expired_credentials_are_asked_for_anew() {
    run(async |world| {
        for code in ["ExpiredTokenException", "ExpiredToken"] {
            let case = world.case(File::mixed(120)).await;
            let (address, given) = source().await;
            let proxy = case
                .proxy(move |call| {
                    let signature = call.request.header("authorization").unwrap_or_default();
                    // The clients of S3 and of the table ask each for themselves.
                    let expired = signature.contains("KEY-1/") || signature.contains("KEY-2/");
                    match call.operation {
                        Operation::Write if expired => Conduct::Refuse(400, code),
                        _ => Conduct::Pass,
                    }
                })
                .await;
            let credentials = [("AWS_CONTAINER_CREDENTIALS_FULL_URI", address.as_str())];
            let output = case.invoke_as(&proxy, &credentials).await.processed();
            case.check(&output).await;
            assert!(given.load(Ordering::Relaxed) >= 3);
        }
    });
}

#[test]
fn credentials_that_expired_before_the_file_was_read_fail_in_words_and_a_rerun_mends_it() {
    run(async |world| {
        let case = world.case(File::mixed(20)).await;
        let proxy = case.proxy(|_| Conduct::Refuse(400, "ExpiredToken")).await;
        let message = case.invoke(&proxy).await.transient();
        assert!(message.contains("ExpiredToken") && message.contains("run the execution again"), "{message}");
        assert_eq!(case.check_items().await, 0);
        case.rerun().await;
    });
}
