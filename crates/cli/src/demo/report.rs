//! What is said before and after: for people, or as JSON.

use super::args::DemoArgs;
use super::outcome::Outcome;
use super::scenario::{CLUSTER, GROUP, Kind, REGION, REPLICAS};
use crate::{local_aws, say};
use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{CellAlignment, Table};
use serde_json::{Value, json};
use std::io;

/// Says what will happen.
///
/// # Errors
/// Nobody listens.
pub(crate) fn introduce(args: &DemoArgs) -> io::Result<()> {
    if args.json {
        return Ok(());
    }
    say::line(&format!(
        "One instance is drained, in a local AWS on 127.0.0.1: plain ECS (without) and with the protector (with).
{REPLICAS} replica tasks and 1 standalone task log through the log router daemon of their instance. At SIGTERM a
replica task goes on logging for {} s. What counts is what reaches the router's file.
",
        args.window.as_secs_f64()
    ))
}

/// Says what came out.
///
/// # Errors
/// Nobody listens.
pub(crate) fn conclude(args: &DemoArgs, runs: &[(Kind, Outcome)], failures: &[String]) -> io::Result<()> {
    if args.json {
        return say::json(&verdict(runs, failures));
    }
    say::line(&format!("\n{}", table(runs)))?;
    say::line(&conclusion(runs, failures))?;
    say::line(&format!(
        "Every line, and what the programs said: {}",
        args.out.display()
    ))
}

/// The verdict as one object: `event`, `ok`, `failures`, and each run by its name.
fn verdict(runs: &[(Kind, Outcome)], failures: &[String]) -> Value {
    let mut verdict = json!({"event": "verdict", "ok": failures.is_empty(), "failures": failures});
    for (kind, outcome) in runs {
        verdict[kind.name()] = json!(outcome);
    }
    verdict
}

fn conclusion(runs: &[(Kind, Outcome)], failures: &[String]) -> String {
    if !failures.is_empty() {
        return format!("FAILED: {}", failures.join("; "));
    }
    let lost = runs
        .iter()
        .map(|(kind, run)| format!("{} lines lost {}", run.lines.lost, phrase(*kind)));
    format!("OK: {}.", lost.collect::<Vec<_>>().join(", "))
}

fn phrase(kind: Kind) -> &'static str {
    match kind {
        Kind::Without => "without the protector",
        Kind::With => "with it",
    }
}

/// Says how to go on with a local AWS that is left running at `endpoint`.
///
/// # Errors
/// Nobody listens.
pub(crate) fn invite(args: &DemoArgs, endpoint: &str) -> io::Result<()> {
    if args.json {
        return say::json(&json!({"event": "kept", "endpoint": endpoint}));
    }
    say::line(&invitation(endpoint))
}

fn invitation(endpoint: &str) -> String {
    let environment = local_aws::environment(endpoint, REGION);
    let resize =
        format!("aws autoscaling set-desired-capacity --auto-scaling-group-name {GROUP} --desired-capacity");
    format!(
        "
The run with the protector goes on at {endpoint}, until Ctrl-C. From another shell:

{environment}

  {resize} 1    # a new instance, with all its tasks
  aws ecs list-tasks --cluster {CLUSTER}
  {resize} 0    # drain it
  aws ssm get-parameters-by-path --path /ecs-daemon-protector --recursive"
    )
}

/// The runs side by side.
fn table(runs: &[(Kind, Outcome)]) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY);
    table.set_header(
        [String::new()]
            .into_iter()
            .chain(runs.iter().map(|(kind, _)| heading(*kind).to_owned())),
    );
    for (name, value) in ROWS {
        table.add_row(
            [(*name).to_owned()]
                .into_iter()
                .chain(runs.iter().map(|(_, run)| value(run))),
        );
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}

fn heading(kind: Kind) -> &'static str {
    match kind {
        Kind::Without => "plain ECS",
        Kind::With => "with protector",
    }
}

/// A row: its name, and what it says of a run.
type Row = (&'static str, fn(&Outcome) -> String);

const ROWS: &[Row] = &[
    ("log lines sent by the tasks", |run| run.lines.sent.to_string()),
    ("of these, reached the router's file", |run| {
        run.lines.arrived.to_string()
    }),
    ("lost", lost),
    ("router outlived the last task by", |run| {
        seconds(run.router_outlived_seconds)
    }),
    ("drain: scale-in to hook completed", |run| {
        seconds(run.hook_completed_after_seconds)
    }),
    ("AWS calls by the coordinator", |run| calls(run, "coordinator")),
    ("AWS calls by the sidecar", |run| calls(run, "sidecar")),
];

fn lost(run: &Outcome) -> String {
    let by_task = run
        .lines
        .lost_by_task
        .iter()
        .map(|(task, count)| format!("{task} {count}"));
    match run.lines.lost {
        0 => "0".to_owned(),
        lost => format!("{lost} ({})", by_task.collect::<Vec<_>>().join(", ")),
    }
}

fn seconds(seconds: Option<f64>) -> String {
    seconds.map_or_else(|| "-".to_owned(), |seconds| format!("{seconds:.1} s"))
}

fn calls(run: &Outcome, caller: &str) -> String {
    let Some(calls) = run.calls.get(caller) else {
        return "none".to_owned();
    };
    let lines = calls
        .iter()
        .map(|(operation, count)| format!("{count} {operation}"));
    format!(
        "{} in all\n{}",
        calls.values().sum::<usize>(),
        lines.collect::<Vec<_>>().join("\n")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::verdict::Tally;
    use std::collections::BTreeMap;

    #[test]
    fn the_table_says_what_was_lost_and_what_it_cost() {
        let lines = Tally {
            sent: 10,
            arrived: 7,
            lost: 3,
            lost_by_task: BTreeMap::from([("web".to_owned(), 2), ("job".to_owned(), 1)]),
            ..Tally::default()
        };
        let calls = BTreeMap::from([(
            "sidecar".to_owned(),
            BTreeMap::from([("ssm:GetParameter".to_owned(), 4)]),
        )]);
        let run = Outcome {
            lines,
            router_outlived_seconds: Some(-7.96),
            hook_completed_after_seconds: None,
            calls,
        };
        let table = table(&[(Kind::Without, run)]);
        for part in [
            "plain ECS",
            "3 (job 1, web 2)",
            "-8.0 s",
            "4 ssm:GetParameter",
            "none",
        ] {
            assert!(table.contains(part), "{part} in\n{table}");
        }
    }
}
