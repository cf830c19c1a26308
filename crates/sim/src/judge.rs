//! Watches the model's truth and reports which promise was broken.
//!
//! This module shares no code with what it judges: it reads the scenario's settings by itself, knows records and log
//! lines only as JSON, and asks the model, not the product, what runs where. A test enforces this.

mod accounts;
mod evidence;
mod expectations;
mod host;
mod rules;
mod tasks;

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::{Caller, EnvironmentId, Fact, HostId, Observer, World};
use crate::scenario::{Ms, Scenario};
use crate::shared_text::SharedDrain;

use accounts::Accounts;
pub use expectations::Expectations;
pub(crate) use expectations::SHARED_FROM;
use host::Watch;

/// What can be broken. The promises are those of the README.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// P1: a daemon got SIGTERM while a task that holds was alive.
    DaemonBeforeTask,
    /// P1: a daemon got SIGTERM while it had still to read what a task had written.
    LinesLost,
    /// P1: DRAINING was set, and no record said that the daemons are held.
    DrainingBeforeRecord,
    /// P2: the record says drained, and a task that holds is alive.
    FalseZero,
    /// P3: a hold was longer than its bounds.
    HeldTooLong,
    /// P3: a daemon whose task ECS stopped never got SIGTERM before its machine went.
    NeverNotified,
    /// P3: a sidecar gave up while the coordinator and AWS were well.
    GaveUp,
    /// P3: the kill switch was not obeyed in time.
    SwitchIgnored,
    /// P3: the coordinator did not stop tasks that were to be stopped.
    NotStopped,
    /// P4: the coordinator let the machine go while a task that holds was alive.
    LetGoWithTasks,
    /// P4: the coordinator let the machine go while a daemon flushed.
    FlushCutShort,
    /// P4: a hook of ours ran out while the coordinator and AWS were well.
    HookRanOut,
    /// P5: a SIGTERM that is no drain was held for longer than the unknown grace.
    DeploymentHeld,
    /// P6: a sidecar read more than once before SIGTERM, or called something else than SSM.
    SidecarCalls,
    /// P7: the hold was written late.
    LateHold,
    /// P7: the release was written late.
    LateRelease,
    /// P7: events were given up, or the schedule failed again and again, while AWS was well.
    RunsFail,
    /// A daemon went before those of an earlier tier had their time.
    TierOrder,
    /// P8: a drain that was released holds again, or a hold was deleted.
    TakenBack,
    /// P8: an order that was answered was not carried out.
    OrderLost,
    /// P8: a text does not say on which version it is based: it has its readers ask for what its writer knew.
    FalseBasis,
    /// P9: something that is not ours was changed.
    NotOurs,
    /// P9: an instance was set ACTIVE while a hook of ours waits, and was not set DRAINING again.
    LeftActive,
    /// P10: a drain cost more requests or writes than its budget.
    Budget,
    /// P10: requests were throttled on a large scale.
    Throttled,
    /// P10: an idle minute cost more than its budget.
    IdleCost,
    /// P10: two runs of the schedule ran at once.
    TicksOverlap,
    /// P10: a record was left over an hour after the last drain.
    LeftOver,
    /// The receipt, or the record, does not say what happened.
    FalseEvidence,
    /// A daemon had lost its sidecar before its drain, and the receipt does not name it.
    UnprotectedUnseen,
    /// Something well-formed was called malformed.
    FalseAlarm,
}

impl Rule {
    /// The promise that is broken, as the README numbers them; none for evidence.
    #[must_use]
    pub fn promise(self) -> Option<u8> {
        Some(match self {
            Rule::DaemonBeforeTask | Rule::LinesLost | Rule::DrainingBeforeRecord => 1,
            Rule::FalseZero => 2,
            Rule::HeldTooLong
            | Rule::NeverNotified
            | Rule::GaveUp
            | Rule::SwitchIgnored
            | Rule::NotStopped => 3,
            Rule::LetGoWithTasks | Rule::FlushCutShort | Rule::HookRanOut => 4,
            Rule::DeploymentHeld => 5,
            Rule::SidecarCalls => 6,
            Rule::LateHold | Rule::LateRelease | Rule::RunsFail => 7,
            Rule::TakenBack | Rule::OrderLost | Rule::FalseBasis => 8,
            Rule::NotOurs | Rule::LeftActive => 9,
            Rule::Budget | Rule::Throttled | Rule::IdleCost | Rule::TicksOverlap | Rule::LeftOver => 10,
            Rule::TierOrder | Rule::FalseEvidence | Rule::UnprotectedUnseen | Rule::FalseAlarm => {
                return None;
            }
        })
    }
}

