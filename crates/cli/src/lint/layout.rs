//! Where in a document the task definition is: people keep it in several forms.

use super::source::Unreadable;
use crate::edit::{Path, find};
use jsonc_parser::ast::Value;
use jsonc_parser::common::Ranged;

/// The form in which a task definition is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DefinitionForm {
    /// The input of `register-task-definition`.
    Bare,
    /// What `describe-task-definition` gives: the definition is the member `taskDefinition`.
    Described,
    /// A list of container definitions, as Terraform has it. Nothing else of the task is known.
    Containers,
}

/// Where the parts of a task definition are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) form: DefinitionForm,
    /// The definition's object; for [`DefinitionForm::Containers`] the root.
    pub(crate) definition: Path,
    /// The list of container definitions.
    pub(crate) containers: Path,
}

impl Layout {
    /// Finds the task definition in a document.
    pub(crate) fn of(text: &str, root: &Value<'_>) -> Result<Layout, Unreadable> {
        let whole = Path::default();
        if matches!(root, Value::Array(_)) {
            return Ok(Layout {
                form: DefinitionForm::Containers,
                definition: whole.clone(),
                containers: whole,
            });
        }
        let described = whole.member("taskDefinition");
        for (form, definition) in [
            (DefinitionForm::Described, described),
            (DefinitionForm::Bare, whole),
        ] {
            let containers = definition.member("containerDefinitions");
            let found = find(root, &containers.0);
            if found.is_some_and(|value| !matches!(value, Value::NullKeyword(_))) {
                return Ok(Layout {
                    form,
                    definition,
                    containers,
                });
            }
        }
        Err(Unreadable::at(text, root.range().start, reason(root)))
    }
}

fn reason(root: &Value<'_>) -> &'static str {
    let has = |name| root.as_object().is_some_and(|object| object.get(name).is_some());
    if has("Resources") || has("ContainerDefinitions") || has("Properties") {
        return "this looks like CloudFormation: expected the JSON that register-task-definition takes, whose members begin with a \
                small letter (aws ecs describe-task-definition gives it)";
    }
    "no containerDefinitions: expected a task definition, the output of describe-task-definition, or a list of container \
     definitions"
}
