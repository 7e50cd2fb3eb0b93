//! The environment variables of each function.

use serde::de::value::{Error as ValueError, MapDeserializer};
use serde::{Deserialize, Serialize};

/// An environment variable is missing.
#[derive(Debug)]
pub struct EnvironmentError(ValueError);

impl std::fmt::Display for EnvironmentError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "the function's environment is incomplete: {}; deploy the stack again", self.0)
    }
}

impl std::error::Error for EnvironmentError {}

/// Declares a function's environment: one field a variable, named in upper case.
macro_rules! environment {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
        pub struct $name<Text = String> { $($(#[$field_doc])* pub $field: Text,)+ }

        impl<Text> $name<Text> {
            /// The variables by name, as the template sets them.
            pub fn variables(self) -> Vec<(String, Text)> {
                vec![$((stringify!($field).to_uppercase(), self.$field)),+]
            }
        }

        impl $name {
            /// Reads the variables from `variables`, for a function `std::env::vars()`.
            ///
            /// # Errors
            ///
            /// A variable is missing.
            pub fn read(variables: impl IntoIterator<Item = (String, String)>) -> Result<Self, EnvironmentError> {
                Self::deserialize(MapDeserializer::new(variables.into_iter())).map_err(EnvironmentError)
            }
        }
    };
}

environment! {
    /// The orchestrator's environment.
    OrchestratorEnvironment {
        /// The name of the SSM parameter that holds the state machine's ARN.
        state_machine_arn_parameter,
    }
}

environment! {
    /// The processor's environment.
    ProcessorEnvironment {
        /// The stack's name: the dimension of the processor's metrics.
        pipeline,
        /// The table's name.
        table_name,
        /// The name of the bucket that keeps quarantined rows.
        quarantine_bucket,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_variable_is_named() {
        let error = OrchestratorEnvironment::read([("HOME".into(), "/".into())]).unwrap_err();
        assert!(error.to_string().contains("STATE_MACHINE_ARN_PARAMETER"), "{error}");
    }

    #[test]
    fn what_the_template_sets_is_what_the_function_reads() {
        let environment = ProcessorEnvironment {
            pipeline: "activity".to_owned(),
            table_name: "table".to_owned(),
            quarantine_bucket: "bucket".to_owned(),
        };
        assert_eq!(ProcessorEnvironment::read(environment.clone().variables()).unwrap(), environment);
    }

    #[test]
    fn other_variables_are_ignored() {
        let variables = [("HOME".into(), "/".into()), ("STATE_MACHINE_ARN_PARAMETER".into(), "/a".into())];
        let environment = OrchestratorEnvironment::read(variables).unwrap();
        assert_eq!(environment.state_machine_arn_parameter, "/a");
    }
}
