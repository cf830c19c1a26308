//! `--random`: worlds drawn from seeds. No promise may be broken but by a limit whose condition the world meets.

use super::super::args::SimulateArgs;
use super::super::display::count;
use super::super::error::SimulateError;
use super::super::job::{Job, Origin, Played};
use super::super::{Ended, pool, violations};
use crate::output;
use protector_sim::generate::{self, Range};
use protector_sim::judge::Rule;
use protector_sim::run::Options;
use protector_sim::shrink::shrink;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::thread;

/// The number of worlds that are played to make a broken one smaller.
const SHRINK_BUDGET: u32 = 300;

/// The number of seeds with broken promises that are shown.
const SHOWN: usize = 5;

/// Plays random worlds.
///
/// # Errors
/// A file cannot be written, or standard output cannot be written.
pub(in super::super) async fn run(args: &SimulateArgs) -> Result<Ended, SimulateError> {
    let Some(seeds) = args.worlds.random.clone() else {
        return Ok(Ended::Kept);
    };
    let range = if args.worlds.wild {
        Range::Wild
    } else {
        Range::Sound
    };
    let runs = usize::try_from(seeds.end() - seeds.start())
        .unwrap_or(usize::MAX)
        .saturating_add(1);
    super::one_run_only(runs, "--transcript", args.output.transcript, "give one seed")?;
    super::one_run_only(runs, "--save", args.output.save.is_some(), "give one seed")?;
    if args.output.save.is_some() {
        let scenario = generate::random(*seeds.start(), range).scenario;
        super::save(args.output.save.as_deref(), &scenario)?;
    }
    let keep = super::keep(args.output.transcript);
    let jobs = seeds
        .clone()
        .map(|seed| Job::new(Origin::Random(seed, range), keep));
    let results = pool::play(jobs.collect()).await?;
    let played = seeds.zip(results.played);
    let played: Vec<(u64, Played)> = played
        .filter_map(|(seed, played)| Some((seed, played?)))
        .collect();
    show(args, range, &played)?;
    let first = played.iter().find_map(|(seed, played)| {
        let unexplained = unexplained(*seed, range, played);
        Some((*seed, unexplained.into_iter().next()?))
    });
    let broken = first.is_some();
    if let Some((seed, rule)) = first.filter(|_| !args.output.json) {
        smallest(seed, range, rule)?;
    }
    Ok(match (results.interrupted, broken) {
        (true, _) => Ended::Interrupted,
        (false, true) => Ended::Broken,
        (false, false) => Ended::Kept,
    })
}

fn show(args: &SimulateArgs, range: Range, played: &[(u64, Played)]) -> Result<(), SimulateError> {
    let mut broken: Vec<&(u64, Played)> = played
        .iter()
        .filter(|(_, played)| !played.violations.is_empty())
        .collect();
    // What a limit explains comes last.
    broken.sort_by_key(|(seed, played)| unexplained(*seed, range, played).is_empty());
    let of_limits = broken
        .iter()
        .filter(|(seed, played)| unexplained(*seed, range, played).is_empty());
    let of_limits = of_limits.count();
    if args.output.json {
        let broken: Vec<Value> = broken
            .iter()
            .map(|(seed, played)| object(*seed, range, played))
            .collect();
        let runs = played.len();
        return Ok(output::json(
            &json!({"schema": 1, "kind": "random", "runs": runs, "brokenByLimits": of_limits, "broken": broken}),
        )?);
    }
    for (_, played) in played {
        super::transcript(played)?;
    }
    for (seed, played) in broken.iter().take(SHOWN) {
        for line in violations::lines(&name(*seed, range, played), &played.violations) {
            output::line(&line)?;
        }
    }
    let limits = match range {
        Range::Wild => format!(", and {of_limits} with some that limits explain"),
        _ => String::new(),
    };
    let words = format!(
        "{} played, {} with broken promises{limits}.",
        count(played.len(), "world"),
        broken.len() - of_limits
    );
    output::line(&words)?;
    match broken.first() {
        Some((seed, _)) if !args.output.transcript => Ok(output::line(&replay(*seed, range))?),
        _ => Ok(()),
    }
}

/// Makes the world of a seed as small as it gets while it breaks the same rule, and writes it as a line to keep.
fn smallest(seed: u64, range: Range, rule: Rule) -> Result<(), SimulateError> {
    let scenario = generate::random(seed, range).scenario;
    // A run brings its own runtime, and needs a thread without one.
    let shrink = || shrink(&scenario, rule, Options::default(), SHRINK_BUDGET);
    let shrunk = thread::scope(|scope| scope.spawn(shrink).join());
    let Ok(shrunk) = shrunk else { return Ok(()) };
    let words = format!(
        "The smallest world of seed {seed} that still breaks {} ({} tried); keep the line as a file for --scenario:",
        rule.name(),
        count(usize::try_from(shrunk.tried).unwrap_or(usize::MAX), "world"),
    );
    output::line(&words)?;
    Ok(output::line(&shrunk.scenario.to_json())?)
}

/// The rules that a world breaks and that no limit explains, in the order in which they were broken.
fn unexplained(seed: u64, range: Range, played: &Played) -> Vec<Rule> {
    if played.violations.is_empty() {
        return Vec::new();
    }
    let drawn = generate::random(seed, range);
    let rules = played.violations.iter().map(|violation| violation.rule);
    rules.filter(|rule| !drawn.explains(*rule)).collect()
}

/// The limits that explain what a world breaks.
fn limits(seed: u64, range: Range, played: &Played) -> BTreeSet<&'static str> {
    let drawn = generate::random(seed, range);
    let rules = played.violations.iter().map(|violation| violation.rule);
    rules.flat_map(|rule| drawn.explaining(rule)).collect()
}

/// The seed, and the limits that explain what its world breaks.
fn name(seed: u64, range: Range, played: &Played) -> String {
    match Vec::from_iter(limits(seed, range, played)).as_slice() {
        [] => format!("seed {seed}"),
        limits => format!("seed {seed} (limits: {})", limits.join(", ")),
    }
}

fn replay(seed: u64, range: Range) -> String {
    let wild = if range == Range::Wild { " --wild" } else { "" };
    format!("Line by line: protectorctl simulate --random {seed}{wild} --transcript")
}

fn object(seed: u64, range: Range, played: &Played) -> Value {
    json!({
        "seed": seed,
        "unexplained": unexplained(seed, range, played).len(),
        "limits": limits(seed, range, played),
        "violations": played.violations,
    })
}
