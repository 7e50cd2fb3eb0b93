//! A role's name is not its ARN.
use cloudformation::{PolicyDocument, Stack, Statement, iam, lambda};

fn main() {
    let mut stack = Stack::new("");
    let trust = PolicyDocument::new([Statement::trust("lambda.amazonaws.com")]);
    let role = stack.add("Role", iam::Role::new(trust));
    lambda::Function::new(lambda::function::Code::new(), role.reference());
}
