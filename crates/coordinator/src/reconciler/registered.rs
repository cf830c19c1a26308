//! A registered instance: observed, planned, executed, and again if that is useful at once.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use protector_core::aws::InstanceStatus;
use protector_core::holding::{Census, census_of};
use protector_core::next_look::{AfterPlan, LookingRun, NextLook, ReadBack, next_look};
use protector_core::observation::{ContainerInstance, Hook, Observation, Observed, Registrations, SeenTasks};
use protector_core::plan::{
    ActionKind, OrderOutcome, Plan, Remark, Situation, Verdict, Warning, plan, waited_too_long,
};
use protector_core::record::Record;
use protector_core::trigger::{Command, TriggerKind};
use protector_core::unprotected::UnprotectedDaemon;

use crate::aws::ErrorKind;
use crate::cache::Announced;
use crate::executor::{Applied, Done, Target};
use crate::instance_line::{InstanceLine, ObservedFields, RegisteredFields};
use crate::outcome::Outcome;
use crate::subject::{Registered, Shown};

use super::{Reconciled, Reconciler, measure};

/// What a run has done for one instance so far.
struct Course {
    trigger: TriggerKind,
    started: Timestamp,
    done: Vec<Done>,
    remarks: Vec<Remark>,
    /// How many plans were made.
    plans: u32,
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
    /// Whether the operator's order is in a record, which sidecars obey.
    ordered: bool,
    /// Whether Auto Scaling has said that it no longer waits.
    over: bool,
    /// Whether the first look was a part of a survey.
    surveyed: bool,
}

impl Course {
    fn target<'o>(&self, observation: &'o Observation) -> Target<'o> {
        match self.over {
            false => Target::Placed(&observation.key, &observation.record),
            true => Target::Ended(&observation.key, &observation.record),
        }
    }
}

/// How one plan went.
struct Step {
    verdict: Verdict,
    /// Whether the plan begins a drain that no record has.
    begins: bool,
    look_again: Option<SignedDuration>,
    applied: Applied,
}

