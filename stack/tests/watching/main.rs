//! The program while an operation goes on: it is watched to its end, Ctrl-C asks whether to cancel, and whoever leaves
//! is told that the operation does not end with the program.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod cloudformation;
#[cfg(target_os = "linux")]
mod terminal;

use std::process::{Child, Command, Output, Stdio};

use crate::cloudformation::CloudFormation;
#[cfg(target_os = "linux")]
use crate::terminal::Terminal;

/// Lets `command` be in an account that nobody has, which `cloudformation` answers for.
fn in_account<'a>(command: &'a mut Command, cloudformation: &CloudFormation) -> &'a mut Command {
    command.env("AWS_ENDPOINT_URL", &cloudformation.endpoint);
    for (name, value) in [("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test"), ("AWS_REGION", "eu-west-1")]
    {
        command.env(name, value);
    }
    command.env("AWS_CONFIG_FILE", "/nonexistent").env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent");
    command
}

/// Starts the program where there is no terminal.
fn start(cloudformation: &CloudFormation, arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stack"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    in_account(&mut command, cloudformation).spawn().unwrap()
}

fn send(signal: &str, program: &Child) {
    assert!(Command::new("kill").args([signal, &program.id().to_string()]).status().unwrap().success());
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Watches an update by `status`, which ends in `status`.
fn watched(status: &'static str) -> Output {
    let cloudformation = CloudFormation::start(&["CREATE_COMPLETE", "UPDATE_IN_PROGRESS"]);
    let program = start(&cloudformation, &["status", "--watch"]);
    cloudformation.await_request("DescribeStackEvents");
    cloudformation.come_to(status);
    program.wait_with_output().unwrap()
}

#[test]
fn status_waits_for_the_end_of_what_is_under_way() {
    let output = watched("UPDATE_COMPLETE");
    let (result, talk) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{talk}");
    assert!(result.contains("UPDATE_COMPLETE: updated"), "{result}");
    let statuses: Vec<_> = talk.lines().filter_map(|line| line.split_whitespace().nth(1)).collect();
    assert_eq!(statuses, ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"], "the operation's events: {talk}");
}

#[test]
fn status_tells_how_an_update_failed() {
    let output = watched("UPDATE_ROLLBACK_COMPLETE");
    let (result, talk) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(2), "{talk}");
    assert!(result.contains("UPDATE_ROLLBACK_COMPLETE: an update failed and was undone"), "{result}");
    assert!(talk.contains("stack `activity-development` ended in UPDATE_ROLLBACK_COMPLETE"), "{talk}");
}

#[test]
fn away_from_a_terminal_a_signal_leaves_the_operation_running() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let cloudformation = CloudFormation::start(&["UPDATE_ROLLBACK_FAILED"]);
        let program = start(&cloudformation, &["recover", "--yes", "--json"]);
        cloudformation.await_request("ContinueUpdateRollback");
        send(signal, &program);
        let output = program.wait_with_output().unwrap();
        let (result, talk) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{talk}");
        assert!(talk.contains("what CloudFormation has begun goes on"), "{talk}");
        assert!(talk.contains("stack status --watch"), "{talk}");
        assert!(result.lines().last().unwrap().contains(r#""type":"left""#), "{result}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn ctrl_c_asks_and_cancels_an_update() {
    let cloudformation = CloudFormation::start(&["CREATE_COMPLETE"]);
    let mut terminal = Terminal::start(&cloudformation, "drift --revert --yes");
    cloudformation.await_request("ExecuteChangeSet");
    terminal.ctrl_c();
    terminal.await_text("Cancel the update of the stack activity-development");
    terminal.await_text("[y/N]");
    assert!(!cloudformation.was_asked("CancelUpdateStack"), "not before it is wanted");
    terminal.type_line("y");
    terminal.await_text("cancelled");
    let (code, screen) = terminal.end();
    assert_eq!(code, Some(1), "{screen}");
    assert!(screen.contains("ended in UPDATE_ROLLBACK_COMPLETE"), "{screen}");
}

#[cfg(target_os = "linux")]
#[test]
fn an_update_that_is_not_cancelled_goes_on_and_the_second_ctrl_c_leaves_it() {
    let cloudformation = CloudFormation::start(&["CREATE_COMPLETE"]);
    let mut terminal = Terminal::start(&cloudformation, "drift --revert --yes");
    cloudformation.await_request("ExecuteChangeSet");
    terminal.ctrl_c();
    terminal.await_text("[y/N]");
    terminal.type_line("n");
    terminal.ctrl_c();
    let (code, screen) = terminal.end();
    assert_eq!(code, Some(130), "{screen}");
    assert!(screen.contains("what CloudFormation has begun goes on"), "{screen}");
    assert!(!cloudformation.was_asked("CancelUpdateStack"));
}

#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_cancelled_is_said() {
    let cloudformation = CloudFormation::start(&["UPDATE_ROLLBACK_FAILED"]);
    let mut terminal = Terminal::start(&cloudformation, "recover --yes");
    cloudformation.await_request("ContinueUpdateRollback");
    terminal.ctrl_c();
    terminal.await_text("cancels only an update while it goes forward; Ctrl-C again leaves it running");
    terminal.ctrl_c();
    let (code, screen) = terminal.end();
    assert_eq!(code, Some(130), "{screen}");
}
