//! Invariants that hold for any sequence of events.

use super::lab::{CLUSTER, Lab, simulated};
use crate::{ContainerStatus, DesiredStatus, Entry, InstanceStatus, TaskStatus, What};
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeMap;

/// Something that is done to the world. Numbers choose among what is there.
#[derive(Clone, Debug)]
enum Act {
    Wait(u64),
    Drain(usize),
    Activate(usize),
    RunTask,
    StopTask(usize),
    Scale(usize),
    Deploy(bool),
    Agent(usize, bool),
    Launch,
    Terminate(usize),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (1..3_000_u64).prop_map(Act::Wait),
        2 => any::<usize>().prop_map(Act::Drain),
        1 => any::<usize>().prop_map(Act::Activate),
        2 => Just(Act::RunTask),
        2 => any::<usize>().prop_map(Act::StopTask),
        1 => (0..6_usize).prop_map(Act::Scale),
        1 => any::<bool>().prop_map(Act::Deploy),
        1 => (any::<usize>(), any::<bool>()).prop_map(|(host, connected)| Act::Agent(host, connected)),
        1 => Just(Act::Launch),
        1 => any::<usize>().prop_map(Act::Terminate),
    ]
}

/// Three instances, a protected daemon, a web service, a standalone task.
fn busy() -> (Lab, Vec<String>) {
    let (mut lab, hosts) = Lab::with(3, |config| config.instance_memory = 2_000);
    let mut protector = simulated("protector", "0.5");
    protector["essential"] = json!(false);
    protector["dependsOn"] = json!([{"containerName": "main", "condition": "START"}]);
    lab.define_containers("agent", json!([simulated("main", "0.2"), protector]));
    let mut web = simulated("main", "1");
    web["memory"] = json!(400);
    lab.define_containers("web", json!([web]));
    lab.define("job", "0.3");
    lab.daemon("router", "agent");
    lab.replica("web", "web", 4);
    (lab, hosts)
}

fn perform(lab: &mut Lab, hosts: &mut Vec<String>, act: &Act) {
    let pick = |number: usize| hosts[number % hosts.len()].clone();
    match act {
        Act::Wait(milliseconds) => lab.run(*milliseconds),
        Act::Drain(host) => set_state(lab, &pick(*host), "DRAINING"),
        Act::Activate(host) => set_state(lab, &pick(*host), "ACTIVE"),
        Act::RunTask => {
            let params = json!({"taskDefinition": "job"});
            let _ = lab.try_call(crate::Service::Ecs, "RunTask", params);
        }
        Act::StopTask(number) => {
            let tasks: Vec<_> = hosts.iter().flat_map(|host| lab.world.tasks_on(host)).collect();
            if let Some(task) = tasks.get(number % tasks.len().max(1)) {
                lab.stop(&task.task_arn);
            }
        }
        Act::Scale(count) => {
            let params = json!({"service": "web", "desiredCount": count});
            lab.ecs("UpdateService", params);
        }
        Act::Deploy(daemon) => {
            let service = if *daemon { "router" } else { "web" };
            let params = json!({"service": service, "forceNewDeployment": true});
            lab.ecs("UpdateService", params);
        }
        Act::Agent(host, connected) => lab.world.agent_connected(lab.now, &pick(*host), *connected),
        Act::Launch => hosts.push(lab.world.launch_instance(lab.now, CLUSTER)),
        Act::Terminate(host) => lab.world.terminate_instance(lab.now, &pick(*host)),
    }
}

fn set_state(lab: &mut Lab, host: &str, status: &str) {
    let state = lab.world.instance_state(host);
    if let Some(arn) = state.and_then(|state| state.container_instance_arn) {
        let params = json!({"containerInstances": [arn], "status": status});
        lab.ecs("UpdateContainerInstancesState", params);
    }
}

/// No instance has two tasks of a daemon, or more tasks than it has memory for.
fn check_instances(lab: &Lab, hosts: &[String]) {
    for host in hosts {
        let daemons = lab.alive(host, "service:router").len();
        assert!(daemons <= 1, "{daemons} daemon tasks on {host}");
        let replicas = lab.alive(host, "service:web").len();
        assert!(replicas <= 5, "{replicas} replicas on {host}");
    }
}

