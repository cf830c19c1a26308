//! Measures one drain like the one that the budgets are made for: 20 holding tasks of 4 services that end one after
//! another, 3 protected daemons, a tick a minute. Prints calls and release latency beside their budgets.
//!
//! `cargo run --bin reference-drain -- 300` drains for 300 s, as the budget says; less is quicker.

// A report goes to standard output.
#![allow(clippy::print_stdout)]

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use protector_tests::{Daemon, Lab, LabConfig, SIDECAR};
use serde_json::Value;

const SERVICES: u32 = 4;
const TASKS_PER_SERVICE: u32 = 5;
const DAEMONS: [&str; 3] = ["logs", "metrics", "traces"];
const CALLS_BUDGET: usize = 20;

/// As the stack's own hook has it.
const HEARTBEAT_SECONDS: u32 = 900;

/// Of one tick: an idle one's four, one for the hooks of a group in which one waits, one for the tasks that hold, and one
/// that writes how many these are now.
const TICK_CALLS_BUDGET: usize = 7;

const LATENCY_BUDGET: Duration = Duration::from_secs(3);

#[tokio::main]
async fn main() -> ExitCode {
    let Some(seconds) = seconds() else {
        eprintln!("usage: reference-drain [SECONDS from 1 to 3600]");
        return ExitCode::from(64);
    };
    let config = LabConfig {
        heartbeat_seconds: HEARTBEAT_SECONDS,
        ..LabConfig::default()
    };
    let lab = Lab::start(config.set("SETTLE", "10s").set("LINGER", "0s")).await;
    for daemon in DAEMONS {
        lab.daemon(&Daemon::new(daemon).set("MAX_HOLD", "2h")).await;
    }
    for service in 0..SERVICES {
        let stop_seconds = seconds * (service + 1) / SERVICES;
        lab.replicas(
            &format!("service-{service}"),
            TASKS_PER_SERVICE as usize,
            stop_seconds,
        )
        .await;
    }
    lab.tick().await;
    let quiet = lab.journal().coordinator_calls();
    drain(&lab).await;
    report(&lab, &quiet)
}

/// How long the drain takes.
fn seconds() -> Option<u32> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let seconds = given.first().map_or(Some(300), |text| text.parse().ok())?;
    let sound = (1..=3600).contains(&seconds) && given.len() <= 1;
    sound.then_some(seconds)
}

async fn drain(lab: &Lab) {
    let instance = lab.instance().to_owned();
    lab.scale_in(&instance);
    let gone = lab.gone_within(&instance, Duration::from_secs(2 * 3600));
    tokio::pin!(gone);
    loop {
        tokio::select! {
            () = &mut gone => break,
            () = tokio::time::sleep(Duration::from_secs(60)) => {
                lab.heartbeats().await;
                lab.tick().await;
            }
        }
    }
    lab.idle().await;
}

fn report(lab: &Lab, quiet: &BTreeMap<String, usize>) -> ExitCode {
    let journal = lab.journal();
    println!("AWS calls of the coordinator, from the scale-in to its end");
    let mut total = 0;
    for (operation, count) in journal.coordinator_calls() {
        let count = count - quiet.get(&operation).copied().unwrap_or_default();
        total += count;
        println!("  {count:>4}  {operation}");
    }
    let (ticks, by_ticks) = ticks(lab);
    let own = total.saturating_sub(by_ticks);
    println!("  {total:>4}  in all");
    println!(
        "  {by_ticks:>4}  of them by {ticks} ticks; budget {}",
        ticks * TICK_CALLS_BUDGET
    );
    println!("  {own:>4}  by all other runs; budget {CALLS_BUDGET}");
    let latencies = journal.release_latencies(lab.instance(), "service:service-", SIDECAR);
    let slowest = latencies.into_iter().max().unwrap_or_default();
    println!("Last holding task STOPPED to last sidecar's exit: {slowest:.1?}; budget {LATENCY_BUDGET:?}");
    write_log(lab);
    let over = own > CALLS_BUDGET || by_ticks > ticks * TICK_CALLS_BUDGET || slowest > LATENCY_BUDGET;
    ExitCode::from(u8::from(over))
}

/// How many ticks there were, without the quiet one at the beginning, and how many calls they made. A check of the daemons'
/// sidecars is none of this drain's, and its calls are with those of the ticks.
fn ticks(lab: &Lab) -> (usize, usize) {
    let calls = |line: &Value| -> u64 {
        let calls = line["calls"].as_object().into_iter().flatten();
        calls.filter_map(|(_, count)| count.as_u64()).sum()
    };
    let ticks = lab.said("tick");
    let checks = lab.said("protection-check");
    let made: u64 = ticks.iter().skip(1).chain(checks.iter().skip(1)).map(calls).sum();
    (ticks.len() - 1, usize::try_from(made).unwrap_or(usize::MAX))
}

/// Writes the coordinator's log, which shows which run made which call.
fn write_log(lab: &Lab) {
    let path = std::env::current_exe().unwrap_or_default().with_extension("log");
    match std::fs::write(&path, lab.aws.coordinator_logs().join("\n")) {
        Ok(()) => println!("The coordinator's lines: {}", path.display()),
        Err(error) => eprintln!("the coordinator's lines could not be written: {error}"),
    }
}
