//! Where this sidecar runs: all that it must know to find and judge its record.

use protector_core::hold;
use protector_core::ids::TaskArn;
use protector_core::record::ParameterPrefix;
use serde::{Deserialize, Serialize};

pub(crate) use hold::Identity as Place;

/// A place and what comes with it, from one process to the next. No place while the sidecar is disabled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReexecArgs {
    /// The place where the sidecar runs.
    pub(crate) place: Option<Place>,
}

/// The statement that the task role at this place needs, for a person to copy.
pub(crate) fn permission_at(place: &Place, prefix: &ParameterPrefix) -> String {
    permission(place.task.as_ref(), &place.region, place.cluster.as_str(), prefix)
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
            known: protector_core::hold::state::SidecarIdentity::default(),
        }
    }

    #[test]
    fn the_permission_names_the_parameters_of_the_cluster() {
        let prefix = ParameterPrefix::default();
        assert_eq!(
            permission_at(&place(), &prefix),
            "allow the task role ssm:GetParameters and ssm:GetParameter on \
             arn:aws-cn:ssm:eu-west-1:123456789012:parameter/ecs-daemon-protector/prod/* \
             and /ecs-daemon-protector/control"
        );
        let nowhere = Place {
            task: None,
            ..place()
        };
        assert!(permission_at(&nowhere, &prefix).contains("arn:aws:ssm:eu-west-1:*:parameter/"));
        assert_eq!(
            place().parameter(&prefix),
            "/ecs-daemon-protector/prod/i-0123456789abcdef0"
        );
    }

    #[test]
    fn a_place_survives_the_hand_over() {
        let handed = ReexecArgs { place: Some(place()) };
        let text = serde_json::to_string(&handed).unwrap();
        assert_eq!(serde_json::from_str::<ReexecArgs>(&text).unwrap(), handed);
    }
}
