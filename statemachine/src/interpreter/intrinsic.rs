//! The intrinsic functions of JSONPath: `States.Format('{} of {}', $.a, $.b)`.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html>

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value};

use super::digest;
use super::failure::{Failure, Flow};
use super::path::Path;
use super::scope::Scope;

/// A call, parsed.
#[derive(Clone, Debug)]
pub(super) struct Call {
    name: String,
    arguments: Vec<Argument>,
}

#[derive(Clone, Debug)]
enum Argument {
    Literal(Value),
    Path(Path),
    Call(Call),
}

impl Call {
    pub(super) fn parse(source: &str) -> Result<Self, String> {
        let broken = |reason: String| format!("{source:?} is no call of an intrinsic function: {reason}");
        let mut reader = Reader { rest: source.trim() };
        let call = reader.call().map_err(broken)?;
        if reader.rest.is_empty() { Ok(call) } else { Err(broken(format!("{:?} is left over", reader.rest))) }
    }

    pub(super) fn evaluate(&self, scope: &Scope<'_>, field: &str) -> Flow<Value> {
        let arguments = self.arguments.iter().map(|argument| match argument {
            Argument::Literal(value) => Ok(value.clone()),
            Argument::Path(path) => path.read(scope, field),
            Argument::Call(call) => call.evaluate(scope, field),
        });
        let arguments = arguments.collect::<Flow<Vec<Value>>>()?;
        apply(&self.name, arguments, scope).map_err(|reason| {
            Failure::intrinsic(format!(
                "The function '{}' specified for the field '{field}' failed: {reason}",
                self.name
            ))
        })
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn call(&mut self) -> Result<Call, String> {
        let end = self.rest.find('(').ok_or("a parenthesis is missing")?;
        let name = self.rest[..end].trim();
        if !NAMES.contains(&name) {
            return Err(format!("there is no {name}"));
        }
        let name = name.to_owned();
        self.rest = &self.rest[end + 1..];
        let mut arguments = Vec::new();
        while !self.take(')') {
            if !arguments.is_empty() && !self.take(',') {
                return Err("a comma or a parenthesis is missing".into());
            }
            arguments.push(self.argument()?);
        }
        Ok(Call { name, arguments })
    }

    fn take(&mut self, wanted: char) -> bool {
        let rest = self.rest.trim_start().strip_prefix(wanted);
        self.rest = rest.map_or(self.rest, str::trim_start);
        rest.is_some()
    }

    fn argument(&mut self) -> Result<Argument, String> {
        self.rest = self.rest.trim_start();
        if self.rest.starts_with("States.") {
            return self.call().map(Argument::Call);
        }
        if let Some(inside) = self.rest.strip_prefix('\'') {
            let (text, rest) = quoted(inside).ok_or("a quote is not closed")?;
            self.rest = rest;
            return Ok(Argument::Literal(Value::String(text)));
        }
        let end = argument_end(self.rest);
        let word = self.rest[..end].trim();
        self.rest = &self.rest[end..];
        if word.starts_with('$') {
            return Path::parse(word).map(Argument::Path);
        }
        let literal =
            serde_json::from_str(word).map_err(|_| format!("{word:?} is neither a path, a text nor a number"))?;
        Ok(Argument::Literal(literal))
    }
}

/// The text up to the closing quote, and what follows. A backslash takes the next character as it is.
fn quoted(inside: &str) -> Option<(String, &str)> {
    let mut text = String::new();
    let mut characters = inside.char_indices();
    while let Some((index, character)) = characters.next() {
        match character {
            '\'' => return Some((text, &inside[index + 1..])),
            // `\{` stays as it is, for States.Format reads it.
            '\\' => match characters.next()?.1 {
                brace @ ('{' | '}') => text.extend(['\\', brace]),
                other => text.push(other),
            },
            other => text.push(other),
        }
    }
    None
}

/// Where an argument ends: at a comma or a parenthesis outside of brackets.
fn argument_end(text: &str) -> usize {
    let mut depth = 0_i32;
    for (index, character) in text.char_indices() {
        match character {
            '[' | '(' => depth += 1,
            ',' | ')' if depth == 0 => return index,
            ']' | ')' => depth -= 1,
            _ => {}
        }
    }
    text.len()
}

const NAMES: &[&str] = &[
    "States.Array",
    "States.ArrayContains",
    "States.ArrayGetItem",
    "States.ArrayLength",
    "States.ArrayPartition",
    "States.ArrayRange",
    "States.ArrayUnique",
    "States.Base64Decode",
    "States.Base64Encode",
    "States.Format",
    "States.Hash",
    "States.JsonMerge",
    "States.JsonToString",
    "States.MathAdd",
    "States.MathRandom",
    "States.StringSplit",
    "States.StringToJson",
    "States.UUID",
];

type Outcome = Result<Value, String>;

fn apply(name: &str, mut arguments: Vec<Value>, scope: &Scope<'_>) -> Outcome {
    let given = &mut arguments;
    match name {
        "States.Array" => Ok(Value::Array(arguments)),
        "States.ArrayContains" => take(given).and_then(|[list, item]| Ok(array(list)?.contains(&item).into())),
        "States.ArrayGetItem" => take(given).and_then(|[list, index]| {
            let index = usize::try_from(integer(&index)?).map_err(|_| "the index is negative")?;
            array(list)?.get(index).cloned().ok_or_else(|| format!("the list has no item {index}"))
        }),
        "States.ArrayLength" => take(given).and_then(|[list]| Ok(array(list)?.len().into())),
        "States.ArrayPartition" => take(given).and_then(|[list, size]| {
            let size =
                usize::try_from(integer(&size)?).ok().filter(|size| *size > 0).ok_or("the size is not positive")?;
            Ok(array(list)?.chunks(size).map(|chunk| Value::from(chunk.to_vec())).collect())
        }),
        "States.ArrayRange" => take(given).and_then(|[first, last, step]| range(&first, &last, &step)),
        "States.ArrayUnique" => take(given).and_then(|[list]| {
            let mut unique = Vec::new();
            for item in array(list)? {
                if !unique.contains(&item) {
                    unique.push(item);
                }
            }
            Ok(Value::Array(unique))
        }),
        "States.Base64Encode" => take(given).and_then(|[text]| Ok(BASE64_STANDARD.encode(string(text)?).into())),
        "States.Base64Decode" => take(given).and_then(|[text]| {
            let bytes = BASE64_STANDARD.decode(string(text)?).map_err(|error| error.to_string())?;
            String::from_utf8(bytes).map(Value::from).map_err(|error| error.to_string())
        }),
        "States.Format" => format_text(arguments),
        "States.Hash" => take(given).and_then(|[text, algorithm]| {
            let (text, algorithm) = (text_of(&text), string(algorithm)?);
            digest::hash(&text, &algorithm).map(Value::from).ok_or_else(|| format!("there is no algorithm {algorithm}"))
        }),
        "States.JsonMerge" => take(given).and_then(|[first, second, deep]| {
            if deep != false {
                return Err("only a shallow merge is offered; give false".into());
            }
            let mut merged = object(first)?;
            merged.extend(object(second)?);
            Ok(Value::Object(merged))
        }),
        "States.JsonToString" => take(given).map(|[value]| value.to_string().into()),
        "States.StringToJson" => take(given)
            .and_then(|[text]| serde_json::from_str(&string(text)?).map_err(|error| format!("it is no JSON: {error}"))),
        "States.MathAdd" => take(given).and_then(|[first, second]| Ok((integer(&first)? + integer(&second)?).into())),
        "States.MathRandom" => random(&arguments, scope),
        "States.StringSplit" => take(given).and_then(|[text, separators]| {
            let (text, separators) = (string(text)?, string(separators)?);
            let parts = text.split(|character| separators.contains(character));
            Ok(parts.filter(|part| !part.is_empty()).collect())
        }),
        "States.UUID" => take(given).map(|[]| scope.world.uuid().into()),
        _ => Err("there is no such function".into()),
    }
}

fn take<const N: usize>(arguments: &mut Vec<Value>) -> Result<[Value; N], String> {
    <[Value; N]>::try_from(std::mem::take(arguments))
        .map_err(|given| format!("it takes {N} arguments, not {}", given.len()))
}

fn array(value: Value) -> Result<Vec<Value>, String> {
    match value {
        Value::Array(items) => Ok(items),
        other => Err(format!("{other} is no list")),
    }
}

fn object(value: Value) -> Result<Map<String, Value>, String> {
    match value {
        Value::Object(fields) => Ok(fields),
        other => Err(format!("{other} is no object")),
    }
}

fn string(value: Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(format!("{other} is no text")),
    }
}

