//! What the settings of a scenario promise, read without the product's code.

use std::collections::BTreeMap;

use crate::scenario::{CallerKind, FaultSpec, HOUR, MINUTE, Ms, SECOND, Scenario, Trouble, What};

/// While a batch of the queue waits for the end of a settle window or of LINGER, no other event is received.
const BATCH_WAITS: Ms = 11 * SECOND;

/// From so many instances on, events gather in the queue after an observation.
pub(crate) const SHARED_FROM: usize = 5;

/// Events of no more than twenty instances gather for no longer than this.
const GATHERS: Ms = 2 * SECOND;

/// The observation at the end of a batch's wait, that of the instance itself, and the write: some twenty calls with small
/// pages, and the pace of the writes.
const OBSERVED_WITHIN: Ms = 5 * SECOND;

/// Sidecars read at least every 10 s while tasks hold, and a fifth later.
const TIER_READ: Ms = 12 * SECOND;

/// A tick, with what runs before it.
const TICK: Ms = 65 * SECOND;

/// What an execution environment remembered of a drain, and the one that took its place does not know.
#[derive(Debug, Clone, Copy, Default)]
pub struct Memory {
    /// That DRAINING was seen: the drain settles once more.
    pub confirmation_lost: bool,
    /// When it was to be looked at next, among many: the tick finds it.
    pub look_lost: bool,
}

/// The behaviour to expect of a run.
#[derive(Debug, Clone)]
pub struct Expectations {
    /// The longest drain.
    pub max_drain: Ms,
    /// A daemon's flush.
    pub daemon_stop: Ms,
    /// The settle window.
    pub settle: Ms,
    /// How long daemons stay after the last task's end.
    pub linger: Ms,
    /// The longest that EventBridge takes.
    pub event_delay_max: Ms,
    /// From when on a lost agent's tasks are phantoms.
    pub agent_lost: Ms,
    /// How often daemons of instances that do not drain are checked; never if zero.
    pub unprotected_check: Ms,
    /// At the deadline the daemons are held.
    pub holds_at_deadline: bool,
    /// Standalone tasks do not hold.
    pub ignores_standalone: bool,
    /// Groups whose tasks do not hold.
    pub ignored_groups: Vec<String>,
    /// How many tiers there are.
    pub tiers: u64,
    /// The services of each tier, as the setting names them.
    tier_names: Vec<Vec<String>>,
    /// The coordinator stops standalone tasks.
    pub stops_standalone: bool,
    /// Some task may not be stopped by the coordinator: its runs may fail for that.
    pub refuses_stops: bool,
    /// The coordinator stops all holding tasks after this time.
    pub stop_tasks_after: Option<Ms>,
    /// Nothing is done.
    pub dry_run: bool,
    /// Clusters that are watched; all if empty.
    pub clusters: Vec<String>,
    /// The sidecar's longest hold.
    pub max_hold: Ms,
    /// The sidecar's grace without a record.
    pub unknown_grace: Ms,
    /// The sidecar's grace without a record on an instance that is being terminated.
    pub terminating_grace: Ms,
    /// Sidecars never hold.
    pub disabled: bool,
    /// Machines.
    pub hosts: usize,
    /// Groups that the schedule asks for.
    pub groups: usize,
    /// Something goes wrong for the coordinator in these spans.
    trouble: Vec<(Ms, Ms)>,
    /// Sidecars cannot read in these spans.
    unread: Vec<(Ms, Ms)>,
    /// All that happens is that instances are scaled in, none was left behind under another registration, and pages are
    /// full.
    pub plain: bool,
    /// Events get lost or late.
    pub events_fail: bool,
    /// Ticks get lost.
    pub ticks_fail: bool,
    /// For a while no record may be written, and no sidecar hears of a release.
    pub writes_refused: bool,
    /// EC2 gives notice of the end of a machine, and a batch waits for its deadline.
    notices: bool,
    /// Nothing goes wrong at all.
    pub all_well: bool,
    /// Reads of parameters are answered from before the last write in these spans.
    stale: Vec<(Ms, Ms)>,
}

