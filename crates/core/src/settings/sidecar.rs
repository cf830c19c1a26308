//! The sidecar reads its settings from its environment.

use std::str::FromStr;

use crate::hold::state::HoldPolicy;
use crate::ids::{ClusterName, ContainerName, InstanceId, InvalidId};
use crate::level::Level;
use crate::record::ParameterPrefix;
use crate::variables::{Problems, Reader};

/// Names of all settings, without their prefix.
pub const NAMES: [&str; 10] = [
    "PARAMETER_PREFIX",
    "CLUSTER",
    "INSTANCE_ID",
    "PROTECTS",
    "POLL_INTERVAL",
    "MAX_HOLD",
    "UNKNOWN_GRACE",
    "TERMINATING_GRACE",
    "DISABLED",
    "LOG",
];

/// Settings of earlier versions, and what to use instead. Each is an error while it is set: without its effect the
/// sidecar might not find out where it runs.
const REMOVED: [(&str, &str); 1] = [(
    "ALLOW_ECS_LOOKUP",
    "no value, it was removed and the sidecar never calls ECS: set PROTECTOR_INSTANCE_ID, or let the container reach \
     IMDS (HttpPutResponseHopLimit 2 in bridge network mode), or use host network mode",
)];

/// What the operator has set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SidecarSettings {
    /// The prefix of the records' parameters.
    pub prefix: ParameterPrefix,
    /// The cluster, if it is not to be taken from task metadata.
    pub cluster: Option<ClusterName>,
    /// The instance, if it is not to be taken from IMDS.
    pub instance: Option<InstanceId>,
    /// Containers to protect; empty means all others of the task.
    pub protects: Vec<ContainerName>,
    /// How long to wait for what.
    pub policy: HoldPolicy,
    /// The least important lines that are written.
    pub log: Level,
}

/// A cluster as an operator may write it.
struct NameOrArn(ClusterName);

impl FromStr for NameOrArn {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        ClusterName::from_name_or_arn(text).map(Self)
    }
}

const LEVELS: [(&str, Level); 4] = [
    ("info", Level::Info),
    ("debug", Level::Debug),
    ("warn", Level::Warn),
    ("error", Level::Error),
];

impl SidecarSettings {
    /// Reads all settings through `lookup`; `given` are the names of all variables that are set.
    ///
    /// # Errors
    /// Every setting that is wrong, and every `PROTECTOR_` variable that is not ours.
    pub fn read(
        lookup: &dyn Fn(&str) -> Option<String>,
        given: impl IntoIterator<Item = String>,
    ) -> Result<SidecarSettings, Problems> {
        let mut reader = Reader::new(lookup);
        let r = &mut reader;
        let settings = SidecarSettings {
            prefix: r
                .parsed(
                    "PARAMETER_PREFIX",
                    "a parameter prefix such as /ecs-daemon-protector, not below /aws or /ssm",
                )
                .unwrap_or_default(),
            cluster: r
                .parsed::<NameOrArn>("CLUSTER", "a cluster's name or ARN")
                .map(|c| c.0),
            instance: r.parsed("INSTANCE_ID", "an EC2 instance id such as i-0123456789abcdef0"),
            protects: r.list("PROTECTS", "a container's name"),
            policy: policy(r),
            log: r.choice("LOG", &LEVELS, Level::Info),
        };
        for (name, instead) in REMOVED {
            reader.refuse_removed(name, instead);
        }
        reader.refuse_unknown(given);
        reader.finish(settings)
    }
}

