//! The services that a task can call, a module each: what an action takes and answers, and how it can be waited for.
//!
//! What a call names (a function, a table, a queue) is text that is known now, or a placeholder, so that the
//! [permissions](crate::StateMachine::permissions) can be derived from it.
//!
//! An action that is not here is a type of yours, which says what the action answers:
//!
//! ```
//! use statemachine::{Call, Expression, Service, StateMachine, Task, field};
//! # use statemachine::interpreter::Interpreter;
//! # use serde_json::json;
//! # use std::convert::Infallible;
//!
//! enum DetectLanguage {}
//!
//! #[expect(non_snake_case, reason = "the fields are spelled as the service spells them")]
//! struct Detected { Languages: Vec<Language> }
//! #[expect(non_snake_case, reason = "the fields are spelled as the service spells them")]
//! struct Language { LanguageCode: String }
//!
//! impl Service for DetectLanguage {
//!     type Response = Detected;
//!     type Error = Infallible; // or an enum of those that Retry and Catch name
//!     const RESOURCE: &'static str = "arn:aws:states:::aws-sdk:comprehend:detectDominantLanguage";
//! }
//!
//! fn detect_language<In>(text: impl Into<Expression<In, String>>) -> Call<In, DetectLanguage> {
//!     Call::new().text("Text", text)
//! }
//!
//! let mut machine = StateMachine::<String, u64>::builder("Counts the languages of a text.");
//! let detect = Task::call(detect_language(Expression::<String, String>::input()))
//!     .timeout_seconds(10)
//!     .output(|_, detected| field!(detected.Languages).count());
//! let detect = machine.add("Detect", detect.end());
//! let machine = machine.build(&detect)?;
//!
//! let mut interpreter = Interpreter::new(machine.definition())?
//!     .task(DetectLanguage::RESOURCE, |_| Ok(json!({"Languages": [{"LanguageCode": "de", "Score": 0.9}]})));
//! assert_eq!(interpreter.run(json!("Guten Tag"))?.output(), Some(&json!(1)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Job`](crate::Job) and [`Callback`](crate::Callback) say that it can be waited for. What the machine's role must be
//! allowed for it is granted by hand; [`known_permissions`](crate::known_permissions) gives the rest.

pub mod dynamodb;
pub mod eventbridge;
pub mod lambda;
pub mod s3;
pub mod sns;
pub mod sqs;
pub mod states;

/// Declares the errors that a service raises.
macro_rules! errors {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$variant_doc])* $variant,)+ }

        impl crate::Raised for $name {
            fn name(&self) -> &str {
                match self { $(Self::$variant => $text,)+ }
            }
        }
    };
}
use errors;
