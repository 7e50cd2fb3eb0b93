//! Typed values inside a text that another program renders: a dashboard body, say, from a template file.

use crate::value::Value;

/// Stands markers for typed values into a text, and turns the finished text into one value.
///
/// ```
/// use cloudformation::{Tokens, pseudo};
///
/// let mut tokens = Tokens::default();
/// let body = format!(r#"{{"region":"{}"}}"#, tokens.mark(pseudo::region()));
/// assert_eq!(tokens.resolve(&body).to_json(), serde_json::json!({ "Fn::Sub": r#"{"region":"${AWS::Region}"}"# }));
/// ```
#[derive(Debug, Default)]
pub struct Tokens(Vec<Value<String>>);

/// Not found in text that people write, and left alone by JSON and by Handlebars.
const OPEN: &str = "\u{27e6}";
const CLOSE: &str = "\u{27e7}";

impl Tokens {
    /// A marker that stands for `value`.
    pub fn mark(&mut self, value: impl Into<Value<String>>) -> String {
        self.0.push(value.into());
        format!("{OPEN}{}{CLOSE}", self.0.len() - 1)
    }

    /// The text with every marker replaced by its value.
    pub fn resolve(&self, text: &str) -> Value<String> {
        let mut pieces = text.split(OPEN);
        let mut parts: Vec<Value<String>> = pieces.next().map(Value::from).into_iter().collect();
        for piece in pieces {
            let marked = piece
                .split_once(CLOSE)
                .and_then(|(index, rest)| Some((self.0.get(index.parse::<usize>().ok()?)?, rest)));
            match marked {
                Some((value, rest)) => parts.extend([value.clone(), rest.into()]),
                None => parts.push(format!("{OPEN}{piece}").into()),
            }
        }
        Value::concatenate(parts)
    }
}
