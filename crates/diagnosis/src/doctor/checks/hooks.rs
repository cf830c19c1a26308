//! The hooks of each Auto Scaling group whose instances are in the clusters.

use jiff::SignedDuration;
use protector_core::beacon::Beacon;
use protector_core::limits::{
    GLOBAL_MARGIN, HOOK_GLOBAL_HEARTBEATS, HOOK_GLOBAL_MAX, HOOK_HEARTBEAT_MIN_SECONDS, TICK,
};
use protector_core::policy::MANAGED_DRAINING_HOOK;

use crate::doctor::catalog::{Category, CheckId};
use crate::doctor::finding::Finding;
use crate::doctor::reads::{DoctorReads, GroupReads};
use crate::doctor::report::Section;
use crate::explain::command::CommandLine;
use crate::seen::LifecycleHook;
use crate::time_format::span;

/// The category, a part for each group.
pub(super) fn check(reads: &DoctorReads) -> Vec<Section> {
    let category = Category::Hooks;
    match &reads.groups {
        None => {
            let skipped = super::complete(category, Vec::new(), "the clusters are not known");
            vec![Section::whole(category, skipped)]
        }
        Some(Err(gap)) => {
            let finding = Finding::not_known(CheckId::HookPresent, "the Auto Scaling groups", gap);
            let findings = super::complete(category, vec![finding], "the groups are not known");
            vec![Section::whole(category, findings)]
        }
        Some(Ok(groups)) if groups.is_empty() => {
            let skipped = super::all_skipped(
                category,
                &[],
                "no instance of the clusters is in an Auto Scaling group",
            );
            vec![Section::whole(category, skipped)]
        }
        Some(Ok(groups)) => groups
            .iter()
            .map(|group| Section::about(category, group.group.name.as_str(), of_group(group, reads)))
            .collect(),
    }
}

fn of_group(group: &GroupReads, reads: &DoctorReads) -> Vec<Finding> {
    let hooks = match &group.hooks {
        Ok(hooks) => hooks,
        Err(gap) => {
            let mut findings = vec![Finding::not_known(CheckId::HookPresent, "the hooks", gap)];
            findings.extend(of_the_group_itself(group, reads, &[]));
            return super::complete(Category::Hooks, findings, "the hooks are not known");
        }
    };
    let terminate: Vec<&LifecycleHook> = hooks.iter().filter(|hook| hook.terminates).collect();
    let others: Vec<&LifecycleHook> = terminate
        .iter()
        .copied()
        .filter(|hook| hook.name.as_str() != MANAGED_DRAINING_HOOK)
        .collect();
    let beacon = reads.beacon();
    let ours: Vec<&LifecycleHook> = others
        .iter()
        .copied()
        .filter(|hook| is_served(group, hook, beacon))
        .collect();
    let mut findings = vec![present(group, &others, &ours, reads)];
    if !others.is_empty() {
        findings.extend(served(group, &others, &ours, beacon));
    }
    findings.extend((!terminate.is_empty()).then(|| result(group, &terminate)));
    findings.extend((!ours.is_empty()).then(|| heartbeat(group, &ours)));
    if let Some(beacon) = beacon.filter(|_| !ours.is_empty()) {
        findings.push(global(&ours, beacon));
    }
    findings.extend(of_the_group_itself(group, reads, &ours));
    let why = match (ours.is_empty(), beacon) {
        (false, None) => "the settings of the coordinator are not known",
        (false, Some(_)) => "what it needs is not known",
        (true, _) => "the coordinator serves no hook of the group",
    };
    super::complete(Category::Hooks, findings, why)
}

fn of_the_group_itself(group: &GroupReads, reads: &DoctorReads, ours: &[&LifecycleHook]) -> Vec<Finding> {
    let managed = managed_draining(group, reads, ours);
    managed
        .into_iter()
        .chain([warm_pool(group), instance_protection(group)])
        .collect()
}

