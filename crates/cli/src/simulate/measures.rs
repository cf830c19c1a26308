//! What is measured of a run: one list for the table, the JSON and the page.

use std::collections::BTreeMap;

use super::job::Played;
use protector_sim::scenario::Ms;
use protector_sim::statistics::{Spread, Statistics};
use serde::Serialize;

/// Where two writes a drain take less time than this, the tasks decide how long a drain lasts, and not the quota.
const RATIO_SECONDS_MIN: f64 = 60.0;

/// What one fleet with one seed has shown.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FleetRow {
    /// Instances at once.
    pub(crate) instances: usize,
    pub(crate) seed: u64,
    pub(crate) hook_to_draining_seconds: Times,
    /// From the last STOPPED, or DRAINING if that came later, to the record's release.
    pub(crate) stopped_to_released_seconds: Times,
    /// From the hook to its completion.
    pub(crate) hook_to_completed_seconds: Times,
    /// From the first hook to the last release.
    pub(crate) all_released_seconds: Option<f64>,
    /// The time that Parameter Store needs for one write a drain; none without quotas.
    pub(crate) bound_seconds: Option<f64>,
    /// Instances whose record said released.
    pub(crate) released: usize,
    /// Requests to AWS, retries among them.
    pub(crate) requests: u64,
    /// Of these, those that the sidecars made.
    pub(crate) sidecar_requests: u64,
    /// Requests by operation.
    pub(crate) operations: BTreeMap<&'static str, u64>,
    /// Of these, throttled.
    pub(crate) throttled: u64,
    /// Throttled requests by quota, for those quotas that were not enough.
    pub(crate) throttled_by_quota: BTreeMap<&'static str, u64>,
    /// Records written.
    pub(crate) writes: u64,
    /// The time for which the function ran.
    pub(crate) billed_seconds: f64,
    /// Invocations that failed.
    pub(crate) runs_failed: u64,
    /// Of these, by the schedule.
    pub(crate) ticks_failed: u64,
    /// Events that were abandoned.
    pub(crate) dead_letters: u64,
    /// Hooks whose timeout ran out.
    pub(crate) hooks_ran_out: u64,
    /// Daemons that got SIGTERM while a task that holds was alive.
    pub(crate) wrong_releases: u64,
    /// Tasks that were killed when their instance went off.
    pub(crate) tasks_killed: u64,
    /// Log lines that were written when the daemons had got SIGTERM.
    pub(crate) lines_lost: u64,
    /// Log lines that were written.
    pub(crate) lines: u64,
    /// How many promises the judge found broken.
    pub(crate) broken_promises: usize,
    /// The run ended by itself, and not at its limit.
    pub(crate) ended: bool,
}

/// How times are spread, in seconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Times {
    pub(crate) count: usize,
    /// Half of them are not longer.
    pub(crate) p50: f64,
    /// 99 of 100.
    pub(crate) p99: f64,
    /// The longest.
    pub(crate) max: f64,
}

impl Times {
    fn of(values: Vec<Ms>) -> Times {
        let spread = Spread::of(values);
        Times {
            count: spread.count,
            p50: seconds(spread.p50),
            p99: seconds(spread.p99),
            max: seconds(spread.max),
        }
    }

    /// None if there is no time.
    fn known(&self, value: f64) -> Option<f64> {
        (self.count > 0).then_some(value)
    }
}

pub(crate) fn seconds(ms: Ms) -> f64 {
    ms as f64 / 1000.0
}

/// Throttled requests by quota.
fn throttled_by_quota(statistics: &Statistics) -> BTreeMap<&'static str, u64> {
    let buckets = statistics.buckets().iter();
    let throttled = buckets.map(|(bucket, usage)| {
        let throttled: u64 = usage.throttled.iter().copied().map(u64::from).sum();
        (bucket.name(), throttled)
    });
    throttled.filter(|(_, throttled)| *throttled > 0).collect()
}

impl FleetRow {
    /// Of a run.
    pub(crate) fn new(
        instances: usize,
        seed: u64,
        writes_per_second: Option<f64>,
        played: &Played,
    ) -> FleetRow {
        let (statistics, numbers) = (&played.statistics, played.statistics.numbers());
        FleetRow {
            instances,
            seed,
            hook_to_draining_seconds: Times::of(statistics.begin_latencies()),
            stopped_to_released_seconds: Times::of(statistics.release_latencies()),
            hook_to_completed_seconds: Times::of(statistics.whole()),
            all_released_seconds: all_released(played),
            bound_seconds: writes_per_second.map(|rate| instances as f64 / rate),
            released: statistics
                .drains()
                .filter(|drain| drain.released.is_some())
                .count(),
            requests: numbers.function_requests + numbers.sidecar_requests,
            sidecar_requests: numbers.sidecar_requests,
            operations: numbers.operations.clone(),
            throttled: numbers.throttled,
            throttled_by_quota: throttled_by_quota(statistics),
            writes: numbers.writes,
            billed_seconds: seconds(numbers.billed),
            runs_failed: numbers.failed,
            ticks_failed: numbers.ticks_failed,
            dead_letters: numbers.dead_letters,
            hooks_ran_out: numbers.hooks_ran_out,
            wrong_releases: numbers.wrong_releases,
            tasks_killed: numbers.tasks_killed,
            lines_lost: numbers.lines_lost,
            lines: numbers.lines,
            broken_promises: played.violations.len(),
            ended: played.ended.quiet,
        }
    }

