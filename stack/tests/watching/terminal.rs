//! A terminal with the program on it, made by `script`, which Debian and its like always have.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;

use crate::cloudformation::{CloudFormation, PATIENCE};
use crate::in_account;

/// What a terminal makes of Ctrl and C.
const CTRL_C: &[u8] = b"\x03";

/// A terminal on which the program runs.
pub struct Terminal {
    script: Child,
    screen: Arc<Screen>,
    reader: JoinHandle<()>,
}

/// What the program has written.
#[derive(Default)]
struct Screen {
    text: Mutex<String>,
    changed: Condvar,
}

impl Terminal {
    /// Starts the program with `arguments`.
    pub fn start(cloudformation: &CloudFormation, arguments: &str) -> Self {
        let mut command = Command::new("script");
        let program = format!("exec '{}' {arguments}", env!("CARGO_BIN_EXE_stack"));
        command.args(["--quiet", "--return", "--command", &program, "/dev/null"]).env("TERM", "xterm");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut script = in_account(&mut command, cloudformation).spawn().unwrap();
        let screen = Arc::new(Screen::default());
        let (mut output, written) = (script.stdout.take().unwrap(), Arc::clone(&screen));
        let reader = std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(length @ 1..) = output.read(&mut bytes) {
                written.text.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..length]));
                written.changed.notify_all();
            }
        });
        Self { script, screen, reader }
    }

    /// Waits until the program has written `text`.
    pub fn await_text(&self, text: &str) {
        let screen = self.screen.text.lock().unwrap();
        let (screen, waited) =
            self.screen.changed.wait_timeout_while(screen, PATIENCE, |screen| !screen.contains(text)).unwrap();
        assert!(!waited.timed_out(), "`{text}` does not come: {screen}");
    }

    /// Presses Ctrl and C.
    pub fn ctrl_c(&mut self) {
        self.write(CTRL_C);
    }

    /// Types a line.
    pub fn type_line(&mut self, line: &str) {
        self.write(format!("{line}\n").as_bytes());
    }

    fn write(&mut self, bytes: &[u8]) {
        let mut keyboard = self.script.stdin.as_ref().unwrap();
        keyboard.write_all(bytes).and_then(|()| keyboard.flush()).unwrap();
    }

    /// Waits for the program's end: what it exited with, and all that it wrote.
    pub fn end(mut self) -> (Option<i32>, String) {
        // Not by closing its input first, as a plain wait would: the program would read an end of file.
        let keyboard = self.script.stdin.take();
        let code = self.script.wait().unwrap().code();
        drop(keyboard);
        self.reader.join().unwrap();
        let screen = self.screen.text.lock().unwrap().clone();
        (code, screen)
    }
}
