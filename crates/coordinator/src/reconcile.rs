//! Reconciles one instance: look, plan, act; again if that is useful at once.

use std::time::Duration;

use jiff::Timestamp;
use protector_core::aws::InstanceStatus;
use protector_core::holding::{Census, census, last_stopped};
use protector_core::limits::coordinator::{
    ANOTHERS_RECEIPT_MAX, LOOKS_MAX, READ_BACK_LAG, SPOT_RECHECK_INTERVAL, TIME_FOR_A_LOOK,
    WAIT_IN_A_BATCH_MAX, WAIT_MAX,
};
use protector_core::observation::{ContainerInstance, Observation, Observed, Registrations, Stored};
use protector_core::plan::{ActionKind, OrderOutcome, Plan, Remark, Situation, Verdict, plan};
use protector_core::plural::counted;
use protector_core::record::{Record, ReleaseReason};
use protector_core::trigger::{Command, TriggerKind};
use protector_core::unprotected::UnprotectedDaemon;
use serde_json::Value;

use crate::apply::{Applied, Done, Target};
use crate::coordinator::Coordinator;
use crate::instance_line::{InstanceLine, ObservedFields, RegisteredFields};
use crate::metrics::Metric;
use crate::subject::{Shown, Subject};

/// The results for one instance in one run.
#[derive(Debug, Clone)]
pub struct Reconciled {
    /// Its last line's fields.
    pub line: Value,
    /// What failed, if a retry may fix it.
    pub error: Option<String>,
    /// What became of the operator's order, if there was one.
    pub order: Option<OrderOutcome>,
}

struct Run {
    done: Vec<Done>,
    remarks: Vec<Remark>,
    looks: u32,
    /// How many calls of this run the record knows of.
    counted: u32,
    /// How many calls of earlier runs it does not know of yet.
    earlier: u32,
    /// When a protected daemon ended while tasks held.
    daemons_gone_at: Option<Timestamp>,
    /// Daemons that were not protected.
    unprotected: Vec<UnprotectedDaemon>,
    /// What becomes of the operator's order.
    order: Option<OrderOutcome>,
    /// Whether the run may wait for a Spot deadline. One run is enough for that: the tick's.
    patient: bool,
    /// Whether Auto Scaling has said that it no longer waits.
    over: bool,
    /// Whether the first look was a part of a survey.
    surveyed: bool,
}

impl Run {
    fn target<'o>(&self, observation: &'o Observation) -> Target<'o> {
        match self.over {
            false => Target::Placed(&observation.key, &observation.record),
            true => Target::Ended(&observation.key, &observation.record),
        }
    }
}

/// The step that follows one look.
enum Next {
    Stop,
    /// Plan again with what is known now.
    Replan(Box<Observation>),
    /// Look again after this long.
    Look(Duration),
}

impl Coordinator {
    /// Brings one instance as far as it can be brought now, and logs that in one line.
    pub async fn reconcile(
        &self,
        trigger: TriggerKind,
        subject: &Subject,
        command: Option<&Command>,
    ) -> Reconciled {
        let me = self.metered();
        let started = me.now();
        let mut run = Run {
            done: Vec::new(),
            remarks: Vec::new(),
            looks: 1,
            counted: 0,
            earlier: me.cache.take_uncounted(&subject.key),
            daemons_gone_at: None,
            unprotected: Vec::new(),
            order: None,
            patient: trigger == TriggerKind::Tick,
            over: false,
            surveyed: false,
        };
        let surveyed = me.survey.take(&subject.key).map(|shown| Subject {
            shown,
            ..subject.clone()
        });
        run.surveyed = surveyed.is_some();
        let mut permit = match run.surveyed {
            true => None,
            false => me.cache.limiter.reconciles.acquire().await.ok(),
        };
        let mut observation = me.observe(surveyed.as_ref().unwrap_or(subject)).await;
        let subject = &Subject {
            shown: Shown::default(),
            ..subject.clone()
        };
        let mut command = command;
        loop {
            let (plan, applied) = me.step(&observation, subject, command.take(), &mut run).await;
            let verdict = plan.verdict;
            let failed = applied.failure.is_some() || verdict == Verdict::Unknown;
            run.remarks.clone_from(&plan.remarks);
            if applied.refused_stops > 0 {
                run.remarks.push(Remark::Warning(format!(
                    "StopTask failed for {}",
                    counted(applied.refused_stops, "task")
                )));
            }
            run.done.extend(applied.done.iter().cloned());
            me.remember_end(&observation, &plan, &applied);
            match me.next(&observation, &plan, applied, &mut run) {
                Next::Replan(replanned) => observation = *replanned,
                Next::Look(wait) => {
                    // Other instances may be observed meanwhile.
                    drop(permit.take());
                    tokio::time::sleep(wait).await;
                    permit = me.cache.limiter.reconciles.acquire().await.ok();
                    observation = me.observe(subject).await;
                }
                Next::Stop => {
                    let calls = me.aws.meter.total() - run.counted + run.earlier;
                    if !matches!(verdict, Verdict::NotDraining | Verdict::Done) {
                        me.cache.add_uncounted(&observation.key, calls);
                    }
                    return me.conclude(trigger, &observation, verdict, &run, started, failed);
                }
            }
        }
    }

