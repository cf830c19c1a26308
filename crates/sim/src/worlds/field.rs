//! What people's accounts look like: machines, clusters, groups and deliveries that the product was not made for.

use super::KnownFault;
use super::build::{HOOK_EVENT, TASK_EVENT, always, lose, set, stops_in, throttle, trouble};
use crate::judge::Rule;
use crate::plain::{HOOK, LOGS, daemon, fleet, hook, plain, step};
use crate::scenario::{
    Cluster, HOUR, HostSpec, Kind, MINUTE, Ms, SECOND, Scenario, StaleRecord, Stuck, TaskSpec, Trouble, What,
};

pub(super) const FAULTS: &[KnownFault] = &[
    KnownFault {
        name: "external-instance-in-the-cluster",
        what: "Each task that stops on an ECS Anywhere host of the cluster is an invocation that fails three times.",
        why: "A container instance whose id is no EC2 id makes the whole description of its batch fail.",
        breaks: &[Rule::RunsFail],
        world: external_instance,
    },
    KnownFault {
        name: "fifty-one-groups",
        what: "With more than fifty named groups every tick fails, and a hook whose event was lost runs out unseen.",
        why: "All names go into one DescribeAutoScalingGroups, which takes fifty.",
        breaks: &[Rule::RunsFail, Rule::HookRanOut],
        world: fifty_one_groups,
    },
    KnownFault {
        name: "deleted-cluster-still-named",
        what: "A cluster that was deleted is still named, and every tick is a failed invocation.",
        why: "ClusterNotFound is taken for a failure that a retry may fix.",
        breaks: &[Rule::RunsFail],
        world: deleted_cluster,
    },
    KnownFault {
        name: "unplaced-instance-waits-indefinitely",
        what: "The hook of an instance that is in no cluster is heartbeaten far past MAX_DRAIN.",
        why: "While one cluster cannot be asked, the instance may be in it, and no record bounds that wait.",
        breaks: &[Rule::HeldTooLong],
        world: unplaced_indefinitely,
    },
    KnownFault {
        name: "unplaced-instance-in-a-new-environment",
        what: "Lambda replaces the function while no cluster can be read, and a hook is kept far past MAX_DRAIN.",
        why: "Without a record only the environment remembers since when a hook waits.",
        breaks: &[Rule::HeldTooLong],
        world: unplaced_and_recycled,
    },
    KnownFault {
        name: "dead-registration-in-another-cluster",
        what: "A dead registration in another cluster is drained, and the hook is completed while the live one runs its tasks.",
        why: "One registration is taken for the instance, whichever agent happens to be connected.",
        breaks: &[Rule::LetGoWithTasks],
        world: dead_registration_elsewhere,
    },
    KnownFault {
        name: "live-agent-away-at-the-scale-in",
        what: "The live agent is away for a moment when the hook begins, and a dead registration is drained in its place.",
        why: "Of several registrations the one that looks best at that moment is taken for the whole drain.",
        breaks: &[Rule::LetGoWithTasks],
        world: live_agent_away,
    },
    KnownFault {
        name: "live-agent-away-and-a-dead-registration-elsewhere",
        what: "The live agent is away when the hook begins, and a dead registration in another cluster ends the wait alone.",
        why: "The instance is drained in both clusters, and the first drain that ends completes the hook.",
        breaks: &[Rule::LetGoWithTasks],
        world: live_agent_away_elsewhere,
    },
    KnownFault {
        name: "registration-never-active",
        what: "An instance that never became ACTIVE is held until MAX_DRAIN, and its receipt tells of a forced release.",
        why: "A status that never turns DRAINING is waited for like one that will.",
        breaks: &[Rule::FalseEvidence],
        world: never_active,
    },
    KnownFault {
        name: "drained-again-under-the-same-hook",
        what: "An operator sets the instance ACTIVE and DRAINING again while its hook waits, and the second drain is not held.",
        why: "ACTIVE is taken for the end of a drain, although the group does not take a termination back.",
        breaks: &[Rule::LetGoWithTasks],
        world: drained_again,
    },
    KnownFault {
        name: "tasks-that-ended-before-the-deadline",
        what: "All tasks end before the deadline, and the receipt says that the deadline forced the release.",
        why: "The deadline is asked for before the count, and the look came after it.",
        breaks: &[Rule::FalseEvidence],
        world: ended_before_the_deadline,
    },
    KnownFault {
        name: "dead-connections-after-a-freeze",
        what: "The first tick after each freeze fails, and drains get no heartbeat from it.",
        why: "Pooled connections that died while the environment was frozen use up the tries of the first calls.",
        breaks: &[Rule::RunsFail],
        world: dead_connections,
    },
    KnownFault {
        name: "hundreds-of-clusters",
        what: "With hundreds of clusters and none named, ticks and hook events do not end within the function's time.",
        why: "Clusters are asked one after another.",
        breaks: &[Rule::RunsFail],
        world: hundreds_of_clusters,
    },
    KnownFault {
        name: "ended-drains-cost-every-tick",
        what: "Ten instances that are gone and stay DRAINING in the cluster cost every idle tick many calls.",
        why: "A registration that is DRAINING gets a full observation each minute, also when its drain has its receipt.",
        breaks: &[Rule::IdleCost],
        world: ended_drains,
    },
    KnownFault {
        name: "foreign-messages-are-malformed",
        what: "Test messages, warm-up pings and plain notifications are counted as errors.",
        why: "Whatever is no event of a known shape is taken for a broken one.",
        breaks: &[Rule::FalseAlarm],
        world: foreign_messages,
    },
    KnownFault {
        name: "capacity-reservation-notice",
        what: "EC2 takes back an instance of an interruptible capacity reservation, and nothing drains it.",
        why: "Only Spot has a rule and a parser for its notice of two minutes.",
        breaks: &[Rule::LateHold],
        world: capacity_notice,
    },
    KnownFault {
        name: "managed-instances-are-drained",
        what: "A Managed Instance that ECS drains gets a record, and its daemon gets StopTask.",
        why: "Nothing asks whether a container instance is one of ours.",
        breaks: &[Rule::NotOurs],
        world: managed_instance,
    },
    KnownFault {
        name: "managed-instance-while-providers-are-throttled",
        what: "ECS drains a Managed Instance in a minute in which `DescribeCapacityProviders` fails: it gets a record, and \
               its task StopTask.",
        why: "A failure counted as an answer for ten minutes. The launch type of the tasks shows the same, and a failure is \
              asked again after ten seconds.",
        breaks: &[Rule::NotOurs],
        world: managed_instance_of_unknown_provider,
    },
];

