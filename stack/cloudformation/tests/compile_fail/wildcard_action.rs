//! An action names one operation.
use cloudformation::action;

fn main() {
    action!("s3:*");
}
