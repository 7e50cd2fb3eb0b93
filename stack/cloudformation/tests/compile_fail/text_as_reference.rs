//! A text is not the ARN of a role, whatever it says.
use cloudformation::lambda;

fn main() {
    lambda::Function::new(lambda::function::Code::new(), "arn:aws:iam::123456789012:role/r");
}
