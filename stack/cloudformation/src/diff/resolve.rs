//! A template as its parameters make it: parameters, mappings and conditions are looked up as far as they are known
//! before deployment, and what can be said in several ways is said in one.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use super::{Side, policy, text};

/// One side of a comparison, resolved.
#[derive(Default)]
pub(super) struct Resolver<'a> {
    parameters: BTreeMap<&'a str, Json>,
    mappings: Option<&'a Map<String, Json>>,
    conditions: BTreeMap<&'a str, bool>,
}

/// The function's name and its argument, where the object is an intrinsic function.
pub(super) fn intrinsic(fields: &Map<String, Json>) -> Option<(&str, &Json)> {
    let mut entries = fields.iter();
    match (entries.next(), entries.next()) {
        (Some((name, argument)), None) if name == "Ref" || name.starts_with("Fn::") => Some((name, argument)),
        _ => None,
    }
}

/// A section of a template.
pub(super) fn section<'a>(template: &'a Json, name: &str) -> Option<&'a Map<String, Json>> {
    template.get(name).and_then(Json::as_object)
}

impl<'a> Resolver<'a> {
    /// What the side's parameters, mappings and conditions say.
    pub(super) fn new(side: &Side<'a>) -> Self {
        let declared = section(side.template, "Parameters").into_iter().flatten();
        let parameters = declared.filter_map(|(name, declaration)| {
            let given = side.parameters.get(name).map(String::as_str);
            Some((name.as_str(), parameter(declaration, given)?))
        });
        let mut resolver = Self {
            parameters: parameters.collect(),
            mappings: section(side.template, "Mappings"),
            conditions: BTreeMap::new(),
        };
        if let Some(conditions) = section(side.template, "Conditions") {
            for name in conditions.keys() {
                if let Some(holds) = resolver.condition(name, conditions, &mut BTreeSet::new()) {
                    resolver.conditions.insert(name, holds);
                }
            }
        }
        resolver
    }

    /// The entries of a section, resolved, without those whose condition does not hold.
    pub(super) fn entries(&self, template: &Json, name: &str) -> BTreeMap<String, Json> {
        let entries = section(template, name).into_iter().flatten();
        let present = entries.filter(|(_, entry)| {
            let condition = entry.get("Condition").and_then(Json::as_str);
            condition.and_then(|condition| self.conditions.get(condition)) != Some(&false)
        });
        present.filter_map(|(name, entry)| Some((name.clone(), self.value(entry)?))).collect()
    }

    /// The value, or none for `AWS::NoValue`.
    pub(super) fn value(&self, value: &Json) -> Option<Json> {
        match value {
            Json::Array(items) => Some(items.iter().filter_map(|item| self.value(item)).collect()),
            Json::Object(fields) => match intrinsic(fields) {
                Some((name, argument)) => self.function(name, argument),
                None => {
                    let fields = fields.iter().filter_map(|(name, value)| Some((name.clone(), self.value(value)?)));
                    let fields: Map<String, Json> = fields.collect();
                    let is_policy = policy::is_document(&Json::Object(fields.clone()));
                    Some(if is_policy { policy::canonical(&fields) } else { fields.into() })
                }
            },
            scalar => Some(scalar.clone()),
        }
    }

    fn function(&self, name: &str, argument: &Json) -> Option<Json> {
        match (name, argument) {
            ("Ref", Json::String(target)) if target == "AWS::NoValue" => None,
            ("Ref", Json::String(target)) => {
                Some(self.parameters.get(target.as_str()).cloned().unwrap_or_else(|| json!({ "Ref": target })))
            }
            ("Fn::GetAtt", _) => Some(json!({ "Fn::GetAtt": attribute(argument) })),
            ("Fn::Sub", _) => {
                let argument = self.pattern(argument)?;
                Some(text::substitute(&argument).unwrap_or_else(|| json!({ "Fn::Sub": argument })))
            }
            ("Fn::Join", _) => {
                let argument = self.value(argument)?;
                Some(text::join(&argument).unwrap_or_else(|| json!({ "Fn::Join": argument })))
            }
            ("Fn::If", Json::Array(items)) => match items.as_slice() {
                [Json::String(condition), yes, no] => match self.conditions.get(condition.as_str()) {
                    Some(holds) => self.value(if *holds { yes } else { no }),
                    None => {
                        let side = |side| self.value(side).unwrap_or_else(|| json!({ "Ref": "AWS::NoValue" }));
                        Some(json!({ "Fn::If": [condition, side(yes), side(no)] }))
                    }
                },
                _ => Some(json!({ "Fn::If": items })),
            },
            ("Fn::FindInMap", _) => {
                let argument = self.value(argument)?;
                Some(self.find_in_map(&argument).unwrap_or_else(|| json!({ "Fn::FindInMap": argument })))
            }
            _ => Some(json!({ name: self.value(argument)? })),
        }
    }

