//! JSONPath, as the States Language uses it: `$.a` reads the input, `$$.a` the context object and `$name.a` a variable.

use serde_json::Value;
use serde_json_path::JsonPath;

use super::failure::{Failure, Flow};
use super::scope::Scope;

/// A path that selects one place (a reference path), or a query that may select several.
#[derive(Clone, Debug)]
pub(super) struct Path {
    source: String,
    root: Root,
    selection: Selection,
}

#[derive(Clone, Debug, PartialEq)]
enum Root {
    Input,
    Context,
    Variable(String),
}

#[derive(Clone, Debug)]
enum Selection {
    Place(Vec<Step>),
    Query(JsonPath),
}

/// One step of a reference path.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    Field(String),
    /// A negative index counts from the end.
    Index(i64),
}

impl Path {
    pub(super) fn parse(source: &str) -> Result<Self, String> {
        let broken = |reason: &str| format!("{source:?} is no path: {reason}");
        let after = source.strip_prefix('$').ok_or_else(|| broken("begin it with $"))?;
        let (root, rest) = match after.strip_prefix('$') {
            Some(rest) => (Root::Context, rest),
            None => {
                let end = after.find(['.', '[']).unwrap_or(after.len());
                let (name, rest) = after.split_at(end);
                (if name.is_empty() { Root::Input } else { Root::Variable(name.to_owned()) }, rest)
            }
        };
        let selection = match steps(rest) {
            Some(steps) => Selection::Place(steps),
            None => Selection::Query(JsonPath::parse(&format!("${rest}")).map_err(|error| broken(&error.to_string()))?),
        };
        Ok(Self { source: source.to_owned(), root, selection })
    }

    pub(super) fn source(&self) -> &str {
        &self.source
    }

    /// What the path selects: for a reference path the value there, if there is one; for a query the list of all.
    pub(super) fn find(&self, scope: &Scope<'_>) -> Option<Value> {
        match (&self.root, &self.selection) {
            (Root::Input, Selection::Place(steps)) => walk(scope.input.json(), steps).cloned(),
            (Root::Input, Selection::Query(query)) => Some(all(query, scope.input.json())),
            (Root::Context, Selection::Place(steps)) => match steps.split_first() {
                Some((Step::Field(part), steps)) => walk(scope.context.part(part)?.json(), steps).cloned(),
                _ => Some(scope.context.json()),
            },
            (Root::Context, Selection::Query(query)) => Some(all(query, &scope.context.json())),
            (Root::Variable(name), Selection::Place(steps)) => walk(scope.variables.get(name)?.json(), steps).cloned(),
            (Root::Variable(name), Selection::Query(query)) => Some(all(query, scope.variables.get(name)?.json())),
        }
    }

    /// As [`find`](Self::find), where the field cannot do without.
    pub(super) fn read(&self, scope: &Scope<'_>, field: &str) -> Flow<Value> {
        self.find(scope).ok_or_else(|| {
            let Self { source, .. } = self;
            let input = scope.input.text();
            Failure::runtime(format!(
                "The JSONPath '{source}' specified for the field '{field}' could not be found in the input '{input}'"
            ))
        })
    }

    /// Writes `value` into `document` where this path leads, and makes the fields on the way. `None`: the document has
    /// something else there.
    pub(super) fn write(&self, document: Value, value: Value) -> Option<Value> {
        match &self.selection {
            Selection::Place(steps) if self.root == Root::Input => write(document, steps, value),
            _ => None,
        }
    }
}

fn all(query: &JsonPath, document: &Value) -> Value {
    query.query(document).all().into_iter().cloned().collect()
}

fn walk<'a>(document: &'a Value, steps: &[Step]) -> Option<&'a Value> {
    steps.iter().try_fold(document, |value, step| match step {
        Step::Field(name) => value.get(name),
        Step::Index(index) => {
            let items = value.as_array()?;
            let index = if *index < 0 { i64::try_from(items.len()).ok()? + index } else { *index };
            items.get(usize::try_from(index).ok()?)
        }
    })
}

