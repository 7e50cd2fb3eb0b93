//! Draws an operation's progress on a terminal.

use console::Term;
use deployment::{StackEvent, Typical};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;

use super::progress::Progress;
use super::{View, show_gantt};

/// The longest logical ids that are given their room.
const LONGEST_ID: usize = 40;

/// The room for a logical id where the template does not say how long they are.
const USUAL_ID: usize = 24;

/// The lines of a terminal that change while an operation runs. What has ended is printed above them, once.
pub struct Live {
    bar: ProgressBar,
    progress: Progress,
}

impl Live {
    /// Begins to draw.
    pub fn new(view: &View) -> Self {
        let width = view.sources.keys().map(String::len).max().map_or(USUAL_ID, |longest| longest.min(LONGEST_ID));
        Self { bar: bar(), progress: Progress::new(view.sources.len(), width) }
    }

    /// Takes the lines away until they are drawn anew: something else is to be written.
    pub fn pause(&mut self) {
        self.bar.finish_and_clear();
        self.bar = bar();
    }

    /// Shows an event.
    pub fn show(&mut self, event: &StackEvent) {
        if let Some(line) = self.progress.take(event, Timestamp::now()) {
            self.bar.suspend(|| eprintln!("{line}"));
        }
        self.draw();
    }

    /// Takes how long things usually take.
    pub fn learn(&mut self, typical: Typical) {
        self.progress.learn(typical);
    }

    /// Draws the lines anew, with the time that has gone by.
    pub fn draw(&self) {
        if !self.progress.timeline().spans().is_empty() {
            self.bar.set_message(self.progress.lines(Timestamp::now(), size()).join("\n"));
            self.bar.tick();
        }
    }

    /// Takes the lines away, and shows what took how long where that is worth a look.
    pub fn end(self) {
        self.bar.finish_and_clear();
        show_gantt(self.progress.timeline(), size().1);
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    match ProgressStyle::with_template("{msg}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// The terminal's height and width.
fn size() -> (usize, usize) {
    let (height, width) = Term::stderr().size();
    (height.into(), width.into())
}
