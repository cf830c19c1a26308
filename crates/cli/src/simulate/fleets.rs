//! The main job: fleets of some sizes, and their results.

use super::args::SimulateArgs;
use super::contender::Contender;
use super::error::SimulateError;
use super::fleet::Fleet;
use super::job::{Job, Keep, Origin};
use super::measures::FleetRow;
use super::runs::{FleetRun, Runs};
use super::{Ended, page, pool, report, worlds};
use protector_sim::model::HostId;
use std::fs::File;
use std::io::Write;
use std::sync::Arc;

/// One run that is to be.
#[derive(Clone, Copy)]
struct Planned {
    instances: usize,
    seed: u64,
    contender: Contender,
}

/// Plays the fleets and shows them.
pub(super) async fn run(args: &SimulateArgs) -> Result<Ended, SimulateError> {
    let fleet = Arc::new(Fleet::new(args)?);
    report::warn(&fleet);
    let plan = plan(args);
    one_run(args, &fleet, &plan)?;
    // A page that cannot be written is better known before a long run than after it.
    let page = args
        .output
        .html
        .as_deref()
        .map(|path| File::create(path).map_err(|source| (path, source)));
    let page = page
        .transpose()
        .map_err(|(path, source)| SimulateError::file(path, source))?;
    let jobs = plan.iter().map(|planned| job(args, &fleet, *planned)).collect();
    let runs = gather(&fleet, &plan, pool::play(jobs).await?);
    report::show(args, &runs)?;
    if let Some(mut page) = page {
        page.write_all(page::html(args, &runs).as_bytes())?;
    }
    Ok(runs.ended())
}

fn gather(fleet: &Arc<Fleet>, plan: &[Planned], results: pool::Results) -> Runs {
    let runs = plan.iter().zip(results.played).filter_map(|(planned, played)| {
        let played = played?;
        let row = FleetRow::new(
            planned.instances,
            planned.seed,
            fleet.writes_per_second(),
            &played,
        );
        Some(FleetRun {
            contender: planned.contender,
            row,
            played,
        })
    });
    Runs {
        fleet: fleet.clone(),
        runs: runs.collect(),
        interrupted: results.interrupted,
    }
}

/// Each size with each seed; with the rivals, each of these with each contender.
fn plan(args: &SimulateArgs) -> Vec<Planned> {
    let contenders = if args.worlds.rivals {
        &Contender::ALL[..]
    } else {
        &[Contender::Protector]
    };
    let seeds = args.fleet.seed..args.fleet.seed.saturating_add(args.fleet.seeds);
    let mut plan = Vec::new();
    for instances in &args.fleet.instances {
        for seed in seeds.clone() {
            plan.extend(contenders.iter().map(|contender| Planned {
                instances: *instances,
                seed,
                contender: *contender,
            }));
        }
    }
    plan
}

/// The page shows one instance of each size: the one in the middle of the fleet.
fn job(args: &SimulateArgs, fleet: &Arc<Fleet>, planned: Planned) -> Job {
    let origin = Origin::Fleet(fleet.clone(), planned.instances, planned.seed);
    let keep = if args.output.transcript {
        Keep::Everything
    } else {
        Keep::Measures
    };
    let shown = args.output.html.is_some() && planned.seed == args.fleet.seed;
    let middle = u32::try_from(planned.instances / 2).unwrap_or_default();
    Job {
        contender: planned.contender,
        watched: (shown && planned.contender == Contender::Protector).then_some(HostId(middle)),
        ..Job::new(origin, keep)
    }
}

/// What is for one run only: the transcript, and the file of the world.
fn one_run(args: &SimulateArgs, fleet: &Arc<Fleet>, plan: &[Planned]) -> Result<(), SimulateError> {
    let hint = "give one size and one seed";
    worlds::one_run_only(plan.len(), "--transcript", args.output.transcript, hint)?;
    worlds::one_run_only(plan.len(), "--save", args.output.save.is_some(), hint)?;
    match plan {
        [planned] => worlds::save(
            args.output.save.as_deref(),
            &job(args, fleet, *planned).scenario(),
        ),
        _ => Ok(()),
    }
}
