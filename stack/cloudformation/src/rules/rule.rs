//! The rules: what each is called, how grave it is, and what it asks for.

use serde::Serialize;

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The template is not sound.
    Error,
    /// The template is worse than it could be.
    Warning,
}

impl Severity {
    /// `error` or `warning`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// Declares the rules, one a line: name, code, severity, and what must hold.
macro_rules! rules {
    ($($name:ident $code:literal $severity:ident $demand:literal,)*) => {
        /// A rule about templates. Its code never changes, and is what a suppression in a template's metadata names.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $(#[doc = concat!("`", $code, "`: ", $demand)] $name,)*
        }

        impl Rule {
            /// Every rule.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The code: `BUCKET_NOT_PRIVATE`.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// How grave it is to break the rule.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)* }
            }

            /// What must hold, in a sentence.
            pub const fn demand(self) -> &'static str {
                match self { $(Self::$name => $demand,)* }
            }
        }
    };
}

rules! {
    WildcardAction "IAM_WILDCARD_ACTION" Error "A statement that allows names each action.",
    WildcardResource "IAM_WILDCARD_RESOURCE" Error "A statement that allows names its resources, or says why it cannot.",
    TrustBeyondServices "IAM_TRUST_BEYOND_SERVICES" Error "A role is taken on by AWS services only.",
    PublicPrincipal "PUBLIC_PRINCIPAL" Error "Nothing is open to everyone.",
    ServiceWithoutSource "SERVICE_WITHOUT_SOURCE" Error "A service is let in for one account or resource only, not for whoever uses it.",
    SecretInPlainText "SECRET_IN_PLAIN_TEXT" Error "The template holds no secret.",
    RemovalUnsaid "REMOVAL_UNSAID" Error "What holds data says what happens when it is deleted and when it is replaced.",
    BucketNotEncrypted "BUCKET_NOT_ENCRYPTED" Error "A bucket says how it encrypts.",
    BucketNotPrivate "BUCKET_NOT_PRIVATE" Error "A bucket blocks public access in all four ways.",
    BucketWithoutTls "BUCKET_WITHOUT_TLS" Error "A bucket's policy denies requests without TLS.",
    BucketNotVersioned "BUCKET_NOT_VERSIONED" Error "A bucket that is retained keeps versions.",
    TableNotEncrypted "TABLE_NOT_ENCRYPTED" Warning "A table is encrypted with a key of the account.",
    TableNotRecoverable "TABLE_NOT_RECOVERABLE" Error "A table that is retained can be restored to a point in time.",
    TopicNotEncrypted "TOPIC_NOT_ENCRYPTED" Warning "A topic is encrypted.",
    QueueNotEncrypted "QUEUE_NOT_ENCRYPTED" Error "A queue does not switch its encryption off.",
    FunctionWithoutLogGroup "FUNCTION_WITHOUT_LOG_GROUP" Error "A function writes to a log group of this template.",
    FunctionWithoutDeadLetters "FUNCTION_WITHOUT_DEAD_LETTERS" Warning "A function that is called asynchronously keeps the events that it fails on.",
    StateMachineWithoutLog "STATE_MACHINE_WITHOUT_LOG" Error "A state machine writes a log.",
    StateMachineWithoutTraces "STATE_MACHINE_WITHOUT_TRACES" Warning "A state machine sends traces.",
    LogGroupWithoutRetention "LOG_GROUP_WITHOUT_RETENTION" Error "A log group says how long it keeps events.",
    AlarmWithoutAction "ALARM_WITHOUT_ACTION" Error "An alarm does something when it sounds.",
    AlarmMissingDataUnsaid "ALARM_MISSING_DATA_UNSAID" Error "An alarm says what it makes of missing data.",
    SuppressionUnsound "SUPPRESSION_UNSOUND" Error "A suppression names a rule and gives a reason.",
    SuppressionStale "SUPPRESSION_STALE" Error "A suppression suppresses something.",
}

impl Rule {
    /// The rule of that code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|rule| rule.code() == code)
    }
}