    async fn step(
        &self,
        observation: &Observation,
        subject: &Subject,
        command: Option<&Command>,
        run: &mut Run,
    ) -> (Plan, Applied) {
        let calls = self.aws.meter.total();
        let now = self.now();
        let fleet = self.cache.fleet_without(&observation.key, now);
        // A coordinator that only observes does not obey, and must not answer as if it did.
        let obeyed = command.filter(|_| !self.only_observes());
        let kill_switch = self.cache.kill_switch();
        let plan = plan(&Situation {
            observation,
            policy: &self.policy,
            fleet,
            command: obeyed,
            spot: subject.spot,
            kill_switch: &kill_switch,
            heartbeats: self.heartbeats_by(),
            calls: calls - run.counted + run.earlier,
            now,
        });
        run.order = match (command, obeyed) {
            (Some(_), None) => Some(OrderOutcome::Ignored(format!(
                "the coordinator changes nothing in mode {}",
                self.mode()
            ))),
            _ => run.order.take().or_else(|| plan.order.clone()),
        };
        let census = self.census(observation);
        if let Some(instance) = observation.instance.as_yes() {
            let census = census.as_ref();
            self.cache
                .saw(&observation.key, instance, plan.verdict, census, now);
        }
        let applied = self.apply(run.target(observation), plan.clone()).await;
        if applied.written.is_some() {
            (run.counted, run.earlier) = (calls, 0);
        }
        self.measure_release(observation, &applied);
        let known = observation.record.readable();
        let record = plan.record().or(known);
        run.daemons_gone_at = record.and_then(|record| record.daemons_gone_at);
        run.unprotected = record
            .map(|record| record.unprotected.clone())
            .unwrap_or_default();
        self.measure_daemons(observation, &applied);
        (plan, applied)
    }

    /// A hook that is completed ends the wait for its instance permanently. A registration that was left behind needs no
    /// further observation.
    fn remember_end(&self, observation: &Observation, plan: &Plan, applied: &Applied) {
        let left_behind = |instance: &&Registrations| instance.is_left_behind();
        if let Some(instance) = observation.instance.as_yes().filter(left_behind)
            && plan.verdict == Verdict::NotDraining
        {
            let key = &observation.key;
            for one in instance.all() {
                self.cache.finished.add(key, one, observation.at);
            }
        }
        let completed = applied
            .done
            .iter()
            .any(|done| done.action == ActionKind::Complete);
        let done = completed && plan.verdict == Verdict::Done && applied.failure.is_none();
        if let Some(instance) = observation
            .instance
            .as_yes()
            .filter(|_| done && !self.only_observes())
        {
            let registrations = instance.all().map(|one| &one.arn);
            self.cache.ended(&observation.key, registrations, self.now());
        }
    }

    /// Measures a release that was just written: whether it was forced, and how long after the last task's end it came.
    fn measure_release(&self, observation: &Observation, applied: &Applied) {
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
        let metrics = &self.cache.metrics;
        if record.reason.is_some_and(ReleaseReason::is_forced) {
            metrics.count(Metric::ForcedReleases, 1);
        }
        let tasks = observation.tasks.as_yes().map(Vec::as_slice).unwrap_or_default();
        let stopped = last_stopped(tasks, &self.policy).filter(|at| *at >= record.started_at);
        if let Some(stopped) = stopped.filter(|_| record.reason == Some(ReleaseReason::Drained)) {
            metrics.record_duration(Metric::ReleaseLatency, self.now().duration_since(stopped));
        }
    }

    /// The run that has recorded a daemon that ended while tasks held, or was not protected, counts it.
    fn measure_daemons(&self, observation: &Observation, applied: &Applied) {
        let gone = |record: Option<&Record>| record.is_some_and(|record| record.daemons_gone_at.is_some());
        let written = applied.written.as_ref().and_then(Stored::readable);
        if gone(written) && !gone(observation.record.readable()) {
            self.cache.metrics.count(Metric::DaemonsGone, 1);
        }
        let unprotected = |record: Option<&Record>| record.map_or(0, |record| record.unprotected.len());
        let more = unprotected(written).saturating_sub(unprotected(observation.record.readable()));
        self.cache.metrics.count(Metric::UnprotectedDaemons, more);
    }