/// The counts that services keep are those of their tasks.
fn check_counts(lab: &mut Lab, hosts: &[String]) {
    for name in ["router", "web"] {
        let (service, group) = (lab.service(name), format!("service:{name}"));
        let tasks = hosts.iter().flat_map(|host| lab.alive(host, &group));
        let wanted = tasks.filter(|task| task.desired_status == DesiredStatus::Running);
        let statuses: Vec<TaskStatus> = wanted.map(|task| task.last_status).collect();
        let running = statuses
            .iter()
            .filter(|status| **status == TaskStatus::Running)
            .count();
        assert_eq!(service["runningCount"], running, "{group}");
        assert_eq!(service["pendingCount"], statuses.len() - running, "{group}");
    }
}

/// No task goes back in its walk, and none starts where it may not.
fn check_walks(journal: &[Entry]) {
    let mut tasks: BTreeMap<&str, TaskStatus> = BTreeMap::new();
    let mut instances: BTreeMap<&str, (InstanceStatus, bool)> = BTreeMap::new();
    for entry in journal {
        match &entry.what {
            What::InstanceStatus {
                instance,
                status,
                agent_connected,
                ..
            } => {
                instances.insert(instance, (*status, *agent_connected));
            }
            What::TaskStatus {
                task_arn,
                instance,
                status,
                desired,
                ..
            } => {
                match tasks.insert(task_arn, *status) {
                    Some(before) => assert!(before <= *status, "{task_arn} went back to {status:?}"),
                    None => assert_eq!(
                        instances[instance.as_str()],
                        (InstanceStatus::Active, true),
                        "{task_arn}"
                    ),
                }
                if *status >= TaskStatus::Deactivating {
                    assert_eq!(*desired, DesiredStatus::Stopped, "{task_arn} is {status:?}");
                }
            }
            _ => {}
        }
    }
}

/// A container gets SIGTERM only after the protector that depends on it has stopped.
fn check_stop_order(journal: &[Entry]) {
    let mut protectors: BTreeMap<&str, ContainerStatus> = BTreeMap::new();
    for entry in journal {
        let What::ContainerStatus {
            task_arn,
            container,
            status,
            ..
        } = &entry.what
        else {
            continue;
        };
        if container == "protector" {
            protectors.insert(task_arn, *status);
        } else if *status == ContainerStatus::Terminating {
            let protector = protectors.get(task_arn.as_str());
            assert!(
                protector.is_none_or(|status| *status == ContainerStatus::Stopped),
                "{task_arn}"
            );
        }
    }
}

/// When nothing more is done, a draining instance whose agent is there has no service task left, and services have
/// all their tasks, or all instances are full.
fn check_rest(lab: &mut Lab, hosts: &[String]) {
    lab.run(60_000);
    let service = lab.service("web");
    let count = |name: &str| service[name].as_u64().unwrap();
    // One that waits for a silent agent counts as there.
    let missing = count("desiredCount") > count("runningCount") + count("pendingCount");
    for host in hosts {
        let [daemons, replicas] = ["service:router", "service:web"].map(|group| lab.alive(host, group).len());
        let state = lab.world.instance_state(host).unwrap();
        match state.status {
            Some(InstanceStatus::Draining) if state.agent_connected => {
                assert_eq!((daemons, replicas), (0, 0))
            }
            Some(InstanceStatus::Active) if state.agent_connected => {
                assert_eq!(daemons, 1, "{host}");
                let is_right = !missing || replicas == 5;
                assert!(is_right, "a replica is missing, and {host} has {replicas}");
            }
            Some(InstanceStatus::Inactive) => assert_eq!((daemons, replicas), (0, 0)),
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_world_stays_in_order(acts in prop::collection::vec(act(), 1..40)) {
        let (mut lab, mut hosts) = busy();
        for act in &acts {
            perform(&mut lab, &mut hosts, act);
            check_instances(&lab, &hosts);
            check_counts(&mut lab, &hosts);
            prop_assert!(lab.world.journal().is_sorted_by_key(|entry| entry.at));
        }
        check_rest(&mut lab, &hosts);
        check_instances(&lab, &hosts);
        check_walks(lab.world.journal());
        check_stop_order(lab.world.journal());
    }
}