fn cluster(name: &str, deleted: bool) -> Cluster {
    Cluster {
        name: name.to_owned(),
        deleted,
    }
}

fn external_instance() -> Scenario {
    let mut scenario = fleet(1, 1);
    scenario.hosts.push(HostSpec {
        kind: Kind::External,
        cluster: Some(0),
        tasks: vec![TaskSpec {
            ends: Some(40 * SECOND),
            ..stops_in(SECOND)
        }],
        ..HostSpec::default()
    });
    // The function is new: no tick has shown it which instances drain.
    scenario.function.first_tick = 5 * MINUTE;
    scenario
}

fn fifty_one_groups() -> Scenario {
    let mut scenario = fleet(1, 1);
    scenario.groups[0].hooks = vec![hook(HOOK, 3 * MINUTE)];
    scenario.faults = vec![lose(HOOK_EVENT, 0, Ms::MAX)];
    let names = (0..50).map(|number| format!("pool-{number}"));
    let names: Vec<String> = std::iter::once("workers".to_owned()).chain(names).collect();
    set(&mut scenario, "AUTO_SCALING_GROUPS", &names.join(","));
    scenario.limit = 20 * MINUTE;
    scenario
}

fn deleted_cluster() -> Scenario {
    let mut scenario = fleet(1, 1);
    scenario.clusters.push(cluster("harness", true));
    set(&mut scenario, "CLUSTERS", "prod,harness");
    scenario.limit = 20 * MINUTE;
    scenario
}

fn unplaced_indefinitely() -> Scenario {
    let mut scenario = deleted_cluster();
    set(&mut scenario, "MAX_DRAIN", "10m");
    scenario.hosts = vec![HostSpec {
        group: Some(0),
        ..HostSpec::default()
    }];
    scenario.limit = 40 * MINUTE;
    scenario
}

/// Each environment comes upon the wait, and none of them asks a cluster with success.
fn unplaced_and_recycled() -> Scenario {
    let mut scenario = fleet(1, 1);
    set(&mut scenario, "MAX_DRAIN", "10m");
    scenario.hosts[0].tasks = vec![stops_in(4 * HOUR)];
    scenario.steps = vec![step(10 * SECOND, What::ScaleIn(0))];
    let recycled = (1..30).map(|time| step(time * 4 * MINUTE + 30 * SECOND, What::Recycle));
    scenario.steps.extend(recycled);
    let denied = Trouble::Deny {
        of: Some("ListContainerInstances".to_owned()),
    };
    // The event of the hook would contain the time since when it waits.
    scenario.faults = vec![always(denied), lose(HOOK_EVENT, 0, Ms::MAX)];
    scenario.limit = 2 * HOUR;
    scenario
}

fn dead_registration_elsewhere() -> Scenario {
    let mut scenario = fleet(1, 1);
    scenario.clusters.push(cluster("default", false));
    set(&mut scenario, "CLUSTERS", "default,prod");
    scenario.hosts[0].tasks = vec![stops_in(4 * MINUTE); 3];
    scenario.hosts[0].stale_records = vec![dead(1)];
    scenario
}

/// A registration whose agent is gone; it is still ACTIVE, and comes last in listings.
fn dead(cluster: usize) -> StaleRecord {
    StaleRecord {
        cluster,
        draining: false,
        phantoms: 0,
        sorts_first: false,
    }
}