impl Expectations {
    /// Of a scenario.
    #[must_use]
    pub fn new(scenario: &Scenario) -> Expectations {
        let text = |name: &str| scenario.settings.get(name).map(String::as_str);
        let time = |name: &str, usual| text(name).and_then(duration).unwrap_or(usual);
        let of_sidecar = |name: &str, usual| {
            let text = scenario.sidecar.get(name);
            text.and_then(|text| duration(text)).unwrap_or(usual)
        };
        let kinds = |wanted: fn(&Trouble) -> bool| scenario.faults.iter().any(|fault| wanted(&fault.what));
        Expectations {
            max_drain: time("MAX_DRAIN", HOUR),
            daemon_stop: time("DAEMON_STOP", 2 * MINUTE),
            settle: time("SETTLE", 10 * SECOND),
            linger: time("LINGER", 5 * SECOND),
            event_delay_max: scenario.aws.event_delay_max,
            agent_lost: time("AGENT_LOST", 10 * MINUTE),
            unprotected_check: time("UNPROTECTED_CHECK", 15 * MINUTE),
            holds_at_deadline: text("ON_DEADLINE") == Some("hold"),
            ignores_standalone: text("STANDALONE_TASKS") == Some("ignore"),
            ignored_groups: list(text("IGNORE_GROUPS")),
            tiers: text("DAEMON_TIERS").map_or(1, |tiers| tiers.split('|').count() as u64),
            tier_names: text("DAEMON_TIERS")
                .map(|tiers| tiers.split('|').map(|tier| list(Some(tier))).collect())
                .unwrap_or_default(),
            refuses_stops: scenario
                .hosts
                .iter()
                .any(|host| host.tasks.iter().any(|task| task.may_not_be_stopped)),
            stops_standalone: text("STANDALONE_TASKS") == Some("stop"),
            stop_tasks_after: text("STOP_TASKS_AFTER").and_then(duration),
            dry_run: flag(&scenario.settings, "DRY_RUN"),
            clusters: list(text("CLUSTERS")),
            max_hold: of_sidecar("MAX_HOLD", 2 * HOUR),
            unknown_grace: of_sidecar("UNKNOWN_GRACE", 30 * SECOND),
            terminating_grace: of_sidecar("TERMINATING_GRACE", 5 * MINUTE),
            disabled: flag(&scenario.sidecar, "DISABLED"),
            hosts: scenario.hosts.len(),
            groups: list(text("AUTO_SCALING_GROUPS")).len(),
            trouble: scenario.faults.iter().filter_map(span).collect(),
            unread: scenario.faults.iter().filter_map(unread).collect(),
            plain: scenario.aws.page == 100
                && scenario.hosts.iter().all(|host| host.stale_records.is_empty())
                && scenario
                    .steps
                    .iter()
                    .all(|step| matches!(step.what, What::ScaleIn(_))),
            events_fail: kinds(|what| {
                matches!(
                    what,
                    Trouble::LoseEvents { .. } | Trouble::DelayEvents { .. } | Trouble::LoseTicks
                )
            }),
            ticks_fail: kinds(|what| matches!(what, Trouble::LoseTicks)),
            writes_refused: kinds(|what| matches!(what, Trouble::RefuseWrites)),
            notices: scenario
                .steps
                .iter()
                .any(|step| matches!(step.what, What::SpotNotice(_) | What::CapacityNotice(_))),
            all_well: scenario.faults.is_empty(),
            stale: scenario.faults.iter().filter_map(stale).collect(),
        }
    }

    /// Returns whether AWS was well between these times, and the function alive.
    #[must_use]
    pub fn is_well(&self, from: Ms, to: Ms) -> bool {
        self.trouble
            .iter()
            .all(|(begin, end)| to < *begin || from >= *end)
    }

