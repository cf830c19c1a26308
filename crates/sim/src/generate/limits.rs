//! What no program can promise: which worlds meet the condition of a limit, and how a sound world avoids it.

use super::{Draw, seconds};
use crate::judge::{Expectations, SHARED_FROM};
use crate::scenario::{FaultSpec, Kind, MINUTE, Ms, SECOND, Scenario, Step, TaskSpec, Trouble, What};

/// A batch waits for a settle window that is no longer than this, as the limit `settle-longer-than-a-batch-waits` says.
const LONGEST_SETTLE: Ms = 25 * SECOND;

/// A settle window that is no longer than this delays no other instance, as the limits `long-settle-delays-a-hold` and
/// `long-settle-delays-a-release` say.
const DEFAULT_SETTLE: Ms = 10 * SECOND;

/// An `UNKNOWN_GRACE` that is no shorter than this waits for the tick that makes up for a lost event of a drain by hand.
const PATIENT: Ms = 150 * SECOND;

/// While a sidecar waits for so long, trouble that is no longer than this does not keep the record from it.
const SHORT_TROUBLE: Ms = 30 * SECOND;

/// A task that runs on for so long after its agent's data was lost keeps its hook from being completed meanwhile.
const FAR_FROM_THE_COMPLETION: Ms = 5 * MINUTE;

/// The limits whose condition this world meets.
pub(super) fn met(
    scenario: &Scenario,
    expected: &Expectations,
) -> impl Iterator<Item = &'static str> + use<> {
    let longest_hold = expected.max_drain + expected.flush();
    let noticed = scenario.steps.iter().any(is_notice);
    let many = scenario.hosts.len() > 1;
    let delays_others = expected.settle > DEFAULT_SETTLE && many;
    let faults = |wanted: fn(&FaultSpec) -> bool| scenario.faults.iter().any(wanted);
    // An event that comes later than a sidecar waits is as good as lost.
    let late = delays_others || faults(loses_events) || faults(delays_events);
    let impatient = by_hand(scenario) && expected.unknown_grace < PATIENT;
    let held_up = by_hand(scenario) && scenario.faults.iter().any(|fault| holds_up(fault, expected));
    let table = [
        ("lost-event-of-a-drain-by-hand", impatient && late),
        ("drain-by-hand-while-reads-are-throttled", held_up),
        ("spot-notice-delays-the-others", noticed && many),
        ("lost-spot-notice", noticed && faults(loses_events)),
        (
            "record-not-found-for-long",
            scenario
                .faults
                .iter()
                .any(|fault| is_not_found_twice(fault, scenario)),
        ),
        ("agent-data-wiped-at-the-completion", is_wiped(scenario)),
        (
            "settle-longer-than-a-batch-waits",
            expected.settle > LONGEST_SETTLE,
        ),
        (
            "settle-of-a-crowd-after-a-burst",
            is_crowd(scenario) && expected.settle > expected.linger,
        ),
        ("long-settle-delays-a-hold", delays_others),
        ("long-settle-delays-a-release", delays_others),
        ("longest-hold-below-the-drain", expected.max_hold < longest_hold),
    ];
    let met = table.into_iter().filter(|(_, met)| *met);
    met.map(|(name, _)| name)
}

fn is_notice(step: &Step) -> bool {
    matches!(step.what, What::SpotNotice(_) | What::CapacityNotice(_))
}

fn loses_events(fault: &FaultSpec) -> bool {
    matches!(fault.what, Trouble::LoseEvents { .. })
}

fn delays_events(fault: &FaultSpec) -> bool {
    matches!(fault.what, Trouble::DelayEvents { .. })
}

/// Returns whether a record may be read twice without a drain that it has. A shared record as it was before does not list an
/// instance that it lists now.
fn is_not_found_twice(fault: &FaultSpec, scenario: &Scenario) -> bool {
    let hides = match fault.what {
        Trouble::ParameterNotFound => true,
        Trouble::StaleParameter => is_crowd(scenario),
        _ => false,
    };
    hides && fault.times > 1
}

/// Returns whether so many drain that they share records.
fn is_crowd(scenario: &Scenario) -> bool {
    scenario.hosts.len() >= SHARED_FROM
}

/// Returns whether a person sets one of our machines DRAINING, or its agent does at a notice.
fn by_hand(scenario: &Scenario) -> bool {
    scenario.steps.iter().any(|step| match step.what {
        What::SetDraining(host) => scenario.hosts[host].kind == Kind::Ec2,
        What::SpotNotice(_) | What::CapacityNotice(_) => scenario.aws.spot_instance_draining,
        _ => false,
    })
}

/// Returns whether the trouble may keep the record of a drain by hand from being written, or read, for longer than a sidecar
/// waits for it.
fn holds_up(fault: &FaultSpec, expected: &Expectations) -> bool {
    let long = fault.to - fault.from > SHORT_TROUBLE;
    match fault.what {
        Trouble::LoseEvents { .. } | Trouble::DelayEvents { .. } | Trouble::DoubleEvents => false,
        _ => long || expected.unknown_grace < PATIENT,
    }
}

