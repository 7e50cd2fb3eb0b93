//! How much a stack is used.

use std::collections::BTreeMap;

/// What each resource does in a month, by logical id.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Usage {
    /// For how long data are counted that nothing deletes, months.
    pub months_kept: f64,
    /// What each resource does.
    pub resources: BTreeMap<String, ResourceUsage>,
}

/// What one resource does in a month.
#[derive(Clone, Debug, PartialEq)]
pub enum ResourceUsage {
    /// A table.
    Table {
        /// Items that are written.
        writes: f64,
        /// The size of an item, bytes.
        item_bytes: f64,
    },
    /// A bucket.
    Bucket {
        /// Objects that are put.
        writes: f64,
        /// Objects that are got.
        reads: f64,
        /// Bytes that are added.
        bytes: f64,
    },
    /// A function.
    Function {
        /// Invocations.
        invocations: f64,
        /// What one takes, seconds.
        seconds: f64,
        /// Traces that begin here, where the function is traced.
        traces: f64,
        /// Metrics that the function writes, apart from AWS's own.
        metrics: f64,
    },
    /// A state machine.
    StateMachine {
        /// Executions that are started.
        executions: f64,
        /// Traces that begin here, where the machine is traced.
        traces: f64,
    },
    /// A log group.
    LogGroup {
        /// Bytes that are written.
        bytes: f64,
    },
}

impl Usage {
    /// What a resource does, and for how long what it keeps is counted.
    pub(super) fn get(&self, logical_id: &str) -> Option<(&ResourceUsage, f64)> {
        self.resources.get(logical_id).map(|usage| (usage, self.months_kept))
    }
}