/// Whether the coordinator serves the hook; also if its settings are not known.
fn is_served(group: &GroupReads, hook: &LifecycleHook, beacon: Option<&Beacon>) -> bool {
    let Some(beacon) = beacon else {
        return true;
    };
    let hooks = beacon.hooks.as_deref().unwrap_or_default();
    let groups = beacon.groups.as_deref().unwrap_or_default();
    (hooks.is_empty() || hooks.contains(&hook.name))
        && (groups.is_empty() || groups.contains(&group.group.name))
}

/// Whether ECS drains the instances of the group; none if that is not known.
fn is_managed(group: &GroupReads, reads: &DoctorReads) -> Option<bool> {
    let hook = group.hooks.iter().flatten();
    let mut hooks = hook.filter(|hook| hook.terminates);
    if hooks.any(|hook| hook.name.as_str() == MANAGED_DRAINING_HOOK) {
        return Some(true);
    }
    let providers = reads.providers.as_ref()?.as_ref().ok()?;
    let mine = |name: &_| name == &group.group.name;
    Some(
        providers
            .iter()
            .any(|provider| provider.managed_draining && provider.group.as_ref().is_some_and(mine)),
    )
}

fn present(
    group: &GroupReads,
    others: &[&LifecycleHook],
    ours: &[&LifecycleHook],
    reads: &DoctorReads,
) -> Finding {
    let id = CheckId::HookPresent;
    if let Some(hook) = ours.first().or(others.first()) {
        return Finding::pass(id, format!("terminate hook {}", hook.name));
    }
    let put = put_hook(group, "ecs-daemon-protector");
    match is_managed(group, reads) {
        Some(true) => Finding::pass(
            id,
            "no hook of ours: ECS drains the instances, and the coordinator joins",
        ),
        Some(false) => Finding::warn(
            id,
            "no terminate hook, and no managed draining: a scale-in ends instances at once",
        )
        .fix(put),
        None => Finding::warn(
            id,
            "no terminate hook; whether ECS drains the instances is not known",
        )
        .fix(put),
    }
}

fn put_hook(group: &GroupReads, hook: &str) -> String {
    CommandLine::new("aws autoscaling put-lifecycle-hook")
        .option("--auto-scaling-group-name", group.group.name.as_str())
        .option("--lifecycle-hook-name", hook)
        .option("--lifecycle-transition", "autoscaling:EC2_INSTANCE_TERMINATING")
        .option("--heartbeat-timeout", "900")
        .option("--default-result", "CONTINUE")
        .line()
}

fn served(
    group: &GroupReads,
    others: &[&LifecycleHook],
    ours: &[&LifecycleHook],
    beacon: Option<&Beacon>,
) -> Option<Finding> {
    let id = CheckId::HookServed;
    let beacon = beacon?;
    if beacon.hooks.is_none() || beacon.groups.is_none() {
        return None;
    }
    Some(match ours.first() {
        Some(hook) => Finding::pass(id, format!("the coordinator serves {}", hook.name)),
        None => {
            let names: Vec<&str> = others.iter().map(|hook| hook.name.as_str()).collect();
            let text = format!(
                "the coordinator serves no hook of {}: not {}",
                group.group.name,
                super::names(&names)
            );
            Finding::fail(id, text)
                .hint("add it to the settings LifecycleHooks and AutoScalingGroups of the stack")
        }
    })
}

fn result(group: &GroupReads, terminate: &[&LifecycleHook]) -> Finding {
    let id = CheckId::HookResult;
    match terminate.iter().find(|hook| hook.default_result == "ABANDON") {
        None => Finding::pass(id, "each terminate hook continues when it runs out"),
        Some(hook) => {
            let text = format!(
                "{} has the default result ABANDON: it cuts short all other hooks",
                hook.name
            );
            Finding::fail(id, text).fix(
                CommandLine::new("aws autoscaling put-lifecycle-hook")
                    .option("--auto-scaling-group-name", group.group.name.as_str())
                    .option("--lifecycle-hook-name", hook.name.as_str())
                    .option("--default-result", "CONTINUE")
                    .line(),
            )
        }
    }
}

