//! A task definition as the rules read it. A member that is null counts as one that is not there.

use super::layout::{DefinitionForm, Layout};
use crate::edit::{Path, find};
use jsonc_parser::ast::{Object, Value};
use jsonc_parser::common::Ranged;
use std::ops::Range;

/// A value and where it is.
#[derive(Clone, Debug)]
pub(crate) struct Placed<T> {
    pub(crate) value: T,
    pub(crate) path: Path,
    /// Its range in the text.
    pub(crate) span: Range<usize>,
}

/// An object of the document.
#[derive(Clone, Debug)]
pub(crate) struct Members<'d> {
    object: Option<&'d Object<'d>>,
    pub(crate) path: Path,
}

impl<'d> Members<'d> {
    fn value(&self, name: &str) -> Option<(&'d Value<'d>, Path)> {
        let named = self
            .object?
            .properties
            .iter()
            .rev()
            .find(|p| p.name.as_str() == name)?;
        let value = Some(&named.value).filter(|value| !matches!(value, Value::NullKeyword(_)))?;
        Some((value, self.path.member(name)))
    }

    pub(crate) fn text(&self, name: &str) -> Option<Placed<&'d str>> {
        let (value, path) = self.value(name)?;
        let text = value.as_string_lit()?;
        Some(placed(text.value.as_ref(), path, value))
    }

    pub(crate) fn flag(&self, name: &str) -> Option<Placed<bool>> {
        let (value, path) = self.value(name)?;
        Some(placed(value.as_boolean_lit()?.value, path, value))
    }

    pub(crate) fn number(&self, name: &str) -> Option<Placed<i64>> {
        let (value, path) = self.value(name)?;
        Some(placed(value.as_number_lit()?.value.parse().ok()?, path, value))
    }

    /// An object. One that is not there has no members.
    pub(crate) fn object(&self, name: &str) -> Members<'d> {
        let found = self.value(name);
        Members {
            object: found.and_then(|(value, _)| value.as_object()),
            path: self.path.member(name),
        }
    }

    pub(crate) fn objects(&self, name: &str) -> Vec<Placed<Members<'d>>> {
        let elements = self.elements(name);
        let object = |(value, path): (&'d Value<'d>, Path)| {
            let members = Members {
                object: Some(value.as_object()?),
                path: path.clone(),
            };
            Some(placed(members, path, value))
        };
        elements.into_iter().filter_map(object).collect()
    }

    pub(crate) fn texts(&self, name: &str) -> Vec<Placed<&'d str>> {
        let elements = self.elements(name);
        let text = |(value, path): (&'d Value<'d>, Path)| {
            Some(placed(value.as_string_lit()?.value.as_ref(), path, value))
        };
        elements.into_iter().filter_map(text).collect()
    }

    /// The texts of an object, by name.
    pub(crate) fn pairs(&self) -> Vec<(&'d str, &'d str)> {
        let properties = self
            .object
            .map(|object| object.properties.as_slice())
            .unwrap_or_default();
        let pair = |p: &'d jsonc_parser::ast::ObjectProp<'d>| {
            Some((p.name.as_str(), p.value.as_string_lit()?.value.as_ref()))
        };
        properties.iter().filter_map(pair).collect()
    }

    fn elements(&self, name: &str) -> Vec<(&'d Value<'d>, Path)> {
        let Some((Value::Array(array), path)) = self.value(name) else {
            return Vec::new();
        };
        let numbered = array.elements.iter().enumerate();
        numbered
            .map(|(index, value)| (value, path.element(index)))
            .collect()
    }

    /// Whether the member is there, whatever it is, and where.
    pub(crate) fn place(&self, name: &str) -> Option<Placed<()>> {
        let (value, path) = self.value(name)?;
        Some(placed((), path, value))
    }
}

fn placed<'d, T>(value: T, path: Path, node: &Value<'d>) -> Placed<T> {
    let range = node.range();
    Placed {
        value,
        path,
        span: range.start..range.end,
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Container<'d> {
    pub(crate) name: &'d str,
    /// Where its name is written: what a missing member is shown at.
    pub(crate) at_name: Range<usize>,
    pub(crate) members: Members<'d>,
}

/// How a container comes to be started and stopped after another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Through {
    /// `dependsOn`.
    DependsOn,
    /// `links`: the agent takes it as a dependency (agent 1.26.0 and later).
    Links,
    /// `volumesFrom`: likewise.
    VolumesFrom,
}

