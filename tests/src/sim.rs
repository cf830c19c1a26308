//! Whole drains on a virtual clock, told as stories: a small script in, everything that happened out.
//!
//! ```text
//!  script ─► setup: a cluster of one instance ─► director: steps, ticks
//!                                                   │
//!       the coordinator's library ◄─ queue ─── the model of AWS ── SIGTERM ─► sidecars: the core's state machine
//!                └── calls, by the SDK in process ──►│◄── reads ─────────────────┘
//!                                                   └─► tale: one line for each thing that happened
//! ```
//!
//! Nothing waits for real: an hour's drain takes a moment, and every run of a script tells the same.

mod aws;
mod clock;
mod coordinator;
mod director;
mod promises;
mod script;
mod setup;
mod sidecar;
mod stage;
mod tale;

use std::sync::Arc;

use protector_coordinator::settings::Settings;
use protector_core::wait::Policy;

use clock::VirtualClock;
use script::Script;
pub use script::Wrong;
use stage::Stage;
use tale::Tale;
use tokio::task::LocalSet;

/// A story that was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transcript {
    /// Everything that happened, for people.
    pub text: String,
    /// Were the promises kept, or given up as the script expects?
    pub kept: bool,
}

/// Plays a script.
///
/// # Errors
/// What in it is wrong.
///
/// # Panics
/// There is no runtime to be had, or the scene cannot be set.
pub fn play(text: &str) -> Result<Transcript, Vec<Wrong>> {
    let script = Script::parse(text)?;
    let (settings, sidecar) = (script.scene.coordinator()?, script.scene.sidecar()?);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    let runtime = runtime.expect("a runtime");
    Ok(LocalSet::new().block_on(&runtime, told(&script, settings, sidecar)))
}

async fn told(script: &Script, settings: Settings, sidecar: Policy) -> Transcript {
    let clock = VirtualClock::start(setup::DURATION);
    let (stage, deliveries) = Stage::new(clock, sidecar, Tale::new(clock, &script.scene));
    let policy = settings.policy.clone();
    let background = [
        tokio::spawn(stage.clone().pump()),
        // Lambda's runtime has one thread, so a run may hold what must not be sent to another.
        tokio::task::spawn_local(coordinator::serve(stage.clone(), settings, deliveries)),
    ];
    let instance = setup::set(&stage, &script.scene).await;
    director::play(&stage, script, &instance).await;
    background.iter().for_each(|task| task.abort());
    written(&stage, script, &instance, &policy)
}

fn written(
    stage: &Arc<Stage>,
    script: &Script,
    instance: &str,
    policy: &protector_core::policy::Policy,
) -> Transcript {
    let mut story = String::new();
    stage.tell(|tale, _| story = tale.write());
    let promises = promises::judge(&stage.journal(), instance, &script.scene, policy);
    let (verdict, kept) = promises.verdict(script.scene.forced);
    Transcript {
        text: story + &verdict,
        kept,
    }
}
