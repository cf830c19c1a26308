//! Reconciling: observe, plan, execute, one line; and again if that is useful at once.
//!
//! There is one [`Reconciler::reconcile`] for every kind of [`Subject`]. A registered instance is observed here; what is
//! known of the others was read before, many at once.

mod measure;
mod registered;

use protector_core::aws::InstanceStatus;
use protector_core::holding::census;
use protector_core::ids::{ContainerInstanceArn, InstanceId, InstanceKey, TaskArn};
use protector_core::observation::Observed;
use protector_core::plan::{OrderOutcome, Plan, Search, Verdict, joined, maintain, unplaced};
use protector_core::policy::Policy;
use protector_core::sweep::SteadyDrain;
use protector_core::trigger::{Command, TriggerKind};
use serde_json::Value;
use std::collections::BTreeSet;

use crate::aws::Aws;
use crate::cache::Cache;
use crate::context::RunContext;
use crate::crowd::Crowd;
use crate::executor::{Applied, Executor, Target};
use crate::handled::Handled;
use crate::instance_line::{InstanceLine, RegisteredFields};
use crate::observer::{Home, Observer, Survey};
use crate::subject::{KnownRegistrations, Registered, Subject, Unregistered};

/// Brings instances as far as they can be brought now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reconciler<'r> {
    pub(crate) observer: Observer<'r>,
    pub(crate) executor: Executor<'r>,
    pub(crate) aws: &'r Aws,
    pub(crate) cache: &'r Cache,
    pub(crate) policy: &'r Policy,
    pub(crate) run: &'r RunContext,
}

/// The results for one instance in one run.
#[derive(Debug, Clone)]
pub(crate) struct Reconciled {
    /// Its last line's fields.
    pub(crate) line: Value,
    /// What failed, if a retry may fix it.
    pub(crate) error: Option<String>,
    /// What became of the operator's order, if there was one.
    pub(crate) order: Option<OrderOutcome>,
}

impl From<Reconciled> for Handled {
    fn from(reconciled: Reconciled) -> Handled {
        match reconciled.error {
            Some(error) => Handled::Failed(error),
            None => Handled::Done(reconciled.line),
        }
    }
}

