//! Several items at once.

use std::marker::PhantomData;

use serde::{Deserialize, Serialize};

use crate::definition::Fields;
use crate::{Expression, Jsonata, Language};

/// What a machine takes where a map has a [`Batcher`].
#[expect(non_snake_case, reason = "the fields are spelled as Step Functions spells them")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch<Item, Common = ()> {
    /// What all batches have in common, where there is such a thing.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub BatchInput: Option<Common>,
    /// The items.
    pub Items: Vec<Item>,
}

fn none<T>() -> Option<T> {
    None
}

/// How large batches are, and what they have in common.
#[derive(Debug)]
pub struct Batcher<In, Common = (), L = Jsonata> {
    pub(super) fields: Fields,
    types: PhantomData<fn(In, L) -> Common>,
}

impl<In, L: Language> Batcher<In, (), L> {
    /// At most so many items a batch.
    pub fn items(most: impl Into<Expression<In, u64, L>>) -> Self {
        Self::of("MaxItemsPerBatch", &most.into())
    }

    /// At most so many bytes of JSON a batch, up to 262,144.
    pub fn bytes(most: impl Into<Expression<In, u64, L>>) -> Self {
        Self::of("MaxInputBytesPerBatch", &most.into())
    }

    fn of(limit: &str, most: &Expression<In, u64, L>) -> Self {
        let mut fields = Fields::new();
        L::put(&mut fields, limit, most.node());
        Self { fields, types: PhantomData }
    }

    /// Gives every batch the same value besides its items.
    pub fn input<Common>(mut self, common: Expression<In, Common, L>) -> Batcher<In, Common, L> {
        L::put_in_template(&mut self.fields, "BatchInput", common.node());
        Batcher { fields: self.fields, types: PhantomData }
    }
}