/// Returns whether an agent may lose its data in the moment in which its hook is completed.
fn is_wiped(scenario: &Scenario) -> bool {
    scenario.steps.iter().any(|step| match step.what {
        What::WipeAgent(host) => !scenario.hosts[host]
            .tasks
            .iter()
            .any(|task| runs_on(task, step.at)),
        _ => false,
    })
}

fn runs_on(task: &TaskSpec, at: Ms) -> bool {
    let ends = task.ends.is_some_and(|ends| ends >= at + FAR_FROM_THE_COMPLETION);
    task.service.is_none() && task.group.is_none() && ends
}

impl Draw {
    /// Takes away what meets the condition of a limit.
    pub(super) fn keep_limits(&mut self) {
        self.avoid_wipes();
        self.avoid_notices();
        self.avoid_settling();
        self.avoid_drains_by_hand();
        self.avoid_documented();
        for fault in 0..self.scenario.faults.len() {
            if is_not_found_twice(&self.scenario.faults[fault], &self.scenario) {
                self.scenario.faults[fault].times = 1;
            }
        }
    }

    /// `agent-data-wiped-at-the-completion`: a job runs on, or nothing is wiped.
    fn avoid_wipes(&mut self) {
        let wiped = self.scenario.steps.iter().find_map(|step| match step.what {
            What::WipeAgent(host) => Some((host, step.at)),
            _ => None,
        });
        let Some((host, at)) = wiped else { return };
        let settings = ["STOP_TASKS_AFTER", "STANDALONE_TASKS"].map(str::to_owned);
        let orders = self.has_step(|what| matches!(what, What::Order { .. } | What::Control(Some(_))));
        if orders || Expectations::new(&self.scenario).max_drain < at + FAR_FROM_THE_COMPLETION {
            self.scenario
                .steps
                .retain(|step| !matches!(step.what, What::WipeAgent(_)));
            return;
        }
        settings
            .iter()
            .for_each(|name| drop(self.scenario.settings.remove(name)));
        self.scenario.hosts[host].tasks.push(TaskSpec {
            service: None,
            ends: Some(at + FAR_FROM_THE_COMPLETION),
            ..TaskSpec::default()
        });
    }

    /// `spot-notice-delays-the-others` and `lost-spot-notice`: the machine is alone, and its event comes.
    fn avoid_notices(&mut self) {
        let alone = self.scenario.hosts.len() == 1;
        for step in &mut self.scenario.steps {
            match step.what {
                What::SpotNotice(host) | What::CapacityNotice(host) if !alone => {
                    step.what = What::ScaleIn(host);
                }
                _ => {}
            }
        }
        if self.scenario.steps.iter().any(is_notice) {
            self.scenario.faults.retain(|fault| !loses_events(fault));
        }
    }

    /// `settle-longer-than-a-batch-waits`, `long-settle-delays-a-hold`, `long-settle-delays-a-release` and
    /// `settle-of-a-crowd-after-a-burst`.
    fn avoid_settling(&mut self) {
        let Expectations { settle, linger, .. } = Expectations::new(&self.scenario);
        let crowd = is_crowd(&self.scenario);
        if crowd && linger < SECOND {
            self.set("LINGER", seconds(SECOND));
        }
        let longest = match self.scenario.hosts.len() {
            1 => LONGEST_SETTLE,
            _ if crowd => linger.clamp(SECOND, DEFAULT_SETTLE),
            _ => DEFAULT_SETTLE,
        };
        if settle > longest {
            self.set("SETTLE", seconds(longest));
        }
    }

    /// What the documents say of settings and of credentials.
    fn avoid_documented(&mut self) {
        // The pace of single writes does not suffice for a crowd with a record each.
        if is_crowd(&self.scenario) {
            self.scenario.settings.remove("OWN_RECORDS_ONLY");
        }
    }

    /// `lost-event-of-a-drain-by-hand` and `drain-by-hand-while-reads-are-throttled`: the group takes the machine instead,
    /// or nothing goes wrong, or it is soon over and the sidecars wait for longer.
    fn avoid_drains_by_hand(&mut self) {
        if !by_hand(&self.scenario) || self.scenario.faults.is_empty() {
            return;
        }
        match self.rng.u32(0..10) {
            0..4 => {
                self.scenario.aws.spot_instance_draining = false;
                let Scenario { steps, hosts, .. } = &mut self.scenario;
                for step in steps {
                    match step.what {
                        What::SetDraining(host) if hosts[host].kind == Kind::Ec2 => {
                            step.what = What::ScaleIn(host);
                        }
                        _ => {}
                    }
                }
            }
            4..7 => self.scenario.faults.clear(),
            _ => {
                // A tick makes up for a lost event, unless it fails, or the agent is away then.
                if self.scenario.faults.iter().any(loses_events) {
                    self.scenario.faults.retain(loses_events);
                }
                if self.has_step(|what| matches!(what, What::AgentDown(_))) {
                    self.scenario.faults.retain(|fault| !loses_events(fault));
                }
                let grace = ("UNKNOWN_GRACE".to_owned(), seconds(PATIENT));
                self.scenario.sidecar.extend([grace]);
                for fault in &mut self.scenario.faults {
                    if !loses_events(fault) {
                        fault.to = fault.to.min(fault.from + SHORT_TROUBLE);
                    }
                }
            }
        }
    }
}
