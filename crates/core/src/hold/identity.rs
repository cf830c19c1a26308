//! A sidecar must know where it runs to find and judge its record.

use serde::{Deserialize, Serialize};

use super::parameters::Parameters;
use crate::hold::state::{Reading, SidecarIdentity};
use crate::ids::{ClusterName, ContainerName, InstanceId, InstanceKey, TaskArn};
use crate::record::ParameterPrefix;

/// Who and where a sidecar is. The program hands it to its next process image as an argument that every user of the
/// host can read: no secret, and no `drainId`, may ever be in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// The AWS region whose APIs the sidecar asks.
    pub region: String,
    /// The cluster of its task.
    pub cluster: ClusterName,
    /// The EC2 instance on which it runs.
    pub instance: InstanceId,
    /// The sidecar's own container, which it does not protect.
    pub own_container: ContainerName,
    /// The task, if task metadata names it.
    pub task: Option<TaskArn>,
    /// The part of the identity that the decisions need.
    pub known: SidecarIdentity,
}

/// Names of the parameters that may describe one instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Records {
    /// The name of the record that is of its instance alone.
    pub own: String,
    /// The shared records of its cluster.
    pub shared: Vec<String>,
}

impl Records {
    /// All of them, its own first.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        std::iter::once(&self.own).chain(&self.shared).cloned().collect()
    }

    /// Their texts in that order; nothing in place of one that is not there. Nothing at all if one was not answered
    /// for, which is no absence (promise P2).
    #[must_use]
    pub fn texts(&self, read: &Parameters) -> Option<Vec<Option<String>>> {
        let names = self.names().into_iter();
        names
            .map(|name| Some(read.text(&name)?.map(str::to_owned)))
            .collect()
    }
}

impl Identity {
    /// The name of this instance's own record.
    #[must_use]
    pub fn parameter(&self, prefix: &ParameterPrefix) -> String {
        prefix.record_name(&InstanceKey {
            cluster: self.cluster.clone(),
            instance: self.instance.clone(),
        })
    }

    /// The names of the parameters that may describe this instance: its own record, and the shared records of the
    /// cluster.
    #[must_use]
    pub fn records(&self, prefix: &ParameterPrefix) -> Records {
        Records {
            own: self.parameter(prefix),
            shared: prefix.shared_names(&self.cluster).collect(),
        }
    }

    /// The names that one call asks for: the records, and the kill switch.
    #[must_use]
    pub fn names(&self, prefix: &ParameterPrefix) -> Vec<String> {
        let mut names = self.records(prefix).names();
        names.push(prefix.control_name());
        names
    }

    /// What these texts say, as [`Records::texts`] gives them.
    #[must_use]
    pub fn reading(&self, texts: &[Option<String>]) -> Reading {
        let own = texts.first().and_then(Option::as_deref);
        let shared: Vec<&str> = texts.iter().skip(1).flatten().map(String::as_str).collect();
        Reading::of_parameters(own, &shared, &self.instance, &self.known)
    }
}