    /// Returns whether sidecars could read their parameters between these times.
    #[must_use]
    pub fn sidecars_can_read(&self, from: Ms, to: Ms) -> bool {
        self.unread.iter().all(|(begin, end)| to < *begin || from >= *end)
    }

    /// Returns whether a parameter may be read at this time as it was before its last write.
    #[must_use]
    pub fn reads_are_stale(&self, now: Ms) -> bool {
        self.stale
            .iter()
            .any(|(begin, end)| (*begin..*end).contains(&now))
    }

    /// Returns whether the cluster is watched.
    #[must_use]
    pub fn watches(&self, cluster: &str) -> bool {
        self.clusters.is_empty() || self.clusters.iter().any(|watched| watched == cluster)
    }

    /// The tier of a daemon service, from 0. One that is not named is in the first.
    #[must_use]
    pub fn tier(&self, service: &str) -> usize {
        let mut tiers = self.tier_names.iter();
        tiers
            .position(|tier| tier.iter().any(|name| name == service))
            .unwrap_or(0)
    }

    /// The longest for which a hook's wait may be kept up that began at `since`: the longest drain, its flush and some
    /// ticks; twice that and ten minutes if AWS was not well meanwhile.
    #[must_use]
    pub fn kept_at_most(&self, since: Ms, now: Ms, observed: bool) -> Ms {
        let bound = self.max_drain + self.flush() + 4 * MINUTE;
        // A drain whose hook waits while the kill switch says observe begins when it does not say so any more.
        match self.is_well(since, now) && !observed {
            true => bound,
            false => 2 * bound + 10 * MINUTE,
        }
    }

    /// The longest from the end of the last task until a look may have found it: many gather before one.
    #[must_use]
    pub fn seen_within(&self) -> Ms {
        match self.hosts {
            0..SHARED_FROM => 2 * SECOND,
            _ => self.event_delay_max + BATCH_WAITS + GATHERS + OBSERVED_WITHIN,
        }
    }

    /// The longest from the beginning of a drain to its hold; none if nothing is promised.
    #[must_use]
    pub fn held_within(&self, memory: Memory) -> Option<Ms> {
        match (self.events_fail, self.hosts) {
            (false, SHARED_FROM..=20) if memory.look_lost => Some(100 * SECOND),
            (false, 0..=20) => Some(15 * SECOND + self.hosts as Ms * SECOND / 2),
            (true, 0..=20) => Some(100 * SECOND),
            _ => None,
        }
    }

    /// The longest from the end of the last task, or of the settle window, to a release without tiers; none if nothing is
    /// promised.
    #[must_use]
    pub fn released_within(&self, memory: Memory) -> Option<Ms> {
        let others = if self.hosts > 1 || self.notices {
            BATCH_WAITS
        } else {
            0
        };
        let gathers = if self.hosts >= SHARED_FROM { GATHERS } else { 0 };
        let settles = if memory.confirmation_lost { self.settle } else { 0 };
        // A batch of a few waits for their looks itself.
        let found = if memory.look_lost && self.hosts >= SHARED_FROM {
            TICK
        } else {
            0
        };
        match (self.events_fail, self.hosts) {
            // The daemons stay for LINGER, and the event may have to wait for a batch meanwhile.
            (false, 0..=20) => {
                let known = self.event_delay_max + others + gathers;
                Some((known + settles).max(self.linger) + found + OBSERVED_WITHIN)
            }
            (true, 0..=20) => Some(100 * SECOND),
            // Three releases can be written in a second, and a quarter more time than that is promised.
            (false, hosts) => Some(15 * SECOND + hosts as Ms * 1250 / 3 + found + settles),
            (true, _) => None,
        }
    }

    /// What each further tier may take. Its sidecars read, and its daemons have their time. If no event says that they
    /// are gone, that is for a tick to find.
    #[must_use]
    pub fn tier_within(&self, reported: bool) -> Ms {
        self.daemon_stop + TIER_READ + if reported { 0 } else { TICK }
    }