impl Reconciler<'_> {
    /// Observes, plans and acts, as often as it is useful at once.
    pub(super) async fn registered(
        &self,
        trigger: TriggerKind,
        subject: Registered,
        command: Option<&Command>,
    ) -> Reconciled {
        let mut course = Course {
            trigger,
            started: self.run.now(),
            done: Vec::new(),
            remarks: Vec::new(),
            plans: 0,
            counted: 0,
            earlier: self.cache.take_uncounted(&subject.key),
            daemons_gone_at: None,
            unprotected: Vec::new(),
            order: None,
            ordered: false,
            over: false,
            surveyed: false,
        };
        let surveyed = self.observer.survey().take(&subject.key).map(|shown| Registered {
            shown,
            ..subject.clone()
        });
        course.surveyed = surveyed.is_some();
        let mut permit = match course.surveyed {
            true => None,
            false => self.cache.limiter.reconciles.acquire().await.ok(),
        };
        let mut observation = self.observer.observe(surveyed.as_ref().unwrap_or(&subject)).await;
        let subject = Registered {
            shown: Shown::default(),
            ..subject
        };
        let mut command = command;
        loop {
            let step = self
                .step(&observation, &subject, command.take(), &mut course)
                .await;
            let failed = step.applied.failure.is_some() || step.verdict == Verdict::Unknown;
            if step.applied.over && !course.over && self.waits_again(&observation).await {
                observation = observation.of_another_wait(self.run.now());
                continue;
            }
            self.remember_end(&observation, &step);
            if let Some(hook) = self.waited_unrecorded(&observation, &step).await {
                observation.hook = hook;
                continue;
            }
            let next = next_look(&self.after(&observation, &step, &course));
            course.over |= step.applied.over;
            match next {
                NextLook::Replan => observation = self.read_back(observation, step.applied),
                NextLook::After(wait) => {
                    // Other instances may be observed meanwhile.
                    drop(permit.take());
                    tokio::time::sleep(Duration::try_from(wait).unwrap_or_default()).await;
                    permit = self.cache.limiter.reconciles.acquire().await.ok();
                    observation = self.observer.observe(&subject).await;
                }
                NextLook::Later(wait) => {
                    let at = wait.and_then(|wait| self.run.now().checked_add(wait).ok());
                    self.cache.look_at(&observation.key, at);
                    return self.end(&observation, step.verdict, course, failed);
                }
                NextLook::None => return self.end(&observation, step.verdict, course, failed),
            }
        }
    }

    /// One plan, and its actions.
    async fn step(
        &self,
        observation: &Observation,
        subject: &Registered,
        command: Option<&Command>,
        course: &mut Course,
    ) -> Step {
        let calls = self.aws.meter.total();
        let now = self.run.now();
        let refusal = command.and_then(|_| self.executor.refusal());
        let obeyed = command.is_some() && refusal.is_none();
        let kill_switch = self.cache.kill_switch();
        let unrecorded = self.cache.unrecorded(&observation.key, now);
        let plan = plan(&Situation {
            observation,
            policy: self.policy,
            fleet: self.cache.fleet_without(&observation.key, now),
            command: command.filter(|_| refusal.is_none()),
            spot: subject.spot,
            kill_switch: &kill_switch,
            heartbeats: self.run.intake.heartbeats(),
            calls: calls - course.counted + course.earlier,
            unrecorded: unrecorded.as_ref(),
            now,
        });
        course.plans += 1;
        course.order = refusal.or(course.order).or(plan.order);
        if let Some(instance) = observation.instance.as_yes() {
            let census = self.census(observation);
            self.cache
                .insert_observed(&observation.key, instance, plan.verdict, census.as_ref(), now);
        }
        let record = plan.record().or(observation.record.readable());
        course.daemons_gone_at = record.and_then(|record| record.daemons_gone_at);
        course.unprotected = record
            .map(|record| record.unprotected.clone())
            .unwrap_or_default();
        let known = observation.record.readable();
        let is_new = |record: &Record| known.is_none_or(|known| known.drain_id != record.drain_id);
        let begun = plan.record().filter(|record| is_new(record)).cloned();
        let begins = begun.is_some();
        let Plan {
            actions,
            verdict,
            remarks,
            look_again,
            ..
        } = plan;
        let applied = self.executor.apply(course.target(observation), actions).await;
        if applied.written.is_some() {
            (course.counted, course.earlier) = (calls, 0);
            self.cache.is_recorded(&observation.key);
        } else if let Some(record) = begun.filter(|_| applied.failure.is_some()) {
            let announced = Announced {
                hook: observation.hook.clone(),
                spot: subject.spot,
            };
            self.cache
                .add_unrecorded(&observation.key, record, announced, now);
        }
        if let (Some(_), Some(instance)) = (applied.put_off, observation.instance.as_yes()) {
            // All but its completion is done, and a look brings that on.
            self.cache
                .insert_observed(&observation.key, instance, Verdict::Releasing, None, now);
        }
        let kept = applied.written.is_some() || applied.order_shared;
        course.ordered |= obeyed && kept;
        let metrics = &self.cache.metrics;
        measure::release(metrics, self.policy, observation, &applied, self.run.now());
        measure::daemons(metrics, observation, &applied);
        course.remarks = remarks;
        if applied.refused_stops > 0 {
            let warning = Warning::StopsRefused(applied.refused_stops);
            course.remarks.push(warning.into());
        }
        course.done.extend(applied.done.iter().cloned());
        Step {
            verdict,
            begins,
            look_again,
            applied,
        }
    }

    /// Returns whether a hook waits again, when Auto Scaling has said that the wait of the record is over. Its instance was in
    /// service in between, so only one that is there is asked about.
    async fn waits_again(&self, observation: &Observation) -> bool {
        let record = observation.record.readable().filter(|_| observation.serves());
        let hook = record.and_then(|record| record.lifecycle.as_ref());
        match hook.filter(|hook| hook.lifecycle_action_token.is_some()) {
            Some(hook) => self.executor.waits(&observation.key.instance, hook).await,
            None => false,
        }
    }

    /// The hooks of an instance, if the record of its new drain could not be written, and they turn out to have waited for
    /// the longest drain.
    async fn waited_unrecorded(&self, observation: &Observation, step: &Step) -> Option<Hook> {
        let waits = observation.hook.waits();
        let unwritten = step.applied.failure.is_some() && step.applied.written.is_none();
        if waits.is_empty() || !unwritten || !step.begins {
            return None;
        }
        let hooks = self.observer.hooks();
        let anchored = hooks.anchored(&observation.key.instance, waits).await;
        let too_long = anchored != waits && waited_too_long(&anchored, self.policy, self.run.now());
        too_long.then_some(Hook::Waiting(anchored))
    }

    /// A hook that is completed ends the wait for its instance permanently. A registration that was left behind needs no
    /// further observation, and one without a task whose drain cannot be recorded needs none for a while.
    fn remember_end(&self, observation: &Observation, step: &Step) {
        let Some(instance) = observation.instance.as_yes() else {
            return;
        };
        let (key, at, finished) = (&observation.key, observation.at, &self.cache.finished);
        if step.applied.failure.is_some() && is_empty_and_unrecorded(observation) {
            instance
                .all()
                .for_each(|one| finished.add_unrecorded(key, one, at));
        } else if step.verdict == Verdict::NotDraining && instance.is_left_behind() {
            instance.all().for_each(|one| finished.add(key, one, at));
        }
        let undone = [Outcome::Skipped, Outcome::Deferred];
        let completed = |done: &Done| done.action == ActionKind::Complete && !undone.contains(&done.outcome);
        let applied = &step.applied;
        if step.verdict == Verdict::Done && applied.failure.is_none() && applied.done.iter().any(completed) {
            let registrations = instance.all().map(|one| &one.arn);
            self.cache.ended(key, registrations, self.run.now());
        }
    }

    /// What the next look depends on.
    fn after(&self, observation: &Observation, step: &Step, course: &Course) -> AfterPlan {
        let applied = &step.applied;
        let draining = |one: &ContainerInstance| one.status == InstanceStatus::Draining;
        let record = observation.record.readable();
        AfterPlan {
            verdict: step.verdict,
            look_again: step.look_again,
            failed: applied.failure.is_some(),
            raced: applied.raced,
            hook_ended: applied.over && !course.over,
            put_off: applied.put_off,
            read_back: match (&applied.read_back[..], &observation.instance) {
                ([], _) => ReadBack::None,
                (all, _) if !all.iter().all(draining) => ReadBack::Lags,
                (_, Observed::Present(_)) => ReadBack::Draining,
                (_, Observed::Absent | Observed::Unknown(_)) => ReadBack::None,
            },
            plans: course.plans,
            spot_noticed: record.is_some_and(|record| record.spot_notice_at.is_some()),
            tasks_unknown: matches!(observation.tasks, SeenTasks::Read(Observed::Unknown(_))),
            throttled: self.aws.meter.failures().contains_key(&ErrorKind::Throttled),
            run: LookingRun {
                is_batch: self.run.intake.is_alone(),
                is_tick: course.trigger == TriggerKind::Tick,
                surveyed: course.surveyed,
                time_left: self.run.time_left(),
                settle: self.policy.settle,
            },
        }
    }

    /// The observation with the registrations as they were read back, and the record as it was written.
    fn read_back(&self, observation: Observation, applied: Applied) -> Observation {
        let seen = |all: Registrations, one: &ContainerInstance| all.with(one);
        let read_back = applied.read_back.iter();
        Observation {
            at: self.run.now(),
            record: applied.written.map_or(observation.record, Observed::Present),
            instance: observation.instance.map(|all| read_back.fold(all, seen)),
            ..observation
        }
    }

    fn census(&self, observation: &Observation) -> Option<Census> {
        census_of(&observation.tasks, self.policy)
    }

    /// The run is over for this instance.
    fn end(&self, observation: &Observation, verdict: Verdict, course: Course, failed: bool) -> Reconciled {
        let calls = self.aws.meter.total() - course.counted + course.earlier;
        if !matches!(verdict, Verdict::NotDraining | Verdict::Done) {
            self.cache.add_uncounted(&observation.key, calls);
        }
        let census = self.census(observation);
        let duration = self.run.now().duration_since(course.started).as_millis();
        let instance = observation.instance.as_yes();
        // An order that a record has is carried out, and one that changes nothing has its answer, whatever else was left to the
        // tick.
        let answered = course.ordered || matches!(course.order, Some(OrderOutcome::Ignored(_)));
        let line = InstanceLine {
            remarks: course.remarks,
            actions: course.done,
            failed,
            registered: Some(RegisteredFields {
                container_instance: instance.map(|instance| instance.present().arn.to_string()),
                ..RegisteredFields::new(
                    &observation.key,
                    status(observation),
                    census.as_ref(),
                    course.plans,
                )
            }),
            observed: Some(ObservedFields {
                daemons: census.as_ref().map(|census| census.daemons.len()),
                daemons_gone_at: course.daemons_gone_at,
                unprotected: course.unprotected,
                calls: self.aws.meter.calls(),
                failures: self.aws.meter.failures(),
                duration_ms: i64::try_from(duration).unwrap_or(i64::MAX),
            }),
            order: course.order,
            ..self.line(course.trigger, &observation.key.instance, verdict)
        };
        let error = (failed && !answered).then(|| {
            format!(
                "reconcile of {} failed: {}; see the log event `instance` of request {}",
                observation.key,
                line.error(),
                self.run.request_id
            )
        });
        self.conclude(line, error)
    }
}

/// Returns whether the instance drains without a hook, without a record and without a task: it has nothing to protect,
/// and DRAINING keeps tasks away from it.
fn is_empty_and_unrecorded(observation: &Observation) -> bool {
    let tasks = observation.tasks.as_read();
    let is_empty = tasks.is_some_and(|tasks| tasks.iter().all(|task| task.last_status.is_final()));
    let drains = observation
        .instance
        .as_yes()
        .is_some_and(Registrations::is_draining);
    let unrecorded = observation.record == Observed::Absent && observation.hook == Hook::None;
    is_empty && drains && unrecorded
}

fn status(observation: &Observation) -> String {
    match &observation.instance {
        Observed::Present(instance) => instance.present().status.to_string(),
        Observed::Absent => "absent".to_owned(),
        Observed::Unknown(_) => "unknown".to_owned(),
    }
}
