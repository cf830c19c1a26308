use super::*;
use crate::aws::TaskStatus;
use crate::testing::{at, policy, task};
use proptest::prelude::*;

#[test]
fn p1_every_status_but_the_final_two_holds() {
    for status in [
        "PROVISIONING",
        "PENDING",
        "ACTIVATING",
        "RUNNING",
        "DEACTIVATING",
        "STOPPING",
        "DEPROVISIONING",
        "NEWLY_ADDED",
    ] {
        let task = task(1, "service:web", status, Scheduling::Replica, &["web"]);
        assert_eq!(
            judge(&task, &policy()),
            Judgement::Holds(Holds::Replica),
            "{status}"
        );
    }
    for status in ["STOPPED", "DELETED"] {
        let task = task(1, "service:web", status, Scheduling::Replica, &["web"]);
        assert_eq!(
            judge(&task, &policy()),
            Judgement::Free(Free::Stopped),
            "{status}"
        );
    }
}

#[test]
fn each_kind_of_task_is_judged_with_its_reason() {
    let cases = [
        (
            "service:web",
            Scheduling::Replica,
            "web",
            "holds: replica task not STOPPED",
        ),
        (
            "family:batch",
            Scheduling::Standalone,
            "job",
            "holds: standalone task not STOPPED",
        ),
        (
            "service:gone",
            Scheduling::Unknown,
            "x",
            "holds: its scheduling is not known",
        ),
        (
            "service:logs",
            Scheduling::Daemon,
            "fluent-bit",
            "free: task of a DAEMON service",
        ),
        (
            "service:logs",
            Scheduling::Daemon,
            "ecs-daemon-protector",
            "free: it has a sidecar",
        ),
        (
            "service:odd",
            Scheduling::Replica,
            "ecs-daemon-protector",
            "free: it has a sidecar",
        ),
        (
            "service:ignored",
            Scheduling::Replica,
            "web",
            "free: its group is ignored",
        ),
        (
            "family:ignored",
            Scheduling::Standalone,
            "job",
            "free: its group is ignored",
        ),
    ];
    let mut policy = policy();
    policy.ignore_groups = vec![
        "service:ignored".parse().unwrap(),
        "family:ignored".parse().unwrap(),
    ];
    for (group, scheduling, container, expected) in cases {
        let task = task(1, group, "RUNNING", scheduling, &[container]);
        assert_eq!(judge(&task, &policy).to_string(), expected, "{group}");
    }
}

#[test]
fn groups_are_counted_the_largest_first() {
    let tasks = [
        task(1, "service:a", "STOPPING", Scheduling::Replica, &["a"]),
        task(2, "service:b", "RUNNING", Scheduling::Replica, &["b"]),
        task(3, "service:b", "STOPPING", Scheduling::Replica, &["b"]),
        task(4, "service:b", "STOPPING", Scheduling::Replica, &["b"]),
        task(
            5,
            "service:logs",
            "RUNNING",
            Scheduling::Daemon,
            &["logs", "ecs-daemon-protector"],
        ),
    ];
    let census = census(&tasks, &policy());
    assert_eq!(census.remaining(), 4);
    assert_eq!(census.sidecars, 1);
    assert_eq!(census.daemons.len(), 1);
    let first = &census.held_by[0];
    assert_eq!(
        (first.group.as_str(), first.count, first.last_status.as_str()),
        ("service:b", 3, "STOPPING")
    );
}

#[test]
fn the_latest_end_of_a_protection_is_reported_of_each_group() {
    let protected = |id, group: &str, until: Option<i64>| Task {
        protected_until: until.map(at),
        ..task(id, group, "RUNNING", Scheduling::Replica, &["a"])
    };
    let tasks = [
        protected(1, "service:game", Some(60)),
        protected(2, "service:game", Some(3600)),
        protected(3, "service:game", None),
        protected(4, "service:web", None),
    ];
    let census = census(&tasks, &policy());
    let reported: Vec<_> = census
        .held_by
        .iter()
        .map(|held| (held.group.as_str(), held.protected, held.protected_until))
        .collect();
    let expected = [("service:game", 2, Some(at(3600))), ("service:web", 0, None)];
    assert_eq!(reported, expected);
}

