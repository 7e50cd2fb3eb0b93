//! Finding and ending the emulator's processes.

use std::fs;
use std::path::Path;
use std::process::Command;

use rustix::process::{Pid, Signal, kill_process_group};

/// Kills the process `leader` and all that it started: the emulator leads a group of its own, so that no function is
/// left behind. Nothing is lost, since the emulator keeps its state in memory. A group that is gone is no error.
pub(crate) fn kill_group(leader: u32) {
    if let Some(pid) = i32::try_from(leader).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(pid, Signal::KILL);
    }
}

/// The command line of a living process, separated by spaces. None where it is gone, or dead and not yet collected.
pub(crate) fn command_line(process: u32) -> Option<String> {
    let bytes = if Path::new("/proc/self/cmdline").exists() {
        fs::read(format!("/proc/{process}/cmdline")).ok()?
    } else {
        Command::new("ps").args(["-o", "args=", "-p", &process.to_string()]).output().ok()?.stdout
    };
    let text = String::from_utf8_lossy(&bytes).replace('\0', " ").trim().to_owned();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::os::unix::process::CommandExt as _;
    use std::process::Stdio;

    use super::*;

    #[test]
    fn a_group_ends_with_all_that_it_started() {
        let mut leader = Command::new("sh")
            .args(["-c", "sleep 60 & sleep 60"])
            .process_group(0)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        kill_group(leader.id());
        // The pipe ends when the last process that holds it is gone.
        let mut printed = String::new();
        leader.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
        leader.wait().unwrap();
        // Once more is no error.
        kill_group(leader.id());
    }

    #[test]
    fn a_command_line_is_read_while_the_process_lives() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        // A fork shows its parent's command line until it has become the new program.
        let found = (0..1000).find_map(|_| {
            std::thread::yield_now();
            command_line(child.id()).filter(|line| line.ends_with("sleep 60"))
        });
        assert!(found.is_some());
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(command_line(child.id()), None);
    }
}
