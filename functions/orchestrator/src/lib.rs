//! The orchestrator: turns the news of a created object into one execution of the state machine.
//!
//! [`event`] decodes every shape in which S3 announces an object, [`execution`] derives the execution's name, and
//! [`Orchestrator`] starts it. Nothing is kept between invocations but the state machine's ARN, for five minutes:
//! what makes a repeated event harmless is the name, because Step Functions refuses a name it has seen.

pub mod event;
pub mod execution;
mod orchestrator;
mod services;

pub use orchestrator::{Orchestrator, OrchestratorError, Summary};
pub use services::{AwsServices, ServiceError, Services, Start};