#[test]
fn a_daemon_without_the_protection_of_its_sidecar_is_a_daemon_and_no_sidecar() {
    let sidecar = |status: &str, health: &str| {
        let mut task = task(
            5,
            "service:logs",
            "RUNNING",
            Scheduling::Daemon,
            &["logs", "ecs-daemon-protector"],
        );
        let sidecar = task.containers.last_mut().unwrap();
        sidecar.last_status = Some(status.to_owned().into());
        sidecar.health = Some(health.to_owned().into());
        census(&[task], &policy())
    };
    for (status, health, sidecars) in [
        ("RUNNING", "HEALTHY", 1),
        ("RUNNING", "UNKNOWN", 1),
        ("RUNNING", "UNHEALTHY", 0),
        ("STOPPED", "UNHEALTHY", 0),
    ] {
        let census = sidecar(status, health);
        assert_eq!(census.sidecars, sidecars, "{status} {health}");
        assert_eq!(census.unprotected.len() as u32, 1 - sidecars, "{status} {health}");
        assert_eq!(
            (census.daemons.len(), census.remaining()),
            (1, 0),
            "it never holds"
        );
    }
}

#[test]
fn a_drain_ended_with_the_last_stop_of_a_task_that_held() {
    let stopped = |id, group, scheduling, containers: &[&str], seconds| Task {
        stopped_at: Some(at(seconds)),
        ..task(id, group, "STOPPED", scheduling, containers)
    };
    let mut policy = policy();
    policy.ignore_groups = vec!["service:ignored".parse().unwrap()];
    let mut tasks = vec![
        task(1, "service:web", "RUNNING", Scheduling::Replica, &["web"]),
        stopped(
            2,
            "service:logs",
            Scheduling::Daemon,
            &["logs", "ecs-daemon-protector"],
            90,
        ),
        stopped(3, "service:ignored", Scheduling::Replica, &["web"], 80),
        task(4, "service:web", "STOPPED", Scheduling::Replica, &["web"]),
    ];
    assert_eq!(
        last_stopped(&tasks, &policy),
        None,
        "none of these both held and tells its end"
    );
    tasks.push(stopped(5, "service:web", Scheduling::Replica, &["web"], 30));
    tasks.push(stopped(6, "family:job", Scheduling::Standalone, &["job"], 40));
    tasks.push(stopped(7, "service:web", Scheduling::Replica, &["web"], 20));
    assert_eq!(last_stopped(&tasks, &policy), Some(at(40)));
}

fn any_task() -> impl Strategy<Value = Task> {
    let statuses = prop::sample::select(vec![
        "PENDING", "RUNNING", "STOPPING", "STOPPED", "DELETED", "ODD",
    ]);
    let kinds = prop::sample::select(vec![
        Scheduling::Daemon,
        Scheduling::Replica,
        Scheduling::Standalone,
        Scheduling::Unknown,
    ]);
    let containers = prop::sample::select(vec!["web", "ecs-daemon-protector"]);
    (0..40_u32, 0..8_u32, statuses, kinds, containers).prop_map(|(id, group, status, kind, name)| {
        task(id, &format!("service:s{group}"), status, kind, &[name])
    })
}

proptest! {
    #[test]
    fn p2_no_living_task_is_lost(tasks in prop::collection::vec(any_task(), 0..60)) {
        let census = census(&tasks, &policy());
        let alive = tasks.iter().filter(|task| !matches!(task.last_status, TaskStatus::Stopped | TaskStatus::Deleted));
        prop_assert_eq!(alive.count(), census.holding.len() + census.daemons.len());
        prop_assert!(census.held_by.iter().map(|held| held.count).sum::<u32>() <= census.remaining());
        prop_assert!(census.held_by.windows(2).all(|pair| pair[0].count >= pair[1].count));
    }
}
