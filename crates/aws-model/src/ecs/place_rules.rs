//! `placementConstraints`: on which instances the tasks of a service, or of RunTask, may be placed.
//!
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-constraints.html>. `memberOf` is served;
//! `distinctInstance` is refused, so that it is not taken for obeyed.

use super::filter::Filter;
use super::instance::ContainerInstance;
use crate::ApiError;
use crate::params::{Params, invalid};
use serde_json::{Value, json};

/// The constraints of a service. Without any, each instance may have its tasks.
#[derive(Clone, Debug, Default)]
pub(crate) struct PlaceRules(Vec<MemberOf>);

#[derive(Clone, Debug)]
struct MemberOf {
    expression: String,
    filter: Filter,
}

impl PlaceRules {
    /// Reads `placementConstraints`; none if the call has none.
    pub(super) fn read(params: Params<'_>) -> Result<Option<PlaceRules>, ApiError> {
        if params.0["placementConstraints"].is_null() {
            return Ok(None);
        }
        let rules = params.list("placementConstraints").iter();
        let rules = rules.map(|one| MemberOf::read(Params(one)));
        Ok(Some(PlaceRules(rules.collect::<Result<_, ApiError>>()?)))
    }

    /// Returns whether tasks may be placed on `instance`.
    pub(super) fn allow(&self, instance: &ContainerInstance) -> bool {
        self.0.iter().all(|rule| rule.filter.passes(instance))
    }

    /// As the API writes them.
    pub(super) fn described(&self) -> Value {
        let one = |rule: &MemberOf| json!({"type": "memberOf", "expression": rule.expression});
        self.0.iter().map(one).collect()
    }
}

impl MemberOf {
    fn read(params: Params<'_>) -> Result<MemberOf, ApiError> {
        match params.text("type") {
            Some("memberOf") => {}
            other => {
                let other = other.unwrap_or_default();
                return Err(invalid(format!(
                    "The placement constraint '{other}' is not served by the local AWS."
                )));
            }
        }
        let expression = params.text("expression").unwrap_or_default();
        Ok(MemberOf {
            expression: expression.to_owned(),
            filter: Filter::parse(expression)?,
        })
    }
}
