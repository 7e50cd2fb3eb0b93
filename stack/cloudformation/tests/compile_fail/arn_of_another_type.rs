//! A function's role is a role: the ARN of a bucket is not one.
use cloudformation::{Stack, lambda, s3};

fn main() {
    let mut stack = Stack::new("");
    let bucket = stack.add("Bucket", s3::Bucket::new());
    lambda::Function::new(lambda::function::Code::new(), bucket.arn());
}
