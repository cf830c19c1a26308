use super::*;
use crate::ecs::definition::{ContainerDefinition, Resources};
use crate::ids::Ids;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

fn definition(containers: Value) -> TaskDefinition {
    TaskDefinition {
        family: "f".to_owned(),
        revision: 1,
        arn: "arn".to_owned(),
        containers: Vec::<ContainerDefinition>::deserialize(containers).unwrap(),
        task_role: false,
        resources: Resources::default(),
        json: Value::Null,
    }
}

/// A daemon with its protector, and a third container that depends on the protector alone.
fn chain() -> TaskDefinition {
    definition(json!([
        {"name": "daemon"},
        {"name": "protector", "dependsOn": [{"containerName": "daemon", "condition": "START"}]},
        {"name": "top", "dependsOn": [{"containerName": "protector", "condition": "START"}]},
    ]))
}

fn containers(definition: &TaskDefinition, statuses: &[ContainerStatus]) -> Vec<Container> {
    let mut ids = Ids::new(1);
    assert_eq!(definition.containers.len(), statuses.len());
    let container = |status: &ContainerStatus| {
        let mut container = Container::new(&mut ids);
        container.status = *status;
        if !matches!(status, ContainerStatus::Created | ContainerStatus::Starting) {
            container.started_at = Some(Timestamp::UNIX_EPOCH);
        }
        container
    };
    statuses.iter().map(container).collect()
}

#[test]
fn containers_start_after_what_they_depend_on() {
    use ContainerStatus::{Created, Running, Starting};
    let chain = chain();
    let cases = [
        ([Created, Created, Created], vec![Step::Start(0)]),
        ([Starting, Created, Created], vec![]),
        ([Running, Created, Created], vec![Step::Start(1)]),
        ([Running, Running, Created], vec![Step::Start(2)]),
        ([Running, Running, Running], vec![]),
    ];
    for (statuses, expected) in cases {
        let containers = containers(&chain, &statuses);
        assert_eq!(
            steps(&chain, &containers, DesiredStatus::Running),
            expected,
            "{statuses:?}"
        );
    }
}

#[test]
fn a_container_gets_sigterm_after_all_that_depend_on_it_have_stopped() {
    use ContainerStatus::{Created, Killing, Running, Starting, Stopped, Terminating};
    let chain = chain();
    let cases = [
        ([Running, Running, Running], vec![Step::Terminate(2)]),
        ([Running, Running, Terminating], vec![]),
        ([Running, Running, Killing], vec![]),
        ([Running, Running, Stopped], vec![Step::Terminate(1)]),
        ([Running, Terminating, Stopped], vec![]),
        ([Running, Stopped, Stopped], vec![Step::Terminate(0)]),
        ([Stopped, Stopped, Stopped], vec![]),
        // Only direct dependants count: with the protector gone, the daemon is not kept by "top".
        (
            [Running, Stopped, Running],
            vec![Step::Terminate(0), Step::Terminate(2)],
        ),
        // What has not started never will; what is starting is waited for.
        ([Running, Starting, Created], vec![Step::Skip(2)]),
    ];
    for (statuses, expected) in cases {
        let containers = containers(&chain, &statuses);
        assert_eq!(
            steps(&chain, &containers, DesiredStatus::Stopped),
            expected,
            "{statuses:?}"
        );
    }
}

#[test]
fn conditions_wait_for_the_end_or_give_up() {
    let after = |condition: &str| {
        definition(json!([
            {"name": "init", "essential": false},
            {"name": "main", "dependsOn": [{"containerName": "init", "condition": condition}]},
        ]))
    };
    let cases = [
        ("START", None, vec![Step::Start(1)]),
        ("HEALTHY", None, vec![Step::Start(1)]),
        ("COMPLETE", None, vec![]),
        ("SUCCESS", None, vec![]),
        ("COMPLETE", Some(1), vec![Step::Start(1)]),
        ("SUCCESS", Some(0), vec![Step::Start(1)]),
        ("SUCCESS", Some(1), vec![Step::Skip(1)]),
    ];
    for (condition, exit, expected) in cases {
        let definition = after(condition);
        let mut containers = containers(&definition, &[ContainerStatus::Running, ContainerStatus::Created]);
        if let Some(code) = exit {
            containers[0].stop(Timestamp::UNIX_EPOCH, Some(code));
        }
        let found = steps(&definition, &containers, DesiredStatus::Running);
        assert_eq!(found, expected, "{condition} {exit:?}");
    }
}

#[test]
fn independent_containers_stop_side_by_side() {
    let two = definition(json!([{"name": "a"}, {"name": "b"}]));
    let containers = containers(&two, &[ContainerStatus::Running, ContainerStatus::Running]);
    let found = steps(&two, &containers, DesiredStatus::Stopped);
    assert_eq!(found, [Step::Terminate(0), Step::Terminate(1)]);
}