fn live_agent_away() -> Scenario {
    let mut scenario = fleet(1, 1);
    scenario.hosts[0].tasks = vec![stops_in(4 * MINUTE); 3];
    scenario.hosts[0].stale_records = vec![dead(0)];
    scenario.steps = vec![
        step(9 * SECOND, What::AgentDown(0)),
        step(10 * SECOND, What::ScaleIn(0)),
        step(30 * SECOND, What::AgentUp(0)),
    ];
    scenario
}

/// Without an agent in either cluster, both are drained. The one without tasks is over within seconds.
fn live_agent_away_elsewhere() -> Scenario {
    let mut scenario = dead_registration_elsewhere();
    scenario.steps = vec![
        step(9 * SECOND, What::AgentDown(0)),
        step(10 * SECOND, What::ScaleIn(0)),
        step(30 * SECOND, What::AgentUp(0)),
    ];
    scenario
}

fn never_active() -> Scenario {
    let mut scenario = fleet(1, 1);
    set(&mut scenario, "MAX_DRAIN", "10m");
    scenario.hosts = vec![HostSpec {
        group: Some(0),
        cluster: Some(0),
        stuck_registration: Some(Stuck::Failed),
        ..HostSpec::default()
    }];
    scenario
}

fn drained_again() -> Scenario {
    let mut scenario = fleet(1, 1);
    let late = TaskSpec {
        notified: Some(55 * SECOND),
        ..stops_in(5 * MINUTE)
    };
    scenario.hosts[0].tasks = vec![late; 2];
    // No task was stopped yet when the first drain is undone.
    scenario.steps = vec![
        step(10 * SECOND, What::ScaleIn(0)),
        step(MINUTE, What::SetActive(0)),
        step(100 * SECOND, What::SetDraining(0)),
    ];
    scenario
}

fn ended_before_the_deadline() -> Scenario {
    let mut scenario = fleet(1, 1);
    set(&mut scenario, "MAX_DRAIN", "75s");
    scenario.hosts[0].tasks = vec![stops_in(40 * SECOND)];
    scenario.steps = vec![step(10 * SECOND, What::ScaleIn(0))];
    // The event of the last task is lost; the tick comes after the deadline.
    scenario.faults = vec![lose(TASK_EVENT, 0, Ms::MAX)];
    scenario.function.first_tick = 30 * SECOND;
    scenario
}

fn dead_connections() -> Scenario {
    let mut scenario = fleet(1, 10);
    scenario.function.environments = 1;
    scenario.function.connections_die_after = Some(20 * SECOND);
    for host in &mut scenario.hosts {
        host.tasks = vec![stops_in(12 * MINUTE)];
    }
    scenario.groups[0].hooks = vec![hook(HOOK, 3 * MINUTE)];
    scenario
}

fn hundreds_of_clusters() -> Scenario {
    let mut scenario = fleet(1, 1);
    scenario.settings.remove("CLUSTERS");
    let others = (0..700).map(|number| cluster(&format!("app-{number}"), false));
    scenario.clusters.splice(0..0, others);
    scenario.hosts[0].cluster = Some(700);
    scenario.limit = 10 * MINUTE;
    scenario
}

fn ended_drains() -> Scenario {
    let mut scenario = fleet(1, 10);
    scenario.aws.registrations_linger = true;
    scenario.tail = 90 * MINUTE;
    scenario
}

fn foreign_messages() -> Scenario {
    let mut scenario = fleet(1, 1);
    let foreign = [
        r#"{"Records":[{"EventSource":"aws:sns","Sns":{"Message":"hello"}}]}"#,
        r#"{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"logs"}"#,
        r#"{"source":"warmup"}"#,
        r#"{"Records":[]}"#,
    ];
    let each = foreign.iter().zip(0..);
    scenario.steps.extend(
        each.map(|(text, number)| step(5 * SECOND + number * SECOND, What::Foreign((*text).to_owned()))),
    );
    scenario
}

fn capacity_notice() -> Scenario {
    let mut scenario = fleet(1, 1);
    scenario.steps = vec![step(10 * SECOND, What::CapacityNotice(0))];
    scenario
}

fn managed_instance_of_unknown_provider() -> Scenario {
    let throttled = throttle("DescribeCapacityProviders");
    Scenario {
        faults: vec![trouble(throttled, u32::MAX, 0, MINUTE)],
        ..managed_instance()
    }
}

fn managed_instance() -> Scenario {
    let mut scenario = plain(1);
    set(&mut scenario, "STOP_TASKS_AFTER", "1m");
    scenario.hosts = vec![HostSpec {
        kind: Kind::Managed,
        cluster: Some(0),
        tasks: vec![stops_in(3 * MINUTE)],
        daemons: vec![crate::scenario::Daemon {
            sidecar: crate::scenario::Sidecar::None,
            ..daemon(LOGS)
        }],
        ..HostSpec::default()
    }];
    scenario.steps = vec![step(10 * SECOND, What::SetDraining(0))];
    scenario.limit = HOUR;
    scenario
}
