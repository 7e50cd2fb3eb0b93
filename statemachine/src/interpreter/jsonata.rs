//! JSONata as Step Functions has it: the language itself comes from a library; the functions that Step Functions adds,
//! takes away, or that would differ from run to run, are here.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html>

use std::rc::Rc;

use jsonata_core::ast::AstNode;
use jsonata_core::evaluator::{Context, Evaluator, EvaluatorError, EvaluatorOptions};
use jsonata_core::parser;
use jsonata_core::value::JValue;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::data::{from_jsonata, to_jsonata};
use super::digest;
use super::failure::{Failure, Flow};
use super::scope::Scope;
use super::world::World;

/// The longest that AWS evaluates one expression for, milliseconds.
const LONGEST_MILLISECONDS: u64 = 5_000;

/// An expression, parsed.
pub(super) struct Expression {
    source: String,
    tree: AstNode,
    functions: Vec<Function>,
}

impl std::fmt::Debug for Expression {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Expression").field(&self.source).finish()
    }
}

/// The expression in `{% … %}`, if the text is one.
pub(super) fn delimited(text: &str) -> Option<&str> {
    text.strip_prefix("{%")?.strip_suffix("%}").map(str::trim)
}

impl Expression {
    pub(super) fn parse(source: &str) -> Result<Self, String> {
        let tree =
            parser::parse(source).map_err(|error| format!("{source:?} is no JSONata: {}", error.display_message()))?;
        let functions = Function::ALL.iter().filter(|function| source.contains(function.name())).copied().collect();
        Ok(Self { source: source.to_owned(), tree, functions })
    }

    /// Evaluates the expression. `field` names it in errors, as `Arguments/Payload`.
    pub(super) fn evaluate(&self, scope: &Scope<'_>, field: &str) -> Flow<Value> {
        let mut context = Context::new();
        context.bind("states".to_owned(), scope.states());
        for (name, value) in scope.variables.iter() {
            context.bind(name.clone(), value.jsonata());
        }
        let options = EvaluatorOptions { timeout_ms: Some(LONGEST_MILLISECONDS), ..EvaluatorOptions::default() };
        let mut evaluator = Evaluator::with_options(context, options);
        let place = || format!("The JSONata expression '{}' specified for the field '{field}'", self.source);
        let threw = |error: EvaluatorError| {
            Failure::query(format!("{} threw an error during evaluation. {}", place(), error.message()))
        };
        for function in &self.functions {
            function.register(&mut evaluator, scope.world).map_err(threw)?;
        }
        let value = evaluator.evaluate(&self.tree, &JValue::Undefined).map_err(threw)?;
        from_jsonata(&value).map_err(|nothing| Failure::query(format!("{} returned {nothing}.", place())))
    }
}

/// A function that JSONata's library does not have, or not in this way.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Function {
    Partition,
    Range,
    Hash,
    Random,
    Uuid,
    Parse,
    Now,
    Millis,
    Eval,
    EncodeUrl,
}

impl Function {
    const ALL: &[Self] = &[
        Self::Partition,
        Self::Range,
        Self::Hash,
        Self::Random,
        Self::Uuid,
        Self::Parse,
        Self::Now,
        Self::Millis,
        Self::Eval,
        Self::EncodeUrl,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Partition => "partition",
            Self::Range => "range",
            Self::Hash => "hash",
            Self::Random => "random",
            Self::Uuid => "uuid",
            Self::Parse => "parse",
            Self::Now => "now",
            Self::Millis => "millis",
            Self::Eval => "eval",
            Self::EncodeUrl => "encodeUrl",
        }
    }

    fn register(self, evaluator: &mut Evaluator, world: &Rc<World>) -> Result<(), EvaluatorError> {
        let world = Rc::clone(world);
        let name = self.name();
        let is_replaced = matches!(self, Self::Random | Self::Now | Self::Millis | Self::Eval | Self::EncodeUrl);
        let function = move |arguments: &[JValue]| self.call(arguments, &world);
        if is_replaced { evaluator.register_fn_override(name, function) } else { evaluator.register_fn(name, function) }
    }

    fn call(self, arguments: &[JValue], world: &World) -> Result<JValue, EvaluatorError> {
        let number = |index: usize| arguments.get(index).and_then(JValue::as_f64).map(f64::trunc);
        let text = |index: usize| arguments.get(index).and_then(JValue::as_str);
        Ok(match self {
            Self::Partition => partition(arguments.first(), number(1)),
            Self::Range => range(number(0), number(1), number(2)),
            Self::Hash => match (text(0), text(1)) {
                (Some(text), Some(algorithm)) => digest::hash(text, algorithm)
                    .map(JValue::from)
                    .ok_or_else(|| refused(format!("there is no hash algorithm {algorithm}")))?,
                _ => JValue::Undefined,
            },
            Self::Random => number(0).map_or_else(
                || JValue::from(world.random()),
                |seed| JValue::from(fastrand::Rng::with_seed(seed as u64).f64()),
            ),
            Self::Uuid => JValue::from(world.uuid()),
            Self::Parse => match text(0) {
                Some(text) => serde_json::from_str(text)
                    .map(|value: Value| to_jsonata(&value))
                    .map_err(|error| refused(format!("$parse was given no JSON: {error}")))?,
                None => JValue::Undefined,
            },
            Self::Now => JValue::from(world.now()),
            Self::Millis => JValue::from(world.milliseconds()),
            Self::Eval => {
                return Err(refused("$eval is not offered by Step Functions; use $parse for JSON".to_owned()));
            }
            Self::EncodeUrl => match text(0) {
                Some(url) => JValue::from(utf8_percent_encode(url, &URL).to_string()),
                None => JValue::Undefined,
            },
        })
    }
}