    /// From the hook to its completion, for half of the instances.
    pub(crate) fn completed_p50(&self) -> Option<f64> {
        let times = self.hook_to_completed_seconds;
        times.known(times.p50)
    }

    /// Instances whose record never said released.
    pub(crate) fn never_released(&self) -> usize {
        self.instances.saturating_sub(self.released)
    }

    fn each(&self, number: f64) -> f64 {
        number / self.instances as f64
    }

    fn of_bound(&self, seconds: Option<f64>, writes: f64) -> Option<f64> {
        Some(seconds? / (self.bound_seconds? * writes))
    }
}

/// From the first hook to the last release.
fn all_released(played: &Played) -> Option<f64> {
    let drains = played.statistics.drains();
    let (began, released): (Vec<_>, Vec<_>) = drains.map(|drain| (drain.began, drain.released)).unzip();
    let first = began.into_iter().flatten().min()?;
    let last = released
        .into_iter()
        .collect::<Option<Vec<_>>>()?
        .into_iter()
        .max()?;
    Some(seconds(last.saturating_sub(first)))
}

/// A line of the table.
pub(crate) struct Measure {
    /// Its name, with the unit.
    pub(crate) name: &'static str,
    /// Its number.
    pub(crate) value: fn(&FleetRow) -> Option<f64>,
}

const fn measure(name: &'static str, value: fn(&FleetRow) -> Option<f64>) -> Measure {
    Measure { name, value }
}

/// Every line, by subject.
pub(crate) const MEASURES: &[&[Measure]] = &[
    &[
        measure("hook to DRAINING, p50 (s)", |row| {
            let times = row.hook_to_draining_seconds;
            times.known(times.p50)
        }),
        measure("hook to DRAINING, p99 (s)", |row| {
            let times = row.hook_to_draining_seconds;
            times.known(times.p99)
        }),
        measure("last STOPPED to released, p50 (s)", |row| {
            let times = row.stopped_to_released_seconds;
            times.known(times.p50)
        }),
        measure("last STOPPED to released, p99 (s)", |row| {
            let times = row.stopped_to_released_seconds;
            times.known(times.p99)
        }),
        measure("last STOPPED to released, max (s)", |row| {
            let times = row.stopped_to_released_seconds;
            times.known(times.max)
        }),
        measure("hook to completed, p50 (s)", FleetRow::completed_p50),
        measure("hook to completed, p99 (s)", |row| {
            let times = row.hook_to_completed_seconds;
            times.known(times.p99)
        }),
        measure("first hook to all released (s)", |row| row.all_released_seconds),
    ],
    &[
        measure("bound, one write a drain (s)", |row| row.bound_seconds),
        measure("released, max / one write", |row| {
            let times = row.stopped_to_released_seconds;
            row.of_bound(times.known(times.max), 1.0)
        }),
        measure("all released / two writes", |row| {
            let says_something = row.bound_seconds? * 2.0 >= RATIO_SECONDS_MIN;
            row.of_bound(row.all_released_seconds.filter(|_| says_something), 2.0)
        }),
    ],
    &[
        measure("requests a drain", |row| Some(row.each(row.requests as f64))),
        measure("writes a drain", |row| Some(row.each(row.writes as f64))),
        measure("throttled (%)", |row| Some(percent(row.throttled, row.requests))),
        measure("billed a drain (s)", |row| Some(row.each(row.billed_seconds))),
    ],
    &[
        measure("never released", |row| Some(row.never_released() as f64)),
        measure("failed runs", |row| Some(row.runs_failed as f64)),
        measure("ticks failed", |row| Some(row.ticks_failed as f64)),
        measure("dead letters", |row| Some(row.dead_letters as f64)),
        measure("hooks ran out", |row| Some(row.hooks_ran_out as f64)),
        measure("wrong releases", |row| Some(row.wrong_releases as f64)),
        measure("tasks killed with the instance", |row| {
            Some(row.tasks_killed as f64)
        }),
        measure("log lines lost", |row| Some(row.lines_lost as f64)),
        measure("broken promises", |row| Some(row.broken_promises as f64)),
    ],
];

/// How many of a hundred.
pub(crate) fn percent(part: u64, whole: u64) -> f64 {
    part as f64 * 100.0 / whole.max(1) as f64
}
