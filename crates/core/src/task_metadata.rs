//! The ECS agent describes the sidecar's own task, by task metadata version 4.
//!
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4-response.html>

use serde::Deserialize;

use crate::hold::state::ProtectedContainers;
use crate::ids::ContainerName;
use crate::limits::{MESSAGE_CHARS_MAX, cut};

/// What we read of `/task`. The agent leaves out what it does not know.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TaskMetadata {
    /// The cluster, by name or by ARN.
    pub cluster: Option<String>,
    /// The ARN of the task.
    #[serde(rename = "TaskARN")]
    pub task_arn: Option<String>,
    /// The service (agent 1.63.1 and later).
    pub service_name: Option<String>,
    /// All containers, stopped ones too.
    containers: Option<Vec<MetadataContainer>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MetadataContainer {
    name: String,
    known_status: Option<String>,
    r#type: Option<String>,
}

/// Reads the answer to `/task`.
///
/// # Errors
/// What is wrong with it, as a phrase of bounded length.
pub fn read(text: &[u8]) -> Result<TaskMetadata, String> {
    serde_json::from_slice(text).map_err(|error| cut(&error.to_string(), MESSAGE_CHARS_MAX))
}

/// The container's name in the answer to the address itself, which is about the own container.
#[must_use]
pub fn own_name(text: &[u8]) -> Option<ContainerName> {
    let own = serde_json::from_slice::<MetadataContainer>(text).ok()?;
    own.name.parse().ok()
}

impl TaskMetadata {
    /// Returns whether the task has a container of this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.containers.iter().flatten().any(|c| c.name == name)
    }

    /// The state of the protected containers: those of `protects`, or all but `own` if that is empty. A task without
    /// containers, not even ours, says nothing: they are alive.
    #[must_use]
    pub fn state(&self, protects: &[ContainerName], own: Option<&ContainerName>) -> ProtectedContainers {
        if self.containers.iter().flatten().next().is_none() {
            return ProtectedContainers::Alive;
        }
        let stopped = if protects.is_empty() {
            self.others(own).all(MetadataContainer::is_stopped)
        } else {
            self.have_stopped(protects, own)
        };
        if stopped {
            ProtectedContainers::Stopped
        } else {
            ProtectedContainers::Alive
        }
    }

    /// Names in `protects` that the task does not have.
    #[must_use]
    pub fn unknown_containers<'a>(&self, protects: &'a [ContainerName]) -> Vec<&'a str> {
        let names = protects.iter().map(ContainerName::as_str);
        names.filter(|name| !self.has(name)).collect()
    }

    /// A container that is not listed is not known to be stopped, nor is one that is listed twice and runs once.
    fn have_stopped(&self, protects: &[ContainerName], own: Option<&ContainerName>) -> bool {
        let stopped = |name: &ContainerName| {
            let mut found = self.others(own).filter(|c| c.name == name.as_str()).peekable();
            found.peek().is_some() && found.all(MetadataContainer::is_stopped)
        };
        let mut others = protects.iter().filter(|p| Some(*p) != own);
        others.all(stopped)
    }

    /// Containers of the task definition, without our own. The agent adds some of its own, such as the pause container.
    fn others<'a>(&'a self, own: Option<&'a ContainerName>) -> impl Iterator<Item = &'a MetadataContainer> {
        self.containers
            .iter()
            .flatten()
            .filter(|c| c.r#type.as_deref().is_none_or(|t| t == "NORMAL"))
            .filter(move |c| Some(c.name.as_str()) != own.map(ContainerName::as_str))
    }
}

impl MetadataContainer {
    fn is_stopped(&self) -> bool {
        self.known_status.as_deref() == Some("STOPPED")
    }
}

#[cfg(test)]
mod tests;
