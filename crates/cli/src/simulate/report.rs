//! The results of fleets, for people and as JSON.

use super::args::SimulateArgs;
use super::display::count;
use super::error::SimulateError;
use super::fleet::Fleet;
use super::runs::{FleetRun, Runs};
use super::{rivals, table, violations, worlds};
use crate::output;
use serde_json::{Value, json};
use std::io::{self, Write};

/// Names settings that make no difference here.
pub(super) fn warn(fleet: &Fleet) {
    for name in &fleet.settings.without_effect {
        let _ = writeln!(
            io::stderr(),
            "note: {name} makes no difference in the model, and is left out"
        );
    }
}

pub(super) fn show(args: &SimulateArgs, runs: &Runs) -> Result<(), SimulateError> {
    if args.output.json {
        return Ok(output::json(&object(args, runs))?);
    }
    for run in runs.ours() {
        worlds::transcript(&run.played)?;
    }
    output::line(&format!("{}\n", introduction(args, &runs.fleet).join("\n")))?;
    let rows = runs.rows();
    if !rows.is_empty() {
        output::line(&format!("{}\n{}", table::of_fleets(&rows), bound(&runs.fleet)))?;
    }
    if args.worlds.rivals {
        output::line(&format!("\n{}", rivals::tables(&runs.all_rows())))?;
    }
    let broken = runs
        .ours()
        .map(|run| (name(run), run.played.violations.as_slice()));
    for line in violations::of_runs(broken) {
        output::line(&line)?;
    }
    for run in runs.ours().filter(|run| !run.row.ended) {
        output::line(&format!("{}: not over at its limit", name(run)))?;
    }
    Ok(output::line(&paint(args, &conclusion(runs), runs))?)
}

/// `100 instances, seed 1`.
pub(crate) fn name(run: &FleetRun) -> String {
    format!("{}, seed {}", count(run.row.instances, "instance"), run.row.seed)
}

/// What every fleet is made of, in two lines.
pub(crate) fn introduction(args: &SimulateArgs, fleet: &Fleet) -> [String; 2] {
    let shape = &args.fleet;
    let stop = [shape.stop.start(), shape.stop.end()].map(|ms| *ms as f64 / 1000.0);
    let instance = format!(
        "Each instance: {} that take {} to {} s to stop, {}; all within {} s.",
        count(shape.tasks, "task"),
        stop[0],
        stop[1],
        count(shape.daemons, "daemon"),
        shape.within.as_secs_f64(),
    );
    let function = count(fleet.environments, "execution environment");
    [
        instance,
        format!("The function: {function}. Quotas: {}.", quotas(fleet)),
    ]
}

fn quotas(fleet: &Fleet) -> String {
    match fleet.writes_per_second() {
        Some(rate) => format!("{} %, {rate} parameter writes/s", fleet.quota),
        None => "off".to_owned(),
    }
}

/// Returns the bound on the fleet in words.
pub(crate) fn bound(fleet: &Fleet) -> String {
    match fleet.writes_per_second() {
        Some(rate) => format!(
            "Bound: each drain writes its record at least twice, to hold and to release.
At {rate} writes/s, N instances need N/{rate} s for one write each."
        ),
        None => "No bound: the quotas are off.".to_owned(),
    }
}

/// One sentence: kept, or broken.
pub(crate) fn conclusion(runs: &Runs) -> String {
    let took: f64 = runs.runs.iter().map(|run| run.played.took.as_secs_f64()).sum();
    let words = match (runs.interrupted, broken(runs)) {
        (true, _) => "Interrupted".to_owned(),
        (false, 0) => "OK: no promise was broken".to_owned(),
        (false, broken) => format!("BROKEN: {}", count(broken, "promise")),
    };
    format!(
        "{words}; {} in {took:.1} s of computing.",
        count(runs.runs.len(), "run")
    )
}

fn broken(runs: &Runs) -> usize {
    runs.ours().map(|run| run.row.broken_promises).sum()
}

/// Green or red; the words say the same.
fn paint(args: &SimulateArgs, text: &str, runs: &Runs) -> String {
    let colour = if broken(runs) == 0 { 32 } else { 31 };
    match args.output.color.colors() {
        true => format!("\x1b[{colour}m{text}\x1b[0m"),
        false => text.to_owned(),
    }
}

fn object(args: &SimulateArgs, runs: &Runs) -> Value {
    let fleet = &runs.fleet;
    let mut object = json!({
        "schema": 1,
        "kind": "simulation",
        "interrupted": runs.interrupted,
        "fleet": {
            "tasks": args.fleet.tasks,
            "stopSeconds": [*args.fleet.stop.start() as f64 / 1000.0, *args.fleet.stop.end() as f64 / 1000.0],
            "daemons": args.fleet.daemons,
            "withinSeconds": args.fleet.within.as_secs_f64(),
            "heartbeatSeconds": args.fleet.heartbeat.as_secs_f64(),
            "environments": fleet.environments,
            "quotaPercent": fleet.quota,
            "parameterWritesPerSecond": fleet.writes_per_second(),
            "settings": fleet.settings.coordinator,
            "sidecarSettings": fleet.settings.sidecar,
        },
        "rows": runs.ours().map(row).collect::<Vec<_>>(),
    });
    if args.worlds.rivals {
        object["rivals"] = runs.runs.iter().map(row).collect();
    }
    object
}

fn row(run: &FleetRun) -> Value {
    let mut row = json!(run.row);
    row["contender"] = json!(run.contender);
    row["violations"] = json!(run.played.violations);
    row
}