impl Through {
    #[must_use]
    pub(crate) fn member(self) -> &'static str {
        match self {
            Through::DependsOn => "dependsOn",
            Through::Links => "links",
            Through::VolumesFrom => "volumesFrom",
        }
    }
}

/// A container that another one depends on.
#[derive(Clone, Debug)]
pub(crate) struct Dependency<'d> {
    /// The other container's name.
    pub(crate) on: &'d str,
    /// The member that says so.
    pub(crate) through: Through,
    /// The condition of `dependsOn`; `START` for the others.
    pub(crate) condition: Placed<&'d str>,
    pub(crate) element: Placed<()>,
}

impl<'d> Container<'d> {
    /// All containers that this one depends on, in any way.
    pub(crate) fn dependencies(&self) -> Vec<Dependency<'d>> {
        let entry = |entry: Placed<Members<'d>>, name, through| {
            let on = entry.value.text(name)?.value;
            let element = Placed {
                value: (),
                path: entry.path,
                span: entry.span,
            };
            let start = Placed {
                value: "START",
                path: element.path.clone(),
                span: element.span.clone(),
            };
            let condition = match through {
                Through::DependsOn => entry.value.text("condition")?,
                Through::Links | Through::VolumesFrom => start,
            };
            Some(Dependency {
                on,
                through,
                condition,
                element,
            })
        };
        let depends = self.members.objects("dependsOn").into_iter();
        let depends = depends.filter_map(|e| entry(e, "containerName", Through::DependsOn));
        let volumes = self.members.objects("volumesFrom").into_iter();
        let volumes = volumes.filter_map(|e| entry(e, "sourceContainer", Through::VolumesFrom));
        depends.chain(self.links()).chain(volumes).collect()
    }

    fn links(&self) -> Vec<Dependency<'d>> {
        let link = |link: Placed<&'d str>| {
            // `name` or `name:alias`.
            let on = link.value.split(':').next().unwrap_or(link.value);
            let element = Placed {
                value: (),
                path: link.path.clone(),
                span: link.span.clone(),
            };
            let condition = Placed {
                value: "START",
                path: link.path,
                span: link.span,
            };
            Dependency {
                on,
                through: Through::Links,
                condition,
                element,
            }
        };
        self.members.texts("links").into_iter().map(link).collect()
    }

    /// Whether the task ends with this container. ECS takes it as true where it is not said.
    #[must_use]
    pub(crate) fn is_essential(&self) -> bool {
        self.members.flag("essential").is_none_or(|flag| flag.value)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Definition<'d> {
    /// The definition's own members; none of a list of containers, where the rest of the task is not known.
    pub(crate) task: Option<Members<'d>>,
    /// Where the definition is named or begins: what a missing member is shown at.
    pub(crate) at: Range<usize>,
    pub(crate) containers: Vec<Container<'d>>,
    /// The path of the list of containers.
    pub(crate) containers_path: Path,
}

impl<'d> Definition<'d> {
    /// Reads a definition whose shape has been checked. What is of another type is left out.
    #[must_use]
    pub(crate) fn read(root: &'d Value<'d>, layout: &Layout) -> Definition<'d> {
        let object = find(root, &layout.definition.0).and_then(Value::as_object);
        let all = Members {
            object,
            path: layout.definition.clone(),
        };
        let task = (layout.form != DefinitionForm::Containers).then(|| all.clone());
        let start = find(root, &layout.definition.0).map_or(0, |value| value.range().start);
        let at = all.text("family").map_or(start..start + 1, |family| family.span);
        Definition {
            task,
            at,
            containers: containers(root, layout),
            containers_path: layout.containers.clone(),
        }
    }
}

fn containers<'d>(root: &'d Value<'d>, layout: &Layout) -> Vec<Container<'d>> {
    let Some(Value::Array(array)) = find(root, &layout.containers.0) else {
        return Vec::new();
    };
    let container = |(index, value): (usize, &'d Value<'d>)| {
        let members = Members {
            object: Some(value.as_object()?),
            path: layout.containers.element(index),
        };
        let name = members.text("name")?;
        Some(Container {
            name: name.value,
            at_name: name.span,
            members,
        })
    };
    array.elements.iter().enumerate().filter_map(container).collect()
}