/// A number, rounded to the nearest whole one, as AWS documents for `States.MathAdd`.
fn integer(value: &Value) -> Result<i64, String> {
    let number = value.as_i64().or_else(|| value.as_f64().map(|number| number.round() as i64));
    number.ok_or_else(|| format!("{value} is no number"))
}

/// The most items that `States.ArrayRange` makes.
const RANGE_LIMIT: i64 = 1_000;

fn range(first: &Value, last: &Value, step: &Value) -> Outcome {
    let (first, last, step) = (integer(first)?, integer(last)?, integer(step)?);
    let count = (last - first).checked_div_euclid(step).map(|steps| steps + 1).ok_or("the step is 0")?;
    if count > RANGE_LIMIT {
        return Err(format!("it would have more than {RANGE_LIMIT} items"));
    }
    let reaches = |number: &i64| if step > 0 { *number <= last } else { *number >= last };
    Ok((0..RANGE_LIMIT).map(|index| first + index * step).take_while(reaches).map(Value::from).collect())
}

fn random(arguments: &[Value], scope: &Scope<'_>) -> Outcome {
    let [first, last, seed @ ..] = arguments else { return Err("it takes 2 or 3 arguments".into()) };
    let (first, last) = (integer(first)?, integer(last)?);
    if last <= first {
        return Err("the end is not after the start".into());
    }
    let share = match seed {
        [] => scope.world.random(),
        [seed, ..] => fastrand::Rng::with_seed(integer(seed)?.cast_unsigned()).f64(),
    };
    Ok((first + ((last - first) as f64 * share) as i64).into())
}

