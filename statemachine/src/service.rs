//! The services that a task can call, a module each: what an action takes and answers, and how it can be waited for.
//!
//! What a call names (a function, a table, a queue) is text that is known now, or a placeholder, so that the
//! [permissions](crate::StateMachine::permissions) can be derived from it.

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
