//! One large file, read by many invocations side by side.
//!
//! A file is cut into ranges on line boundaries ([`plan`]), which are read twice. The first time only the keys of their
//! rows are collected ([`keys`]), so that it is known which row has an earlier one's key, in whatever range, before
//! anything is written ([`reconcile`]). The second time the ranges are written, each as if it were a file ([`write`]), and
//! in the end their accounts are added up ([`finish`]). So a split file has the items, the counts and the quarantined
//! rows that it has when it is read as a whole, and a step that fails is done again without a trace.
//!
//! Between the steps, what each range leaves for the next is in the [`Run`]'s objects.

mod duplicates;
mod finish;
mod keys;
mod plan;
mod reconcile;
mod run;
mod write;

pub(crate) use duplicates::Duplicates;
use run::Run;
