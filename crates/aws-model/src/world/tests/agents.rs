//! What the agent does with containers.

use super::lab::{Lab, simulated};
use crate::{ContainerStatus, Effect, TaskStatus, What};
use serde_json::{Value, json};
use std::time::Duration;

/// A protected daemon: the protector depends on it.
fn protected() -> Value {
    json!([
        {"name": "daemon", "entryPoint": ["/d"], "command": ["-v"], "stopTimeout": 5,
            "environment": [{"name": "A", "value": "1"}]},
        {"name": "protector", "command": ["/p"], "stopTimeout": 60, "essential": false,
            "restartPolicy": {"enabled": true},
            "dependsOn": [{"containerName": "daemon", "condition": "START"}]},
    ])
}

/// A running task of [`protected`].
fn running(lab: &mut Lab) -> String {
    lab.define_containers("protected", protected());
    let task = lab.standalone("protected");
    lab.run(100);
    for container in ["daemon", "protector"] {
        lab.world.container_started(lab.now, &task, container);
    }
    lab.run(100);
    assert_eq!(lab.status(&task), TaskStatus::Running);
    lab.world.take_effects();
    task
}

/// Each signal since the last time: its container and the signal.
fn signals(lab: &mut Lab) -> Vec<String> {
    let text = |effect| match effect {
        Effect::Signal {
            container, signal, ..
        } => Some(format!("{container} {signal:?}")),
        _ => None,
    };
    lab.world.take_effects().into_iter().filter_map(text).collect()
}

fn container(lab: &Lab, task: &str, place: usize) -> ContainerStatus {
    lab.world.task(task).unwrap().containers[place].status
}

#[test]
fn containers_are_started_one_after_the_other_as_defined() {
    let (mut lab, hosts) = Lab::new(1);
    lab.define_containers("protected", protected());
    let task = lab.standalone("protected");
    lab.run(100);
    let starts = lab.starts();
    assert_eq!(starts.len(), 1);
    assert_eq!(starts[0].command, ["/d", "-v"]);
    assert_eq!(starts[0].environment, [("A".to_owned(), "1".to_owned())]);
    assert_eq!((&starts[0].instance, starts[0].task_role), (&hosts[0], false));
    assert!(task.ends_with(&starts[0].task_id));
    lab.world.container_started(lab.now, &task, "daemon");
    assert_eq!(lab.starts()[0].container, "protector");
    assert_eq!(lab.status(&task), TaskStatus::Pending);
}

#[test]
fn the_daemon_gets_sigterm_when_the_protector_is_gone() {
    let (mut lab, _) = Lab::new(1);
    let task = running(&mut lab);
    lab.stop(&task);
    lab.run(10_000);
    assert_eq!(signals(&mut lab), ["protector Terminate"]);
    assert_eq!(container(&lab, &task, 0), ContainerStatus::Running);
    lab.world.container_exited(lab.now, &task, "protector", 0);
    assert_eq!(signals(&mut lab), ["daemon Terminate"]);
    lab.world.container_exited(lab.now, &task, "daemon", 0);
    lab.run(100);
    assert_eq!(lab.status(&task), TaskStatus::Stopped);
}

#[test]
fn each_container_is_killed_at_its_own_stop_timeout() {
    let (mut lab, _) = Lab::new(1);
    let task = running(&mut lab);
    lab.stop(&task);
    lab.run(100);
    signals(&mut lab);
    lab.run(59_000);
    assert!(signals(&mut lab).is_empty());
    lab.run(1_000);
    assert_eq!(signals(&mut lab), ["protector Kill"]);
    lab.world.container_exited(lab.now, &task, "protector", 137);
    lab.run(4_000);
    assert_eq!(signals(&mut lab), ["daemon Terminate"]);
    lab.run(1_000);
    assert_eq!(signals(&mut lab), ["daemon Kill"]);
}

#[test]
fn the_default_stop_timeout_is_30_seconds() {
    let (mut lab, _) = Lab::new(1);
    lab.define("slow", "3600");
    let task = lab.standalone("slow");
    lab.run(100);
    lab.stop(&task);
    lab.run(29_900);
    assert_eq!(lab.status(&task), TaskStatus::Stopping);
    lab.run(1_000);
    let task = lab.world.task(&task).unwrap();
    assert_eq!(task.last_status, TaskStatus::Stopped);
    assert_eq!(task.containers[0].exit_code, Some(137));
}

