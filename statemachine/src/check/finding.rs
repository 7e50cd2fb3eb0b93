//! What the checker reports.

use std::fmt;

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// AWS refuses the definition, or what is found can only fail.
    Error,
    /// AWS takes the definition, and an execution may go wrong.
    Warning,
}

impl Severity {
    /// `error` or `warning`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// Declares the codes, one a line: name, code, severity, and what is wrong. A code keeps its spelling for ever.
macro_rules! codes {
    ($($name:ident $code:literal $severity:ident $fault:literal,)+) => {
        /// The kind of a finding. Its text (`ASL101`) is stable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = concat!("`", $code, "`, ", stringify!($severity), ": ", $fault)] $name,)+
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The code's text.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// How grave it is.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)+ }
            }
        }
    };
}

codes! {
    Structure "ASL101" Error "something is not the object, the list or the text that it has to be.",
    MissingField "ASL102" Error "a field that the state needs is missing, or has a rival.",
    UnknownField "ASL103" Error "a field that no such state has.",
    UnknownType "ASL104" Error "a type of state that does not exist.",
    InvalidName "ASL105" Error "a name of a state, or a label, that Step Functions does not take.",
    DuplicateName "ASL106" Error "a name that two states have.",
    Transition "ASL107" Error "a state with neither Next nor End, or with both.",
    DefinitionLimit "ASL108" Error "a definition that is larger than 1 MiB.",
    UnknownTarget "ASL201" Error "a transition to a state that does not exist.",
    Unreachable "ASL202" Error "a state that no execution reaches.",
    Endless "ASL203" Error "a state from which no execution ends.",
    MissingDefault "ASL204" Warning "a Choice that fails when no rule holds.",
    LeftByErrorOnly "ASL205" Warning "a loop that only an error leaves.",
    UnknownErrorName "ASL301" Error "an error's name that does not exist.",
    MisplacedAll "ASL302" Error "`States.ALL` beside another name, or before another retrier or catcher.",
    RetryLimit "ASL303" Error "a retrier's number out of its range.",
    UncaughtError "ASL304" Warning "a task whose errors nobody catches.",
    UnsafeRetry "ASL305" Warning "a retry that may do twice what must be done once.",
    MixedLanguages "ASL401" Error "JSONPath in JSONata, or the reverse.",
    BrokenExpression "ASL402" Error "a JSONata expression, a path or a call of an intrinsic function that cannot be parsed.",
    MissingTimeout "ASL501" Warning "a task that may wait for a year.",
    TimeoutLimit "ASL502" Error "a timeout out of its range.",
    MissingHeartbeat "ASL503" Warning "a wait for a worker whose death nobody notices.",
    HistoryLimit "ASL601" Warning "a history that may grow beyond 25,000 events.",
    PayloadLimit "ASL602" Error "data in the definition that no state may carry: more than 256 KiB.",
    LargeResult "ASL603" Warning "a result that may be larger than 256 KiB.",
    SuppressionUnsound "ASL901" Error "a suppression without a reason, or of what cannot be suppressed.",
    SuppressionStale "ASL902" Error "a suppression that suppresses nothing.",
}

impl Code {
    /// The code of that text.
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text)
    }
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
    suppressed: Option<String>,
}

impl Finding {
    pub(crate) fn new(code: Code, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code, path: path.into(), message: message.into(), suppressed: None }
    }

    pub(super) fn suppress(&mut self, reason: &str) {
        self.suppressed = Some(reason.to_owned());
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

    /// Why it does not matter, where the definition says so.
    pub fn suppressed(&self) -> Option<&str> {
        self.suppressed.as_deref()
    }

    /// Whether the definition is not sound because of it.
    pub fn is_error(&self) -> bool {
        self.code.severity() == Severity::Error
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
