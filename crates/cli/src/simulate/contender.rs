//! Who drains: the protector, or one of its rivals, each in the account that it needs.

use protector_sim::plain::step;
use protector_sim::run::Controller;
use protector_sim::scenario::{MINUTE, Ms, SECOND, Scenario, Sidecar, Step, What};
use serde::Serialize;

/// Concurrent executions that an account has by default.
const ACCOUNT_CONCURRENCY: usize = 1000;

/// The time from the start of the hook until ECS sets DRAINING.
const REACTS: Ms = SECOND;

/// The longest time until ECS orders a task to stop, and the agent obeys.
const NOTIFIED: Ms = 10 * SECOND;

/// A system that drains: the protector, or one of its rivals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Contender {
    /// The product.
    #[default]
    Protector,
    /// The sidecar that this project began as.
    Original,
    /// A Lambda that sleeps while tasks run.
    Sleeping,
    /// A Lambda that sends itself a message while tasks run.
    Loop,
    /// Managed instance draining, and nothing else.
    PlainEcs,
}

impl Contender {
    /// All, in the order of the table.
    pub(crate) const ALL: [Contender; 5] = [
        Contender::Protector,
        Contender::Original,
        Contender::Sleeping,
        Contender::Loop,
        Contender::PlainEcs,
    ];

    /// The head of its column.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Contender::Protector => "protector",
            Contender::Original => "original",
            Contender::Sleeping => "sleeping",
            Contender::Loop => "loop",
            Contender::PlainEcs => "plain ECS",
        }
    }

    /// What it does, in one sentence.
    pub(crate) fn what(self) -> &'static str {
        match self {
            Contender::Protector => "this coordinator, and its sidecar in every daemon task",
            Contender::Original => {
                "ECS sets DRAINING; a sidecar in every daemon task asks ECS every 5 s, and ends on an error"
            }
            Contender::Sleeping => {
                "one Lambda run for each instance asks ECS every 10 s, for 15 min at most; no sidecar"
            }
            Contender::Loop => "a Lambda asks ECS every 5 s by messages to itself, cut after 16; no sidecar",
            Contender::PlainEcs => {
                "ECS sets DRAINING and completes its own hook (managed instance draining); no sidecar"
            }
        }
    }

    /// What plays the part of the function.
    pub(crate) fn controller(self) -> Controller {
        match self {
            Contender::Protector => Controller::Product,
            Contender::Sleeping => Controller::Sleeping,
            Contender::Loop => Controller::Loop,
            Contender::Original | Contender::PlainEcs => Controller::Absent,
        }
    }

    fn sidecar(self) -> Sidecar {
        match self {
            Contender::Protector => Sidecar::Product,
            Contender::Original => Sidecar::Original,
            Contender::Sleeping | Contender::Loop | Contender::PlainEcs => Sidecar::None,
        }
    }

    /// The same fleet, in the account that it needs.
    pub(crate) fn prepare(self, scenario: &mut Scenario) {
        if self == Contender::Protector {
            return;
        }
        let daemons = scenario.hosts.iter_mut().flat_map(|host| &mut host.daemons);
        daemons.for_each(|daemon| daemon.sidecar = self.sidecar());
        scenario.function.environments = ACCOUNT_CONCURRENCY;
        if self == Contender::Sleeping {
            scenario.function.timeout = 15 * MINUTE;
        }
        if self.controller() == Controller::Absent {
            // There is no function, so nothing is billed.
            scenario.function.cold_start = 0;
            ecs_drains(scenario);
        }
    }
}

/// Managed instance draining: ECS sets DRAINING, and completes its hook when the tasks have had their time.
fn ecs_drains(scenario: &mut Scenario) {
    let tasks = scenario.hosts.iter().flat_map(|host| &host.tasks);
    let longest = tasks.map(|task| task.stop).max().unwrap_or_default();
    for hook in scenario.groups.iter_mut().flat_map(|group| &mut group.hooks) {
        "ecs-managed-draining-termination-hook".clone_into(&mut hook.name);
        hook.foreign_completes = Some(REACTS + NOTIFIED + longest);
        hook.heartbeat = hook.heartbeat.max(2 * (REACTS + NOTIFIED + longest));
    }
    let drains: Vec<Step> = scenario.steps.iter().filter_map(drain).collect();
    scenario.steps.extend(drains);
}

fn drain(scale_in: &Step) -> Option<Step> {
    match scale_in.what {
        What::ScaleIn(host) => Some(step(scale_in.at + REACTS, What::SetDraining(host))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protector_sim::plain;

    #[test]
    fn the_product_gets_the_world_as_it_is() {
        let mut scenario = plain::fleet(1, 2);
        Contender::Protector.prepare(&mut scenario);
        assert_eq!(scenario, plain::fleet(1, 2));
    }

    #[test]
    fn plain_ecs_has_no_sidecar_and_drains_by_itself() {
        let mut scenario = plain::fleet(1, 2);
        Contender::PlainEcs.prepare(&mut scenario);
        let drains = scenario
            .steps
            .iter()
            .filter(|step| matches!(step.what, What::SetDraining(_)));
        assert_eq!(drains.count(), 2);
        assert!(
            scenario
                .hosts
                .iter()
                .all(|host| host.daemons[0].sidecar == Sidecar::None)
        );
        assert!(scenario.groups[0].hooks[0].foreign_completes.is_some());
    }
}