    fn next(&self, observation: &Observation, plan: &Plan, applied: Applied, run: &mut Run) -> Next {
        run.looks += 1;
        if applied.failure.is_some() || run.looks > LOOKS_MAX {
            return Next::Stop;
        }
        if applied.raced {
            return Next::Look(Duration::ZERO);
        }
        if applied.over && !run.over {
            run.over = true;
            return Next::Look(ANOTHERS_RECEIPT_MAX);
        }
        // Read back, and not DRAINING yet: ECS is eventually consistent.
        if applied
            .read_back
            .iter()
            .any(|instance| instance.status != InstanceStatus::Draining)
        {
            // If many instances are drained at once, some lag, and those are looked at together too.
            if run.surveyed {
                let at = self.now().checked_add(READ_BACK_LAG).ok();
                self.cache.look_at(&observation.key, at);
                return Next::Stop;
            }
            return Next::Look(READ_BACK_LAG.unsigned_abs());
        }
        if let Some(instance) = observation
            .instance
            .as_yes()
            .filter(|_| !applied.read_back.is_empty())
        {
            let seen = |all: Registrations, one: &ContainerInstance| all.with(one);
            let instance = Observed::Present(applied.read_back.iter().fold(instance.clone(), seen));
            let record = applied
                .written
                .map_or_else(|| observation.record.clone(), Observed::Present);
            return Next::Replan(Box::new(Observation {
                at: self.now(),
                record,
                instance,
                ..observation.clone()
            }));
        }
        let noticed = observation
            .record
            .readable()
            .is_some_and(|record| record.spot_notice_at.is_some());
        let patient = noticed && run.patient;
        // What comes after the release is reported by its daemons and the tick. A machine that is taken does not wait
        // for them.
        let waits = |verdict| verdict == Verdict::Holding || (patient && verdict == Verdict::Releasing);
        let worth = plan.look_again.filter(|_| waits(plan.verdict));
        let left = self.time_left() - TIME_FOR_A_LOOK;
        // The run waits for a settle window for as long as the run may take. The last tick before the end of a longer
        // window waits for that end.
        let longest = if noticed && !patient {
            WAIT_MAX.min(left)
        } else {
            left
        };
        // A batch waits once for all its instances, at its end; only a machine that is taken has no time for that.
        let waits_here = !self.queued || patient;
        match worth.filter(|wait| *wait <= longest && (waits_here || *wait <= WAIT_IN_A_BATCH_MAX)) {
            // No event comes to a batch that waits, so it looks itself whether the tasks have ended.
            Some(wait) if self.queued => {
                Next::Look(Duration::try_from(wait.min(SPOT_RECHECK_INTERVAL)).unwrap_or_default())
            }
            Some(wait) => Next::Look(Duration::try_from(wait).unwrap_or_default()),
            None => {
                // A survey of those that begin leaves their tasks to the end of the settle window.
                let unseen = run.surveyed && plan.verdict == Verdict::Holding;
                let unseen = unseen && matches!(observation.tasks, Observed::Unknown(_));
                let again = plan.look_again.or(unseen.then_some(self.policy.settle));
                let at = again.and_then(|wait| self.now().checked_add(wait).ok());
                self.cache.look_at(&observation.key, at);
                Next::Stop
            }
        }
    }

    fn census(&self, observation: &Observation) -> Option<Census> {
        observation
            .tasks
            .as_yes()
            .map(|tasks| census(tasks, &self.policy))
    }

    fn conclude(
        &self,
        trigger: TriggerKind,
        observation: &Observation,
        verdict: Verdict,
        run: &Run,
        started: Timestamp,
        failed: bool,
    ) -> Reconciled {
        let line = self.line(trigger, observation, verdict, run, started, failed);
        let request = &self.request_id;
        Reconciled {
            line: self.log_instance(&line),
            error: failed.then(|| {
                format!(
                    "reconcile of {} failed: {}; see the log event `instance` of request {request}",
                    observation.key,
                    line.error()
                )
            }),
            order: line.order,
        }
    }

    /// Logs the line of an instance, at the level that its outcome asks for. Returns its fields.
    pub(crate) fn log_instance(&self, line: &InstanceLine) -> Value {
        let fields = line.fields();
        self.logger.log(line.level(), "instance", fields.clone());
        fields
    }

    fn line(
        &self,
        trigger: TriggerKind,
        observation: &Observation,
        verdict: Verdict,
        run: &Run,
        started: Timestamp,
        failed: bool,
    ) -> InstanceLine {
        let census = self.census(observation);
        let duration = self.now().duration_since(started).as_millis();
        let instance = observation.instance.as_yes();
        InstanceLine {
            request_id: self.request_id.clone(),
            trigger,
            instance: observation.key.instance.clone(),
            verdict,
            mode: self.mode(),
            remarks: run.remarks.clone(),
            actions: run.done.clone(),
            failed,
            registered: Some(RegisteredFields {
                container_instance: instance.map(|instance| instance.present().arn.to_string()),
                ..RegisteredFields::new(
                    &observation.key,
                    status(observation),
                    census.as_ref(),
                    run.looks - 1,
                )
            }),
            observed: Some(ObservedFields {
                daemons: census.as_ref().map(|census| census.daemons.len()),
                daemons_gone_at: run.daemons_gone_at,
                unprotected: run.unprotected.clone(),
                calls: self.aws.meter.calls(),
                failures: self.aws.meter.failures(),
                duration_ms: i64::try_from(duration).unwrap_or(i64::MAX),
            }),
            order: run.order.clone(),
        }
    }
}

fn status(observation: &Observation) -> String {
    match &observation.instance {
        Observed::Present(instance) => instance.present().status.to_string(),
        Observed::Absent => "absent".to_owned(),
        Observed::Unknown(_) => "unknown".to_owned(),
    }
}
