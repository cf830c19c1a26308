//! A text with the sidecar taken out of it.

use crate::edit::{Change, apply};
use crate::lint::{Definition, Document, Unreadable};

/// A text without the sidecar.
#[derive(Debug)]
pub(crate) struct Removed {
    pub(crate) text: String,
    /// Whether there was a sidecar.
    pub(crate) found: bool,
    /// The number of dependencies of other containers on it that were removed as well: ECS would refuse them.
    pub(crate) dependencies: usize,
}

/// Takes the container `name` out.
pub(crate) fn remove(text: &str, name: &str) -> Result<Removed, Unreadable> {
    let mut removed = Removed {
        text: text.to_owned(),
        found: false,
        dependencies: 0,
    };
    // Each round makes the text shorter.
    loop {
        let document = Document::parse(&removed.text)?;
        let definition = Definition::read(&document.root, &document.layout);
        let sidecar = definition
            .containers
            .iter()
            .find(|container| container.name == name);
        let path = match sidecar {
            Some(sidecar) => {
                removed.found = true;
                sidecar.members.path.clone()
            }
            None if removed.found => match dependency(&definition, name) {
                Some(path) => {
                    removed.dependencies += 1;
                    path
                }
                None => return Ok(removed),
            },
            None => return Ok(removed),
        };
        let edits = document.edits(&Change::Remove(path));
        removed.text = apply(document.text, &edits);
    }
}

fn dependency(definition: &Definition<'_>, on: &str) -> Option<crate::edit::Path> {
    let all = definition
        .containers
        .iter()
        .flat_map(|container| container.dependencies());
    let mut on_it = all.filter(|dependency| dependency.on == on);
    on_it.next().map(|dependency| dependency.element.path)
}
