//! The contract's JSON Schema says what the program says: both accept the same contracts, as far as a schema can tell.

#![allow(clippy::unwrap_used, reason = "Clippy allows it in test functions, and this file holds their helpers too")]

use std::collections::BTreeSet;

use activity::{Code, RecordContract};
use boon::{Compiler, Schemas};
use serde_json::Value;

const START: &str = "user: [/user]\ntime: [/time]\ntime_formats: [iso8601]\n";

fn schema() -> Value {
    serde_json::from_str(RecordContract::JSON_SCHEMA).unwrap()
}

/// Whether the schema accepts a contract.
fn accepts(yaml: &str) -> bool {
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.add_resource("contract.schema.json", schema()).unwrap();
    let index = compiler.compile("contract.schema.json", &mut schemas).unwrap();
    let contract: Value = serde_saphyr::from_str(yaml).unwrap();
    schemas.validate(&contract, index).is_ok()
}

#[test]
fn the_contracts_of_this_repository_are_sound() {
    for yaml in [
        include_str!("../../processor/contract.yaml"),
        include_str!("../../../tests/contracts/wikiticker.yaml"),
        include_str!("contracts/every_rule.yaml"),
    ] {
        RecordContract::from_yaml(yaml).unwrap();
        assert!(accepts(yaml), "{yaml}");
    }
}

#[test]
fn what_the_program_refuses_the_schema_refuses() {
    for rest in [
        "colour: red",
        "id: /x",
        "fields: {price: {}}",
        "fields: {/a~2: {}}",
        "fields: {/price: {tpye: number}}",
        "fields: {/a: {type: text}}",
        "fields: {/a: {one_of: []}}",
        "fields: {/a: {min: abc}}",
        "fields: {/a: {min_length: -1}}",
        "fields: {/a: {timestamp: {max_future_skew: soon}}}",
        "fields: {/a: {timestamp: {formats: []}}}",
        "fields: {/a: {timestamp: {earliest: yesterday}}}",
        "fields: {/a: {severity: warn, action: fail}}",
        "fields: {/a: {action: ignore}}",
        "fields: {/a: [{min: 1}, {mni: 1}]}",
        "fields: {/a: []}",
        "file: {rules: [{rule: schema_drift, baseline: {/a: []}}]}",
        "conditions: [{when: {}, then: {/a: {}}}]",
        "conditions: [{when: {/a: {}}}]",
        "conditions: [{when: {/a: {required: true}}, then: {/a: {}}}]",
        "forbid_unknown: maybe",
        "codes: {JSON_SINTAX: {action: drop}}",
        "codes: {FILE_REFUSED: {action: drop}}",
        "codes: {JSON_SYNTAX: {}}",
        "limits: {max_lines: 3}",
        "limits: {max_depth: 33}",
        "limits: {max_line_bytes: 0}",
        "limits: {max_gzip_ratio: 0}",
        "file: {rules: [{rule: rows, min: 1}]}",
        "file: {rules: [{rule: row_count}]}",
        "file: {rules: [{rule: row_count, min: 1, field: /a}]}",
        "file: {rules: [{rule: mean, min: 1}]}",
        "file: {rules: [{rule: completeness, field: /a, min: 2}]}",
        "file: {rules: [{rule: quantile, field: /a, at: 99, min: 2}]}",
        "file: {rules: [{rule: freshness}]}",
        "file: {rules: [{rule: schema_drift, baseline: {/a: text}}]}",
        "file: {rules: [{rule: volume, history: [], max_deviation: 1}]}",
        "file: {rules: [{rule: volume, history: [1]}]}",
        "file: {rules: [{rule: row_count, min: 1, severity: warn, action: fail}]}",
    ] {
        let yaml = format!("{START}{rest}\n");
        let error = RecordContract::from_yaml(&yaml).unwrap_err();
        assert_eq!(error.location().map(|(line, _)| line), Some(4), "{rest}: {error}");
        assert!(!accepts(&yaml), "the schema accepts {rest}");
    }
    for yaml in ["{}", "{user: [], time: [/t], time_formats: [iso8601]}", "{user: [/u], time: [/t], time_formats: []}"]
    {
        assert!(RecordContract::from_yaml(yaml).is_err() && !accepts(yaml), "{yaml}");
    }
}

/// The keys that the program takes where it does not know `zzz`, as its refusal lists them.
fn keys_at(yaml: &str) -> BTreeSet<String> {
    let error = RecordContract::from_yaml(yaml).unwrap_err().to_string();
    let (_, list) = error.split_once(", expected ").unwrap();
    list.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn properties(schema: &Value, pointer: &str) -> BTreeSet<String> {
    schema.pointer(pointer).and_then(Value::as_object).unwrap().keys().cloned().collect()
}

/// A key that is new in the program and not in the schema, or gone, is noticed.
#[test]
fn the_schema_knows_every_key() {
    let schema = schema();
    for (rest, pointer) in [
        ("zzz: 1", "/properties"),
        ("fields: {/a: {zzz: 1}}", "/definitions/rule/properties"),
        ("fields: {/a: {timestamp: {zzz: 1}}}", "/definitions/rule/properties/timestamp/properties"),
        ("conditions: [{zzz: 1}]", "/properties/conditions/items/properties"),
        ("codes: {DEPTH: {zzz: 1}}", "/properties/codes/additionalProperties/properties"),
        ("file: {zzz: 1}", "/properties/file/properties"),
        ("limits: {zzz: 1}", "/properties/limits/properties"),
    ] {
        assert_eq!(keys_at(&format!("{START}{rest}\n")), properties(&schema, pointer), "{rest}");
    }
    let of_rules = schema["definitions"]["file_rule"]["oneOf"].as_array().unwrap();
    let in_schema: BTreeSet<String> = of_rules.iter().flat_map(|rule| properties(rule, "/properties")).collect();
    assert_eq!(keys_at(&format!("{START}file: {{rules: [{{zzz: 1}}]}}\n")), in_schema);
    let kinds: BTreeSet<String> =
        of_rules.iter().map(|rule| rule["properties"]["rule"]["const"].as_str().unwrap().to_owned()).collect();
    assert_eq!(keys_at(&format!("{START}file: {{rules: [{{rule: zzz}}]}}\n")), kinds);
    let names: Vec<&str> = schema["properties"]["codes"]["propertyNames"]["enum"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let codes = Code::ALL.iter().filter(|code| !matches!(code, Code::WriteRefused | Code::FileRefused));
    assert_eq!(names, codes.map(|code| code.as_str()).collect::<Vec<_>>());
}

/// The document names every rule and every code of a contract.
#[test]
fn the_document_tells_everything() {
    let contract = RecordContract::from_yaml(include_str!("contracts/every_rule.yaml")).unwrap();
    let document = contract.document();
    let expected = include_str!("contracts/every_rule.md");
    assert!(document == expected, "contracts/every_rule.md is stale; it should be:\n{document}");
}
