//! What the drain of one instance measures.

use jiff::Timestamp;
use protector_core::holding::last_stopped;
use protector_core::observation::{Observation, Stored};
use protector_core::policy::Policy;
use protector_core::record::{Record, ReleaseReason};

use crate::executor::Applied;
use crate::metrics::{Metric, MetricsRecorder};

/// Measures a release that was just written: whether it was forced, and how long after the last task's end it came.
pub(super) fn release(
    metrics: &MetricsRecorder,
    policy: &Policy,
    observation: &Observation,
    applied: &Applied,
    now: Timestamp,
) {
    if applied.raced {
        return;
    }
    let released = |record: &&Record| record.is_released();
    let before = observation.record.readable().filter(released);
    let written = applied
        .written
        .as_ref()
        .and_then(Stored::readable)
        .filter(released);
    let Some(record) =
        written.filter(|record| before.is_none_or(|before| before.drain_id != record.drain_id))
    else {
        return;
    };
    if record.reason.is_some_and(ReleaseReason::is_forced) {
        metrics.count(Metric::ForcedReleases, 1);
    }
    let tasks = observation.tasks.as_read().map(Vec::as_slice).unwrap_or_default();
    let stopped = last_stopped(tasks, policy).filter(|at| *at >= record.started_at);
    if let Some(stopped) = stopped.filter(|_| record.reason == Some(ReleaseReason::Drained)) {
        metrics.record_duration(Metric::ReleaseLatency, now.duration_since(stopped));
    }
}

/// The run that has recorded a daemon that ended while tasks held, or was not protected, counts it.
pub(super) fn daemons(metrics: &MetricsRecorder, observation: &Observation, applied: &Applied) {
    let gone = |record: Option<&Record>| record.is_some_and(|record| record.daemons_gone_at.is_some());
    let written = applied.written.as_ref().and_then(Stored::readable);
    if gone(written) && !gone(observation.record.readable()) {
        metrics.count(Metric::DaemonsGone, 1);
    }
    let unprotected = |record: Option<&Record>| record.map_or(0, |record| record.unprotected.len());
    let more = unprotected(written).saturating_sub(unprotected(observation.record.readable()));
    metrics.count(Metric::UnprotectedDaemons, more);
}
