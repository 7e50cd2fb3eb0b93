//! The texts of a row.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

/// A text. It is a part of the line wherever it stands there as it is, which is nearly always: to copy each would cost as
/// much as to parse the row.
#[derive(Clone)]
pub struct Text<'a>(Form<'a>);

#[derive(Clone)]
enum Form<'a> {
    /// Nothing in it is escaped in JSON.
    Plain(&'a str),
    Any(String),
}

impl<'a> Text<'a> {
    /// A text in which JSON escapes nothing: whoever writes it as JSON does not look at it again.
    pub(crate) fn plain(text: &'a str) -> Self {
        Self(Form::Plain(text))
    }

    /// The digits of a number.
    pub(crate) fn digits(digits: Cow<'a, str>) -> Self {
        match digits {
            Cow::Borrowed(digits) => Self::plain(digits),
            Cow::Owned(digits) => digits.into(),
        }
    }

    /// The text, where it is known that JSON escapes nothing in it.
    pub(crate) fn as_plain(&self) -> Option<&'a str> {
        match self.0 {
            Form::Plain(text) => Some(text),
            Form::Any(_) => None,
        }
    }

    /// The same for longer than the line is there.
    pub fn into_owned(self) -> Text<'static> {
        String::from(self).into()
    }
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match &self.0 {
            Form::Plain(text) => text,
            Form::Any(text) => text,
        }
    }
}

impl From<String> for Text<'_> {
    fn from(text: String) -> Self {
        Self(Form::Any(text))
    }
}

impl From<Text<'_>> for String {
    fn from(text: Text<'_>) -> Self {
        match text.0 {
            Form::Plain(text) => text.to_owned(),
            Form::Any(text) => text,
        }
    }
}

impl From<&str> for Text<'_> {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl PartialEq for Text<'_> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Text<'_> {}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        str::fmt(self, formatter)
    }
}
