//! From an event to what handles it. Nothing is decided here.

use std::time::Duration;

use protector_core::beacon::Deployment;
use protector_core::policy::Policy;
use protector_core::trigger::{Event, Malformed, Trigger};

use crate::aws::Aws;
use crate::cache::Cache;
use crate::context::RunContext;
use crate::events::{HookEvents, InstanceEvents, Orders, SpotEvents, TaskEvents};
use crate::executor::Executor;
use crate::handled::Handled;
use crate::heartbeats::HeartbeatRun;
use crate::log_line::{IgnoredTrigger, LogLine};
use crate::logging::Level;
use crate::observer::{Observer, Survey};
use crate::reconciler::Reconciler;
use crate::sweeper::Sweeper;

/// Hands each event to what handles it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Router<'r> {
    pub(crate) reconciler: Reconciler<'r>,
    pub(crate) cache: &'r Cache,
    pub(crate) policy: &'r Policy,
    pub(crate) run: &'r RunContext,
    /// Where the run executes, for the beacon.
    pub(crate) deployment: Option<&'r Deployment>,
}

impl<'r> Router<'r> {
    /// The steps of a run that has surveyed this.
    pub(crate) fn new(
        aws: &'r Aws,
        cache: &'r Cache,
        policy: &'r Policy,
        run: &'r RunContext,
        survey: &'r Survey,
        deployment: Option<&'r Deployment>,
    ) -> Router<'r> {
        let reconciler = Reconciler {
            observer: Observer::new(aws, cache, policy, run, survey),
            executor: Executor::new(aws, cache, policy, run).for_many(survey.size()),
            aws,
            cache,
            policy,
            run,
        };
        Router {
            reconciler,
            cache,
            policy,
            run,
            deployment,
        }
    }

    /// The same, with a survey of what the events are about.
    pub(crate) fn surveyed<'a>(&self, survey: &'a Survey) -> Router<'a>
    where
        'r: 'a,
    {
        Router {
            reconciler: self.reconciler.surveyed(survey),
            ..*self
        }
    }

    pub(crate) fn hooks(&self) -> HookEvents<'r> {
        HookEvents {
            reconciler: self.reconciler,
            cache: self.cache,
            policy: self.policy,
            run: self.run,
        }
    }

    /// Handles events of container instances.
    pub(crate) fn instances(&self) -> InstanceEvents<'r> {
        InstanceEvents {
            reconciler: self.reconciler,
            cache: self.cache,
            policy: self.policy,
            run: self.run,
        }
    }

    /// Handles the notices of EC2.
    pub(crate) fn spot(&self) -> SpotEvents<'r> {
        SpotEvents {
            reconciler: self.reconciler,
            run: self.run,
        }
    }

    fn tasks(&self) -> TaskEvents<'r> {
        TaskEvents {
            reconciler: self.reconciler,
            cache: self.cache,
            policy: self.policy,
            run: self.run,
        }
    }

    fn orders(&self) -> Orders<'r> {
        Orders {
            reconciler: self.reconciler,
        }
    }

    fn sweeper(&self) -> Sweeper<'r> {
        Sweeper {
            reconciler: self.reconciler,
            cache: self.cache,
            policy: self.policy,
            run: self.run,
            deployment: self.deployment,
        }
    }

    fn heartbeats(&self) -> HeartbeatRun<'r> {
        HeartbeatRun {
            hooks: self.reconciler.observer.hooks(),
            kill_switch: self.reconciler.observer.kill_switch(),
            executor: self.reconciler.executor,
            aws: self.reconciler.aws,
            cache: self.cache,
            policy: self.policy,
            run: self.run,
            is_deployed: self.deployment.is_some(),
        }
    }

    /// Deals with one event, within the time that is left.
    pub(crate) async fn event(&self, event: Event) -> Handled {
        let handled = match event {
            Event::Trigger(trigger) => self.trigger_in_time(trigger).await,
            Event::Ignored(why) => self
                .run
                .ignored(Level::Info, IgnoredTrigger::Event, &why.to_string()),
            Event::Malformed(malformed) => self.malformed(malformed),
        };
        if let Handled::Failed(error) = &handled {
            self.log_failed(error);
        }
        handled
    }

    /// Says of a survey what it could not see, if that is to be surveyed again.
    pub(crate) fn log_postponed(&self, survey: &Survey) {
        if let Some(problem) = survey.problem() {
            self.log_failed(&problem);
        }
    }

    fn log_failed(&self, error: &str) {
        let request_id = &self.run.request_id;
        let line = LogLine::Failed { request_id, error };
        self.run.logger.log(Level::Error, &line);
    }

    fn malformed(&self, malformed: Malformed) -> Handled {
        let line = LogLine::Malformed {
            request_id: &self.run.request_id,
            field: &malformed.field,
            error: &malformed.problem,
        };
        self.cache.metrics.count_errors("malformed", 1);
        self.run.logger.log(Level::Error, &line);
        Handled::Malformed(malformed)
    }

    async fn trigger_in_time(&self, trigger: Trigger) -> Handled {
        let left = Duration::try_from(self.run.time_left()).unwrap_or_default();
        let kind = trigger.kind();
        match tokio::time::timeout(left, Box::pin(self.trigger(trigger))).await {
            Ok(handled) => handled,
            Err(_) => Handled::Failed(format!("{kind} run timed out before the Lambda deadline")),
        }
    }

    async fn trigger(&self, trigger: Trigger) -> Handled {
        match trigger {
            Trigger::Hook(notice) => self.hooks().handle(notice).await,
            Trigger::Task(change) => self.tasks().handle(change).await,
            Trigger::Instance(change) => self.instances().handle(change).await,
            Trigger::Spot(notice) => self.spot().handle(notice).await,
            Trigger::Tick => self.sweeper().tick().await,
            Trigger::Heartbeats => self.heartbeats().send_due().await,
            Trigger::Operator(command) => self.orders().handle(command).await,
        }
    }
}