fn policy(r: &mut Reader<'_>) -> HoldPolicy {
    let default = HoldPolicy::default();
    let policy = HoldPolicy {
        poll_interval: r.duration("POLL_INTERVAL", default.poll_interval),
        max_hold: r.duration("MAX_HOLD", default.max_hold),
        unknown_grace: r.duration("UNKNOWN_GRACE", default.unknown_grace),
        terminating_grace: r.duration("TERMINATING_GRACE", default.terminating_grace),
        disabled: r.flag("DISABLED"),
    };
    let meant = r.is_given("UNKNOWN_GRACE") && r.is_given("TERMINATING_GRACE");
    if meant && policy.unknown_grace > policy.terminating_grace {
        r.contradiction(
            ["UNKNOWN_GRACE", "TERMINATING_GRACE"],
            [
                &format!("{:#}", policy.unknown_grace),
                &format!("{:#}", policy.terminating_grace),
            ],
            "at least as long a wait for a record if the instance is known to go",
        );
    }
    policy
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn given(pairs: &[(&str, &str)]) -> Result<SidecarSettings, Problems> {
        let map: BTreeMap<String, String> = pairs
            .iter()
            .map(|(n, v)| (format!("PROTECTOR_{n}"), (*v).to_owned()))
            .collect();
        SidecarSettings::read(&|name| map.get(name).cloned(), map.keys().cloned())
    }

    #[test]
    fn defaults_are_as_documented() {
        let settings = given(&[]).unwrap();
        assert_eq!(settings.policy, HoldPolicy::default());
        assert_eq!(settings.prefix.to_string(), "/ecs-daemon-protector");
        assert!(settings.protects.is_empty());
    }

    /// With every default a drain reaches its deadline, and each of ten tiers has its flush and a late tick.
    #[test]
    fn p3_the_default_bounds_of_both_programs_fit_together() {
        let coordinator = crate::settings::coordinator::CoordinatorSettings::read(&|_| None, [])
            .unwrap()
            .policy;
        let tier = coordinator.daemon_stop + crate::limits::TICK_AND_DELAY;
        let needed = coordinator.max_drain + crate::limits::COORDINATOR_SILENCE + tier * 10;
        assert!(given(&[]).unwrap().policy.max_hold > needed, "{needed:#}");
    }

    #[test]
    fn every_setting_is_read() {
        for name in NAMES {
            let problems = given(&[(name, "\u{7}")]).unwrap_err();
            assert_eq!(problems.0.len(), 1);
            assert_eq!(problems.0[0].name, format!("PROTECTOR_{name}"));
            assert!(!problems.0[0].expected.contains("no such setting"), "{name}");
        }
    }

    #[test]
    fn a_removed_setting_names_what_to_use_instead() {
        for value in ["true", "false", "perhaps"] {
            let problems = given(&[("ALLOW_ECS_LOOKUP", value), ("MAXHOLD", "1h")])
                .unwrap_err()
                .0;
            assert_eq!(problems.len(), 2, "{problems:?}");
            let (removed, unknown) = (&problems[0], &problems[1]);
            assert_eq!(
                (removed.name.as_str(), removed.value.as_str()),
                ("PROTECTOR_ALLOW_ECS_LOOKUP", value)
            );
            for instead in [
                "PROTECTOR_INSTANCE_ID",
                "HttpPutResponseHopLimit 2",
                "host network mode",
            ] {
                assert!(removed.expected.contains(instead), "{removed}");
            }
            assert!(!unknown.expected.contains("ALLOW_ECS_LOOKUP"), "{unknown}");
        }
        assert!(
            given(&[("ALLOW_ECS_LOOKUP", "")]).is_ok(),
            "an empty value is not set"
        );
    }

    #[test]
    fn a_wait_is_not_shortened_by_knowing_that_the_instance_goes() {
        let both = [("UNKNOWN_GRACE", "2m"), ("TERMINATING_GRACE", "1m")];
        let problems = given(&both).unwrap_err();
        assert_eq!(
            problems.0[0].name,
            "PROTECTOR_UNKNOWN_GRACE and PROTECTOR_TERMINATING_GRACE"
        );
        assert!(
            given(&[("UNKNOWN_GRACE", "1h")]).is_ok(),
            "the other is a default"
        );
    }

    #[test]
    fn a_cluster_may_be_an_arn() {
        let settings = given(&[("CLUSTER", "arn:aws:ecs:eu-west-1:123456789012:cluster/prod")]).unwrap();
        assert_eq!(settings.cluster.unwrap().as_str(), "prod");
    }

    #[test]
    fn all_mistakes_come_at_once() {
        let problems = given(&[
            ("MAX_HOLD", "soon"),
            ("INSTANCE_ID", "web-1"),
            ("MAXHOLD", "1h"),
            ("LOG", "loud"),
        ])
        .unwrap_err();
        let names: Vec<&str> = problems.0.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "PROTECTOR_INSTANCE_ID",
                "PROTECTOR_MAX_HOLD",
                "PROTECTOR_LOG",
                "PROTECTOR_MAXHOLD"
            ]
        );
    }
}