    /// The argument of `Fn::Sub` with its own values resolved, and parameters among them.
    fn pattern(&self, argument: &Json) -> Option<Json> {
        let (pattern, own) = match argument {
            Json::Array(items) => (items.first()?, items.get(1).and_then(|values| self.value(values))),
            pattern => (pattern, None),
        };
        let mut values = match own {
            Some(Json::Object(values)) => values,
            _ => Map::new(),
        };
        for target in text::pattern_targets(pattern.as_str()?) {
            if let (false, Some(value)) = (values.contains_key(&target), self.parameters.get(target.as_str())) {
                values.insert(target, value.clone());
            }
        }
        Some(if values.is_empty() { pattern.clone() } else { json!([pattern, values]) })
    }

    fn find_in_map(&self, argument: &Json) -> Option<Json> {
        let [map, first, second] = argument.as_array()?.as_slice() else { return None };
        self.mappings?.get(map.as_str()?)?.get(first.as_str()?)?.get(second.as_str()?).cloned()
    }

    /// Whether the condition holds, where that is known before deployment.
    fn condition(&self, name: &str, all: &'a Map<String, Json>, within: &mut BTreeSet<String>) -> Option<bool> {
        if !within.insert(name.to_owned()) {
            return None;
        }
        let holds = all.get(name).and_then(|test| self.test(test, all, within));
        within.remove(name);
        holds
    }

    fn test(&self, test: &Json, all: &'a Map<String, Json>, within: &mut BTreeSet<String>) -> Option<bool> {
        let (name, argument) = test.as_object()?.iter().next()?;
        if name == "Condition" {
            return self.condition(argument.as_str()?, all, within);
        }
        let arguments = argument.as_array()?;
        if name == "Fn::Equals" {
            let sides: Vec<Json> = arguments.iter().filter_map(|side| self.value(side)).collect();
            return match sides.as_slice() {
                [left, right] if is_known(left) && is_known(right) => Some(literal(left) == literal(right)),
                _ => None,
            };
        }
        let tests: Vec<Option<bool>> = arguments.iter().map(|test| self.test(test, all, within)).collect();
        match name.as_str() {
            "Fn::Not" => tests.first().copied().flatten().map(|holds| !holds),
            "Fn::And" if tests.contains(&Some(false)) => Some(false),
            "Fn::And" => tests.into_iter().all(|test| test.is_some()).then_some(true),
            "Fn::Or" if tests.contains(&Some(true)) => Some(true),
            "Fn::Or" => tests.into_iter().all(|test| test.is_some()).then_some(false),
            _ => None,
        }
    }
}

/// What a parameter is, given or by default. A secret and a value that is nowhere stay references.
fn parameter(declaration: &Json, given: Option<&str>) -> Option<Json> {
    if super::is_secret(declaration) {
        return None;
    }
    let kind = declaration.get("Type").and_then(Json::as_str).unwrap_or_default();
    let default = declaration.get("Default").map(literal);
    let value = given.map(str::to_owned).or(default)?;
    if kind.starts_with("AWS::SSM::Parameter::Value<") {
        return Some(format!("{{{{resolve:ssm:{value}}}}}").into());
    }
    if kind == "CommaDelimitedList" || kind.starts_with("List<") {
        return Some(value.split(',').map(str::trim).map(Json::from).collect());
    }
    Some(value.into())
}

/// `Fn::GetAtt` takes `Resource.Attribute` or both in a list.
fn attribute(argument: &Json) -> Json {
    let split = argument.as_str().and_then(|text| text.split_once('.'));
    split.map_or_else(|| argument.clone(), |(target, attribute)| json!([target, attribute]))
}

fn is_known(value: &Json) -> bool {
    matches!(value, Json::String(_) | Json::Bool(_) | Json::Number(_))
}

/// A scalar's text.
pub(super) fn literal(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
