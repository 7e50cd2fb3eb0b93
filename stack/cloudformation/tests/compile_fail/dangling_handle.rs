//! A handle comes from adding a resource, and from nowhere else.
use cloudformation::{Handle, s3};

fn main() {
    let _: Handle<s3::Bucket> = Handle::new("Bucket");
}