impl Rule {
    /// Its name for people, with the promise: `P1 daemon before task`.
    #[must_use]
    pub fn name(self) -> String {
        // As in JSON: `daemon-before-task`.
        let written = serde_json::to_value(self).unwrap_or_default();
        let words = written.as_str().unwrap_or_default().replace('-', " ");
        match self.promise() {
            Some(promise) => format!("P{promise} {words}"),
            None => words,
        }
    }
}

/// A broken promise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Violation {
    /// What was broken.
    pub rule: Rule,
    /// The time of the breach, in simulated milliseconds.
    pub at: Ms,
    /// For which machine, if for one.
    pub instance: Option<String>,
    /// What was seen, as a sentence.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {:.1} s", self.rule.name(), self.at as f64 / 1000.0)?;
        if let Some(instance) = &self.instance {
            write!(f, ", {instance}")?;
        }
        write!(f, ": {}", self.what)
    }
}

/// Watches one run.
#[derive(Debug)]
pub struct Judge {
    expected: Expectations,
    hosts: BTreeMap<HostId, Watch>,
    accounts: Accounts,
    violations: Vec<Violation>,
    /// The kill switch says release-all since then.
    release_all: Option<Ms>,
    /// The kill switch has said observe, at some time.
    observes: bool,
    /// The execution environment that last took a batch of the queue, or an order.
    environment: Option<EnvironmentId>,
    /// It last was another one than before then: what the other one remembered is not known there.
    handed_over: Option<Ms>,
    /// Tasks that a check has named as not protected.
    named: BTreeSet<String>,
    /// The machines that each shared record lists, and what it says of them.
    shared: BTreeMap<String, BTreeMap<HostId, SharedDrain>>,
    /// Who wrote each version of a parameter, since it was made.
    writers: BTreeMap<String, BTreeMap<i64, Caller>>,
}

impl Judge {
    /// Expects what the scenario's settings promise.
    #[must_use]
    pub fn new(scenario: &Scenario) -> Judge {
        Judge {
            expected: Expectations::new(scenario),
            hosts: BTreeMap::new(),
            accounts: Accounts::default(),
            violations: Vec::new(),
            release_all: None,
            observes: false,
            environment: None,
            handed_over: None,
            named: BTreeSet::new(),
            shared: BTreeMap::new(),
            writers: BTreeMap::new(),
        }
    }

    /// What was broken, in order.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// How many drains began: a hook of ours waits, DRAINING, or a notice. What else begins meanwhile is a part of the same.
    #[must_use]
    pub fn drains(&self) -> u64 {
        self.hosts.values().map(|watch| watch.drains).sum()
    }

    fn break_rule(&mut self, rule: Rule, at: Ms, host: Option<HostId>, world: &World, what: String) {
        const ENOUGH: usize = 20;
        let alike = self.violations.iter().filter(|known| known.rule == rule);
        if alike.count() < ENOUGH {
            let instance = host.map(|host| world.host(host).id.clone());
            self.violations.push(Violation {
                rule,
                at,
                instance,
                what,
            });
        }
    }

    fn watch(&mut self, host: HostId) -> &mut Watch {
        self.hosts.entry(host).or_default()
    }
}

impl Observer for Judge {
    fn see(&mut self, now: Ms, fact: &Fact<'_>, world: &World) {
        self.judge(now, fact, world);
    }

    fn end(&mut self, now: Ms, world: &World) {
        self.judge_held_again(Ms::MAX, world);
        self.judge_what_is_left(now, world);
        self.judge_accounts(now, world);
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

/// The result of a run.
#[derive(Debug)]
pub struct Judged {
    /// How it ended.
    pub ended: crate::run::Ended,
    /// What was broken, in order.
    pub violations: Vec<Violation>,
    /// How many drains began.
    pub drains: u64,
}

/// Plays a scenario and judges it.
///
/// # Errors
/// Settings of the scenario are wrong.
pub fn run(scenario: &Scenario, options: crate::run::Options) -> Result<Judged, String> {
    let judge: Box<dyn Observer> = Box::new(Judge::new(scenario));
    let (ended, observers) = crate::run::play(scenario, options, vec![judge])?;
    let judges = observers
        .into_iter()
        .filter_map(|observer| observer.into_any().downcast::<Judge>().ok());
    let judges: Vec<Box<Judge>> = judges.collect();
    let drains = judges.iter().map(|judge| judge.drains()).sum();
    let violations = judges.into_iter().flat_map(|judge| judge.violations).collect();
    Ok(Judged {
        ended,
        violations,
        drains,
    })
}