#[test]
fn a_crashed_protector_is_restarted_while_its_task_is_to_run() {
    let (mut lab, _) = Lab::with(1, |config| {
        config.timings.restart_attempt_period = Some(Duration::from_secs(1));
    });
    let task = running(&mut lab);
    lab.run(1_000);
    lab.world.container_exited(lab.now, &task, "protector", 70);
    assert_eq!(lab.starts().len(), 1);
    assert_eq!(lab.status(&task), TaskStatus::Running);
    lab.world.container_started(lab.now, &task, "protector");
    let restarted = lab.world.task(&task).unwrap().containers[1].clone();
    assert_eq!((restarted.exit_code, restarted.finished_at), (None, None));
    lab.stop(&task);
    lab.run(1_000);
    lab.world.container_exited(lab.now, &task, "protector", 0);
    assert_eq!(lab.starts(), []);
    assert_eq!(container(&lab, &task, 0), ContainerStatus::Terminating);
}

#[test]
fn a_protector_that_crashes_too_soon_stays_away_and_its_task_goes_on() {
    let (mut lab, _) = Lab::new(1);
    let task = running(&mut lab);
    lab.world.container_exited(lab.now, &task, "protector", 70);
    assert_eq!(lab.starts(), []);
    assert_eq!(lab.status(&task), TaskStatus::Running);
    assert_eq!(container(&lab, &task, 1), ContainerStatus::Stopped);
}

#[test]
fn reports_that_come_late_or_from_nowhere_change_nothing() {
    let (mut lab, _) = Lab::new(1);
    let task = running(&mut lab);
    lab.stop(&task);
    lab.run(100);
    lab.world.container_exited(lab.now, &task, "protector", 0);
    let entries = lab.world.journal().len();
    lab.world.container_exited(lab.now, &task, "protector", 1);
    lab.world.container_started(lab.now, &task, "protector");
    lab.world.container_started(lab.now, "no such task", "x");
    lab.world.container_exited(lab.now, &task, "no such container", 0);
    assert_eq!(lab.world.journal().len(), entries);
}

#[test]
fn overrides_replace_the_command_and_add_to_the_environment() {
    let (mut lab, _) = Lab::new(1);
    lab.define_containers("protected", protected());
    let own = json!({"name": "daemon", "command": ["-q"], "environment": [{"name": "B", "value": "2"}]});
    let params = json!({"taskDefinition": "protected",
        "overrides": {"containerOverrides": [own]}});
    lab.ecs("RunTask", params);
    lab.run(100);
    let start = &lab.starts()[0];
    assert_eq!(start.command, ["/d", "-q"]);
    let names: Vec<&str> = start.environment.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["A", "B"]);
}

#[test]
fn a_silent_agent_leaves_phantoms_until_it_speaks_again() {
    let (mut lab, hosts) = Lab::new(1);
    lab.define_containers("pair", json!([simulated("main", "0")]));
    let (stopped, crashed) = (lab.standalone("pair"), running(&mut lab));
    lab.world.agent_connected(lab.now, &hosts[0], false);
    lab.stop(&stopped);
    lab.world.container_exited(lab.now, &crashed, "daemon", 1);
    lab.run(30_000);
    assert_eq!(lab.status(&stopped), TaskStatus::Running);
    assert_eq!(lab.status(&crashed), TaskStatus::Running);
    // The agent itself continues: it has sent SIGTERM to the protector.
    assert_eq!(container(&lab, &crashed, 1), ContainerStatus::Terminating);
    lab.world.container_exited(lab.now, &crashed, "protector", 0);
    lab.world.agent_connected(lab.now, &hosts[0], true);
    lab.run(1_000);
    assert_eq!(lab.status(&stopped), TaskStatus::Stopped);
    assert_eq!(lab.status(&crashed), TaskStatus::Stopped);
}

#[test]
fn the_journal_has_each_step_of_a_container() {
    let (mut lab, _) = Lab::new(1);
    lab.define("job", "1");
    let task = lab.standalone("job");
    lab.run(100);
    lab.stop(&task);
    lab.run(2_000);
    let steps = lab.world.journal().iter().filter_map(|entry| match &entry.what {
        What::ContainerStatus { status, .. } => Some(*status),
        _ => None,
    });
    let expected = [
        ContainerStatus::Running,
        ContainerStatus::Terminating,
        ContainerStatus::Stopped,
    ];
    assert_eq!(steps.collect::<Vec<_>>(), expected);
}