fn write(document: Value, steps: &[Step], value: Value) -> Option<Value> {
    let Some((step, rest)) = steps.split_first() else { return Some(value) };
    match (step, document) {
        (Step::Field(name), Value::Object(mut fields)) => {
            let inner = fields.get_mut(name).map_or_else(|| Value::Object(Default::default()), Value::take);
            fields.insert(name.clone(), write(inner, rest, value)?);
            Some(Value::Object(fields))
        }
        (Step::Index(index), Value::Array(mut items)) => {
            let place = items.get_mut(usize::try_from(*index).ok()?)?;
            *place = write(place.take(), rest, value)?;
            Some(Value::Array(items))
        }
        _ => None,
    }
}

/// The steps of a reference path after its `$`, or nothing where it is a query.
fn steps(mut rest: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    while !rest.is_empty() {
        let step;
        (step, rest) = if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let name = &after[..end];
            if name.is_empty() || name.contains(['*', '?', '(', ')', '@', ' ']) {
                return None;
            }
            (Step::Field(name.to_owned()), &after[end..])
        } else {
            bracket(rest.strip_prefix('[')?)?
        };
        steps.push(step);
    }
    Some(steps)
}

/// `'name']…`, `"name"]…` or `3]…`.
fn bracket(inside: &str) -> Option<(Step, &str)> {
    let quote = inside.chars().next()?;
    if quote == '\'' || quote == '"' {
        let (name, rest) = inside[1..].split_once(quote)?;
        let is_plain = !name.contains('\\');
        return rest.strip_prefix(']').filter(|_| is_plain).map(|rest| (Step::Field(name.to_owned()), rest));
    }
    let (index, rest) = inside.split_once(']')?;
    Some((Step::Index(index.parse().ok()?), rest))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(path: &str, expected: Option<Value>) {
        let input = json!({"a": {"b-c": [1, 2, {"d": 3}]}, "e f": true, "list": [{"n": 1, "x": "p"}, {"n": 2}]});
        let found = Scope::test(input, |scope| Path::parse(path).unwrap().find(scope));
        assert_eq!(found, expected, "{path}");
    }

    #[test]
    fn a_reference_path_gives_the_value_there_and_a_query_a_list() {
        check("$.a.b-c[1]", Some(json!(2)));
        check("$.a['b-c'][-1].d", Some(json!(3)));
        check("$['e f']", Some(json!(true)));
        check("$.a.gone", None);
        check("$.a.b-c[9]", None);
        check("$.list[*].n", Some(json!([1, 2])));
        check("$.list[?(@.n > 1)]", Some(json!([{"n": 2}])));
        check("$.list[?(@.x == 'q')].n", Some(json!([])));
        check("$..n", Some(json!([1, 2])));
        check("$.list[0:1].x", Some(json!(["p"])));
        check("$$.Execution.Name", Some(json!("test")));
        check("$limit.most", Some(json!(7)));
        check("$unset", None);
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for source in ["a.b", "", "$.a[", "$.list[?(@.n >)]"] {
            assert!(Path::parse(source).is_err(), "{source}");
        }
    }

    #[test]
    fn a_result_is_written_where_the_path_leads() {
        let write = |path: &str, document: Value| Path::parse(path).unwrap().write(document, json!(1));
        assert_eq!(write("$", json!({"a": 2})), Some(json!(1)));
        assert_eq!(write("$.b.c", json!({"a": 2})), Some(json!({"a": 2, "b": {"c": 1}})));
        assert_eq!(write("$.a[1]", json!({"a": [5, 6]})), Some(json!({"a": [5, 1]})));
        assert_eq!(write("$.a.b", json!({"a": 2})), None);
        assert_eq!(write("$.a", json!("text")), None);
    }
}