/// A value inside a text: a text as it is, all else as JSON.
fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn format_text(arguments: Vec<Value>) -> Outcome {
    let mut arguments = arguments.into_iter();
    let template = arguments.next().ok_or("it takes a template").map_err(str::to_owned).and_then(string)?;
    let mut text = String::new();
    let mut rest = template.as_str();
    while let Some(index) = rest.find(['{', '\\']) {
        text.push_str(&rest[..index]);
        rest = &rest[index..];
        if let Some(after) = rest.strip_prefix("{}") {
            let value = arguments.next().ok_or("there are fewer values than {}")?;
            text.push_str(&text_of(&value));
            rest = after;
        } else {
            let kept = rest.strip_prefix('\\').unwrap_or(rest);
            let end = kept.chars().next().map_or(0, char::len_utf8);
            text.push_str(&kept[..end]);
            rest = &kept[end..];
        }
    }
    text.push_str(rest);
    if arguments.next().is_some() { Err("there are more values than {}".into()) } else { Ok(text.into()) }
}

/// A text field of a Fail state may be a path or a call.
pub(super) fn query(source: &str) -> Result<Query, String> {
    if source.starts_with("States.") {
        Call::parse(source).map(Query::Call)
    } else {
        Path::parse(source).map(Query::Path)
    }
}

/// What may stand where JSONPath takes a value from elsewhere.
#[derive(Clone, Debug)]
pub(super) enum Query {
    Path(Path),
    Call(Call),
}

impl Query {
    pub(super) fn evaluate(&self, scope: &Scope<'_>, field: &str) -> Flow<Value> {
        match self {
            Self::Path(path) => path.read(scope, field),
            Self::Call(call) => call.evaluate(scope, field),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn evaluate(source: &str) -> Flow<Value> {
        let input = json!({"a": 1, "list": [1, 2, 2], "text": "x", "object": {"b": 2}, "json": "{\"c\":3}"});
        let call = Call::parse(source).unwrap();
        Scope::test(input, |scope| call.evaluate(scope, "x.$"))
    }

    #[track_caller]
    fn check(source: &str, expected: Value) {
        assert_eq!(evaluate(source), Ok(expected), "{source}");
    }

    #[test]
    fn each_function() {
        check("States.Array($.a, 'b', 3, null)", json!([1, "b", 3, null]));
        check("States.ArrayContains($.list, 2)", json!(true));
        check("States.ArrayGetItem($.list, 1)", json!(2));
        check("States.ArrayLength($.list)", json!(3));
        check("States.ArrayPartition($.list, 2)", json!([[1, 2], [2]]));
        check("States.ArrayRange(1, 9, 2)", json!([1, 3, 5, 7, 9]));
        check("States.ArrayRange(3, 1, -1)", json!([3, 2, 1]));
        check("States.ArrayUnique($.list)", json!([1, 2]));
        check("States.Base64Encode($.text)", json!("eA=="));
        check("States.Base64Decode('eA==')", json!("x"));
        check("States.Hash('abc', 'MD5')", json!("900150983cd24fb0d6963f7d28e17f72"));
        check("States.JsonMerge($.object, States.StringToJson($.json), false)", json!({"b": 2, "c": 3}));
        check("States.JsonToString($.object)", json!("{\"b\":2}"));
        check("States.MathAdd($.a, -3)", json!(-2));
        check("States.MathRandom(1, 2)", json!(1));
        check("States.StringSplit('1,2;;3', ',;')", json!(["1", "2", "3"]));
        check("States.ArrayLength(States.Array(States.UUID(), States.UUID()))", json!(2));
    }

    #[test]
    fn format_fills_its_gaps_and_keeps_escaped_braces() {
        check("States.Format('{} of {}: {}', $.a, $.text, $.object)", json!("1 of x: {\"b\":2}"));
        check(r"States.Format('it\'s \{\} {}', $limit.most)", json!("it's {} 7"));
        check("States.Format('plain')", json!("plain"));
    }

    #[test]
    fn a_wrong_argument_fails_the_function() {
        let wrong =
            ["States.ArrayGetItem($.list, 9)", "States.Format('{}')", "States.Format('', 1)", "States.MathAdd('a', 1)"];
        for source in wrong {
            assert_eq!(evaluate(source).unwrap_err().error, "States.IntrinsicFailure", "{source}");
        }
        assert_eq!(evaluate("States.ArrayLength($.gone)").unwrap_err().error, "States.Runtime");
    }

    #[test]
    fn broken_syntax_is_found_before_anything_runs() {
        for source in
            ["States.Nothing(1)", "States.Array(1", "States.Array(1 2)", "States.Array('a)", "States.UUID() x"]
        {
            assert!(Call::parse(source).is_err(), "{source}");
        }
    }
}
