//! The checks that look at IAM and EC2: what the task role may do, and whether the sidecar reaches the instance metadata
//! service.

use std::collections::BTreeMap;

use protector_core::plural::counted;

use super::cluster::instances_by_arn;
use crate::doctor::catalog::CheckId;
use crate::doctor::finding::Finding;
use crate::doctor::reads::{ClusterReads, DaemonReads, MetadataOptions};
use crate::doctor::role::{Access, Role, RoleAnswers};
use crate::explain::command::CommandLine;
use crate::read::{Gap, GapKind};
use crate::seen::DefinedContainer;

/// A container on the bridge is one hop away from its host, and the answer of the metadata service two.
const BRIDGE_HOPS: u32 = 2;

/// Gives the sidecar its instance, so that it asks no metadata service for it.
const INSTANCE: &str = "PROTECTOR_INSTANCE_ID";

/// The call behind the check `policy`.
const SIMULATE: &str = "iam:SimulatePrincipalPolicy";

/// Whether the task role may read what the sidecar reads, and nothing else.
pub(super) fn policy(daemon: &DaemonReads) -> Finding {
    let id = CheckId::Policy;
    let role = daemon
        .definition
        .as_ref()
        .ok()
        .and_then(|one| one.task_role.as_deref());
    let Some(role) = role.and_then(Role::parse) else {
        return Finding::skipped(id, "the definition has no task role");
    };
    match &daemon.role {
        None => Finding::skipped(id, "what the sidecar reads is not known: see its settings"),
        Some(Err(gap)) if gap.kind == GapKind::NotFound => {
            Finding::fail(id, format!("the task role {} does not exist", role.name()))
        }
        Some(Err(gap)) => Finding::not_known(id, "the policy of the task role", gap),
        Some(Ok(answers)) => of_role(&role, answers),
    }
}

fn of_role(role: &Role, answers: &RoleAnswers) -> Finding {
    let id = CheckId::Policy;
    let Access {
        denied,
        depends,
        more,
        is_complete,
    } = answers.access();
    let name = role.name();
    if !denied.is_empty() {
        let text = format!("the task role {name} may not {}", listed(&denied));
        return Finding::fail(id, text).fix(
            CommandLine::new("aws iam attach-role-policy")
                .option("--role-name", name)
                .option("--policy-arn", "OUTPUT_SIDECAR_POLICY_ARN")
                .line(),
        );
    }
    if !is_complete {
        let gap = Gap {
            call: SIMULATE,
            kind: GapKind::Other,
            code: "NotUnderstood".to_owned(),
            message: "the simulator has not answered for each parameter".to_owned(),
        };
        return Finding::not_known(id, "the policy of the task role", &gap);
    }
    let show = CommandLine::new("aws iam list-attached-role-policies")
        .option("--role-name", name)
        .line();
    if !depends.is_empty() {
        let keys: Vec<&String> = depends.keys().collect();
        let text = format!(
            "whether the task role {name} may read its records depends on {}",
            super::names(&keys)
        );
        return Finding::warn(id, text)
            .hint("the simulation has no value for it; sidecar-health shows whether the sidecar can read")
            .fix(show);
    }
    match more.is_empty() {
        true => Finding::pass(
            id,
            format!("the task role {name} may read its records and the kill switch, and no more of what was tried"),
        ),
        false => Finding::warn(id, format!("the task role {name} may also {}", listed(&more)))
            .hint("the sidecar needs no more than SidecarPolicyArn; another statement may be meant for the daemon")
            .fix(show),
    }
}

/// Actions with the parameters that they concern, those with the same ones together:
/// `ssm:GetParameter and ssm:GetParameters /p/control, /p/coordinator`.
fn listed(actions: &BTreeMap<&'static str, Vec<String>>) -> String {
    let mut groups: Vec<(Vec<&str>, &Vec<String>)> = Vec::new();
    for (action, names) in actions {
        match groups.iter_mut().find(|(_, known)| *known == names) {
            Some((together, _)) => together.push(action),
            None => groups.push((vec![*action], names)),
        }
    }
    let each = groups
        .iter()
        .map(|(together, names)| format!("{} {}", together.join(" and "), super::names(names)));
    each.collect::<Vec<_>>().join("; ")
}

