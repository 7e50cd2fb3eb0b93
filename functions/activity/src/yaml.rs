//! Contracts as people write them.

use serde_json::Value;

use crate::record_contract::{ContractError, RecordContract};

impl RecordContract {
    /// Reads a contract as YAML says it.
    ///
    /// # Errors
    ///
    /// The text is not YAML, names an unknown key, or says what cannot be meant; with line and column.
    pub fn from_yaml(text: &str) -> Result<Self, ContractError> {
        read(text).map(|(contract, _)| contract)
    }

    /// The JSON of a contract that is written as YAML, which [`RecordContract::from_json`] reads as the same contract.
    ///
    /// # Errors
    ///
    /// Those of [`RecordContract::from_yaml`].
    pub fn json_of_yaml(text: &str) -> Result<String, ContractError> {
        read(text).map(|(_, value)| format!("{value:#}\n"))
    }
}

/// The contract that a function will read, and its JSON. The YAML is read on its way there by no rules of its own: so
/// nothing can mean one thing here and another in the function.
fn read(text: &str) -> Result<(RecordContract, Value), ContractError> {
    let value: Value = serde_saphyr::from_str(text).map_err(|error| located(&error))?;
    match RecordContract::from_value(value.clone()) {
        Ok(contract) => Ok((contract, value)),
        // Only the reader of YAML knows where the fault is.
        Err(error) => {
            Err(serde_saphyr::from_str::<RecordContract>(text).map_or_else(|error| located(&error), |_| error))
        }
    }
}

fn located(error: &serde_saphyr::Error) -> ContractError {
    let location = error.location().map(|location| (location.line(), location.column()));
    ContractError { message: error.without_snippet().to_string(), location }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(yaml: &str) -> ContractError {
        RecordContract::from_yaml(yaml).unwrap_err()
    }

    #[test]
    fn an_error_says_where() {
        let start = "user: [/user]\ntime: [/time]\ntime_formats: [iso8601]\n";
        for (rest, line, message) in [
            ("fields:\n  /price: {tpye: number}\n", 5, "tpye"),
            ("fields:\n  price: {type: number}\n", 5, "write `/price`"),
            ("fields:\n  /a: {}\n  /price: {min: 2, max: 1}\n", 6, "is above"),
            ("fields:\n  /a: {}\n  /a: {}\n", 6, "uplicate"),
            ("colour: red\n", 4, "colour"),
            ("limits: {max_lines: 3}\n", 4, "max_lines"),
            ("id: /x\n", 4, "sequence"),
            ("id: [\n", 4, ""),
            ("fields:\n  /a:\n    - {min: 1}\n    - {min: 2, max: 1}\n", 7, "is above"),
            ("fields:\n  /a: {timestamp: {max_future_skew: soon}}\n", 5, "write 90s"),
            ("fields:\n  /a/*: {unique: true}\n", 5, "about one of each row"),
            ("conditions:\n  - {when: {}, then: {/a: {}}}\n", 5, "at least one field"),
            ("conditions:\n  - when: {/a: {required: true}}\n    then: {/a: {}}\n", 5, "only asks"),
            ("conditions:\n  - {when: {/a: {}}, then: {/a: {unique: true}}}\n", 5, "cannot be conditional"),
            ("codes:\n  JSON_SINTAX: {action: drop}\n", 5, "is no code"),
            ("codes:\n  FILE_REFUSED: {action: drop}\n", 5, "not for the contract"),
            ("codes:\n  JSON_SYNTAX: {}\n", 5, "a code needs"),
            ("codes:\n  JSON_SYNTAX: {action: keep}\n", 5, "cannot be kept"),
        ] {
            let error = error(&format!("{start}{rest}"));
            assert_eq!(error.location().map(|(line, _)| line), Some(line), "{rest}: {error}");
            assert!(error.to_string().contains(message), "{rest}: {error}");
            assert!(error.to_string().contains(&format!("line {line}")), "{rest}: {error}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let contract = |user: &str, formats: &str, limits: &str| {
            format!("user: [{user}]\ntime: [/time]\ntime_formats: [{formats}]\nlimits: {limits}\n")
        };
        for (user, formats, limits, message) in [
            ("", "iso8601", "{}", "at least one JSON pointer"),
            ("/user", "", "{}", "list iso8601"),
            ("/user", "epoch_s, epoch_ms", "{}", "two epoch units"),
            ("/user", "rfc2822", "{}", "rfc2822"),
            ("/user", "iso8601", "{max_depth: 33}", "1 to 32"),
            ("/user", "iso8601", "{max_depth: 0}", "1 to 32"),
            ("/user", "iso8601", "{max_line_bytes: 0}", "max_line_bytes"),
        ] {
            let error = error(&contract(user, formats, limits));
            assert!(error.to_string().contains(message), "{message}: {error}");
            assert!(error.location().is_some(), "{error}");
        }
        assert!(RecordContract::from_yaml(&contract("/user", "iso8601, epoch_s", "{}")).is_ok());
        assert!(error("time: [/time]\ntime_formats: [iso8601]\n").to_string().contains("user"));
        assert!(!error("").to_string().is_empty());
    }

    #[test]
    fn json_says_the_same() {
        for yaml in [include_str!("../tests/contracts/every_rule.yaml"), include_str!("../../processor/contract.yaml")]
        {
            let json = RecordContract::json_of_yaml(yaml).unwrap();
            let (from_yaml, from_json) =
                (RecordContract::from_yaml(yaml).unwrap(), RecordContract::from_json(&json).unwrap());
            assert_eq!(from_json.document(), from_yaml.document());
        }
        assert!(RecordContract::from_json("{}").unwrap_err().to_string().contains("user"));
    }
}
