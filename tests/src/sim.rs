//! Whole drains on a virtual clock, as journals: a small script in, everything that happened out.
//!
//! ```text
//!  script ─► setup: a cluster of one instance ─► runner: steps, ticks
//!                                                   │
//!       the coordinator's library ◄─ queue ─── the model of AWS ── SIGTERM ─► sidecars: the core's state machine
//!                └── calls, by the SDK in process ──►│◄── reads ─────────────────┘
//!                                                   └─► transcript: one line for each thing that happened
//! ```
//!
//! Nothing waits for real: an hour's drain takes a moment, and every run of a script gives the same journal.

mod aws;
mod clock;
mod coordinator;
mod harness;
mod promises;
mod runner;
mod script;
mod setup;
mod sidecar;
mod transcript;

use std::sync::Arc;

use protector_coordinator::settings::CoordinatorSettings;
use protector_core::hold::state::HoldPolicy;

use clock::VirtualClock;
use harness::Harness;
use script::Script;
pub use script::SyntaxError;
use tokio::task::LocalSet;
use transcript::TranscriptWriter;

/// The journal of a script that was played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transcript {
    /// Everything that happened, for people.
    pub text: String,
    /// Whether the promises were kept, or given up as the script expects.
    pub kept: bool,
}

/// Plays a script.
pub fn play(text: &str) -> Result<Transcript, Vec<SyntaxError>> {
    let script = Script::parse(text)?;
    let (settings, sidecar) = (script.setup.coordinator()?, script.setup.sidecar()?);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    let runtime = runtime.expect("a runtime");
    Ok(LocalSet::new().block_on(&runtime, reported(&script, settings, sidecar)))
}

async fn reported(script: &Script, settings: CoordinatorSettings, sidecar: HoldPolicy) -> Transcript {
    let clock = VirtualClock::start(setup::DURATION);
    let transcript = TranscriptWriter::new(clock, &script.setup);
    let (harness, deliveries) = Harness::new(clock, sidecar, sidecar::start, transcript);
    let policy = settings.policy.clone();
    let background = [
        tokio::spawn(harness.clone().pump()),
        // Lambda's runtime has one thread, so a run may hold what must not be sent to another.
        tokio::task::spawn_local(coordinator::serve(harness.clone(), settings, deliveries)),
    ];
    let instance = setup::set(&harness, &script.setup).await;
    runner::play(&harness, script, &instance).await;
    background.iter().for_each(|task| task.abort());
    written(&harness, script, &instance, &policy)
}

fn written(
    harness: &Arc<Harness>,
    script: &Script,
    instance: &str,
    policy: &protector_core::policy::Policy,
) -> Transcript {
    let mut journal = String::new();
    harness.tell(|transcript, _| journal = transcript.write());
    let promises = promises::judge(&harness.journal(), instance, &script.setup, policy);
    let (verdict, kept) = promises.verdict(script.setup.forced);
    Transcript {
        text: journal + &verdict,
        kept,
    }
}
