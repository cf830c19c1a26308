//! Every known fault as a named world, with what it breaks and whether it still does.
//!
//! `docs/faults.md` is the table of these worlds, and a test checks both: an open fault breaks what it says, a fixed
//! one breaks nothing.

use std::fmt;

use serde::Serialize;

use crate::judge::Rule;
use crate::scenario::Scenario;

mod bounds;
mod build;
mod drawn;
mod evidence;
mod field;
mod field_fleet;
mod field_sidecar;
mod identity;
mod lag;
mod many;
mod neighbours;
mod schedule;
mod sidecar;
mod store;

/// Whether a fault still breaks what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultState {
    /// It does.
    Open,
    /// It does, and no program that reads what AWS tells can do better: [`limit`] says why, and what avoids it.
    Limit,
    /// It does not any more.
    Fixed,
}

impl fmt::Display for FaultState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// The names of the faults that are open. One that is neither here nor a limit is fixed.
const OPEN: [&str; 0] = [];

/// A fault with its world.
#[derive(Debug, Clone, Copy)]
pub struct KnownFault {
    /// Its name, for `--faults`.
    pub name: &'static str,
    /// What a user meets, in one sentence.
    pub what: &'static str,
    /// Why: what in the product makes it so, in one sentence.
    pub why: &'static str,
    /// What its world breaks, as long as it is open: each of these, whatever else.
    pub breaks: &'static [Rule],
    /// Its world.
    pub world: fn() -> Scenario,
}

impl KnownFault {
    /// Its state.
    #[must_use]
    pub fn state(&self) -> FaultState {
        match limit(self.name) {
            Some(_) => FaultState::Limit,
            None if OPEN.contains(&self.name) => FaultState::Open,
            None => FaultState::Fixed,
        }
    }

    /// Returns whether it may break this rule, in its own world or in another.
    #[must_use]
    pub fn may_break(&self, rule: Rule) -> bool {
        let besides = limit(self.name).map_or(&[][..], |limit| limit.besides);
        let may = |rule: Rule| self.breaks.contains(&rule) || besides.contains(&rule);
        // A daemon that may go before a task that runs may also go before it has read the last lines of one.
        may(rule) || (rule == Rule::LinesLost && may(Rule::DaemonBeforeTask))
    }
}

/// Why a fault stays, and what a user can do about it.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    /// The fault.
    pub name: &'static str,
    /// Why it stays, in one sentence.
    pub why: &'static str,
    /// What avoids it, in one sentence.
    pub avoid: &'static str,
    /// What it may break besides, in other worlds than its own: each was seen in a world that met this limit alone.
    pub besides: &'static [Rule],
    /// The same in its world, where a setting avoids it: then the world breaks nothing.
    pub settings: Option<fn(&mut Scenario)>,
}

const LIMITS: &[Limit] = &[
    Limit {
        name: "lost-event-of-a-drain-by-hand",
        why: "A SIGTERM of a deployment looks the same, and must not be delayed for a minute.",
        avoid: "`UNKNOWN_GRACE` of `150s`, at the price of a delay of up to 75 s in each deployment.",
        besides: &[],
        settings: Some(patient),
    },
    Limit {
        name: "drain-by-hand-while-reads-are-throttled",
        why: "Without a reading neither the coordinator nor the sidecar learns of the drain.",
        avoid: "`UNKNOWN_GRACE` of `150s`, or the higher throughput of Parameter Store.",
        besides: &[],
        settings: Some(patient),
    },
    Limit {
        name: "record-not-found-for-long",
        why: "A record that a person or another program has deleted must not hold the daemons until `MAX_HOLD`.",
        avoid: "Nothing; for 30 s Parameter Store must not find a record that it has shown before.",
        // Evidence is in the record, and a record that is not found takes it along.
        besides: &[Rule::TierOrder, Rule::FalseEvidence],
        settings: None,
    },
    Limit {
        name: "spot-notice-delays-the-others",
        why: "Only a run that waits can release the daemons before EC2 takes the machine, and runs do not overlap.",
        avoid: "A hook: its instance is set DRAINING after its hold is written, however late that is.",
        besides: &[
            Rule::LateRelease,
            Rule::FalseEvidence,
            Rule::TierOrder,
            Rule::NeverNotified,
        ],
        settings: None,
    },
    Limit {
        name: "lost-spot-notice",
        why: "No API lists notices.",
        avoid: "Capacity Rebalancing of the group, whose hook comes before the notice.",
        besides: &[Rule::NeverNotified],
        settings: None,
    },
    Limit {
        name: "agent-data-wiped-at-the-completion",
        why: "No API completes a hook only if nothing has changed, so some instant lies between the last look and it.",
        avoid: "Nothing; the agent must lose its data within a second of the completion.",
        besides: &[Rule::TakenBack, Rule::FalseEvidence],
        settings: None,
    },
    Limit {
        name: "long-settle-delays-a-hold",
        why: "Nothing else looks at the end of the window before the next tick, and a release matters more than a hold whose \
              tasks still run.",
        avoid: "`SETTLE` of `10s` at most, which is the default.",
        besides: &[],
        settings: Some(default_settle),
    },
    Limit {
        name: "long-settle-delays-a-release",
        why: "Nothing else looks at the end of the window before the next tick, and a batch that waits receives no event: \
              the release of the other instance would be late.",
        avoid: "`SETTLE` of `10s` at most, which is the default.",
        besides: &[],
        settings: Some(default_settle),
    },
    Limit {
        name: "settle-of-a-crowd-after-a-burst",
        why: "While many events come a batch does not wait for long, and whether they go on is not known.",
        avoid: "`LINGER` no shorter than `SETTLE`: then a batch waits for both.",
        besides: &[],
        settings: Some(long_linger),
    },
    Limit {
        name: "settle-longer-than-a-batch-waits",
        why: "While a batch waits, no other event is received.",
        avoid: "`SETTLE` of `25s` at most.",
        besides: &[],
        settings: Some(short_settle),
    },
    Limit {
        name: "longest-hold-below-the-drain",
        why: "The settings of a sidecar are in its task definition, and it ends when they say so.",
        avoid: "`MAX_HOLD` above `MAX_DRAIN`: `protectorctl lint` (PL005) and `doctor` (`max-hold`) check it.",
        besides: &[Rule::FalseEvidence, Rule::DaemonBeforeTask, Rule::TierOrder],
        settings: Some(default_hold),
    },
];

