//! Where this sidecar runs: all that it must know to find and judge its record.

use protector_core::ids::{ClusterName, ContainerName, InstanceId, InstanceKey, TaskArn};
use protector_core::record::ParameterPrefix;
use protector_core::wait::Known;
use serde::{Deserialize, Serialize};

/// What was found out before SIGTERM. It is handed on as an argument that everybody on the host can read: no secret,
/// and no `drainId`, may ever be in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Place {
    /// The AWS region.
    pub(crate) region: String,
    /// The cluster.
    pub(crate) cluster: ClusterName,
    /// The EC2 instance.
    pub(crate) instance: InstanceId,
    /// The sidecar's own container, which it does not protect.
    pub(crate) own_container: ContainerName,
    /// The task, if task metadata told.
    pub(crate) task: Option<TaskArn>,
    /// What the decisions need.
    pub(crate) known: Known,
}

/// A place and what comes with it, from one process to the next. No place while the sidecar is disabled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Handed {
    /// Where it runs.
    pub(crate) place: Option<Place>,
}

/// Names of parameters that may tell of one instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Records {
    /// Its own record.
    pub(crate) own: String,
    /// The shared records of its cluster.
    pub(crate) shared: Vec<String>,
}

impl Records {
    /// All of them.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.own).chain(&self.shared).map(String::as_str)
    }
}

impl Place {
    /// The name of this instance's parameter.
    pub(crate) fn parameter(&self, prefix: &ParameterPrefix) -> String {
        prefix.record_name(&InstanceKey {
            cluster: self.cluster.clone(),
            instance: self.instance.clone(),
        })
    }

    /// The names of the parameters that may tell of this instance: its own, and the shared records of the cluster.
    pub(crate) fn records(&self, prefix: &ParameterPrefix) -> Records {
        Records {
            own: self.parameter(prefix),
            shared: prefix.shared_names(&self.cluster).collect(),
        }
    }

    /// The statement that the task role needs, for a person to copy.
    pub(crate) fn permission(&self, prefix: &ParameterPrefix) -> String {
        permission(self.task.as_ref(), &self.region, self.cluster.as_str(), prefix)
    }
}

/// The statement that the role of this task needs, for a person to copy.
pub(crate) fn permission(
    task: Option<&TaskArn>,
    region: &str,
    cluster: &str,
    prefix: &ParameterPrefix,
) -> String {
    let arn = task.map_or("", TaskArn::as_str);
    let part = |n| arn.split(':').nth(n).filter(|p| !p.is_empty());
    let (partition, account) = (part(1).unwrap_or("aws"), part(4).unwrap_or("*"));
    format!(
        "allow the task role ssm:GetParameters and ssm:GetParameter on \
         arn:{partition}:ssm:{region}:{account}:parameter{prefix}/{cluster}/* and {prefix}/control"
    )
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn place() -> Place {
        Place {
            region: "eu-west-1".into(),
            cluster: "prod".parse().unwrap(),
            instance: "i-0123456789abcdef0".parse().unwrap(),
            own_container: "ecs-daemon-protector".parse().unwrap(),
            task: "arn:aws-cn:ecs:eu-west-1:123456789012:task/prod/0a1b"
                .parse()
                .ok(),
            known: Known::default(),
        }
    }

    #[test]
    fn the_permission_names_the_parameters_of_the_cluster() {
        let prefix = ParameterPrefix::default();
        assert_eq!(
            place().permission(&prefix),
            "allow the task role ssm:GetParameters and ssm:GetParameter on \
             arn:aws-cn:ssm:eu-west-1:123456789012:parameter/ecs-daemon-protector/prod/* \
             and /ecs-daemon-protector/control"
        );
        let nowhere = Place {
            task: None,
            ..place()
        };
        assert!(
            nowhere
                .permission(&prefix)
                .contains("arn:aws:ssm:eu-west-1:*:parameter/")
        );
        assert_eq!(
            place().parameter(&prefix),
            "/ecs-daemon-protector/prod/i-0123456789abcdef0"
        );
    }

    #[test]
    fn a_place_survives_the_hand_over() {
        let handed = Handed { place: Some(place()) };
        let text = serde_json::to_string(&handed).unwrap();
        assert_eq!(serde_json::from_str::<Handed>(&text).unwrap(), handed);
    }
}
