//! Rules that hold for some rows only: `when` these fields are so, `then` those must be.

use serde::Deserialize;

use crate::attributes::Attributes;
use crate::field::{FieldRule, Setting};
use crate::handling::Findings;
use crate::pointer::Pointer;
use crate::record_contract::Fields;

/// A conditional rule, checked.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Written")]
pub(crate) struct Conditional {
    pub(crate) when: Vec<(Pointer, FieldRule)>,
    pub(crate) then: Vec<(Pointer, FieldRule)>,
    /// The elements that the condition is about one by one, where it is about those of one array.
    pub(crate) each: Option<Pointer>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    when: Fields,
    then: Fields,
}

impl TryFrom<Written> for Conditional {
    type Error = String;

    fn try_from(Written { when, then }: Written) -> Result<Self, String> {
        if when.0.is_empty() || then.0.is_empty() {
            return Err("`when` and `then` each need at least one field".into());
        }
        if let Some((pointer, _)) = when.0.iter().find(|(_, rule)| !rule.only_asks()) {
            return Err(format!(
                "`when` {pointer} only asks: leave out `required`, `coerce`, `forbid_unknown`, `unique`, `severity` \
                 and `action`; an absent field never holds"
            ));
        }
        if let Some((pointer, _)) = then.0.iter().find(|(_, rule)| rule.unique) {
            return Err(format!("`unique` of {pointer} cannot be conditional: put it below `fields`"));
        }
        let each = Pointer::in_common(when.0.iter().chain(&then.0).map(|(pointer, _)| pointer));
        Ok(Self { when: when.0, then: then.0, each })
    }
}

impl Conditional {
    /// Applies the rules of `then` where every one of `when` holds: to the row, or to each element that it is about.
    pub(crate) fn apply<'c>(&'c self, row: &mut Attributes<'_>, setting: Setting<'_>, findings: &mut Findings<'c>) {
        let Some(each) = &self.each else { return self.apply_to(&[], row, setting, findings) };
        let mut all = Vec::new();
        row.visit(each, &[], &mut |_, place| all.push(place.elements()));
        all.iter().for_each(|elements| self.apply_to(elements, row, setting, findings));
    }

    fn apply_to<'c>(
        &'c self,
        elements: &[usize],
        row: &mut Attributes<'_>,
        setting: Setting<'_>,
        findings: &mut Findings<'c>,
    ) {
        if self.when.iter().all(|(pointer, rule)| rule.holds(pointer, elements, row, setting)) {
            self.then.iter().for_each(|(pointer, rule)| rule.apply(pointer, elements, row, setting, findings));
        }
    }
}
