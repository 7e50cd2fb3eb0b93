//! Where rustack does not do what AWS documents, and the interpreter does; and what it does not offer.

/// A run, or all runs of a definition, of the corpus.
pub struct Difference {
    /// The definition's name, and the number of the run where it runs at all.
    pub run: &'static str,
    /// What AWS documents, and where.
    pub why: &'static str,
}

pub const DIFFERENCES: &[Difference] = &[
    Difference {
        run: "intrinsic_failure-0",
        why: "An intrinsic function that fails is States.IntrinsicFailure; rustack says States.Runtime. \
              https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html",
    },
    Difference {
        run: "task_result_path_mismatch-0",
        why: "A ResultPath that does not fit is States.ResultPathMatchFailure, and can be caught; rustack says \
              States.Runtime. https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html",
    },
];

/// Definitions that rustack refuses to compile.
pub const REFUSED: &[Difference] = &[
    Difference {
        run: "assign_jsonpath",
        why: "A state in JSONPath may assign variables; rustack has none. \
              https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html",
    },
    Difference {
        run: "intrinsic_lists",
        why: "States.ArrayRange and States.ArrayUnique are intrinsic functions; rustack has neither. \
              https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html",
    },
    Difference {
        run: "intrinsic_text",
        why: "States.Base64Encode, States.Base64Decode and States.Hash are intrinsic functions; rustack has none. \
              https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html",
    },
    Difference {
        run: "jsonpath_queries",
        why: "A path may filter, count from the end and look below; rustack reads names, indexes and slices. \
              https://docs.aws.amazon.com/step-functions/latest/dg/amazon-states-language-paths.html",
    },
    Difference {
        run: "map_distributed",
        why: "A Map may be distributed; rustack runs it inline only. \
              https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html",
    },
    Difference {
        run: "map_distributed_fails",
        why: "A Map may be distributed; rustack runs it inline only. \
              https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html",
    },
];