impl<'r> Reconciler<'r> {
    /// The same, with calls counted by another meter.
    pub(crate) fn counting<'a>(&self, aws: &'a Aws) -> Reconciler<'a>
    where
        'r: 'a,
    {
        Reconciler {
            observer: self.observer.counting(aws),
            executor: self.executor.counting(aws),
            aws,
            ..*self
        }
    }

    /// The same, with a survey of what it is about to reconcile.
    pub(crate) fn surveyed<'a>(&self, survey: &'a Survey) -> Reconciler<'a>
    where
        'r: 'a,
    {
        Reconciler {
            observer: self.observer.surveyed(survey),
            executor: self.executor.for_many(survey.size()),
            ..*self
        }
    }

    /// Says whether many instances drain.
    pub(crate) fn crowd(&self) -> Crowd<'r> {
        Crowd {
            cache: self.cache,
            run: self.run,
        }
    }

    /// Brings an instance as far as it can be brought now, and logs that in one line.
    pub(crate) async fn reconcile(
        &self,
        trigger: TriggerKind,
        subject: Subject,
        command: Option<&Command>,
    ) -> Reconciled {
        let aws = self.aws.metered();
        let me = self.counting(&aws);
        match subject {
            Subject::Registered(subject) => me.registered(trigger, *subject, command).await,
            Subject::Steady(drain) => me.steady(trigger, *drain).await,
            Subject::Unregistered(instance) => me.unregistered(trigger, instance).await,
        }
    }

    /// The same for a subject without an order.
    pub(crate) async fn bring_on(&self, trigger: TriggerKind, subject: Subject) -> Handled {
        self.reconcile(trigger, subject, None).await.into()
    }

    /// The same for an instance of which one registration is known.
    pub(crate) async fn look(
        &self,
        trigger: TriggerKind,
        key: InstanceKey,
        arn: ContainerInstanceArn,
    ) -> Handled {
        let registrations = match self.observer.survey().take_registrations(&key) {
            Some(all) => KnownRegistrations::All(all),
            None => KnownRegistrations::Some(vec![arn]),
        };
        let subject = Registered::new(key, registrations);
        self.bring_on(trigger, Subject::registered(subject)).await
    }

    /// Brings the drain of an instance on in each cluster that counts, with what the event has `reported` of it. If one
    /// fails, that is the answer: the event comes again.
    pub(crate) async fn in_each(
        &self,
        trigger: TriggerKind,
        homes: Vec<Home>,
        reported: impl Fn(Registered) -> Registered,
    ) -> Handled {
        let mut last = Handled::Ignored;
        for home in homes {
            let subject = reported(Registered::new(
                home.key,
                KnownRegistrations::All(home.registrations),
            ));
            let handled = self.bring_on(trigger, Subject::registered(subject)).await;
            if !matches!(last, Handled::Failed(_)) {
                last = handled;
            }
        }
        last
    }

    /// A steady drain gets its heartbeat and its new count if they are due.
    async fn steady(&self, trigger: TriggerKind, drain: SteadyDrain) -> Reconciled {
        let SteadyDrain {
            key,
            stored,
            record,
            tasks,
        } = drain;
        let alive = tasks.iter().filter(|task| !task.last_status.is_final());
        let alive: BTreeSet<TaskArn> = alive.map(|task| task.arn.clone()).collect();
        let now = self.run.now();
        self.cache.probed(&key, alive, now);
        let fleet = self.cache.fleet_without(&key, now);
        let heartbeats = self.run.intake.heartbeats();
        let plan = maintain(&record, &tasks, self.policy, fleet, heartbeats, now);
        let before = Observed::Present(stored);
        let (line, applied) = self.execute(trigger, Target::Placed(&key, &before), plan).await;
        self.cache.add_uncounted(&key, self.aws.meter.total());
        let seen = (!record.is_released()).then(|| census(&tasks, self.policy));
        let line = InstanceLine {
            registered: Some(RegisteredFields {
                container_instance: Some(record.container_instance_arn.to_string()),
                ..RegisteredFields::new(&key, InstanceStatus::Draining.to_string(), seen.as_ref(), 0)
            }),
            ..line
        };
        let error = applied.failure.map(|failure| failure.to_string());
        self.conclude(line, error)
    }

    /// Of an instance in no cluster only the hooks are there to act on.
    async fn unregistered(&self, trigger: TriggerKind, subject: Unregistered) -> Reconciled {
        let Unregistered {
            instance,
            hooks,
            search,
        } = subject;
        let heartbeats = self.run.intake.heartbeats();
        // While not every cluster can be asked, nothing bounds the wait but its own beginning.
        let hooks = match search {
            Search::Incomplete(_) => self.observer.hooks().anchored(&instance, &hooks).await,
            Search::NotFound | Search::NotFoundAgain => hooks,
        };
        let plan = unplaced(&hooks, self.policy, search, heartbeats, self.run.now());
        self.observer.kill_switch().refresh().await;
        let unknown = plan.verdict == Verdict::Unknown;
        let (line, _) = self.execute(trigger, Target::Unplaced(&instance), plan).await;
        let failed = line.failed || unknown;
        let error = failed.then(|| format!("{instance}: {}", joined(&line.remarks)));
        self.conclude(InstanceLine { failed, ..line }, error)
    }

    /// Carries out a plan. Returns its line, as far as it is known for every kind of subject.
    async fn execute(&self, trigger: TriggerKind, target: Target<'_>, plan: Plan) -> (InstanceLine, Applied) {
        let applied = self.executor.apply(target, plan.actions).await;
        let mut line = self.line(trigger, target.instance(), plan.verdict);
        line.remarks = plan.remarks;
        line.actions.clone_from(&applied.done);
        line.failed = applied.failure.is_some();
        (line, applied)
    }

    fn line(&self, trigger: TriggerKind, instance: &InstanceId, verdict: Verdict) -> InstanceLine {
        InstanceLine {
            request_id: self.run.request_id.clone(),
            trigger,
            instance: instance.clone(),
            verdict,
            mode: self.executor.mode(),
            remarks: Vec::new(),
            actions: Vec::new(),
            failed: false,
            registered: None,
            observed: None,
            order: None,
        }
    }

    /// Logs the line of an instance, at the level that its outcome asks for.
    fn conclude(&self, line: InstanceLine, error: Option<String>) -> Reconciled {
        self.run.logger.log(line.level(), &line);
        Reconciled {
            line: line.fields(),
            error,
            order: line.order,
        }
    }
}
