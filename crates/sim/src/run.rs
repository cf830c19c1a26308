//! Plays a scenario: the product's own code in the model of AWS, on a virtual clock.
//!
//! ```text
//!  scenario ─► model ── invocations ─► the coordinator's library, one task for each environment
//!               │ ▲                          │ requests (latency, the SDK's retries)
//!               │ └──────────────────────────┘
//!               ├── SIGTERM ─► sidecars: the core's state machine
//!               └── facts ─► observers: the judge, statistics, the transcript
//! ```
//!
//! Time stands still while any task has something to do, and then jumps to what is due next.

mod api;
mod environment;
mod groups;
mod guard;
mod harness;
mod rivals;
mod sabotage;

use std::sync::{Arc, Mutex};

use protector_coordinator::settings::CoordinatorSettings;
use tokio::sync::Notify;
use tokio::task::LocalSet;
use tokio::time::Instant;

use crate::model::{Observer, Out, World};
use crate::scenario::{Ms, SECOND, Scenario, Wiring};

pub use guard::guards;
pub use harness::Controller;
use harness::Harness;
pub use sabotage::Bug;

/// How a world is played.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// A bug that is planted between the product and AWS.
    pub bug: Option<Bug>,
    /// The code that acts as the function.
    pub controller: Controller,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// The end of the run, in simulated milliseconds.
    pub at: Ms,
    /// Nothing was going on any more, and the tail was over.
    pub quiet: bool,
}

/// Plays a scenario to its end. Observers come back as they went in.
///
/// # Errors
/// Settings of the scenario are wrong: the product's message.
pub fn play(
    scenario: &Scenario,
    options: Options,
    observers: Vec<Box<dyn Observer>>,
) -> Result<(Ended, Vec<Box<dyn Observer>>), String> {
    check(scenario)?;
    let mut settings = settings(scenario)?;
    if let Some(bug) = options.bug {
        bug.settings(&mut settings);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .map_err(|error| error.to_string())?;
    let metrics = observers.iter().any(|observer| observer.reads_metrics());
    let mut scenario = scenario.clone();
    // Rivals are invoked by their events.
    if options.controller != Controller::Product {
        scenario.function.wiring = Wiring::Direct;
    }
    let mut world = World::new(&scenario, guards(options.bug));
    observers.into_iter().for_each(|observer| world.watch(observer));
    let local = LocalSet::new();
    let harness = local.block_on(&runtime, async {
        let harness = Arc::new(Harness {
            world: Mutex::new(world),
            origin: Instant::now(),
            changed: Notify::new(),
            settings,
            bug: options.bug,
            controller: options.controller,
            metrics,
        });
        let ended = drive(&harness).await;
        (harness, ended)
    });
    let (harness, ended) = harness;
    drop(local);
    let mut world = harness.lock();
    world.is_over();
    let observers = world.take_observers();
    Ok((ended, observers))
}

/// Checks the settings of a scenario.
///
/// # Errors
/// The product's message about what is wrong with them.
pub fn check(scenario: &Scenario) -> Result<(), String> {
    settings(scenario)?;
    guard::policy(&scenario.sidecar)?;
    Ok(())
}

/// The coordinator's settings, as its environment would have them.
fn settings(scenario: &Scenario) -> Result<CoordinatorSettings, String> {
    let name = |name: &str| format!("PROTECTOR_{name}");
    let lookup = |wanted: &str| {
        let short = wanted.strip_prefix("PROTECTOR_")?;
        scenario.settings.get(short).cloned()
    };
    let given: Vec<String> = scenario.settings.keys().map(|key| name(key)).collect();
    CoordinatorSettings::read(&lookup, given).map_err(|problems| problems.to_string())
}

/// Lets everything happen at its time, until nothing is in progress any more.
async fn drive(harness: &Arc<Harness>) -> Ended {
    let (tail, limit) = {
        let world = harness.lock();
        (world.scenario().tail, world.scenario().limit)
    };
    let mut environments = environment::Environments::new(harness);
    let mut quiet_since: Option<Ms> = None;
    let mut looked_at: Option<Ms> = None;
    loop {
        let (out, due, now) = harness.with(|world| (world.take_out(), world.next_due(), world.now()));
        if let Some(out) = out {
            match out {
                Out::Run {
                    environment,
                    cold,
                    dead_connections,
                    invocation,
                } => environments.run(environment, cold, dead_connections, invocation),
                Out::End(environment) => environments.end(environment),
            }
            continue;
        }
        // Once a second is often enough to see that nothing is in progress.
        if looked_at.is_none_or(|at| now >= at + SECOND) {
            looked_at = Some(now);
            let quiet = harness.with(|world| world.is_quiet());
            quiet_since = quiet.then(|| quiet_since.unwrap_or(now));
        }
        let end = quiet_since.map_or(limit, |since| (since + tail).min(limit));
        if now >= end {
            return Ended {
                at: now,
                quiet: quiet_since.is_some(),
            };
        }
        let until = due.map_or(end, |due| due.min(end));
        let sleep = tokio::time::sleep_until(harness.origin + std::time::Duration::from_millis(until));
        tokio::select! {
            biased;
            () = harness.changed.notified() => {}
            () = sleep => {}
        }
    }
}
