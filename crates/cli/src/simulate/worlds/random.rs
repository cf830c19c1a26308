//! `--random`: worlds drawn from seeds. No promise may be broken but by a limit whose condition the world meets.

use super::super::args::SimulateArgs;
use super::super::display::count;
use super::super::error::SimulateError;
use super::super::job::{Job, Origin, Played};
use super::super::{Ended, pool, violations};
use crate::output;
use protector_sim::generate::{self, Range};
use protector_sim::judge::{Rule, Violation};
use protector_sim::run::Options;
use protector_sim::shrink::shrink;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::thread;

/// The number of worlds that are played to make a broken one smaller.
const SHRINK_BUDGET: u32 = 300;

/// The number of seeds with broken promises that are shown.
const SHOWN: usize = 5;

/// A world that breaks a promise.
struct Broken<'p> {
    seed: u64,
    violations: &'p [Violation],
    /// The rules that it breaks and that no limit explains, in the order in which they were broken.
    unexplained: Vec<Rule>,
    /// The limits that explain what it breaks.
    limits: BTreeSet<&'static str>,
}

impl<'p> Broken<'p> {
    fn new(seed: u64, range: Range, played: &'p Played) -> Option<Broken<'p>> {
        let violations = played.violations.as_slice();
        if violations.is_empty() {
            return None;
        }
        let drawn = generate::random(seed, range);
        let rules = violations.iter().map(|violation| violation.rule);
        Some(Broken {
            seed,
            violations,
            unexplained: rules.clone().filter(|rule| !drawn.explains(*rule)).collect(),
            limits: rules.flat_map(|rule| drawn.explaining(rule)).collect(),
        })
    }

    /// Returns whether limits explain all that it breaks.
    fn is_explained(&self) -> bool {
        self.unexplained.is_empty()
    }

    /// The seed, and the limits that explain what its world breaks.
    fn name(&self) -> String {
        match Vec::from_iter(self.limits.iter().copied()).as_slice() {
            [] => format!("seed {}", self.seed),
            limits => format!("seed {} (limits: {})", self.seed, limits.join(", ")),
        }
    }

    fn object(&self) -> Value {
        json!({
            "seed": self.seed,
            "unexplained": self.unexplained.len(),
            "limits": self.limits,
            "violations": self.violations,
        })
    }
}

/// Plays random worlds.
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
    let mut broken: Vec<Broken<'_>> = played
        .iter()
        .filter_map(|(seed, played)| Broken::new(*seed, range, played))
        .collect();
    // What limits explain comes last.
    broken.sort_by_key(Broken::is_explained);
    show(args, range, &played, &broken)?;
    let first = broken
        .first()
        .and_then(|first| Some((first.seed, *first.unexplained.first()?)));
    if let Some((seed, rule)) = first.filter(|_| !args.output.json) {
        smallest(seed, range, rule)?;
    }
    Ok(match (results.interrupted, first.is_some()) {
        (true, _) => Ended::Interrupted,
        (false, true) => Ended::Broken,
        (false, false) => Ended::Kept,
    })
}

fn show(
    args: &SimulateArgs,
    range: Range,
    played: &[(u64, Played)],
    broken: &[Broken<'_>],
) -> Result<(), SimulateError> {
    let of_limits = broken.iter().filter(|world| world.is_explained()).count();
    let drains: u64 = played.iter().map(|(_, played)| played.drains).sum();
    if args.output.json {
        let broken: Vec<Value> = broken.iter().map(Broken::object).collect();
        let runs = played.len();
        return Ok(output::json(
            &json!({"schema": 1, "kind": "random", "runs": runs, "drains": drains, "brokenByLimits": of_limits, "broken": broken}),
        )?);
    }
    for (_, played) in played {
        super::transcript(played)?;
    }
    for world in broken.iter().take(SHOWN) {
        for line in violations::lines(&world.name(), world.violations) {
            output::line(&line)?;
        }
    }
    let limits = match range {
        Range::Wild => format!(", and {of_limits} with some that limits explain"),
        Range::Sound => String::new(),
    };
    let words = format!(
        "{} with {} played, {} with broken promises{limits}.",
        count(played.len(), "world"),
        count(usize::try_from(drains).unwrap_or(usize::MAX), "drain"),
        broken.len() - of_limits
    );
    output::line(&words)?;
    match broken.first() {
        Some(world) if !args.output.transcript => Ok(output::line(&replay(world.seed, range))?),
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

fn replay(seed: u64, range: Range) -> String {
    let wild = if range == Range::Wild { " --wild" } else { "" };
    format!("Line by line: protectorctl simulate --random {seed}{wild} --transcript")
}
