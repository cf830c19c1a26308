use super::*;

const OWN_NAME: &str = "ecs-daemon-protector";

fn reported(containers: &[(&str, &str)]) -> TaskMetadata {
    let listed: Vec<String> = containers
        .iter()
        .map(|(n, s)| format!(r#"{{"Name":"{n}","KnownStatus":"{s}","Type":"NORMAL","ExitCode":0}}"#))
        .collect();
    let pause = r#"{"Name":"~internal~ecs~pause","KnownStatus":"RESOURCES_PROVISIONED","Type":"CNI_PAUSE"}"#;
    let listed = listed.join(",");
    let text = format!(r#"{{"Cluster":"prod","Containers":[{listed},{pause}]}}"#);
    read(text.as_bytes()).unwrap()
}

#[test]
fn protected_containers_are_judged_together() {
    use ProtectedContainers::{Alive, Stopped};
    let own: ContainerName = OWN_NAME.parse().unwrap();
    let me = (OWN_NAME, "RUNNING");
    let is = |status| ("fluent-bit", status);
    for (containers, protects, expected) in [
        (vec![is("RUNNING"), me], vec![], Alive),
        (vec![is("STOPPED"), me], vec![], Stopped),
        (vec![is("STOPPED"), ("init", "RUNNING"), me], vec![], Alive),
        (
            vec![is("STOPPED"), ("init", "RUNNING"), me],
            vec!["fluent-bit"],
            Stopped,
        ),
        (vec![is("STOPPED"), me], vec!["fluent-bit", "xray"], Alive),
        (vec![is("STOPPED"), me], vec!["fluent-bit", OWN_NAME], Stopped),
        (vec![is("PULLED"), me], vec![], Alive),
        (vec![is("STOPPED"), is("RUNNING"), me], vec!["fluent-bit"], Alive),
        (vec![me], vec![], Stopped),
    ] {
        let names: Vec<ContainerName> = protects.iter().map(|p| p.parse().unwrap()).collect();
        let state = reported(&containers).state(&names, Some(&own));
        assert_eq!(state, expected, "{containers:?} {protects:?}");
    }
}

#[test]
fn p2_a_task_without_a_list_of_containers_is_alive() {
    for text in ["{}", r#"{"Containers":null}"#, r#"{"Containers":[]}"#] {
        let state = read(text.as_bytes()).unwrap().state(&[], None);
        assert_eq!(state, ProtectedContainers::Alive);
    }
}

#[test]
fn names_that_the_task_does_not_have_are_found() {
    let protects: Vec<ContainerName> = ["fluent-bit", "fluentbit"].map(|p| p.parse().unwrap()).into();
    let task = reported(&[("fluent-bit", "RUNNING")]);
    assert_eq!(task.unknown_containers(&protects), ["fluentbit"]);
}

#[test]
fn the_own_container_is_known_by_a_name_that_is_one() {
    let name = own_name(br#"{"Name":"ecs-daemon-protector","KnownStatus":"RUNNING"}"#);
    assert_eq!(name, Some("ecs-daemon-protector".parse().unwrap()));
    for wrong in ["", "{}", r#"{"Name":"no name"}"#, r#"{"Name":7}"#] {
        assert_eq!(own_name(wrong.as_bytes()), None, "{wrong}");
    }
}
