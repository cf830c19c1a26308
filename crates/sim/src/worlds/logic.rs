//! Identity: which instance, which registration, which wait is it?

use super::{Fault, State};
use crate::generate::{self, WEB, fleet, step};
use crate::judge::Rule;
use crate::scenario::{Leftover, MINUTE, SECOND, Scenario, Task, What};

/// The faults of this subject.
pub(super) const FAULTS: &[Fault] = &[Fault {
    name: "two-registrations",
    what: "A DRAINING registration of an earlier life of the instance lingers; the hook is completed while tasks run.",
    why: "Decisions are about a container instance, and their keys are EC2 ids.",
    breaks: &[Rule::FalseZero],
    state: State::Open,
    world: two_registrations,
}];

fn two_registrations() -> Scenario {
    let mut scenario = fleet(1, 1);
    scenario.hosts[0].leftovers = vec![Leftover {
        cluster: 0,
        draining: true,
        phantoms: 0,
        sorts_first: false,
    }];
    scenario.hosts[0].tasks = vec![
        Task {
            service: Some(WEB),
            stop: 4 * MINUTE,
            ..Task::default()
        };
        3
    ];
    scenario.steps = vec![step(10 * SECOND, What::ScaleIn(0))];
    let _ = generate::CLUSTER;
    scenario
}