/// What is wrong with the metadata service of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum MetadataFault {
    Disabled,
    HopLimit(u32),
}

/// Whether the sidecars reach the metadata service of their hosts.
pub(super) fn hop_limit(daemon: &DaemonReads, sidecar: &DefinedContainer, cluster: &ClusterReads) -> Finding {
    let id = CheckId::HopLimit;
    let mode = daemon
        .definition
        .as_ref()
        .ok()
        .and_then(|one| one.network_mode.as_deref());
    // ECS takes bridge on Linux if the definition has none.
    let least = match mode {
        None | Some("bridge") => BRIDGE_HOPS,
        Some("host") => 1,
        Some(other) => {
            return Finding::skipped(
                id,
                format!("networkMode {other} has no way to the metadata service"),
            );
        }
    };
    let options = match &cluster.metadata {
        None => return Finding::skipped(id, "the instances of the cluster are not known"),
        Some(Err(gap)) => return Finding::not_known(id, "the metadata options of the hosts", gap),
        Some(Ok(options)) => options,
    };
    if let Err(gap) = &daemon.tasks {
        return Finding::not_known(id, "the hosts of the daemon", gap);
    }
    let by_arn = instances_by_arn(cluster);
    let hosts = daemon
        .running()
        .filter_map(|task| by_arn.get(task.container_instance.as_ref()?));
    let known: BTreeMap<&str, &MetadataOptions> = hosts
        .filter_map(|host| options.iter().find(|(one, _)| one.as_str() == *host))
        .map(|(instance, options)| (instance.as_str(), options))
        .collect();
    let mut faults: BTreeMap<MetadataFault, Vec<&str>> = BTreeMap::new();
    for (instance, options) in &known {
        if let Some(fault) = fault(options, least) {
            faults.entry(fault).or_default().push(instance);
        }
    }
    let all = known.len();
    let network = mode.unwrap_or("bridge");
    if faults.is_empty() {
        return match all {
            0 => Finding::skipped(id, "no task runs on an instance that EC2 knows"),
            _ => Finding::pass(
                id,
                format!(
                    "the metadata service answers {network} mode on {}",
                    counted(all, "host")
                ),
            ),
        };
    }
    let parts = faults.iter().map(|(fault, on)| match fault {
        MetadataFault::Disabled => format!(
            "the metadata service is off on {} of {all} ({})",
            on.len(),
            super::names(on)
        ),
        MetadataFault::HopLimit(limit) => format!(
            "hop limit {limit} on {} of {all} ({}): {network} mode needs {least}",
            on.len(),
            super::names(on)
        ),
    });
    let text = parts.collect::<Vec<_>>().join("; ");
    let finding = match sidecar.environment.contains_key(INSTANCE) {
        true => Finding::warn(id, text).hint(format!(
            "{INSTANCE} names the instance; without the metadata service a stop that is no drain is held for longer"
        )),
        false => Finding::fail(id, text),
    };
    let first = faults.values().flatten().next().copied().unwrap_or("INSTANCE");
    finding
        .hint("new instances need the same in their launch template")
        .fix(
            CommandLine::new("aws ec2 modify-instance-metadata-options")
                .option("--instance-id", first)
                .option("--http-endpoint", "enabled")
                .option("--http-put-response-hop-limit", &least.to_string())
                .line(),
        )
}

fn fault(options: &MetadataOptions, least: u32) -> Option<MetadataFault> {
    match options.is_enabled {
        false => Some(MetadataFault::Disabled),
        true if options.hop_limit < least => Some(MetadataFault::HopLimit(options.hop_limit)),
        true => None,
    }
}
