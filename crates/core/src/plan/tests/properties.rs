//! What holds for every course that a drain can take.

use super::*;
use crate::record::State;
use proptest::prelude::*;

/// What happens to the instance between two looks.
#[derive(Debug, Clone)]
enum Turn {
    Tasks(Vec<Task>),
    TasksUnknown,
    Instance(&'static str),
    InstanceUnknown,
    RecordUnknown,
    HookAnnounced,
    HookOver,
}

fn turn() -> impl Strategy<Value = Turn> {
    let status = || prop::sample::select(vec!["RUNNING", "STOPPING", "STOPPED", "ODD"]);
    let tasks = |(a, b, c)| Turn::Tasks(vec![web(1, a), web(2, b), logs(c)]);
    prop_oneof![
        4 => (status(), status(), status()).prop_map(tasks),
        1 => Just(Turn::TasksUnknown),
        3 => prop::sample::select(vec!["ACTIVE", "DRAINING", "DRAINING", "INACTIVE"]).prop_map(Turn::Instance),
        1 => Just(Turn::InstanceUnknown),
        1 => Just(Turn::RecordUnknown),
        1 => Just(Turn::HookAnnounced),
        1 => Just(Turn::HookOver),
    ]
}

/// Does what the turn says; gives back the record if the turn has hidden it.
fn apply(bench: &mut Bench, turn: &Turn) -> Option<Observed<Stored>> {
    match turn {
        Turn::Tasks(tasks) => bench.tasks(tasks.clone()),
        Turn::TasksUnknown => bench.observation.tasks = Observed::Unknown("down".to_owned()).into(),
        Turn::Instance(status) => {
            bench.observation.instance = Observed::Present(container_instance(1, status, true).into());
        }
        Turn::InstanceUnknown => bench.observation.instance = Observed::Unknown("down".to_owned()),
        Turn::RecordUnknown => {
            let hidden = Observed::Unknown("down".to_owned());
            return Some(std::mem::replace(&mut bench.observation.record, hidden));
        }
        Turn::HookAnnounced => bench.observation.hook = waits(3600, Some(TOKEN)),
        Turn::HookOver => bench.observation.hook = Hook::Over,
    }
    None
}

fn put(plan: &Plan) -> Option<&Record> {
    plan.actions.iter().find_map(|action| match action {
        Action::PutRecord(record) | Action::PutCount(record) | Action::Note(record) => Some(&**record),
        _ => None,
    })
}

fn stored(bench: &Bench) -> Option<Record> {
    bench.observation.record.as_yes()?.record.clone().ok()
}

proptest! {
    #[test]
    fn every_course_keeps_the_promises(turns in prop::collection::vec((turn(), 1_i64..400), 1..40)) {
        let mut bench = Bench::hooked();
        let mut now = 0;
        for (turn, seconds) in turns {
            now += seconds;
            let hidden = apply(&mut bench, &turn);
            let before = stored(&bench);
            let plan = bench.step(now);
            if let Some(hidden) = hidden {
                prop_assert!(put(&plan).is_none(), "P2: a record that was not read is not written");
                bench.observation.record = hidden;
                continue;
            }
            check(&bench, before.as_ref(), &plan, now)?;
        }
    }
}

fn check(bench: &Bench, before: Option<&Record>, plan: &Plan, now: i64) -> Result<(), TestCaseError> {
    let record = put(plan);
    if record.is_some_and(Record::is_released) && !before.is_some_and(Record::is_released) {
        let reason = record.and_then(|record| record.reason);
        prop_assert!(
            allowed(bench, reason, now),
            "P1, P2: {:?} {:?}",
            reason,
            plan.remarks
        );
    }
    if let (Some(before), Some(after)) = (before, record) {
        let revived = before.is_released() && after.state == State::Holding;
        prop_assert!(
            !revived || before.started_at != after.started_at,
            "released is absorbing for one drain"
        );
    }
    if names(plan).contains(&"set-draining") {
        prop_assert!(
            before.is_some() || record.is_some(),
            "the record goes before DRAINING"
        );
    }
    if names(plan).contains(&"complete") {
        let status = bench
            .observation
            .instance
            .as_yes()
            .map(|instance| instance.present().status.to_string());
        let released = record.or(before).is_some_and(Record::is_released);
        prop_assert!(
            released || status.as_deref() == Some("INACTIVE"),
            "P4: complete needs a release"
        );
    }
    if let Some(after) = stored(bench).filter(|_| plan.verdict == Verdict::Holding) {
        prop_assert!(after.deadline_at > at(now), "P3: no hold outlasts its deadline");
    }
    Ok(())
}

/// Returns whether the drain may be released for this reason, by what is seen.
fn allowed(bench: &Bench, reason: Option<ReleaseReason>, now: i64) -> bool {
    let seen = &bench.observation;
    let status = seen
        .instance
        .as_yes()
        .map(|instance| instance.present().status.to_string());
    let none_holds = seen.tasks.as_read().is_some_and(|tasks| {
        tasks
            .iter()
            .all(|task| task.last_status.is_final() || task.scheduling == Scheduling::Daemon)
    });
    match reason {
        Some(ReleaseReason::Drained) => match status.as_deref() {
            Some("INACTIVE") => bench.record().remaining == 0,
            status => none_holds && status == Some("DRAINING"),
        },
        Some(ReleaseReason::Deadline) => bench.record().deadline_at <= at(now),
        Some(ReleaseReason::Cancelled) => status.as_deref() == Some("ACTIVE"),
        Some(ReleaseReason::AgentLost) => status.as_deref() == Some("INACTIVE"),
        Some(ReleaseReason::Operator) | None => false,
    }
}