    /// What all daemons get together for their flush.
    #[must_use]
    pub fn flush(&self) -> Ms {
        self.daemon_stop * self.tiers
    }
}

/// The span in which a fault keeps the coordinator from its work.
fn span(fault: &FaultSpec) -> Option<(Ms, Ms)> {
    let heavy = match &fault.what {
        Trouble::Throttle { by, .. } | Trouble::Fail { by, .. } => *by != Some(CallerKind::Sidecar),
        Trouble::Deny { .. }
        | Trouble::LoseAnswer { .. }
        | Trouble::RefuseWrites
        | Trouble::LoseTicks
        | Trouble::MissingTask
        | Trouble::StaleInstance
        | Trouble::ParameterNotFound
        | Trouble::StaleParameter
        | Trouble::TornListing
        | Trouble::Crash => true,
        Trouble::LoseEvents { .. } | Trouble::DoubleEvents | Trouble::DelayEvents { .. } => false,
    };
    // Trouble that the retries overcome is no excuse.
    let few = fault.times <= 3;
    (heavy && !few).then(|| (fault.from, fault.to.saturating_add(3 * MINUTE)))
}

/// The span in which a fault makes reads of parameters stale.
fn stale(fault: &FaultSpec) -> Option<(Ms, Ms)> {
    let stale = fault.what == Trouble::StaleParameter;
    stale.then_some((fault.from, fault.to.saturating_add(MINUTE)))
}

/// The span in which a fault keeps sidecars from reading.
fn unread(fault: &FaultSpec) -> Option<(Ms, Ms)> {
    let of_reads = |of: &Option<String>| {
        let of = of.as_deref();
        of.is_none_or(|of| matches!(of, "GetParameter" | "GetParameters"))
    };
    let unread = match &fault.what {
        Trouble::Throttle { of, by } | Trouble::Fail { of, by } => {
            of_reads(of) && *by != Some(CallerKind::Coordinator)
        }
        Trouble::Deny { of } | Trouble::LoseAnswer { of } => of_reads(of),
        _ => false,
    };
    unread.then_some((fault.from, fault.to.saturating_add(MINUTE)))
}

fn flag(settings: &BTreeMap<String, String>, name: &str) -> bool {
    settings.get(name).is_some_and(|text| text == "true")
}

fn list(text: Option<&str>) -> Vec<String> {
    let parts = text.unwrap_or_default().split(',').map(str::trim);
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// `1h30m`, `90s`, `500ms`.
fn duration(text: &str) -> Option<Ms> {
    let (mut total, mut number) = (0, String::new());
    let mut letters = text.trim().chars().peekable();
    while let Some(letter) = letters.next() {
        if letter.is_ascii_digit() {
            number.push(letter);
            continue;
        }
        let unit = match letter {
            'h' => HOUR,
            'm' if letters.next_if_eq(&'s').is_some() => 1,
            'm' => MINUTE,
            's' => SECOND,
            ' ' => continue,
            _ => return None,
        };
        total += number.parse::<Ms>().ok()? * unit;
        number.clear();
    }
    number.is_empty().then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, ms) in [
            ("10s", 10_000),
            ("1h30m", 5_400_000),
            ("2m", 120_000),
            ("1h 5s", 3_605_000),
            ("500ms", 500),
        ] {
            assert_eq!(duration(text), Some(ms), "{text}");
        }
        assert_eq!(duration("10"), None);
        assert_eq!(duration("x"), None);
    }

    #[test]
    fn few_faults_are_no_excuse_and_many_are() {
        let throttle = |times| FaultSpec {
            from: 10,
            to: 20,
            times,
            what: Trouble::Throttle { of: None, by: None },
            ..FaultSpec::default()
        };
        let well = |fault| {
            let scenario = Scenario {
                faults: vec![fault],
                ..Scenario::default()
            };
            Expectations::new(&scenario).is_well(0, 15)
        };
        assert!(well(throttle(3)));
        assert!(!well(throttle(u32::MAX)));
    }
}
