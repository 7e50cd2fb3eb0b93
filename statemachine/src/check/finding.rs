//! What the checker reports.

use std::fmt;

/// Declares the codes with their spelling, so that a code keeps it for ever.
macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal,)+) => {
        /// The kind of a finding. Its text (`ASL101`) is stable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[$doc])* $variant,)+ }

        impl Code {
            /// The code's text.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }
        }
    };
}

codes! {
    /// Something is not the object, the list or the text that it has to be.
    Structure = "ASL101",
    /// A field that the state needs is missing, or has a rival.
    MissingField = "ASL102",
    /// A field that no such state has.
    UnknownField = "ASL103",
    /// A type of state that does not exist.
    UnknownType = "ASL104",
    /// A name that is empty or too long.
    InvalidName = "ASL105",
    /// A name that two states have.
    DuplicateName = "ASL106",
    /// A state with neither Next nor End, or with both.
    Transition = "ASL107",
    /// A transition to a state that does not exist.
    UnknownTarget = "ASL201",
    /// A state that no execution reaches.
    Unreachable = "ASL202",
    /// A state from which no execution ends.
    Endless = "ASL203",
    /// A Choice that fails when no rule holds.
    MissingDefault = "ASL204",
    /// An error's name that does not exist.
    UnknownErrorName = "ASL301",
    /// `States.ALL` beside another name, or before another retrier or catcher.
    MisplacedAll = "ASL302",
    /// A retrier's number out of its range.
    RetryLimit = "ASL303",
    /// JSONPath in JSONata, or the reverse.
    MixedLanguages = "ASL401",
    /// A JSONata expression, a path or a call of an intrinsic function that cannot be parsed.
    BrokenExpression = "ASL402",
    /// A task that may wait for ever.
    MissingTimeout = "ASL501",
    /// A timeout out of its range.
    TimeoutLimit = "ASL502",
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// One fault of a definition: where it is and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    code: Code,
    path: String,
    message: String,
}

impl Finding {
    pub(crate) fn new(code: Code, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code, path: path.into(), message: message.into() }
    }

    /// The kind of fault.
    pub fn code(&self) -> Code {
        self.code
    }

    /// Where it is: a JSON Pointer ([RFC 6901](https://www.rfc-editor.org/rfc/rfc6901)) into the definition.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What to do about it.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.path.is_empty() { "the definition" } else { &self.path };
        write!(formatter, "{} {place}: {}", self.code, self.message)
    }
}

/// A JSON Pointer of these names.
pub(crate) fn pointer<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(|name| format!("/{}", name.replace('~', "~0").replace('/', "~1"))).collect()
}
