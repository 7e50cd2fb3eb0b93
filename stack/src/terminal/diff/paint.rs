//! Colour, where there is a terminal to show it.

use console::Style;

/// Whether to colour.
#[derive(Clone, Copy)]
pub struct Paint(pub bool);

impl Paint {
    /// The line in the colour of its symbol.
    pub fn line(self, symbol: &str, line: &str) -> String {
        let style = Style::new();
        let style = match symbol {
            "+" => style.green(),
            "-" => style.red(),
            "!" => style.red().bold(),
            _ => style.yellow(),
        };
        self.apply(&style, line)
    }

    /// A heading.
    pub fn heading(self, text: &str) -> String {
        self.apply(&Style::new().bold(), text)
    }

    /// What must not be overlooked.
    pub fn loud(self, text: &str) -> String {
        self.apply(&Style::new().red().bold(), text)
    }

    fn apply(self, style: &Style, text: &str) -> String {
        if self.0 { style.clone().force_styling(true).apply_to(text).to_string() } else { text.to_owned() }
    }
}
