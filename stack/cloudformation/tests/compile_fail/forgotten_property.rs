//! A function has code and a role.
use cloudformation::lambda;

fn main() {
    lambda::Function::new(lambda::function::Code::new());
}
