//! Makes a world that fails smaller, as long as it still fails in the same way.

use crate::judge::{self, Rule};
use crate::run::Options;
use crate::scenario::{Aws, FunctionSpec, Scenario, What};

/// The smallest world that was found, and how many were tried.
#[derive(Debug, Clone)]
pub struct Shrunk {
    /// The world.
    pub scenario: Scenario,
    /// So many worlds were played for it.
    pub tried: u32,
}

/// Looks for a smaller world that breaks the same rule. Plays at most `budget` worlds.
#[must_use]
pub fn shrink(scenario: &Scenario, rule: Rule, options: Options, budget: u32) -> Shrunk {
    let fails = |candidate: &Scenario| {
        judge::run(candidate, options)
            .is_ok_and(|judged| judged.violations.iter().any(|violation| violation.rule == rule))
    };
    minimal(scenario, budget, fails)
}

/// The same, for any property.
fn minimal(scenario: &Scenario, budget: u32, fails: impl Fn(&Scenario) -> bool) -> Shrunk {
    let mut best = Shrunk {
        scenario: scenario.clone(),
        tried: 0,
    };
    loop {
        let candidates = smaller(&best.scenario);
        let mut next = None;
        for candidate in candidates {
            if best.tried >= budget {
                return best;
            }
            best.tried += 1;
            if fails(&candidate) {
                next = Some(candidate);
                break;
            }
        }
        match next {
            Some(found) => best.scenario = found,
            None => return best,
        }
    }
}

/// Worlds that are a little smaller, the ones that take most away first.
fn smaller(scenario: &Scenario) -> Vec<Scenario> {
    let mut candidates = Vec::new();
    let mut with = |change: &dyn Fn(&mut Scenario)| {
        let mut candidate = scenario.clone();
        change(&mut candidate);
        if candidate != *scenario {
            candidates.push(candidate);
        }
    };
    with(&|scenario| scenario.faults.clear());
    for host in (0..scenario.hosts.len())
        .rev()
        .filter(|_| scenario.hosts.len() > 1)
    {
        with(&|scenario| remove_host(scenario, host));
    }
    for fault in (0..scenario.faults.len()).rev() {
        with(&|scenario| drop(scenario.faults.remove(fault)));
    }
    for step in (0..scenario.steps.len()).rev() {
        with(&|scenario| drop(scenario.steps.remove(step)));
    }
    with(&|scenario| scenario.aws = Aws::default());
    with(&|scenario| {
        scenario.function = FunctionSpec {
            environments: scenario.function.environments,
            ..FunctionSpec::default()
        };
    });
    with(&|scenario| scenario.function.environments = 1);
    for host in 0..scenario.hosts.len() {
        for task in (0..scenario.hosts[host].tasks.len()).rev() {
            with(&|scenario| drop(scenario.hosts[host].tasks.remove(task)));
        }
        // Steps name daemons by their index: only the last may be removed.
        with(&|scenario| {
            let _ = scenario.hosts[host].daemons.pop();
        });
        with(&|scenario| {
            let _ = scenario.hosts[host].stale_records.pop();
        });
        with(&|scenario| scenario.hosts[host].clock_skew = 0);
        with(&|scenario| scenario.hosts[host].imds_closed = false);
        for daemon in 0..scenario.hosts[host].daemons.len() {
            with(&|scenario| scenario.hosts[host].daemons[daemon].behind = 0);
        }
    }
    let mut named = vec!["CLUSTERS", "AUTO_SCALING_GROUPS", "LIFECYCLE_HOOKS"];
    // LINGER is for daemons that are behind.
    if scenario
        .hosts
        .iter()
        .flat_map(|host| &host.daemons)
        .any(|daemon| daemon.behind > 0)
    {
        named.push("LINGER");
    }
    for name in scenario
        .settings
        .keys()
        .filter(|name| !named.contains(&name.as_str()))
    {
        with(&|scenario| drop(scenario.settings.remove(name)));
    }
    for group in 0..scenario.groups.len() {
        with(&|scenario| drop(scenario.groups[group].hooks.pop()));
    }
    candidates
}

/// Without one machine: what happened to it does not happen, and the others keep their names.
fn remove_host(scenario: &mut Scenario, host: usize) {
    scenario.hosts.remove(host);
    scenario.steps.retain_mut(|step| match machine(&mut step.what) {
        Some(named) if *named == host => false,
        Some(named) => {
            *named -= usize::from(*named > host);
            true
        }
        None => true,
    });
}

/// The machine to which something happens.
fn machine(what: &mut What) -> Option<&mut usize> {
    match what {
        What::ScaleIn(host)
        | What::SpotNotice(host)
        | What::CapacityNotice(host)
        | What::SetDraining(host)
        | What::SetActive(host)
        | What::AgentDown(host)
        | What::AgentUp(host)
        | What::AgentBusy(host)
        | What::AgentCalm(host)
        | What::WipeAgent(host)
        | What::ReplaceRootVolume(host)
        | What::BackInService(host)
        | What::Order { host, .. }
        | What::KillSidecar { host, .. }
        | What::RestartSidecar { host, .. }
        | What::Deploy { host, .. }
        | What::Place { host, .. } => Some(host),
        What::Control(_)
        | What::PutHook { .. }
        | What::AddHook { .. }
        | What::DeleteHook { .. }
        | What::RemakeService(_)
        | What::Recycle
        | What::Foreign(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::{Range, random};

    #[test]
    fn what_does_not_matter_is_taken_away() {
        let mut scenario = random(3, Range::Wild).scenario;
        scenario.hosts.extend(random(4, Range::Wild).scenario.hosts);
        let last = scenario.hosts.len() - 1;
        scenario.steps.push(crate::plain::step(7, What::ScaleIn(last)));
        let fails = |candidate: &Scenario| {
            candidate
                .steps
                .iter()
                .any(|step| step.at == 7 && matches!(step.what, What::ScaleIn(_)))
        };
        let shrunk = minimal(&scenario, 10_000, fails).scenario;
        assert_eq!(
            (shrunk.hosts.len(), shrunk.steps.len(), shrunk.faults.len()),
            (1, 1, 0)
        );
        assert_eq!(
            (shrunk.hosts[0].tasks.len(), shrunk.hosts[0].daemons.len()),
            (0, 0)
        );
        assert!(matches!(shrunk.steps[0].what, What::ScaleIn(0)));
    }

    #[test]
    fn a_budget_is_kept() {
        let scenario = random(3, Range::Wild).scenario;
        assert_eq!(minimal(&scenario, 5, |_| false).tried, 5);
    }
}
