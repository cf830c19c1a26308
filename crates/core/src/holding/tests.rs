use super::*;
use crate::aws::TaskStatus;
use crate::testing::{at, policy, task};
use proptest::prelude::*;

fn replica(id: u32, group: &str, status: &str) -> Task {
    task(id, group, status, Scheduling::Replica, &["web"])
}

fn logs(id: u32, status: &str) -> Task {
    let containers = ["logs", "ecs-daemon-protector"];
    task(id, "service:logs", status, Scheduling::Daemon, &containers)
}

#[test]
fn p1_every_status_but_the_final_two_holds() {
    let holds = "PROVISIONING PENDING ACTIVATING RUNNING DEACTIVATING STOPPING DEPROVISIONING NEWLY_ADDED";
    for (statuses, expected) in [
        (holds, Judgement::Holds(Holds::Replica)),
        ("STOPPED DELETED", Judgement::Free(Free::Stopped)),
    ] {
        for status in statuses.split(' ') {
            let judged = judge(&replica(1, "service:web", status), &policy());
            assert_eq!(judged, expected, "{status}");
        }
    }
}

#[test]
fn each_kind_of_task_is_judged_with_its_reason() {
    use Scheduling::{Daemon, Replica, Standalone, Unknown};
    const SIDECAR: &str = "ecs-daemon-protector";
    let cases = [
        ("service:web", Replica, "web", "holds: replica task not STOPPED"),
        (
            "family:batch",
            Standalone,
            "job",
            "holds: standalone task not STOPPED",
        ),
        ("service:gone", Unknown, "x", "holds: its scheduling is not known"),
        ("service:logs", Daemon, "logs", "free: task of a DAEMON service"),
        ("service:logs", Daemon, SIDECAR, "free: it has a sidecar"),
        ("service:odd", Replica, SIDECAR, "free: it has a sidecar"),
        ("service:ignored", Replica, "web", "free: its group is ignored"),
        ("family:ignored", Standalone, "job", "free: its group is ignored"),
    ];
    let mut policy = policy();
    policy.ignore_groups = ["service:ignored", "family:ignored"]
        .map(|group| group.parse().unwrap())
        .into();
    for (group, scheduling, container, expected) in cases {
        let task = task(1, group, "RUNNING", scheduling, &[container]);
        assert_eq!(judge(&task, &policy).to_string(), expected, "{group}");
    }
}

#[test]
fn groups_are_counted_the_largest_first() {
    let tasks = [
        replica(1, "service:a", "STOPPING"),
        replica(2, "service:b", "RUNNING"),
        replica(3, "service:b", "STOPPING"),
        replica(4, "service:b", "STOPPING"),
        logs(5, "RUNNING"),
    ];
    let census = census(&tasks, &policy());
    assert_eq!(census.remaining(), 4);
    assert_eq!(census.sidecars, 1);
    assert_eq!(census.daemons.len(), 1);
    let first = &census.held_by[0];
    let found = (&*first.group, first.count, &*first.last_status);
    assert_eq!(found, ("service:b", 3, "STOPPING"));
}

#[test]
fn the_latest_end_of_a_protection_is_reported_of_each_group() {
    let protected = |id, group: &str, until: Option<i64>| Task {
        protected_until: until.map(at),
        ..replica(id, group, "RUNNING")
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
        let mut task = logs(5, "RUNNING");
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
        let counts = (census.daemons.len(), census.remaining());
        assert_eq!(counts, (1, 0), "it never holds");
    }
}

#[test]
fn a_drain_ended_with_the_last_stop_of_a_task_that_held() {
    let stopped = |seconds, task| Task {
        stopped_at: Some(at(seconds)),
        ..task
    };
    let web = |id| replica(id, "service:web", "STOPPED");
    let job = task(6, "family:job", "STOPPED", Scheduling::Standalone, &["job"]);
    let mut policy = policy();
    policy.ignore_groups = vec!["service:ignored".parse().unwrap()];
    let mut tasks = vec![
        replica(1, "service:web", "RUNNING"),
        stopped(90, logs(2, "STOPPED")),
        stopped(80, replica(3, "service:ignored", "STOPPED")),
        web(4),
    ];
    // None of these both held and tells its end.
    assert_eq!(last_stopped(&tasks, &policy), None);
    tasks.extend([stopped(30, web(5)), stopped(40, job), stopped(20, web(7))]);
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
