//! What is wrong with an expression, for the checker. Nothing: it can be parsed.

use super::intrinsic;
use super::jsonata::{self, Expression};
use super::path::Path;

/// A text in a field of JSONata. One without delimiters is no expression.
pub(crate) fn jsonata(text: &str) -> Option<String> {
    Expression::parse(jsonata::delimited(text)?).err()
}

/// A path.
pub(crate) fn path(text: &str) -> Option<String> {
    Path::parse(text).err()
}

/// A path, or a call of an intrinsic function.
pub(crate) fn query(text: &str) -> Option<String> {
    intrinsic::query(text).err()
}
