//! Identifiers, parsed once at the edge and trusted afterwards.
//!
//! Each is a newtype, so that an EC2 instance id can never be given where a container instance ARN is wanted.
//! Formats follow the ECS, EC2 and Auto Scaling API references.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::limits::{QUOTED_CHARS_MAX, cut};

/// A text that is not the identifier it was taken for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{value:?} is not {expected}")]
pub struct InvalidId {
    /// The text as it came, cut to a length that is safe to log.
    pub value: String,
    /// What it should have been, as a phrase with its article.
    pub expected: &'static str,
}

/// Replaces a text that must not be shown.
const NOT_SHOWN: &str = "(not shown)";

impl InvalidId {
    pub(crate) fn new(value: &str, expected: &'static str) -> Self {
        Self {
            value: cut(value, QUOTED_CHARS_MAX),
            expected,
        }
    }
}

/// Declares a newtype over `String` whose only constructor checks it. What is `secret` is shown neither by `Debug` nor
/// by the error of a text that is none: that is most likely one with a typing mistake.
macro_rules! text_id {
    (@secret) => { false };
    (@secret secret) => { true };
    ($(#[$doc:meta])* $name:ident, $expected:literal, $valid:expr $(, $secret:ident)?) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            const SECRET: bool = text_id!(@secret $($secret)?);

            /// The text of the identifier.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(InvalidId::new(if Self::SECRET { NOT_SHOWN } else { text }, $expected))
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let shown = if Self::SECRET { NOT_SHOWN } else { &self.0 };
                f.debug_tuple(stringify!($name)).field(&shown).finish()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

fn is_name(text: &str, chars_max: usize, also: &str) -> bool {
    (1..=chars_max).contains(&text.len())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || also.contains(c))
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_hexdigit())
}

text_id!(
    /// An EC2 instance id, `i-` and 8 or 17 hexadecimal digits.
    InstanceId,
    "an EC2 instance id such as i-0123456789abcdef0",
    |t| t.strip_prefix("i-").is_some_and(|h| matches!(h.len(), 8 | 17) && is_hex(h))
);

text_id!(
    /// The name of an ECS cluster: up to 255 letters, digits, hyphens and underscores (`CreateCluster`).
    ClusterName,
    "an ECS cluster name (letters, digits, - and _, at most 255)",
    |t| is_name(t, 255, "-_")
);

text_id!(
    /// The name of an ECS service: up to 255 letters, digits, hyphens and underscores (`CreateService`).
    ServiceName,
    "an ECS service name (letters, digits, - and _, at most 255)",
    |t| is_name(t, 255, "-_")
);

text_id!(
    /// The name of a container in a task definition: up to 255 letters, digits, hyphens and underscores.
    ContainerName,
    "a container name (letters, digits, - and _, at most 255)",
    |t| is_name(t, 255, "-_")
);

text_id!(
    /// The name of an Auto Scaling group: 1 to 255 printable characters.
    AutoScalingGroupName,
    "an Auto Scaling group name (1 to 255 printable characters)",
    |t| (1..=255).contains(&t.chars().count()) && !t.chars().any(char::is_control)
);

text_id!(
    /// The name of a lifecycle hook: up to 255 letters, digits, `-`, `_` and `/` (`PutLifecycleHook`).
    LifecycleHookName,
    "a lifecycle hook name (letters, digits, -, _ and /, at most 255)",
    |t| is_name(t, 255, "-_/")
);

text_id!(
    /// Names one waiting of one hook for one instance. It entitles its bearer to end the wait: never logged.
    LifecycleActionToken,
    "a lifecycle action token (a UUID of 36 characters)",
    |t| t.len() == 36 && t.chars().all(|c| c.is_ascii_hexdigit() || c == '-'),
    secret
);

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

    const INSTANCE_ARN: &str = "arn:aws:ecs:eu-west-1:123456789012:container-instance/prod/0a1b2c3d";

    #[test]
    fn instance_ids_have_two_lengths() {
        for good in ["i-12345678", "i-0123456789abcdef0"] {
            assert_eq!(good.parse::<InstanceId>().unwrap().as_str(), good);
        }
        for bad in [
            "",
            "i-",
            "i-123",
            "j-12345678",
            "i-0123456789abcdefg",
            "i-12345678 ",
            "mi-12345678",
        ] {
            assert!(bad.parse::<InstanceId>().is_err(), "{bad}");
        }
    }

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

    #[test]
    fn an_instance_is_named_with_its_cluster() {
        let key = InstanceKey {
            cluster: "prod".parse().unwrap(),
            instance: "i-12345678".parse().unwrap(),
        };
        assert_eq!(key.to_string(), "prod/i-12345678");
    }

    #[test]
    fn a_token_is_not_shown_and_neither_is_one_with_a_mistake() {
        let token = "630aa23f-48eb-45e7-aba6-799ea6093a0f";
        let good: LifecycleActionToken = token.parse().unwrap();
        assert_eq!(format!("{good:?}"), "LifecycleActionToken(\"(not shown)\")");
        let wrong = format!("{token} ").parse::<LifecycleActionToken>().unwrap_err();
        assert!(!format!("{wrong} {wrong:?}").contains(token), "{wrong}");
        let shown = "i-12345678".parse::<InstanceId>().unwrap();
        assert_eq!(format!("{shown:?}"), "InstanceId(\"i-12345678\")");
    }

    #[test]
    fn a_foreign_text_is_quoted_short() {
        let error = "x".repeat(10_000).parse::<InstanceId>().unwrap_err();
        assert_eq!(error.value.chars().count(), QUOTED_CHARS_MAX);
        assert!(error.value.ends_with("x…"), "{error}");
    }
}
