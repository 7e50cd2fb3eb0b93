//! Where the emulator does not do what AWS documents, and the interpreter does.

use Part::{Error, Output, Path};

/// What differs between two executions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Part {
    Output,
    Error,
    Path,
}

/// A known difference: it must be there, or the table is out of date.
pub struct Difference {
    /// The definition's name in the corpus, and the number of the run.
    pub run: &'static str,
    pub parts: &'static [Part],
    /// What AWS documents, and where.
    pub why: &'static str,
}

const ALL: &[Part] = &[Output, Error, Path];

pub const DIFFERENCES: &[Difference] = &[
    Difference {
        run: "assign_jsonata-0",
        parts: &[Output],
        why: "All expressions of an Assign see the values on entry; the emulator assigns one after the other. \
              https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html",
    },
    Difference {
        run: "assign_jsonpath-0",
        parts: &[Output],
        why: "Variables are available in states that use JSONPath; the emulator has them in JSONata only. \
              https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html",
    },
    Difference {
        run: "choice_condition_no_boolean-0",
        parts: ALL,
        why: "A Condition that gives no boolean is States.QueryEvaluationError; the emulator takes what JSONata calls \
              true. https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html",
    },
    Difference {
        run: "choice_missing_variable-0",
        parts: ALL,
        why: "Only IsPresent may ask for what is not there; the emulator reads a path to nothing as null. \
              https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html",
    },
    Difference {
        run: "intrinsic_failure-0",
        parts: &[Error],
        why: "An intrinsic function that fails is States.IntrinsicFailure. \
              https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html",
    },
    Difference {
        run: "jsonata_eval_is_off-0",
        parts: &[Output, Error],
        why: "$eval is not supported; the emulator's library has it. \
              https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html",
    },
    Difference {
        run: "jsonpath_queries-0",
        parts: &[Output],
        why: "Filters, slices, .. and an index from the end are JSONPath; the emulator reads names, indexes and [*]. \
              https://docs.aws.amazon.com/step-functions/latest/dg/amazon-states-language-paths.html",
    },
    Difference {
        run: "map_no_list-0",
        parts: &[Output, Error],
        why: "ItemsPath must find a list; the emulator makes a list of one of what it finds. \
              https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemspath.html",
    },
    Difference {
        run: "mixed_languages-0",
        parts: &[Output, Error],
        why: "A variable that a state in JSONPath assigned is there in JSONata; the emulator does not assign it. \
              https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html",
    },
    Difference {
        run: "parallel_jsonata-0",
        parts: &[Output],
        why: "A Parallel state in JSONata has Arguments and Output; the emulator ignores both. \
              https://docs.aws.amazon.com/step-functions/latest/dg/state-parallel.html",
    },
    Difference {
        run: "pass_input_output_path-1",
        parts: &[Error],
        why: "An OutputPath that finds nothing is States.Runtime; the emulator gives null. \
              https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html",
    },
    Difference {
        run: "pass_input_output_path-2",
        parts: &[Error],
        why: "An InputPath that finds nothing is States.Runtime; the emulator gives null. \
              https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html",
    },
    Difference {
        run: "pass_parameters-1",
        parts: &[Output, Error],
        why: "A path in Parameters that finds nothing fails the execution; the emulator gives null. \
              https://docs.aws.amazon.com/step-functions/latest/dg/input-output-inputpath-params.html",
    },
    Difference {
        run: "succeed_output-0",
        parts: &[Output],
        why: "A Succeed state in JSONata has an Output; the emulator ignores it. \
              https://docs.aws.amazon.com/step-functions/latest/dg/state-succeed.html",
    },
    Difference {
        run: "task_runtime_error_is_not_caught-0",
        parts: ALL,
        why: "A path in Parameters that finds nothing fails the execution, and States.ALL does not catch States.Runtime. \
              https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html",
    },
];
