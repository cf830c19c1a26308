//! Names of verdicts and actions, as `docs/log-fields.md` has them.

use serde::Serialize;

use super::*;

fn serialized(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap()
}

#[test]
fn verdicts_are_named_as_documented() {
    for (verdict, name) in [
        (Verdict::NotDraining, "not-draining"),
        (Verdict::Unknown, "unknown"),
        (Verdict::Holding, "holding"),
        (Verdict::Releasing, "releasing"),
        (Verdict::Released(ReleaseReason::Drained), "released"),
        (Verdict::Done, "done"),
    ] {
        assert_eq!(
            (verdict.name(), serialized(&verdict)),
            (name, format!("{name:?}"))
        );
    }
}

#[test]
fn actions_are_named_as_documented() {
    let mut bench = Bench::holding();
    let holding = bench.record();
    let lifecycle = holding.lifecycle.clone().unwrap();
    bench.tasks(vec![]);
    bench.step(60);
    let released = bench.record();
    let Task { arn: task, .. } = web(1, "RUNNING");
    for (action, name) in [
        (Action::Heartbeat(lifecycle.clone()), "heartbeat"),
        (Action::PutRecord(Box::new(holding.clone())), "put-holding"),
        (Action::PutRecord(Box::new(released.clone())), "put-released"),
        (Action::Note(Box::new(holding.clone())), "note"),
        (Action::PutCount(Box::new(holding)), "put-count"),
        (Action::PutCount(Box::new(released.clone())), "put-count"),
        (
            Action::SetDraining {
                arn: arn(1),
                present: true,
            },
            "set-draining",
        ),
        (
            Action::StopTask {
                task,
                why: String::new(),
            },
            "stop-task",
        ),
        (Action::Complete(lifecycle), "complete"),
        (Action::Receipt(Box::new(released)), "receipt"),
    ] {
        assert_eq!(
            (action.kind().name(), serialized(&action.kind())),
            (name, format!("{name:?}"))
        );
    }
}
