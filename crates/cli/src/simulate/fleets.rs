//! The main job: fleets of some sizes, and the table.

use super::args::SimulateArgs;
use super::display::count;
use super::error::SimulateError;
use super::fleet::Fleet;
use super::job::{Job, Played};
use super::measures::Row;
use super::{Ended, pool, table, violations};
use crate::say;
use serde_json::{Value, json};
use std::sync::Arc;

/// A run of the product, and what it showed.
struct Run {
    row: Row,
    played: Played,
}

/// Plays the fleets and shows them.
///
/// # Errors
/// Settings are wrong, or nobody listens.
pub(super) async fn run(args: &SimulateArgs) -> Result<Ended, SimulateError> {
    let fleet = Arc::new(Fleet::new(args)?);
    warn(&fleet);
    let plan = plan(args);
    let jobs: Vec<Job> = plan
        .iter()
        .map(|(instances, seed)| Job::fleet(&fleet, *instances, *seed))
        .collect();
    let results = pool::play(jobs).await?;
    let runs: Vec<Run> = plan
        .into_iter()
        .zip(results.played)
        .filter_map(|((instances, seed), played)| {
            let played = played?;
            let row = Row::new(instances, seed, fleet.writes_per_second(), &played);
            Some(Run { row, played })
        })
        .collect();
    show(args, &fleet, &runs, results.interrupted)?;
    Ok(ended(&runs, results.interrupted))
}

/// Each size with each seed.
fn plan(args: &SimulateArgs) -> Vec<(usize, u64)> {
    let seeds = args.fleet.seed..args.fleet.seed.saturating_add(args.fleet.seeds);
    let sizes = args.fleet.instances.iter();
    sizes
        .flat_map(|size| seeds.clone().map(|seed| (*size, seed)))
        .collect()
}

fn warn(fleet: &Fleet) {
    for name in &fleet.settings.without_effect {
        eprintln!("note: {name} makes no difference in the model, and is left out");
    }
}

fn ended(runs: &[Run], interrupted: bool) -> Ended {
    if interrupted {
        Ended::Interrupted
    } else if runs.iter().any(|run| run.row.broken_promises > 0) {
        Ended::Broken
    } else {
        Ended::Kept
    }
}

fn show(args: &SimulateArgs, fleet: &Fleet, runs: &[Run], interrupted: bool) -> Result<(), SimulateError> {
    if args.output.json {
        return Ok(say::json(&object(args, fleet, runs, interrupted))?);
    }
    let rows: Vec<Row> = runs.iter().map(|run| run.row.clone()).collect();
    say::line(&introduction(args, fleet))?;
    if !rows.is_empty() {
        say::line(&table::of_fleets(&rows))?;
        say::line(&bound(fleet))?;
    }
    for run in runs {
        let name = format!("{}, seed {}", count(run.row.instances, "instance"), run.row.seed);
        for line in violations::lines(&name, &run.played.violations) {
            say::line(&line)?;
        }
    }
    Ok(say::line(&conclusion(runs, interrupted))?)
}

fn introduction(args: &SimulateArgs, fleet: &Fleet) -> String {
    let shape = &args.fleet;
    format!(
        "Each instance: {}, {}. All are taken away within {} s.\nFunction: {}. Quotas: {}.\n",
        count(shape.tasks, "task"),
        count(shape.daemons, "daemon"),
        shape.within.as_secs_f64(),
        count(fleet.environments, "execution environment"),
        quotas(fleet),
    )
}

fn quotas(fleet: &Fleet) -> String {
    match fleet.writes_per_second() {
        Some(rate) => format!(
            "{} % of the defaults, {rate} parameter writes a second",
            fleet.quota
        ),
        None => "none".to_owned(),
    }
}

fn bound(fleet: &Fleet) -> String {
    match fleet.writes_per_second() {
        Some(rate) => format!(
            "Bound: every drain writes its record once to be held and once to be released. At {rate} writes a
second, one write each takes N/{rate} s; no coordinator can release N instances at once any sooner."
        ),
        None => "No bound: quotas are off.".to_owned(),
    }
}

fn conclusion(runs: &[Run], interrupted: bool) -> String {
    let took: f64 = runs.iter().map(|run| run.played.took.as_secs_f64()).sum();
    let broken: usize = runs.iter().map(|run| run.row.broken_promises).sum();
    let words = match (interrupted, broken) {
        (true, _) => "Interrupted".to_owned(),
        (false, 0) => "OK: no promise was broken".to_owned(),
        (false, broken) => format!("BROKEN: {}", count(broken, "promise")),
    };
    format!("{words}; {} played in {took:.1} s.", count(runs.len(), "run"))
}

fn object(args: &SimulateArgs, fleet: &Fleet, runs: &[Run], interrupted: bool) -> Value {
    let rows = runs.iter().map(|run| {
        let mut row = json!(run.row);
        row["violations"] = json!(run.played.violations);
        row
    });
    json!({
        "schema": 1,
        "kind": "simulation",
        "interrupted": interrupted,
        "fleet": {
            "tasks": args.fleet.tasks,
            "daemons": args.fleet.daemons,
            "environments": fleet.environments,
            "settings": fleet.settings.coordinator,
            "sidecar": fleet.settings.sidecar,
        },
        "rows": rows.collect::<Vec<_>>(),
    })
}
