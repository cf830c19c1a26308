//! The check for daemons that are not protected, on instances that do not drain.
//!
//! A tick that has its slot for it makes one call of it, so that it makes no more calls than others do; a large fleet takes
//! up to four in each tick. It changes nothing and fails no tick: what it cannot find out, the next round asks again.

use std::collections::BTreeMap;

use protector_core::ids::ClusterName;
use protector_core::limits::coordinator::{EXAMPLES_MAX, TIME_FOR_A_LOOK};
use protector_core::limits::{MESSAGE_CHARS_MAX, cut};
use protector_core::policy::Policy;
use protector_core::protection::check::{Check, CheckRound, Request};
use protector_core::protection::{unprotected_because, unprotected_daemon};
use protector_core::unprotected::UnprotectedDaemon;

use crate::aws::{Aws, AwsError, ListedTask};
use crate::cache::Cache;
use crate::context::RunContext;
use crate::crowd::Crowd;
use crate::log_line::{LogLine, UnprotectedExample};
use crate::logging::Level;
use crate::metrics::Metric;
use crate::observer::{Observer, scheduled};

/// Checks the protection of daemons, a part of a round in each tick.
#[derive(Debug, Clone, Copy)]
pub(super) struct ProtectionCheck<'r> {
    pub(super) observer: Observer<'r>,
    pub(super) crowd: Crowd<'r>,
    pub(super) aws: &'r Aws,
    pub(super) cache: &'r Cache,
    pub(super) policy: &'r Policy,
    pub(super) run: &'r RunContext,
}

impl ProtectionCheck<'_> {
    /// Returns whether the check is in progress, or due. While many drain, and while the run has no time left, it waits.
    pub(super) fn is_due(&self) -> bool {
        let due = |check: &mut Check| check.is_due(self.policy.unprotected_check, self.run.now());
        self.cache.protection.with(due) && !self.crowd.is_crowded() && self.run.time_left() >= TIME_FOR_A_LOOK
    }

    /// Returns whether the check goes on in each tick, whatever has the slot.
    pub(super) fn hurries(&self) -> bool {
        let hurries = |check: &mut Check| check.hurries(self.policy.unprotected_check, self.run.now());
        self.cache.protection.with(hurries)
    }

    /// Goes on with the check, or begins a round, if it is due and `has_slot` or is to hurry.
    pub(super) async fn go_on(&self, has_slot: bool) {
        let (every, now) = (self.policy.unprotected_check, self.run.now());
        let requests = |check: &mut Check| check.requests_of_a_tick(has_slot, every, now);
        let requests = self.cache.protection.with(requests);
        if requests == 0 || !self.is_due() {
            return;
        }
        let aws = self.aws.metered();
        let me = ProtectionCheck {
            observer: self.observer.counting(&aws),
            aws: &aws,
            ..*self
        };
        let outcome = me.ask_in_tick(requests).await;
        if outcome.is_err() {
            me.cache.protection.with(Check::failed);
        }
        let round = me.cache.protection.finish();
        if let Some(found) = round.map(|round| round.unprotected).filter(|found| *found > 0) {
            me.cache.metrics.count(Metric::UnprotectedDaemons, found);
        }
        me.log_check(round, outcome.err());
    }

    /// So many requests. After one that fails the rest is left to the next tick.
    async fn ask_in_tick(&self, requests: u32) -> Result<(), AwsError> {
        if !self.cache.protection.with(|check| check.goes_on()) {
            let clusters = self.observer.clusters().watched().await?;
            let now = self.run.now();
            self.cache.protection.with(|check| check.begin(clusters, now));
        }
        while self.aws.meter.total() < requests && self.run.time_left() >= TIME_FOR_A_LOOK {
            let Some(request) = self.cache.protection.with(Check::next_request) else {
                break;
            };
            self.ask_of_check(request).await?;
        }
        Ok(())
    }

    async fn ask_of_check(&self, request: Request) -> Result<(), AwsError> {
        let protection = &self.cache.protection;
        match request {
            Request::Services { cluster, token } => {
                let answer = self.aws.list_daemon_services(&cluster, token).await;
                let page = self.observer.clusters().unless_gone(&cluster, answer)?;
                protection.with(|check| check.services(&cluster, page.items, page.next_token));
            }
            Request::Tasks {
                cluster,
                service,
                token,
            } => {
                let page = self.aws.list_service_tasks(&cluster, &service, token).await?;
                protection.with(|check| check.tasks(&cluster, &service, page.items, page.next_token));
            }
            Request::Describe { cluster, tasks } => {
                let found = self.aws.describe_tasks_that_are_there(&cluster, &tasks).await?;
                self.judge_tasks(&cluster, found);
            }
        }
        Ok(())
    }

    /// Tasks of an instance that is known to drain are left to its drain.
    fn judge_tasks(&self, cluster: &ClusterName, found: Vec<ListedTask>) {
        let (count, now) = (found.len(), self.run.now());
        let mut bare: BTreeMap<UnprotectedDaemon, Vec<UnprotectedExample>> = BTreeMap::new();
        for listed in found {
            let instance = listed.container_instance.clone();
            if instance.as_ref().is_some_and(|arn| self.cache.knows_drain(arn)) {
                continue;
            }
            let task = scheduled(listed, None);
            let reason = unprotected_because(&task, self.policy);
            self.cache.protection.insert(&task, reason, now);
            let Some(reason) = reason else { continue };
            let sidecar = task.container(&self.policy.sidecar_container);
            let detail = sidecar.and_then(|sidecar| sidecar.reason.as_deref());
            bare.entry(unprotected_daemon(&task, reason))
                .or_default()
                .push(UnprotectedExample {
                    container_instance: instance,
                    exit_code: sidecar.and_then(|sidecar| sidecar.exit_code),
                    error: detail.map(|detail| cut(detail, MESSAGE_CHARS_MAX)),
                    task: task.arn,
                });
        }
        let unprotected = bare.values().map(Vec::len).sum();
        self.cache
            .protection
            .with(|check| check.described(count, unprotected));
        for (daemon, tasks) in bare {
            self.log_unprotected(cluster, &daemon, &tasks);
        }
    }

    fn log_unprotected(
        &self,
        cluster: &ClusterName,
        daemon: &UnprotectedDaemon,
        tasks: &[UnprotectedExample],
    ) {
        let line = LogLine::Unprotected {
            request_id: &self.run.request_id,
            cluster,
            service: &daemon.service,
            reason: daemon.reason,
            hint: daemon.reason.hint(),
            tasks: tasks.len(),
            examples: tasks.get(..EXAMPLES_MAX).unwrap_or(tasks),
        };
        self.run.logger.log(Level::Warn, &line);
    }

    fn log_check(&self, round: Option<CheckRound>, problem: Option<AwsError>) {
        let level = match problem {
            Some(_) => Level::Warn,
            None => Level::Debug,
        };
        let line = LogLine::ProtectionCheck {
            request_id: &self.run.request_id,
            finished: round.is_some(),
            tasks: round.map(|round| round.tasks),
            unprotected: round.map(|round| round.unprotected),
            error: problem.map(|problem| problem.to_string()),
            calls: self.aws.meter.calls(),
        };
        self.run.logger.log(level, &line);
    }
}
