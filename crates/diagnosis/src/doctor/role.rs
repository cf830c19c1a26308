//! What a daemon's task role may do with parameters: what IAM's policy simulator is asked, and what its answers mean.
//!
//! The names of the parameters come from the code by which the sidecar finds them
//! ([`ParameterPrefix`], [`protector_core::shared`]).

use std::collections::BTreeMap;

use protector_core::ids::InstanceKey;
use protector_core::record::ParameterPrefix;

/// The calls by which the sidecar reads: all its parameters together, and each by itself where that is denied.
const READS: [&str; 2] = ["ssm:GetParameters", "ssm:GetParameter"];

/// Calls that it never makes.
const WRITES: [&str; 2] = ["ssm:PutParameter", "ssm:DeleteParameter"];

/// A parameter that belongs to no program: a role that may read it may read any.
const FOREIGN: &str = "/protectorctl-doctor/not-a-parameter";

/// A role of IAM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its ARN.
    pub arn: String,
    partition: String,
    account: String,
}

impl Role {
    /// Reads an ARN; none if it is not that of a role.
    #[must_use]
    pub fn parse(arn: &str) -> Option<Role> {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        match parts.as_slice() {
            ["arn", partition, "iam", "", account, name] if name.starts_with("role/") => Some(Role {
                arn: arn.to_owned(),
                partition: (*partition).to_owned(),
                account: (*account).to_owned(),
            }),
            _ => None,
        }
    }

    /// Its name, without its path.
    #[must_use]
    pub fn name(&self) -> &str {
        self.arn.rsplit('/').next().unwrap_or(&self.arn)
    }
}

/// One run of the simulator: each action on each resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Simulation {
    /// The actions.
    pub actions: Vec<&'static str>,
    /// ARNs of parameters.
    pub resources: Vec<String>,
}

/// What is asked about a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleQuestions {
    /// The role.
    pub role: Role,
    place: String,
    /// Names that it must be able to read.
    needed: Vec<String>,
    /// Those of them that are shared records.
    shared: Vec<String>,
    /// Names that it need not read.
    beyond: Vec<String>,
    /// Names of ours that it must not write.
    ours: Vec<String>,
}

impl RoleQuestions {
    /// The questions about a role, in the place of a sidecar that reads below `prefix`.
    #[must_use]
    pub fn new(role: Role, region: &str, prefix: &ParameterPrefix, of: &InstanceKey) -> RoleQuestions {
        let (record, control) = (prefix.record_name(of), prefix.control_name());
        let shared: Vec<String> = prefix.shared_names(&of.cluster).collect();
        let ours = [&record, &control].into_iter().chain(shared.first());
        RoleQuestions {
            place: format!("arn:{}:ssm:{region}:{}:parameter", role.partition, role.account),
            role,
            ours: ours.cloned().collect(),
            needed: std::iter::once(record)
                .chain(shared.clone())
                .chain([control])
                .collect(),
            shared,
            beyond: vec![prefix.beacon_name(), FOREIGN.to_owned()],
        }
    }

    /// What is given to the simulator.
    #[must_use]
    pub fn simulations(&self) -> Vec<Simulation> {
        let arns = |names: &[String]| names.iter().map(|name| self.arn(name)).collect::<Vec<_>>();
        let mut read = arns(&self.needed);
        read.extend(arns(&self.beyond));
        vec![
            Simulation {
                actions: READS.to_vec(),
                resources: read,
            },
            Simulation {
                actions: WRITES.to_vec(),
                resources: arns(&self.ours),
            },
        ]
    }

    fn arn(&self, name: &str) -> String {
        format!("{}{name}", self.place)
    }

    /// A name for people: the shared records differ by their number alone.
    fn shown(&self, name: &str) -> String {
        match name {
            FOREIGN => "any other parameter".to_owned(),
            name if self.shared.iter().any(|shared| shared == name) => {
                format!(
                    "{}*",
                    name.trim_end_matches(|letter: char| letter.is_ascii_digit())
                )
            }
            name => name.to_owned(),
        }
    }
}

/// What the simulator says of one action on one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Allowed.
    Allowed,
    /// Not allowed.
    Denied,
    /// Not allowed, and a condition needs these context keys, which the simulator was not given.
    Depends(Vec<String>),
}

