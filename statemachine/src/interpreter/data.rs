//! A value on its way through a machine. It is JSON for a path, a JSONata value for an expression and text for the
//! history; each form is made once, when it is first asked for, and shared by all who hold the value.

use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;

use indexmap::IndexMap;
use jsonata_core::value::JValue;
use serde_json::{Map, Number, Value};

#[derive(Clone, Debug)]
pub(super) struct Data(Rc<Forms>);

#[derive(Debug)]
struct Forms {
    json: Value,
    jsonata: OnceCell<JValue>,
    text: OnceCell<Arc<str>>,
}

impl Data {
    pub(super) fn json(&self) -> &Value {
        &self.0.json
    }

    pub(super) fn jsonata(&self) -> JValue {
        self.0.jsonata.get_or_init(|| to_jsonata(self.json())).clone()
    }

    pub(super) fn text(&self) -> &Arc<str> {
        self.0.text.get_or_init(|| self.json().to_string().into())
    }

    /// The value itself, without a copy where nobody else holds it.
    pub(super) fn into_json(self) -> Value {
        Rc::try_unwrap(self.0).map_or_else(|shared| shared.json.clone(), |forms| forms.json)
    }
}

impl From<Value> for Data {
    fn from(json: Value) -> Self {
        Self(Rc::new(Forms { json, jsonata: OnceCell::new(), text: OnceCell::new() }))
    }
}

/// JSONata knows no numbers but doubles, so an integer beyond 2^53 loses digits, as it does on AWS.
pub(super) fn to_jsonata(value: &Value) -> JValue {
    match value {
        Value::Null => JValue::Null,
        Value::Bool(value) => JValue::Bool(*value),
        Value::Number(number) => JValue::Number(number.as_f64().unwrap_or_default()),
        Value::String(text) => JValue::string(text.as_str()),
        Value::Array(items) => JValue::array(items.iter().map(to_jsonata).collect()),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| (name.clone(), to_jsonata(value)));
            JValue::object(fields.collect::<IndexMap<_, _>>())
        }
    }
}

/// The JSON of what an expression gave, or what it holds that is none: a function, or nothing.
pub(super) fn from_jsonata(value: &JValue) -> Result<Value, &'static str> {
    Ok(match value {
        JValue::Null => Value::Null,
        JValue::Bool(value) => Value::Bool(*value),
        JValue::Number(number) => number_of(*number),
        JValue::String(text) => Value::String(text.to_string()),
        JValue::Array(items) => Value::Array(items.iter().map(from_jsonata).collect::<Result<_, _>>()?),
        JValue::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| Ok((name.clone(), from_jsonata(value)?)));
            Value::Object(fields.collect::<Result<Map<_, _>, &'static str>>()?)
        }
        JValue::Undefined => return Err("nothing (undefined)"),
        _ => return Err("a function"),
    })
}

/// AWS writes a number that JSON does not have as JavaScript names it.
fn number_of(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < 1e15 {
        return Value::from(number as i64);
    }
    let name = match number {
        number if number.is_nan() => "NaN",
        f64::INFINITY => "Infinity",
        _ => "-Infinity",
    };
    Number::from_f64(number).map_or_else(|| Value::from(name), Value::Number)
}
