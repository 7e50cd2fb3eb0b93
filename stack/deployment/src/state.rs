//! What a stack's status says, and what can be done with the stack next.

use serde::Serialize;

use crate::{DeploymentError, Stack, Status};

/// What can be done with a stack next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NextStep {
    /// It holds no resource: it is created.
    Create,
    /// It takes an update.
    Update,
    /// An operation is under way: watch it to its end.
    Wait,
    /// Its first creation failed and was rolled back: delete it, and create it again.
    Recreate,
    /// It failed and was told not to roll back: roll it back, or update it, again without rollback.
    RollBack,
    /// The rollback of an update failed: continue it.
    ContinueRollback,
    /// It takes nothing but a deletion.
    Delete,
}

impl NextStep {
    /// What to do, as an instruction, for people at the command line.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Create => "create it with `stack deploy`",
            Self::Update => "`stack deploy` updates it",
            Self::Wait => "wait until that operation has ended; `stack events --follow` watches it",
            Self::Recreate => {
                "it must be deleted before it can be created again: `stack destroy`, or consent in `deploy`"
            }
            Self::RollBack => "roll it back with `stack recover`, or mend it with `stack deploy --no-rollback`",
            Self::ContinueRollback => "continue the rollback with `stack recover`",
            Self::Delete => "delete it with `stack destroy`; `--retain` leaves a resource that is in the way",
        }
    }
}

/// One status of a stack.
struct State {
    status: &'static str,
    meaning: &'static str,
    next: NextStep,
}

const fn state(status: &'static str, next: NextStep, meaning: &'static str) -> State {
    State { status, meaning, next }
}

/// Every status that CloudFormation has for a stack.
///
/// From `CREATE_FAILED` and `UPDATE_FAILED`, in which a stack is that was told not to roll back, CloudFormation takes an
/// update only if that is not to roll back either. It offers no way on from a failed rollback of an import.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html>
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_RollbackStack.html>
const STATES: [State; 23] = [
    state("CREATE_COMPLETE", NextStep::Update, "created"),
    state("CREATE_FAILED", NextStep::RollBack, "its creation failed, and what was made stays"),
    state("CREATE_IN_PROGRESS", NextStep::Wait, "being created"),
    state("DELETE_COMPLETE", NextStep::Create, "deleted"),
    state("DELETE_FAILED", NextStep::Delete, "its deletion failed, and some resources stay"),
    state("DELETE_IN_PROGRESS", NextStep::Wait, "being deleted"),
    state("IMPORT_COMPLETE", NextStep::Update, "resources were imported"),
    state("IMPORT_IN_PROGRESS", NextStep::Wait, "importing resources"),
    state("IMPORT_ROLLBACK_COMPLETE", NextStep::Update, "an import failed and was undone"),
    state("IMPORT_ROLLBACK_FAILED", NextStep::Delete, "an import failed, and so did its undoing"),
    state("IMPORT_ROLLBACK_IN_PROGRESS", NextStep::Wait, "an import failed and is being undone"),
    state("REVIEW_IN_PROGRESS", NextStep::Create, "not created yet: it holds only change sets"),
    state("ROLLBACK_COMPLETE", NextStep::Recreate, "its creation failed and was undone"),
    state("ROLLBACK_FAILED", NextStep::Recreate, "its creation failed, and so did its undoing"),
    state("ROLLBACK_IN_PROGRESS", NextStep::Wait, "its creation failed and is being undone"),
    state("UPDATE_COMPLETE", NextStep::Update, "updated"),
    state("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", NextStep::Wait, "updated, and removing what was replaced"),
    state("UPDATE_FAILED", NextStep::RollBack, "an update failed, and what it did stays"),
    state("UPDATE_IN_PROGRESS", NextStep::Wait, "being updated"),
    state("UPDATE_ROLLBACK_COMPLETE", NextStep::Update, "an update failed and was undone"),
    state(
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        NextStep::Wait,
        "an update failed; removing what it had made",
    ),
    state("UPDATE_ROLLBACK_FAILED", NextStep::ContinueRollback, "an update failed, and so did its undoing"),
    state("UPDATE_ROLLBACK_IN_PROGRESS", NextStep::Wait, "an update failed and is being undone"),
];

impl Status {
    /// What can be done with a stack of this status. One that this version does not know is waited for where it is in
    /// progress, and else left to CloudFormation's own judgement of an update.
    pub fn next_step(&self) -> NextStep {
        match self.state() {
            Some(state) => state.next,
            None if self.is_in_progress() => NextStep::Wait,
            None => NextStep::Update,
        }
    }

    /// What a stack's status says, in words: "being updated".
    pub fn meaning(&self) -> &str {
        self.state().map_or(self.as_str(), |state| state.meaning)
    }

    fn state(&self) -> Option<&'static State> {
        STATES.iter().find(|state| state.status == self.as_str())
    }
}

impl Stack {
    /// What can be done with the stack next.
    pub fn next_step(&self) -> NextStep {
        self.status.next_step()
    }

    /// Whether what is under way can be stopped. CloudFormation stops updates, and neither creations nor deletions.
    pub fn can_be_cancelled(&self) -> bool {
        self.status.as_str() == "UPDATE_IN_PROGRESS"
    }

    /// Why the stack takes neither creation nor update as it is.
    pub(crate) fn refusal(&self) -> DeploymentError {
        let (stack, status) = (self.name.clone(), self.status.clone());
        match self.next_step() {
            NextStep::Wait => DeploymentError::Busy { stack, status },
            NextStep::Recreate => DeploymentError::MustBeRecreated { stack, status },
            _ => DeploymentError::Stuck { stack, status },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use aws_sdk_cloudformation::types::StackStatus;

    use super::*;

    #[test]
    fn every_status_of_cloudformation_has_its_next_step() {
        let known: BTreeSet<_> = STATES.iter().map(|state| state.status).collect();
        assert_eq!(known, StackStatus::values().iter().copied().collect());
    }

    #[test]
    fn whatever_is_in_progress_is_waited_for_unless_it_is_in_review() {
        for state in &STATES {
            let in_progress = state.status.ends_with("_IN_PROGRESS") && state.status != "REVIEW_IN_PROGRESS";
            assert_eq!(state.next == NextStep::Wait, in_progress, "{}", state.status);
        }
    }

    #[test]
    fn a_status_of_later_days_is_left_to_cloudformation() {
        assert_eq!(Status::new("REFACTOR_IN_PROGRESS").next_step(), NextStep::Wait);
        assert_eq!(Status::new("REFACTOR_COMPLETE").next_step(), NextStep::Update);
        assert_eq!(Status::new("REFACTOR_COMPLETE").meaning(), "REFACTOR_COMPLETE");
    }
}