fn patient(scenario: &mut Scenario) {
    build::set_sidecar(scenario, "UNKNOWN_GRACE", "150s");
}

fn default_settle(scenario: &mut Scenario) {
    scenario.settings.remove("SETTLE");
}

fn long_linger(scenario: &mut Scenario) {
    build::set(scenario, "LINGER", "10s");
}

fn short_settle(scenario: &mut Scenario) {
    build::set(scenario, "SETTLE", "25s");
}

fn default_hold(scenario: &mut Scenario) {
    scenario.sidecar.remove("MAX_HOLD");
}

/// Why the fault of this name stays.
#[must_use]
pub fn limit(name: &str) -> Option<Limit> {
    LIMITS.iter().find(|limit| limit.name == name).copied()
}

/// All of them, by subject.
#[must_use]
pub fn all() -> Vec<KnownFault> {
    [
        identity::FAULTS,
        bounds::FAULTS,
        neighbours::FAULTS,
        sidecar::FAULTS,
        store::FAULTS,
        schedule::FAULTS,
        many::FAULTS,
        evidence::FAULTS,
        drawn::FAULTS,
        lag::FAULTS,
        field::FAULTS,
        field_sidecar::FAULTS,
        field_fleet::FAULTS,
    ]
    .concat()
}

/// The one of this name.
#[must_use]
pub fn find(name: &str) -> Option<KnownFault> {
    all().into_iter().find(|fault| fault.name == name)
}

/// The table of `docs/faults.md`.
#[must_use]
pub fn markdown() -> String {
    let mut text = String::from(HEAD);
    for fault in all() {
        let breaks: Vec<String> = fault.breaks.iter().map(|rule| rule.name()).collect();
        text.push_str(&format!(
            "| `{}` | {} {} | {} | {} |\n",
            fault.name,
            fault.what,
            fault.why,
            breaks.join(", "),
            fault.state()
        ));
    }
    text.push_str(LIMITS_HEAD);
    for limit in LIMITS {
        text.push_str(&format!(
            "| `{}` | {} | {} |\n",
            limit.name, limit.why, limit.avoid
        ));
    }
    text
}

const LIMITS_HEAD: &str = "
## Limits

What no program can do that reads what AWS tells, and what avoids it. Where that is a setting, a test plays the world with
it: then it breaks nothing.

| World | Why it stays | What avoids it |
| --- | --- | --- |
";

const HEAD: &str = "\
# Known faults

Each row is a world that the simulator plays: `protectorctl simulate --faults NAME` shows what it breaks, and with
`--transcript` how. While a fault is open, its world breaks the rules that are named here; when it is fixed, it breaks
none. A [limit](#limits) stays. Tests hold this table to the worlds in both directions. The number before a rule is the
promise in the [README](../README.md#promises).

| World | What happens, and why | Breaks | State |
| --- | --- | --- | --- |
";
