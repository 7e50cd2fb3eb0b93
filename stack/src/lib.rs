//! The pipeline's infrastructure, as a library: [`pipeline`] is the definition. The program around it is `main.rs`.

pub mod pipeline;
