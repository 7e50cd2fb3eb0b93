//! IAM policy documents.
//!
//! An action is checked when the program is compiled: it names its service, and it has no wildcard.
//!
//! ```compile_fail
//! let everything = cloudformation::action!("s3:*");
//! ```

use serde_json::json;

use crate::expression::{Expression, Object};
use crate::value::{Json, Value};

/// An IAM action, such as `s3:GetObject`; [`action!`](crate::action) makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Action(&'static str);

impl Action {
    /// Checks the action; call it through [`action!`](crate::action), which does so when the program is compiled.
    ///
    /// # Panics
    ///
    /// The text has a wildcard or no service.
    #[doc(hidden)]
    pub const fn new(action: &'static str) -> Self {
        let bytes = action.as_bytes();
        let (mut index, mut colons) = (0, 0);
        while index < bytes.len() {
            assert!(bytes[index] != b'*' && bytes[index] != b'?', "an action has no wildcard: name each one");
            if bytes[index] == b':' {
                colons += 1;
            }
            index += 1;
        }
        assert!(colons == 1, "an action is written `service:Operation`");
        Self(action)
    }

    /// An action that is not known before the program runs; none where it has a wildcard or no service.
    pub fn parse(action: &'static str) -> Option<Self> {
        (action.matches(':').count() == 1 && !action.contains(['*', '?'])).then_some(Self(action))
    }

    /// The action as a policy spells it.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

/// An IAM action, checked when the program is compiled: `action!("s3:GetObject")`.
#[macro_export]
macro_rules! action {
    ($action:literal) => {{
        const ACTION: $crate::Action = $crate::Action::new($action);
        ACTION
    }};
}

/// Who a statement of a resource's policy is about.
#[derive(Clone, Debug, PartialEq)]
pub enum Principal {
    /// An AWS service, such as `lambda.amazonaws.com`.
    Service(&'static str),
    /// An account, role or user, by ARN.
    Aws(Value<String>),
    /// Everyone: for statements that deny.
    Anyone,
}

/// One statement of a policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    effect: &'static str,
    sid: Option<String>,
    principal: Option<Principal>,
    actions: Vec<String>,
    resources: Vec<Value<String>>,
    conditions: Vec<(String, String, Value<String>)>,
    any_resource_reason: Option<&'static str>,
}

impl Statement {
    /// Allows `actions` on `resources`.
    pub fn allow<R: Into<Value<String>>>(actions: &[Action], resources: impl IntoIterator<Item = R>) -> Self {
        let actions = actions.iter().map(|action| action.0.to_owned()).collect();
        Self::new("Allow", actions, resources.into_iter().map(Into::into).collect())
    }

    /// Allows `actions` on any resource. `reason` says why AWS has no narrower permission; it is kept in the
    /// template's metadata.
    pub fn allow_on_any_resource(actions: &[Action], reason: &'static str) -> Self {
        Self { any_resource_reason: Some(reason), ..Self::allow(actions, ["*"]) }
    }

    /// Allows a trusted `principal` to take on the role whose trust policy this is.
    pub fn trust(service: &'static str) -> Self {
        let statement = Self::new("Allow", vec!["sts:AssumeRole".into()], Vec::new());
        statement.principal(Principal::Service(service))
    }

    /// Denies everyone every action of `service` on `resources`. Conditions say when.
    pub fn deny_everyone<R: Into<Value<String>>>(service: &str, resources: impl IntoIterator<Item = R>) -> Self {
        let resources = resources.into_iter().map(Into::into).collect();
        Self::new("Deny", vec![format!("{service}:*")], resources).principal(Principal::Anyone)
    }

    fn new(effect: &'static str, actions: Vec<String>, resources: Vec<Value<String>>) -> Self {
        Self {
            effect,
            sid: None,
            principal: None,
            actions,
            resources,
            conditions: Vec::new(),
            any_resource_reason: None,
        }
    }

    /// Names the statement. Letters and digits only.
    pub fn sid(mut self, sid: &str) -> Self {
        self.sid = Some(sid.to_owned());
        self
    }

    /// Says who the statement is about, in a resource's policy.
    pub fn principal(mut self, principal: Principal) -> Self {
        self.principal = Some(principal);
        self
    }

    /// Adds a condition: `when("StringEquals", "aws:SourceAccount", pseudo::account_id())`.
    pub fn when(mut self, operator: &str, key: &str, value: impl Into<Value<String>>) -> Self {
        self.conditions.push((operator.to_owned(), key.to_owned(), value.into()));
        self
    }

    /// Why the statement is about any resource, where it is.
    pub fn any_resource_reason(&self) -> Option<&'static str> {
        self.any_resource_reason
    }

    fn expression(&self) -> Expression {
        let mut fields = Object::new();
        if let Some(sid) = &self.sid {
            fields.insert("Sid".into(), Expression::text(sid));
        }
        fields.insert("Effect".into(), Expression::text(self.effect));
        if let Some(principal) = &self.principal {
            fields.insert("Principal".into(), principal.expression());
        }
        fields.insert("Action".into(), one_or_many(self.actions.iter().map(Expression::text).collect()));
        if !self.resources.is_empty() {
            let resources = self.resources.iter().map(|resource| resource.expression.clone()).collect();
            fields.insert("Resource".into(), one_or_many(resources));
        }
        if !self.conditions.is_empty() {
            fields.insert("Condition".into(), self.condition_expression());
        }
        Expression::Object(fields)
    }

    fn condition_expression(&self) -> Expression {
        let mut operators = Object::new();
        for (operator, key, value) in &self.conditions {
            let keys = operators.entry(operator.clone()).or_insert_with(|| Expression::Object(Object::new()));
            if let Expression::Object(keys) = keys {
                keys.insert(key.clone(), value.expression.clone());
            }
        }
        Expression::Object(operators)
    }
}

impl Principal {
    fn expression(&self) -> Expression {
        match self {
            Self::Service(service) => Expression::from(json!({ "Service": service })),
            Self::Aws(arn) => Expression::Object([("AWS".to_owned(), arn.expression.clone())].into_iter().collect()),
            Self::Anyone => Expression::text("*"),
        }
    }
}

/// A policy document: what a role may do, who may take it on, or who may use a resource.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyDocument(Vec<Statement>);

impl PolicyDocument {
    /// A document of these statements.
    pub fn new(statements: impl IntoIterator<Item = Statement>) -> Self {
        Self(statements.into_iter().collect())
    }

    /// The reasons of the statements that are about any resource.
    pub fn any_resource_reasons(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().filter_map(Statement::any_resource_reason)
    }
}

impl From<PolicyDocument> for Value<Json> {
    fn from(document: PolicyDocument) -> Self {
        let statements = document.0.iter().map(Statement::expression).collect();
        let fields = [
            ("Version".to_owned(), Expression::text("2012-10-17")),
            ("Statement".to_owned(), Expression::List(statements)),
        ];
        Self::new(Expression::Object(fields.into_iter().collect()))
    }
}

/// IAM takes one text for a list of one; the shorter form is also what it gives back.
fn one_or_many(mut items: Vec<Expression>) -> Expression {
    if items.len() == 1 { items.remove(0) } else { Expression::List(items) }
}
