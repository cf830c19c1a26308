//! ARNs of ECS say the kind of what they name, its region and its cluster.

use super::name::ClusterName;
use super::text::{InvalidId, text_id};

text_id!(
    /// The full ARN of an ECS task.
    TaskArn,
    "a task ARN (arn:…:ecs:<region>:<account>:task/<cluster>/<id>)",
    |t| ecs_resource(t).is_some_and(|r| r.kind == "task")
);

text_id!(
    /// The full ARN of an ECS container instance. A new life of the same EC2 instance has another one.
    ContainerInstanceArn,
    "a container instance ARN (arn:…:ecs:<region>:<account>:container-instance/<cluster>/<id>)",
    |t| ecs_resource(t).is_some_and(|r| r.kind == "container-instance")
);

text_id!(
    /// The ARN of an ECS cluster.
    ClusterArn,
    "a cluster ARN (arn:…:ecs:<region>:<account>:cluster/<name>)",
    |t| ecs_resource(t).is_some_and(|r| r.kind == "cluster" && r.cluster.is_none())
);

/// The parts of an ECS ARN that we read.
struct EcsResource<'a> {
    region: &'a str,
    kind: &'a str,
    cluster: Option<&'a str>,
    id: &'a str,
}

/// Takes an ECS ARN apart. The old format, without the cluster's name, is still valid for old accounts.
fn ecs_resource(arn: &str) -> Option<EcsResource<'_>> {
    let mut parts = arn.splitn(6, ':');
    let (prefix, _partition, service, region, account) = (
        parts.next()?,
        parts.next()?,
        parts.next()?,
        parts.next()?,
        parts.next()?,
    );
    let resource = parts.next()?;
    if prefix != "arn" || service != "ecs" || region.is_empty() || account.is_empty() {
        return None;
    }
    let mut path = resource.split('/');
    let (kind, first, second) = (path.next()?, path.next()?, path.next());
    if path.next().is_some() || first.is_empty() || second == Some("") {
        return None;
    }
    Some(match second {
        Some(id) => EcsResource {
            region,
            kind,
            cluster: Some(first),
            id,
        },
        None => EcsResource {
            region,
            kind,
            cluster: None,
            id: first,
        },
    })
}

impl ClusterArn {
    /// The cluster's name: the last part of its ARN.
    ///
    /// # Errors
    /// If the last part is not a valid cluster name.
    pub fn cluster_name(&self) -> Result<ClusterName, InvalidId> {
        ecs_resource(&self.0).map_or("", |r| r.id).parse()
    }
}

impl ClusterName {
    /// Reads a cluster as AWS gives it, by name or by ARN: task metadata v4 has shown both.
    ///
    /// # Errors
    /// If the text is neither.
    pub fn from_name_or_arn(text: &str) -> Result<Self, InvalidId> {
        match text.parse::<ClusterArn>() {
            Ok(arn) => arn.cluster_name(),
            Err(_) => text.parse(),
        }
    }
}

impl TaskArn {
    /// The region in which the task runs.
    #[must_use]
    pub fn region(&self) -> &str {
        ecs_resource(&self.0).map_or("", |r| r.region)
    }
}

impl ContainerInstanceArn {
    /// The name of the cluster, absent in ARNs of the old format.
    #[must_use]
    pub fn cluster_name(&self) -> Option<ClusterName> {
        ecs_resource(&self.0)?.cluster?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INSTANCE_ARN: &str = "arn:aws:ecs:eu-west-1:123456789012:container-instance/prod/0a1b2c3d";

    #[test]
    fn arns_are_distinguished_by_kind() {
        assert!(INSTANCE_ARN.parse::<ContainerInstanceArn>().is_ok());
        assert!(INSTANCE_ARN.parse::<TaskArn>().is_err());
        assert!("arn:aws:ecs:eu-west-1:1:task/abc".parse::<TaskArn>().is_ok());
        assert!("arn:aws:s3:::bucket/task".parse::<TaskArn>().is_err());
        assert!("arn:aws:ecs:eu-west-1:1:task/a/b/c".parse::<TaskArn>().is_err());
    }

    #[test]
    fn a_cluster_is_known_by_name_or_arn() {
        let arn = "arn:aws-us-gov:ecs:us-gov-west-1:1:cluster/prod";
        assert_eq!(ClusterName::from_name_or_arn(arn).unwrap().as_str(), "prod");
        assert_eq!(ClusterName::from_name_or_arn("prod").unwrap().as_str(), "prod");
        assert!(ClusterName::from_name_or_arn(INSTANCE_ARN).is_err());
    }

    #[test]
    fn a_container_instance_knows_its_cluster_unless_its_arn_is_old() {
        let new: ContainerInstanceArn = INSTANCE_ARN.parse().unwrap();
        assert_eq!(new.cluster_name().unwrap().as_str(), "prod");
        let old: ContainerInstanceArn = "arn:aws:ecs:eu-west-1:1:container-instance/0a1b".parse().unwrap();
        assert_eq!(old.cluster_name(), None);
    }

    #[test]
    fn each_part_of_an_arn_must_be_right() {
        assert!("arn:aws:ecs:eu-west-1:1:task/prod/a".parse::<TaskArn>().is_ok());
        for wrong in [
            "urn:aws:ecs:eu-west-1:1:task/prod/a",
            "arn:aws:s3:eu-west-1:1:task/prod/a",
            "arn:aws:ecs::1:task/prod/a",
            "arn:aws:ecs:eu-west-1::task/prod/a",
            "arn:aws:ecs:eu-west-1:1",
            "arn:aws:ecs:eu-west-1:1:task",
            "arn:aws:ecs:eu-west-1:1:task/",
            "arn:aws:ecs:eu-west-1:1:task//a",
            "arn:aws:ecs:eu-west-1:1:task/prod/",
            "arn:aws:ecs:eu-west-1:1:task/prod/a/b",
        ] {
            assert!(wrong.parse::<TaskArn>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_task_knows_its_region() {
        for arn in [
            "arn:aws:ecs:eu-west-1:1:task/prod/a",
            "arn:aws:ecs:eu-west-1:1:task/a",
        ] {
            assert_eq!(arn.parse::<TaskArn>().unwrap().region(), "eu-west-1", "{arn}");
        }
    }
}