fn heartbeat(group: &GroupReads, ours: &[&LifecycleHook]) -> Finding {
    let id = CheckId::HookHeartbeat;
    let Some(hook) = ours.iter().min_by_key(|hook| hook.heartbeat_timeout) else {
        return Finding::skipped(id, "no hook of ours");
    };
    let (name, seconds) = (&hook.name, hook.heartbeat_timeout);
    let text = format!("HeartbeatTimeout of {name} is {seconds} s");
    if seconds >= HOOK_HEARTBEAT_MIN_SECONDS {
        return Finding::pass(id, text);
    }
    let needs = format!("{text}; a tick a minute needs {HOOK_HEARTBEAT_MIN_SECONDS} s");
    let finding = match i64::from(seconds) < TICK.as_secs() {
        true => Finding::fail(id, needs).hint("it runs out before its first heartbeat"),
        false => Finding::warn(id, needs).hint("it may run out between two heartbeats"),
    };
    finding.fix(
        CommandLine::new("aws autoscaling put-lifecycle-hook")
            .option("--auto-scaling-group-name", group.group.name.as_str())
            .option("--lifecycle-hook-name", name.as_str())
            .option("--heartbeat-timeout", "900")
            .line(),
    )
}

fn global(ours: &[&LifecycleHook], beacon: &Beacon) -> Finding {
    let id = CheckId::HookGlobal;
    let limit = |hook: &&&LifecycleHook| {
        let timeout = SignedDuration::from_secs(i64::from(hook.heartbeat_timeout));
        (timeout * HOOK_GLOBAL_HEARTBEATS).min(HOOK_GLOBAL_MAX)
    };
    let Some(shortest) = ours.iter().min_by_key(limit) else {
        return Finding::skipped(id, "no hook of ours");
    };
    let tiers = beacon.tiers.as_ref().map_or(1, |tiers| tiers.len().max(1));
    let flush = beacon.daemon_stop * i32::try_from(tiers).unwrap_or(i32::MAX);
    let needed = beacon.max_drain + flush + GLOBAL_MARGIN;
    let has = limit(&shortest);
    let name = &shortest.name;
    match has >= needed {
        true => Finding::pass(
            id,
            format!(
                "{name} waits up to {}, and the longest drain takes {}",
                span(has),
                span(needed)
            ),
        ),
        false => {
            let text = format!(
                "{name} waits for {} at most, and the longest drain takes {}: it will be cut",
                span(has),
                span(needed)
            );
            Finding::warn(id, text).hint("raise HeartbeatTimeout, or lower MAX_DRAIN")
        }
    }
}

fn managed_draining(group: &GroupReads, reads: &DoctorReads, ours: &[&LifecycleHook]) -> Option<Finding> {
    let id = CheckId::ManagedDraining;
    if let Some(Err(gap)) = &reads.providers
        && is_managed(group, reads).is_none()
    {
        return Some(Finding::not_known(id, "managed draining", gap));
    }
    Some(match (is_managed(group, reads)?, ours.is_empty()) {
        (false, _) => Finding::pass(id, "managed draining is off"),
        (true, true) => Finding::pass(
            id,
            "managed draining is on; the coordinator joins the drains of ECS",
        ),
        (true, false) => Finding::warn(
            id,
            "managed draining is on beside our hook: the instance waits for both, up to 48 h for that of ECS",
        )
        .hint("both work; turn one off if our bound is to count (docs/policies.md)"),
    })
}

fn warm_pool(group: &GroupReads) -> Finding {
    let id = CheckId::WarmPool;
    match group.group.has_warm_pool {
        false => Finding::pass(id, "no warm pool"),
        true => Finding::warn(id, "the group has a warm pool")
            .hint("an instance that returns to it keeps its id and is DRAINING when it comes back: set it ACTIVE then"),
    }
}

fn instance_protection(group: &GroupReads) -> Finding {
    let id = CheckId::InstanceProtection;
    match group.group.protects_from_scale_in {
        false => Finding::pass(id, "new instances are not protected from scale-in"),
        true => Finding::warn(id, "new instances are protected from scale-in")
            .hint("managed termination protection of ECS wants that; without it they stay for good"),
    }
}
