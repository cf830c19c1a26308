//! The text before and after the runs: for people, or as JSON.

use super::args::DemoArgs;
use super::outcome::Outcome;
use super::scenario::{CLUSTER, GROUP, Kind, LONG_JOB, REGION, REPLICAS, REPORT, backlog};
use super::table::table;
use protector_command_line::{endpoint, output};
use serde_json::{Value, json};
use std::io;
use std::time::Duration;

/// Says what will happen.
pub(crate) fn introduce(args: &DemoArgs) -> io::Result<()> {
    if args.json {
        return Ok(());
    }
    output::line(&format!(
        "One instance is drained, in a local AWS on 127.0.0.1: plain ECS (without) and with the protector (with).
{REPLICAS} replica tasks and 1 standalone task log through the log router daemon of their instance. At SIGTERM a
replica task goes on logging for {} s. What counts is what reaches the router's file. Without the protector, ECS stops
the daemon {}.
The standalone task ends with a report of {REPORT} lines, and the router reads slowly: {} s after the task's end it has
read all of it. With the protector it is asked to stop no sooner than LINGER after the last task, here {} s (--linger).
",
        args.window.as_secs_f64(),
        args.native_text(),
        backlog().as_secs_f64(),
        args.linger.as_secs_f64(),
    ))
}

pub(crate) fn conclude(args: &DemoArgs, runs: &[(Kind, Outcome)], failures: &[String]) -> io::Result<()> {
    if args.json {
        return output::json(&verdict(runs, failures, args.linger));
    }
    output::line(&format!("\n{}", table(runs)))?;
    output::line(&conclusion(runs, failures, args.linger))?;
    output::line(&format!(
        "Every line, and what the programs said: {}",
        args.out.display()
    ))
}

/// The verdict as one object: `event`, `ok`, `failures`, `lingerSeconds`, and each run by its name.
fn verdict(runs: &[(Kind, Outcome)], failures: &[String], linger: Duration) -> Value {
    let mut verdict = json!({"event": "verdict", "ok": failures.is_empty(), "failures": failures,
        "lingerSeconds": linger.as_secs_f64()});
    for (kind, outcome) in runs {
        verdict[kind.name()] = json!(outcome);
    }
    verdict
}

fn conclusion(runs: &[(Kind, Outcome)], failures: &[String], linger: Duration) -> String {
    if !failures.is_empty() {
        return format!("FAILED: {}", failures.join("; "));
    }
    let lost = runs
        .iter()
        .map(|(kind, run)| format!("{} lines lost {}", run.lines.lost, phrase(*kind)));
    let short = runs
        .iter()
        .any(|(kind, run)| *kind == Kind::With && run.lines.lost > 0);
    let why = if short {
        explain_short(linger)
    } else {
        String::new()
    };
    format!("OK: {}.{why}", lost.collect::<Vec<_>>().join(", "))
}

/// Why lines are lost with the protector.
fn explain_short(linger: Duration) -> String {
    format!(
        "
STOPPED is not yet delivered: with a LINGER of {} s the router was asked to stop before it had read all of the report of
the standalone task, for which it needs {} s. With --linger 5s, the coordinator's default, no line is lost.",
        linger.as_secs_f64(),
        backlog().as_secs_f64()
    )
}

fn phrase(kind: Kind) -> &'static str {
    match kind {
        Kind::Without => "without the protector",
        Kind::With => "with the protector",
    }
}

/// Says how to go on with a local AWS that is left running at `endpoint`.
pub(crate) fn invite(args: &DemoArgs, endpoint: &str, held: Option<&str>) -> io::Result<()> {
    if args.json {
        return output::json(&json!({"event": "kept", "endpoint": endpoint, "instance": held}));
    }
    output::line(&invitation(endpoint, held))
}

/// What to type; `held` is the instance whose drain holds.
fn invitation(endpoint: &str, held: Option<&str>) -> String {
    let environment = endpoint::environment(endpoint, REGION);
    let resize =
        format!("aws autoscaling set-desired-capacity --auto-scaling-group-name {GROUP} --desired-capacity");
    let held = held.map(|instance| {
        format!(
            "
Instance {instance} drains, and {LONG_JOB} holds it for an hour:

  aws ssm get-parameter --name /ecs-daemon-protector/{CLUSTER}/{instance} --query Parameter.Value --output text
  aws ecs list-tasks --cluster {CLUSTER} --family {LONG_JOB}
  aws lambda invoke --function-name ecs-daemon-protector --cli-binary-format raw-in-base64-out answer.json \\
      --payload '{{\"command\":\"release\",\"cluster\":\"{CLUSTER}\",\"instance\":\"{instance}\",\"who\":\"me\",\"why\":\"to see\"}}'

Another one:
"
        )
    });
    let held = held.unwrap_or_default();
    format!(
        "
The last run goes on at {endpoint}, until Ctrl-C. From another shell:

{environment}
{held}
  {resize} 1    # a new instance, with all its tasks
  aws ecs list-tasks --cluster {CLUSTER}
  {resize} 0    # drain it
  aws ssm get-parameters-by-path --path /ecs-daemon-protector --recursive"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Tally;
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

    const LINGER: Duration = Duration::from_secs(5);

    #[test]
    fn the_conclusion_is_one_sentence() {
        assert_eq!(
            conclusion(&runs(), &[], LINGER),
            "OK: 3 lines lost without the protector, 0 lines lost with the protector."
        );
        let failures = ["with: x".to_owned(), "without: y".to_owned()];
        assert_eq!(
            conclusion(&runs(), &failures, LINGER),
            "FAILED: with: x; without: y"
        );
    }

    #[test]
    fn lines_that_are_lost_with_the_protector_are_explained() {
        let mut runs = runs();
        runs[1].1.lines.lost = 2;
        let text = conclusion(&runs, &[], Duration::ZERO);
        assert!(
            text.starts_with("OK: 3 lines lost without the protector, 2 lines lost with the protector.\n"),
            "{text}"
        );
        assert!(
            text.contains("with a LINGER of 0 s the router was asked"),
            "{text}"
        );
        assert!(text.contains("for which it needs 4 s"), "{text}");
    }

    #[test]
    fn a_person_who_keeps_the_run_learns_what_holds_and_how_to_let_it_go() {
        let text = invitation("http://127.0.0.1:1", Some("i-1"));
        for part in [
            "Instance i-1 drains, and long-job holds it for an hour",
            "--name /ecs-daemon-protector/demo/i-1 ",
            r#"{"command":"release","cluster":"demo","instance":"i-1","#,
        ] {
            assert!(text.contains(part), "{part} in\n{text}");
        }
        assert!(!invitation("http://127.0.0.1:1", None).contains("drains"));
    }

    #[test]
    fn the_verdict_has_each_run_by_name() {
        let verdict = verdict(&runs(), &[], LINGER);
        assert_eq!(verdict["lingerSeconds"], 5.0);
        assert_eq!(
            (&verdict["event"], &verdict["ok"]),
            (&json!("verdict"), &json!(true))
        );
        assert_eq!(verdict["without"]["lost"], 3);
        assert_eq!(verdict["with"]["routerOutlivedSeconds"], 1.0);
    }
}
