//! What was waited for, as the receipt will report it.

use super::*;
use std::collections::BTreeMap;

/// Looks every two minutes, so that each count is written, and gives who was waited for so far after each look: by
/// group, the most of its tasks at one time and until when.
fn waited(looks: &[Vec<Task>]) -> Vec<BTreeMap<String, (u32, Option<Timestamp>)>> {
    let mut bench = Bench::holding();
    let after = |(tasks, seconds): (&Vec<Task>, i64)| {
        bench.tasks(tasks.clone());
        bench.step(seconds);
        let waited = bench.record().waited.into_iter();
        waited
            .map(|waited| (waited.group, (waited.count, waited.until)))
            .collect()
    };
    looks
        .iter()
        .zip((1..).map(|look| look * 120))
        .map(after)
        .collect()
}

#[test]
fn each_group_is_counted_at_its_largest() {
    let running = |id| web(id, "RUNNING");
    let looks = [
        vec![running(1), job(5, "RUNNING")],
        vec![running(1), running(2), running(3), job(5, "RUNNING")],
        vec![running(1), job(5, "RUNNING")],
    ];
    let counts = waited(&looks)
        .into_iter()
        .map(|waited| [waited["service:web"].0, waited["family:job"].0]);
    assert_eq!(counts.collect::<Vec<_>>(), [[1, 1], [3, 1], [3, 1]]);
}

#[test]
fn a_group_was_waited_for_until_its_last_task_stopped() {
    let (first, second) = (stopped(130, web(1, "")), stopped(250, web(2, "")));
    let looks = [
        vec![web(1, "RUNNING"), web(2, "RUNNING"), job(5, "RUNNING")],
        vec![first.clone(), web(2, "RUNNING"), stopped(235, job(5, ""))],
        vec![first, second, stopped(235, job(5, "")), stopped(355, logs(""))],
    ];
    let until = waited(&looks)
        .into_iter()
        .map(|waited| [waited["service:web"].1, waited["family:job"].1]);
    let expected = [
        [None, None],
        [None, Some(at(235))],
        [Some(at(250)), Some(at(235))],
    ];
    assert_eq!(until.collect::<Vec<_>>(), expected);
}

#[test]
fn a_task_that_ecs_does_not_show_any_more_was_waited_for_until_the_first_look_without_it() {
    let all = vec![web(1, "RUNNING"), job(5, "RUNNING")];
    let fewer = vec![web(1, "RUNNING")];
    let until = waited(&[all.clone(), fewer.clone(), fewer, all])
        .into_iter()
        .map(|waited| waited["family:job"].1);
    assert_eq!(
        until.collect::<Vec<_>>(),
        [None, Some(at(240)), Some(at(240)), None],
        "a group that holds again is waited for again"
    );
}