/// What was answered: by action and ARN.
pub type Decisions = BTreeMap<(String, String), Decision>;

/// The questions about a role with their answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleAnswers {
    /// The questions.
    pub questions: RoleQuestions,
    /// The answers.
    pub decisions: Decisions,
}

/// What a role may do, and what it may not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Access {
    /// Actions that it needs and may not do, each with the names of the parameters.
    pub(super) denied: BTreeMap<&'static str, Vec<String>>,
    /// The same where a condition decides, with its context keys.
    pub(super) depends: BTreeMap<String, Vec<String>>,
    /// Actions that it may do and does not need.
    pub(super) more: BTreeMap<&'static str, Vec<String>>,
    /// Whether each question was answered.
    pub(super) is_complete: bool,
}

impl RoleAnswers {
    /// What the answers come to.
    pub(super) fn access(&self) -> Access {
        let mut access = Access {
            is_complete: true,
            ..Access::default()
        };
        let RoleQuestions {
            needed, beyond, ours, ..
        } = &self.questions;
        for (actions, names, is_needed) in [
            (READS, needed, true),
            (READS, beyond, false),
            (WRITES, ours, false),
        ] {
            for action in actions {
                for name in names {
                    self.sort(&mut access, action, name, is_needed);
                }
            }
        }
        access
    }

    fn sort(&self, access: &mut Access, action: &'static str, name: &str, is_needed: bool) {
        let key = (action.to_owned(), self.questions.arn(name));
        let shown = self.questions.shown(name);
        match (self.decisions.get(&key), is_needed) {
            (None, _) => access.is_complete = false,
            (Some(Decision::Allowed), true) | (Some(Decision::Denied | Decision::Depends(_)), false) => {}
            (Some(Decision::Allowed), false) => {
                add(access.more.entry(action).or_default(), shown);
            }
            (Some(Decision::Denied), true) => {
                add(access.denied.entry(action).or_default(), shown);
            }
            (Some(Decision::Depends(keys)), true) => {
                for key in keys {
                    add(access.depends.entry(key.clone()).or_default(), shown.clone());
                }
            }
        }
    }
}

/// Adds a name unless it is there: shared records have one for all of them.
fn add(names: &mut Vec<String>, name: String) {
    if !names.contains(&name) {
        names.push(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::key;
    use protector_core::hold::Identity;
    use protector_core::hold::state::SidecarIdentity;

    fn questions() -> RoleQuestions {
        let role = Role::parse("arn:aws-cn:iam::123456789012:role/daemons/fluent-bit-task").unwrap();
        RoleQuestions::new(role, "cn-north-1", &"/ops/drain".parse().unwrap(), &key())
    }

    #[test]
    fn only_the_arn_of_a_role_is_a_role() {
        assert_eq!(questions().role.name(), "fluent-bit-task");
        for other in [
            "fluent-bit-task",
            "arn:aws:iam::123456789012:user/ana",
            "arn:aws:sts::123456789012:assumed-role/a/b",
        ] {
            assert_eq!(Role::parse(other), None, "{other}");
        }
    }

    #[test]
    fn what_a_sidecar_asks_for_is_what_is_simulated() {
        let prefix: ParameterPrefix = "/ops/drain".parse().unwrap();
        let sidecar = Identity {
            region: "cn-north-1".to_owned(),
            cluster: key().cluster,
            instance: key().instance,
            own_container: "ecs-daemon-protector".parse().unwrap(),
            task: None,
            known: SidecarIdentity::default(),
        };
        let questions = questions();
        assert_eq!(questions.needed, sidecar.names(&prefix));
        let simulations = questions.simulations();
        let reads = &simulations[0].resources;
        let place = "arn:aws-cn:ssm:cn-north-1:123456789012:parameter/ops/drain";
        assert_eq!(reads.len(), 12);
        assert!(reads.contains(&format!("{place}/control")), "{reads:?}");
        assert!(
            reads.contains(&format!("{place}/prod/{}", key().instance)),
            "{reads:?}"
        );
        assert_eq!(simulations[1].resources.len(), 3);
    }

    #[test]
    fn what_was_not_answered_is_neither_allowed_nor_denied() {
        let answers = RoleAnswers {
            questions: questions(),
            decisions: Decisions::new(),
        };
        assert_eq!(answers.access(), Access::default());
    }
}
