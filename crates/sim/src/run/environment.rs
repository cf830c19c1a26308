//! Execution environments of the function: the coordinator's own library, with its memory from run to run.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use protector_coordinator::aws::Aws;
use protector_coordinator::clock::Clock;
use protector_coordinator::coordinator::{Coordinator, Invocation as Run};
use protector_coordinator::logging::{Level, Logger};
use protector_core::beacon::Deployment;
use tokio::task::{AbortHandle, spawn_local};

use super::api::Sdk;
use super::harness::{Controller, Harness};
use super::rivals;
use super::sabotage::Bug;
use crate::model::{EnvironmentId, Fact, Invocation, Outcome, Source, World};
use crate::scenario::Ms;

pub(super) struct Environments<'a> {
    harness: &'a Arc<Harness>,
    live: BTreeMap<EnvironmentId, Environment>,
}

struct Environment {
    coordinator: Rc<Coordinator>,
    sdk: Arc<Sdk>,
    running: Option<AbortHandle>,
}

impl<'a> Environments<'a> {
    pub(super) fn new(harness: &'a Arc<Harness>) -> Environments<'a> {
        Environments {
            harness,
            live: BTreeMap::new(),
        }
    }

    /// An environment ends, with all that runs in it.
    pub(super) fn end(&mut self, id: EnvironmentId) {
        if let Some(running) = self.live.remove(&id).and_then(|environment| environment.running) {
            running.abort();
        }
    }

    pub(super) fn run(&mut self, id: EnvironmentId, cold: bool, dead: Option<Ms>, invocation: Invocation) {
        let harness = self.harness;
        let environment = self
            .live
            .entry(id)
            .or_insert_with(|| Environment::new(harness, id));
        if let Some(idle_for) = dead {
            environment.sdk.connections_died(idle_for);
        }
        let scenario = harness.with(|world| world.scenario().function.clone());
        let init = if cold { scenario.cold_start } else { 0 };
        let (coordinator, sdk) = (environment.coordinator.clone(), environment.sdk.clone());
        let harness = harness.clone();
        let timeout = SignedDuration::from_millis(i64::try_from(scenario.timeout).unwrap_or(i64::MAX));
        let running = spawn_local(async move {
            if init > 0 {
                tokio::time::sleep(Duration::from_millis(init)).await;
            }
            let (outcome, answer) = match harness.controller {
                Controller::Product
                    if harness.bug == Some(Bug::NoTick) && invocation.source == Source::Tick =>
                {
                    (Outcome::Answered, String::new())
                }
                Controller::Product => {
                    if harness.bug == Some(Bug::IdleChatter) && invocation.source == Source::Tick {
                        sdk.chatter().await;
                    }
                    let run = Run {
                        request_id: format!("{}", invocation.id),
                        deadline: coordinator.clock.now() + timeout,
                        deployment: Some(deployment()),
                    };
                    match coordinator.handle(run, &invocation.payload).await {
                        Ok(answer) => (Outcome::Answered, answer.to_string()),
                        Err(problem) => (Outcome::Failed, problem),
                    }
                }
                Controller::Sleeping => rivals::sleeping(&harness, &sdk, &invocation).await,
                Controller::Loop => rivals::looping(&harness, &sdk, &invocation).await,
                Controller::Absent => (Outcome::Answered, String::new()),
            };
            harness.finished(id, outcome, &answer);
        });
        environment.running = Some(running.abort_handle());
    }
}

/// Where the function runs. Tools that look for it would find it by its beacons.
fn deployment() -> Deployment {
    let named = |text: &str| Some(text.to_owned());
    Deployment {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        function_arn: named("arn:aws:lambda:eu-west-1:123456789012:function:ecs-daemon-protector"),
        log_group: named("/aws/lambda/ecs-daemon-protector"),
        ..Deployment::default()
    }
}

impl Environment {
    fn new(harness: &Arc<Harness>, id: EnvironmentId) -> Environment {
        let sdk = Arc::new(Sdk::new(harness.clone(), id));
        let (clock, lines) = (harness.clone(), harness.clone());
        let logger = Logger::with_sink(Level::Info, move |line| {
            let lies = lines.bug == Some(Bug::ReceiptNeverForced);
            let line = match lies {
                true => &line.replace("\"forced\":true", "\"forced\":false"),
                false => line,
            };
            lines.with(|world: &mut World| {
                world.tell(&Fact::Line {
                    environment: id,
                    line,
                });
            });
        });
        let logger = match harness.metrics {
            true => logger,
            false => logger.without_metrics(),
        };
        let coordinator = Coordinator::new(
            harness.settings.policy.clone(),
            Aws::with_api(sdk.clone()),
            logger,
            Clock::new(move || crate::wall_clock(clock.now())),
        );
        Environment {
            coordinator: Rc::new(coordinator),
            sdk,
            running: None,
        }
    }
}
