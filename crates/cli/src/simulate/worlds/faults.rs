//! `--faults`: every known fault is a world, and the judge says whether it still breaks what it says.

use super::super::args::SimulateArgs;
use super::super::display::{count, wrapped};
use super::super::error::SimulateError;
use super::super::job::{Job, Origin, Played};
use super::super::{Ended, pool, table, violations};
use crate::output;
use protector_sim::judge::Rule;
use protector_sim::worlds::{self, FaultState, KnownFault};
use serde_json::{Value, json};
use std::sync::Arc;

/// Where the words about a fault begin.
const INDENT: usize = 7;

/// Lists or plays faults.
pub(in super::super) async fn run(args: &SimulateArgs) -> Result<Ended, SimulateError> {
    if args.worlds.faults.iter().any(|name| name == "list") {
        list(args.output.json)?;
        return Ok(Ended::Kept);
    }
    let faults = named(&args.worlds.faults)?;
    super::one_run_only(
        faults.len(),
        "--save",
        args.output.save.is_some(),
        "name one fault",
    )?;
    if let [fault] = faults.as_slice() {
        super::save(args.output.save.as_deref(), &(fault.world)())?;
    }
    let keep = super::keep(args.output.transcript);
    let jobs = faults
        .iter()
        .map(|fault| Job::new(Origin::Given(Arc::new((fault.world)())), keep));
    let results = pool::play(jobs.collect()).await?;
    let played: Vec<(KnownFault, Played)> = faults
        .into_iter()
        .zip(results.played)
        .filter_map(|(fault, played)| Some((fault, played?)))
        .collect();
    show(args, &played)?;
    let surprise = played.iter().any(|(fault, played)| !is_true(fault, played));
    Ok(match (results.interrupted, surprise) {
        (true, _) => Ended::Interrupted,
        (false, true) => Ended::Broken,
        (false, false) => Ended::Kept,
    })
}

fn named(names: &[String]) -> Result<Vec<KnownFault>, SimulateError> {
    if names.iter().any(|name| name == "all") {
        return Ok(worlds::all());
    }
    let find = |name: &String| {
        worlds::find(name).ok_or_else(|| {
            let words =
                format!("no fault is called {name:?}; `--faults list` shows all, `--faults all` plays all");
            SimulateError::Usage(words)
        })
    };
    names.iter().map(find).collect()
}

fn list(json: bool) -> Result<(), SimulateError> {
    if json {
        let faults: Vec<Value> = worlds::all().iter().map(object).collect();
        return Ok(output::json(
            &json!({"schema": 1, "kind": "faults", "faults": faults}),
        )?);
    }
    for fault in worlds::all() {
        output::line(&format!("{:<6} {}", fault.state(), fault.name))?;
        let what = format!("{}{}", " ".repeat(INDENT), fault.what);
        output::line(&wrapped(&what, table::width(), INDENT))?;
    }
    Ok(())
}

/// Returns whether the world does what the table says of it.
fn is_true(fault: &KnownFault, played: &Played) -> bool {
    let broken = |rule: &Rule| played.violations.iter().any(|violation| violation.rule == *rule);
    match fault.state() {
        FaultState::Open | FaultState::Limit => fault.breaks.iter().all(broken),
        FaultState::Fixed => played.violations.is_empty(),
    }
}

fn show(args: &SimulateArgs, played: &[(KnownFault, Played)]) -> Result<(), SimulateError> {
    if args.output.json {
        return Ok(output::json(&json!({
            "schema": 1,
            "kind": "faults",
            "faults": played.iter().map(verdict).collect::<Vec<_>>(),
        }))?);
    }
    for (fault, played) in played {
        super::transcript(played)?;
        output::line(&format!("{}: {}", fault.name, outcome(fault, played)))?;
        for words in [fault.what, fault.why] {
            output::line(&wrapped(&format!("  {words}"), table::width(), 2))?;
        }
        if let Some(limit) = worlds::limit(fault.name) {
            for words in [limit.why, &format!("To avoid it: {}", limit.avoid)] {
                output::line(&wrapped(&format!("  {words}"), table::width(), 2))?;
            }
        }
        for line in violations::lines("  judge", &played.violations) {
            output::line(&line)?;
        }
    }
    let truths = played
        .iter()
        .filter(|(fault, played)| is_true(fault, played))
        .count();
    let all = count(played.len(), "fault");
    Ok(output::line(&format!(
        "{all} played, {truths} as the table says."
    ))?)
}

fn outcome(fault: &KnownFault, played: &Played) -> &'static str {
    match (fault.state(), is_true(fault, played)) {
        (FaultState::Open, true) => "open, and breaks what it says",
        (FaultState::Open, false) => "called open, but does not break what it says",
        (FaultState::Limit, true) => "a limit, and breaks what it says",
        (FaultState::Limit, false) => "called a limit, but does not break what it says",
        (FaultState::Fixed, true) => "fixed, and breaks nothing",
        (FaultState::Fixed, false) => "called fixed, but breaks a promise",
    }
}

fn object(fault: &KnownFault) -> Value {
    json!({
        "name": fault.name,
        "state": fault.state(),
        "what": fault.what,
        "why": fault.why,
        "breaks": fault.breaks,
    })
}

fn verdict((fault, played): &(KnownFault, Played)) -> Value {
    let mut verdict = object(fault);
    verdict["asExpected"] = json!(is_true(fault, played));
    verdict["violations"] = json!(played.violations);
    verdict
}
