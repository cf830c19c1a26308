//! Identifiers are parsed once at the edge, and trusted afterwards.
//!
//! Each is a newtype, so that an EC2 instance id can never be given where a container instance ARN is wanted.
//! Formats follow the ECS, EC2 and Auto Scaling API references.

mod arn;
mod name;
mod text;

use std::fmt;

pub use arn::{ClusterArn, ContainerInstanceArn, TaskArn};
pub use name::{
    AutoScalingGroupName, ClusterName, ContainerName, InstanceId, LifecycleActionToken, LifecycleHookName,
    ServiceName,
};
pub use text::InvalidId;

/// What a drain is about: one EC2 instance as a member of one cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceKey {
    /// The cluster in which the instance is registered.
    pub cluster: ClusterName,
    /// The EC2 instance.
    pub instance: InstanceId,
}

impl fmt::Display for InstanceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.cluster, self.instance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_is_named_with_its_cluster() {
        let key = InstanceKey {
            cluster: "prod".parse().unwrap(),
            instance: "i-12345678".parse().unwrap(),
        };
        assert_eq!(key.to_string(), "prod/i-12345678");
    }
}
