//! The pipeline's infrastructure, as a library: [`pipeline`] is the definition, [`cost`] what it costs. The program around
//! them is `main.rs`.

pub mod cost;
pub mod pipeline;
