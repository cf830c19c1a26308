use super::*;

const OWN_NAME: &str = "ecs-daemon-protector";

fn reported(containers: &[(&str, &str)]) -> TaskMetadata {
    let listed: Vec<String> = containers
        .iter()
        .map(|(n, s)| format!(r#"{{"Name":"{n}","KnownStatus":"{s}","Type":"NORMAL","ExitCode":0}}"#))
        .collect();
    let pause = r#"{"Name":"~internal~ecs~pause","KnownStatus":"RESOURCES_PROVISIONED","Type":"CNI_PAUSE"}"#;
    let text = format!(
        r#"{{"Cluster":"prod","Containers":[{},{pause}]}}"#,
        listed.join(",")
    );
    read(text.as_bytes()).unwrap()
}

#[test]
fn protected_containers_are_judged_together() {
    let own: ContainerName = OWN_NAME.parse().unwrap();
    let me = (OWN_NAME, "RUNNING");
    for (containers, protects, expected) in [
        (
            vec![("fluent-bit", "RUNNING"), me],
            vec![],
            ProtectedContainers::Alive,
        ),
        (
            vec![("fluent-bit", "STOPPED"), me],
            vec![],
            ProtectedContainers::Stopped,
        ),
        (
            vec![("fluent-bit", "STOPPED"), ("init", "RUNNING"), me],
            vec![],
            ProtectedContainers::Alive,
        ),
        (
            vec![("fluent-bit", "STOPPED"), ("init", "RUNNING"), me],
            vec!["fluent-bit"],
            ProtectedContainers::Stopped,
        ),
        (
            vec![("fluent-bit", "STOPPED"), me],
            vec!["fluent-bit", "xray"],
            ProtectedContainers::Alive,
        ),
        (
            vec![("fluent-bit", "STOPPED"), me],
            vec!["fluent-bit", OWN_NAME],
            ProtectedContainers::Stopped,
        ),
        (
            vec![("fluent-bit", "PULLED"), me],
            vec![],
            ProtectedContainers::Alive,
        ),
        (
            vec![("fluent-bit", "STOPPED"), ("fluent-bit", "RUNNING"), me],
            vec!["fluent-bit"],
            ProtectedContainers::Alive,
        ),
        (vec![me], vec![], ProtectedContainers::Stopped),
    ] {
        let names: Vec<ContainerName> = protects.iter().map(|p| p.parse().unwrap()).collect();
        assert_eq!(
            reported(&containers).state(&names, Some(&own)),
            expected,
            "{containers:?} {protects:?}"
        );
    }
}

#[test]
fn p2_a_task_without_a_list_of_containers_is_alive() {
    for text in ["{}", r#"{"Containers":null}"#, r#"{"Containers":[]}"#] {
        assert_eq!(
            read(text.as_bytes()).unwrap().state(&[], None),
            ProtectedContainers::Alive
        );
    }
}

#[test]
fn names_that_the_task_does_not_have_are_found() {
    let protects: Vec<ContainerName> = ["fluent-bit", "fluentbit"].map(|p| p.parse().unwrap()).into();
    assert_eq!(
        reported(&[("fluent-bit", "RUNNING")]).unknown_containers(&protects),
        ["fluentbit"]
    );
}

#[test]
fn the_own_container_is_known_by_a_name_that_is_one() {
    let name = own_name(br#"{"Name":"ecs-daemon-protector","KnownStatus":"RUNNING"}"#);
    assert_eq!(name, Some("ecs-daemon-protector".parse().unwrap()));
    for wrong in ["", "{}", r#"{"Name":"no name"}"#, r#"{"Name":7}"#] {
        assert_eq!(own_name(wrong.as_bytes()), None, "{wrong}");
    }
}