/// What `$encodeUrl` encodes, which the library leaves as it is: all but the characters of a URL.
const URL: AsciiSet = NON_ALPHANUMERIC
    .remove(b';')
    .remove(b',')
    .remove(b'/')
    .remove(b'?')
    .remove(b':')
    .remove(b'@')
    .remove(b'&')
    .remove(b'=')
    .remove(b'+')
    .remove(b'$')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'#');

fn refused(message: String) -> EvaluatorError {
    EvaluatorError::EvaluationError(message)
}

/// The list in chunks. Nothing, as on AWS, where there is nothing to cut or no size to cut to.
fn partition(list: Option<&JValue>, size: Option<f64>) -> JValue {
    let size = size.filter(|size| *size >= 1.0).map(|size| size as usize);
    match (list.and_then(JValue::as_array), size) {
        (Some(items), Some(size)) if !items.is_empty() => {
            JValue::array(items.chunks(size).map(|chunk| JValue::array(chunk.to_vec())).collect())
        }
        _ => JValue::Undefined,
    }
}

/// The longest range that AWS makes.
const LONGEST_RANGE: f64 = 360_145.0;

/// The numbers from `start` to `end` at most. One alone is a number, not a list, as on AWS.
fn range(start: Option<f64>, end: Option<f64>, step: Option<f64>) -> JValue {
    let (Some(start), Some(end), Some(step)) = (start, end, step) else { return JValue::Undefined };
    let steps = ((end - start) / step).floor();
    if !(0.0..LONGEST_RANGE).contains(&steps) {
        return JValue::Undefined;
    }
    let numbers = (0..=steps as u64).map(|index| JValue::from(start + step * index as f64)).collect();
    JValue::sequence(numbers).unwrap_sequence()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(source: &str, expected: Value) {
        let input = json!({"a": 1, "list": [3, 1, 2], "none": null, "text": "x", "many": [{"n": 1}, {"n": 2}]});
        let expression = Expression::parse(source).unwrap();
        let found = Scope::test(input, |scope| expression.evaluate(scope, "Output"));
        assert_eq!(found.map_err(|failure| failure.cause), Ok(expected), "{source}");
    }

    #[track_caller]
    fn check_fails(source: &str, cause: &str) {
        let expression = Expression::parse(source).unwrap();
        let failure = Scope::test(json!({"text": "x"}), |scope| expression.evaluate(scope, "Output/a")).unwrap_err();
        assert_eq!(failure.error, "States.QueryEvaluationError");
        assert!(failure.cause.as_ref().unwrap().contains(cause), "{failure:?}");
    }

    #[test]
    fn what_an_expression_sees() {
        check("$states.input.a + 1", json!(2));
        check("$states.context.Execution.Name", json!("test"));
        check("$limit.most", json!(7));
        check("$states.input.none", json!(null));
        check("$exists($states.input.none)", json!(true));
        check("$states.input.many[n > 1].n", json!(2));
        check("$states.input.many.n", json!([1, 2]));
        check("[$states.input.many[n > 1]]", json!([{"n": 2}]));
        check("$sort($states.input.list)", json!([1, 2, 3]));
        check("$string({'b': 1})", json!("{\"b\":1}"));
        check("1.5 * 2", json!(3));
        check("0.1 + 0.2 < 0.31", json!(true));
    }

    #[test]
    fn the_functions_that_step_functions_adds() {
        check("$partition([1,2,3,4,5], 2)", json!([[1, 2], [3, 4], [5]]));
        check("$partition([1,2,3], 2.9)", json!([[1, 2], [3]]));
        check("$range(0, 10, 5)", json!([0, 5, 10]));
        check("$range(3, 1, -1)", json!([3, 2, 1]));
        check("$range(1, 1, 1)", json!(1));
        check("$hash('abc', 'MD5')", json!("900150983cd24fb0d6963f7d28e17f72"));
        check("$hash('abc', 'SHA-1')", json!("a9993e364706816aba3e25717850c26c9cd0d89d"));
        check("$random(5) = $random(5)", json!(true));
        check("$random() < 1", json!(true));
        check("$length($uuid())", json!(36));
        check("$parse('{\"a\": [1, null]}')", json!({"a": [1, null]}));
        check("$now()", json!("2026-01-01T00:00:00.000Z"));
        check("$millis()", json!(1_767_225_600_000_i64));
        check("$map([1, 2], function($n) { $hash($string($n), 'MD5') }) ~> $count()", json!(2));
    }

    #[test]
    fn what_gives_nothing_or_a_function_fails_and_names_the_field() {
        let place = "The JSONata expression '$states.input.gone' specified for the field 'Output/a' returned nothing";
        check_fails("$states.input.gone", place);
        check_fails("$unset", "returned nothing");
        check_fails("$partition([], 2)", "returned nothing");
        check_fails("$range(1, 2)", "returned nothing");
        check_fails("$range(1, 2, -1)", "returned nothing");
        check_fails("$hash('a')", "returned nothing");
        check_fails("$sum", "returned a function");
        check_fails("$eval('1')", "$eval is not offered");
        check_fails("$parse('{')", "no JSON");
        check_fails("$states.input.text + 1", "threw an error");
    }

    #[test]
    fn broken_syntax_is_found_before_anything_runs() {
        assert!(Expression::parse("$states.input.").is_err());
        assert_eq!(delimited("{% 1 %}"), Some("1"));
        assert_eq!(delimited("{ 1 }"), None);
    }
}
