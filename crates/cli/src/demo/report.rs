//! What is said before and after: for people, or as JSON.

use super::args::DemoArgs;
use super::outcome::Outcome;
use super::scenario::{CLUSTER, GROUP, Kind, REGION, REPLICAS};
use super::table::table;
use crate::{local_aws, say};
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
replica task goes on logging for {} s. What counts is what reaches the router's file. Without the protector, ECS stops
the daemon {}.
",
        args.window.as_secs_f64(),
        args.native_words(),
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
        Kind::With => "with the protector",
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::verdict::Tally;
    use std::collections::BTreeMap;

    fn runs() -> Vec<(Kind, Outcome)> {
        let run = |lost| Outcome {
            lines: Tally {
                sent: 10,
                arrived: 10 - lost,
                lost,
                ..Tally::default()
            },
            router_outlived_seconds: Some(1.0),
            hook_completed_after_seconds: Some(14.0),
            calls: BTreeMap::new(),
        };
        vec![(Kind::Without, run(3)), (Kind::With, run(0))]
    }

    #[test]
    fn the_conclusion_is_one_sentence() {
        assert_eq!(
            conclusion(&runs(), &[]),
            "OK: 3 lines lost without the protector, 0 lines lost with the protector."
        );
        let failures = ["with: x".to_owned(), "without: y".to_owned()];
        assert_eq!(conclusion(&runs(), &failures), "FAILED: with: x; without: y");
    }

    #[test]
    fn the_verdict_has_each_run_by_name() {
        let verdict = verdict(&runs(), &[]);
        assert_eq!(
            (&verdict["event"], &verdict["ok"]),
            (&json!("verdict"), &json!(true))
        );
        assert_eq!(verdict["without"]["lost"], 3);
        assert_eq!(verdict["with"]["routerOutlivedSeconds"], 1.0);
    }
}
