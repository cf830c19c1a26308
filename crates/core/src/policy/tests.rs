use super::*;
use crate::testing::{self, names};
use crate::variables::Problems;

fn read(settings: &[(&str, &str)]) -> Result<Policy, Problems> {
    testing::read(settings, Policy::read).map(Option::unwrap)
}

#[test]
fn defaults_are_those_of_the_documentation() {
    let policy = read(&[]).unwrap();
    assert_eq!(policy.max_drain, SignedDuration::from_hours(1));
    assert_eq!(policy.daemon_stop, SignedDuration::from_secs(120));
    assert_eq!(policy.settle, SignedDuration::from_secs(10));
    assert_eq!(policy.unprotected_check, SignedDuration::from_mins(15));
    assert_eq!(policy.on_deadline, OnDeadline::Release);
    assert_eq!(policy.prefix.to_string(), "/ecs-daemon-protector");
    assert_eq!(policy.sidecar_container.as_str(), "ecs-daemon-protector");
    assert!(policy.serves_cluster(&"any".parse().unwrap()));
}

#[test]
fn each_wrong_setting_is_reported_in_one_go() {
    let wrong = [
        ("CLUSTERS", "arn:aws:ecs:eu-west-1:1:cluster/prod"),
        ("AUTO_SCALING_GROUPS", "a\u{7}b"),
        ("LIFECYCLE_HOOKS", "no spaces"),
        ("PARAMETER_PREFIX", "aws/x"),
        ("MAX_DRAIN", "soon"),
        ("DAEMON_STOP", "0s"),
        ("SETTLE", "-1s"),
        ("LINGER", "500ms"),
        ("ON_DEADLINE", "maybe"),
        ("PARAMETER_THROUGHPUT", "high"),
        ("SIDECAR_CONTAINER", "a b"),
    ];
    let problems = read(&wrong).unwrap_err();
    assert_eq!(
        names(&problems),
        wrong.map(|(name, _)| format!("PROTECTOR_{name}"))
    );
    let said = problems.to_string();
    assert!(
        said.contains("PROTECTOR_MAX_DRAIN=\"soon\": expected a duration"),
        "{said}"
    );
}

#[test]
fn the_throughput_of_parameter_store_is_read_from_its_two_words() {
    for (text, expected) in [
        ("standard", Some(ParameterThroughput::Standard)),
        ("higher", Some(ParameterThroughput::Higher)),
        (" higher ", Some(ParameterThroughput::Higher)),
        ("", Some(ParameterThroughput::Standard)),
        ("Higher", None),
        ("high", None),
        ("true", None),
        ("10", None),
    ] {
        let outcome = read(&[("PARAMETER_THROUGHPUT", text)]);
        assert_eq!(
            outcome.as_ref().ok().map(|policy| policy.parameter_throughput),
            expected,
            "{text:?}"
        );
        let said = outcome.err().map(|problems| problems.to_string());
        let wrong = format!("PROTECTOR_PARAMETER_THROUGHPUT={text:?}: expected one of standard, higher");
        assert_eq!(
            said.is_some_and(|said| said.contains(&wrong)),
            expected.is_none(),
            "{text:?}"
        );
    }
    assert_eq!(
        read(&[]).unwrap().parameter_throughput,
        ParameterThroughput::Standard
    );
}

#[test]
fn a_settle_window_as_long_as_the_drain_contradicts_it() {
    let problems = read(&[("SETTLE", "2m"), ("MAX_DRAIN", "1m")]).unwrap_err();
    assert_eq!(names(&problems)[0], "PROTECTOR_SETTLE and PROTECTOR_MAX_DRAIN");
}

#[test]
fn tasks_that_would_be_stopped_after_the_longest_drain_contradict_it_unless_it_holds() {
    for after in ["5m", "6m"] {
        let both = [("STOP_TASKS_AFTER", after), ("MAX_DRAIN", "5m")];
        let problems = read(&both).unwrap_err();
        let expected = ["PROTECTOR_STOP_TASKS_AFTER and PROTECTOR_MAX_DRAIN"];
        assert_eq!(names(&problems), expected, "{after}");
        assert!(
            read(&[both[0], both[1], ("ON_DEADLINE", "hold")]).is_ok(),
            "{after}"
        );
    }
    let policy = read(&[("STOP_TASKS_AFTER", "4m59s"), ("MAX_DRAIN", "5m")]).unwrap();
    assert_eq!(policy.stop_tasks_after, Some(SignedDuration::from_secs(299)));
}

#[test]
fn an_agent_that_never_counts_as_lost_contradicts_the_longest_drain_if_both_were_meant() {
    let both = [("AGENT_LOST", "5m"), ("MAX_DRAIN", "5m")];
    let problems = read(&both).unwrap_err();
    assert_eq!(
        names(&problems)[0],
        "PROTECTOR_AGENT_LOST and PROTECTOR_MAX_DRAIN"
    );
    assert!(read(&[("MAX_DRAIN", "5m")]).is_ok(), "the other is a default");
    assert!(read(&[both[0], both[1], ("ON_DEADLINE", "hold")]).is_ok());
}

#[test]
fn p9_the_hook_of_managed_draining_is_never_ours() {
    let managed: LifecycleHookName = MANAGED_DRAINING_HOOK.parse().unwrap();
    assert!(!read(&[]).unwrap().serves_hook(&managed));
    assert!(read(&[("LIFECYCLE_HOOKS", MANAGED_DRAINING_HOOK)]).is_err());
}

#[test]
fn lists_narrow_what_is_ours() {
    let policy = read(&[
        ("CLUSTERS", "a, b"),
        ("AUTO_SCALING_GROUPS", "g"),
        ("LIFECYCLE_HOOKS", "h"),
    ])
    .unwrap();
    assert!(policy.serves_cluster(&"b".parse().unwrap()) && !policy.serves_cluster(&"c".parse().unwrap()));
    assert!(policy.serves_group(&"g".parse().unwrap()) && !policy.serves_group(&"x".parse().unwrap()));
    assert!(policy.serves_hook(&"h".parse().unwrap()) && !policy.serves_hook(&"x".parse().unwrap()));
}

#[test]
fn an_instance_in_no_cluster_is_ours_only_if_its_hook_or_group_is_named() {
    let named = |settings: &[(&str, &str)]| {
        let policy = read(settings).unwrap();
        policy.names(&"g".parse().unwrap(), &"h".parse().unwrap())
    };
    assert!(!named(&[]), "nothing is listed, so nothing is named");
    assert!(named(&[("AUTO_SCALING_GROUPS", "g")]));
    assert!(named(&[("LIFECYCLE_HOOKS", "h")]));
    let others = [("AUTO_SCALING_GROUPS", "other"), ("LIFECYCLE_HOOKS", "another")];
    assert!(!named(&others));
}
