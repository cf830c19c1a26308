//! Measures one drain like the one that the budgets are made for: 20 holding tasks of 4 services that end one after
//! another, 3 protected daemons, a tick a minute. Prints calls and release latency beside their budgets.
//!
//! `cargo run -p protector-tests --bin reference-drain -- 300` drains for 300 s, as the budget says; less is quicker.

// A report goes to standard output.
#![allow(clippy::print_stdout)]

use std::process::ExitCode;
use std::time::Duration;

use protector_tests::{Daemon, Lab, LabConfig, SIDECAR};

const SERVICES: u32 = 4;
const TASKS_PER_SERVICE: u32 = 5;
const DAEMONS: [&str; 3] = ["logs", "metrics", "traces"];
const CALLS_BUDGET: usize = 25;
const LATENCY_BUDGET: Duration = Duration::from_secs(3);

#[tokio::main]
async fn main() -> ExitCode {
    let seconds = match std::env::args()
        .nth(1)
        .unwrap_or_else(|| "300".to_owned())
        .parse::<u32>()
    {
        Ok(seconds @ 1..=3600) => seconds,
        _ => {
            eprintln!("usage: reference-drain [SECONDS from 1 to 3600]");
            return ExitCode::from(64);
        }
    };
    let lab = Lab::start(LabConfig::default().set("SETTLE", "10s")).await;
    for daemon in DAEMONS {
        lab.daemon(&Daemon::new(daemon)).await;
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
    let quiet = lab.story().coordinator_calls();
    drain(&lab).await;
    report(&lab, &quiet)
}

async fn drain(lab: &Lab) {
    let instance = lab.instance().to_owned();
    lab.scale_in(&instance);
    let gone = lab.gone_within(&instance, Duration::from_secs(2 * 3600));
    tokio::pin!(gone);
    loop {
        tokio::select! {
            () = &mut gone => break,
            () = tokio::time::sleep(Duration::from_secs(60)) => lab.tick().await,
        }
    }
    lab.idle().await;
}

fn report(lab: &Lab, quiet: &std::collections::BTreeMap<String, usize>) -> ExitCode {
    let story = lab.story();
    println!("AWS calls of the coordinator, from the scale-in to its end");
    let mut total = 0;
    for (operation, count) in story.coordinator_calls() {
        let count = count - quiet.get(&operation).copied().unwrap_or_default();
        total += count;
        println!("  {count:>4}  {operation}");
    }
    println!("  {total:>4}  in all; budget {CALLS_BUDGET}");
    let latencies = story.release_latencies(lab.instance(), "service:service-", SIDECAR);
    let slowest = latencies.into_iter().max().unwrap_or_default();
    println!("Last holding task STOPPED to last sidecar's exit: {slowest:.1?}; budget {LATENCY_BUDGET:?}");
    ExitCode::from(u8::from(total > CALLS_BUDGET || slowest > LATENCY_BUDGET))
}
