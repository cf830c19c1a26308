use super::*;
use crate::testing::at;
use proptest::prelude::*;

/// The spellings of the prefix: three of the API, and those of the documentation.
const PREFIXES: [&str; 5] = [
    "(service web) ",
    "(service web, taskSet ecs-svc/1234567890123456789) ",
    "(service web) (deployment ecs-svc/1234567890123456789) ",
    "service web ",
    "service web, taskSet ecs-svc/1234567890123456789 ",
];

fn no_placement(closest: Option<&str>, lack: Option<Lack>) -> EventKind {
    EventKind::NoPlacement(Placement {
        closest: closest.map(str::to_owned),
        lack,
    })
}

fn texts_of_placement() -> Vec<(String, EventKind)> {
    let unable = "was unable to place a task because no container instance met all of its requirements.";
    let more = "For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.";
    let ends = [
        ("has insufficient memory available.", Lack::Memory),
        ("has insufficient CPU units available.", Lack::Cpu),
        ("has insufficient GPU resource available.", Lack::Gpu),
        ("is already using a port required by your task.", Lack::Port),
        ("is missing an attribute required by your task.", Lack::Attribute),
        ("encountered error \"AGENT\".", Lack::Agent),
        (
            "encountered error \"MemberOf placement constraint unsatisfied.\".",
            Lack::Constraint,
        ),
        ("encountered error \"RESOURCE:ENI\".", Lack::NetworkInterface),
    ];
    let mut texts: Vec<(String, EventKind)> = ends
        .into_iter()
        .flat_map(|(end, lack)| {
            ["(container-instance 0a1b2c3d)", "container-instance 0a1b2c3d"].map(|named| {
                let text = format!("{unable} The closest matching {named} {end} {more}");
                (text, no_placement(Some("0a1b2c3d"), Some(lack.clone())))
            })
        })
        .collect();
    texts.push((unable.to_owned(), no_placement(None, None)));
    texts.push((
        format!("{unable} Reason: No Container Instances were found in your cluster. {more}"),
        no_placement(None, Some(Lack::NoInstances)),
    ));
    let strange = "The closest matching (container-instance 0a1b2c3d) is on fire.";
    texts.push((
        format!("{unable} {strange}"),
        no_placement(Some("0a1b2c3d"), Some(Lack::Other(strange.to_owned()))),
    ));
    texts
}

fn texts_of_trouble() -> Vec<(&'static str, EventKind)> {
    let failed = |reason: &str| EventKind::PlacementFailed(reason.to_owned());
    let protected = |reason: &str| EventKind::Protected(reason.to_owned());
    vec![
        ("has reached a steady state.", EventKind::SteadyState),
        (
            "was unable to stop or start tasks during a deployment because of the service deployment configuration. \
             Update the minimumHealthyPercent or maximumPercent value and try again.",
            EventKind::DeploymentConfiguration,
        ),
        (
            "was unable to place a task. Reason: CannotPullContainerError: pull image manifest has been retried 1 time(s).",
            failed("CannotPullContainerError: pull image manifest has been retried 1 time(s)."),
        ),
        (
            "was unable to place a task. Reason: ResourceInitializationError: Unable to launch instance(s) for capacity \
             provider X.",
            failed("ResourceInitializationError: Unable to launch instance(s) for capacity provider X."),
        ),
        (
            "was unable to place a task. Reason: TaskFailedToStart: RESOURCE:GPU.",
            failed("TaskFailedToStart: RESOURCE:GPU."),
        ),
        (
            "was unable to scale in due to (reason 2 tasks under protection)",
            protected("2 tasks under protection"),
        ),
        (
            "was unable to reach steady state because (taskSet ecs-svc/1234567890123456789) was unable to scale in due to \
             (reason 1 tasks under protection)",
            protected("1 tasks under protection"),
        ),
        (
            "is unable to consistently start tasks successfully. For more information, see the Troubleshooting section.",
            EventKind::CannotStart,
        ),
        (
            "operations are being throttled. Will try again later.",
            EventKind::Throttled(None),
        ),
        (
            "operations are being throttled on elb. Will try again later.",
            EventKind::Throttled(Some("on elb".to_owned())),
        ),
        (
            "deployment failed: tasks failed to start.",
            EventKind::DeploymentFailed("tasks failed to start".to_owned()),
        ),
        (
            "rolling back to deployment ecs-svc/9876543210987654321.",
            EventKind::RollingBack("deployment ecs-svc/9876543210987654321".to_owned()),
        ),
    ]
}

fn texts_of_health() -> Vec<(&'static str, EventKind)> {
    let unhealthy = |instance: Option<&str>, port: Option<&str>, balancer: &str, reason: &str| {
        EventKind::Unhealthy(Unhealthy {
            instance: instance.map(str::to_owned),
            port: port.map(str::to_owned),
            balancer: Some(balancer.to_owned()),
            reason: Some(reason.to_owned()),
        })
    };
    let here = Some("i-04f05e66a99bdb06f");
    let failed = "Health checks failed with these codes: [502]";
    let group = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/0123456789abcdef";
    vec![
        (
            "(instance i-04f05e66a99bdb06f) is unhealthy in (elb web) due to (reason Instance has failed at least the \
             UnhealthyThreshold number of health checks consecutively.)",
            unhealthy(
                here,
                None,
                "web",
                "Instance has failed at least the UnhealthyThreshold number of health checks consecutively.",
            ),
        ),
        (
            "(port 8080) is unhealthy in (target-group arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/0123456789abcdef) \
             due to (reason Health checks failed with these codes: [502])",
            unhealthy(None, Some("8080"), group, failed),
        ),
        (
            "(instance i-04f05e66a99bdb06f) (port 80) is unhealthy in (target-group arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/0123456789abcdef) \
             due to (reason Request timed out (5 s))",
            unhealthy(here, Some("80"), group, "Request timed out (5 s)"),
        ),
    ]
}

fn texts_of_progress() -> Vec<(&'static str, EventKind)> {
    let progress = EventKind::Progress;
    let group = Some("arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/web/0".to_owned());
    vec![
        (
            "has begun draining connections on 2 tasks.",
            progress(Progress::Draining(2)),
        ),
        (
            "deregistered 1 targets in (target-group arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/web/0)",
            progress(Progress::Deregistered(1, group.clone())),
        ),
        (
            "registered 3 targets in (target-group arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/web/0)",
            progress(Progress::Registered(3, group)),
        ),
        (
            "has stopped 1 running tasks: (task 5e025f9ade9eaf3ec65453bac8da37f7).",
            progress(Progress::Stopped(vec![
                "5e025f9ade9eaf3ec65453bac8da37f7".to_owned(),
            ])),
        ),
        (
            "has started 2 tasks: (task 5e025f9ade9eaf3ec65453bac8da37f7) (task 30d374ca58bba814504427a64a6c1eed).",
            progress(Progress::Started(vec![
                "5e025f9ade9eaf3ec65453bac8da37f7".to_owned(),
                "30d374ca58bba814504427a64a6c1eed".to_owned(),
            ])),
        ),
        ("deployment completed.", progress(Progress::Deployed)),
    ]
}

#[test]
fn every_known_text_is_understood_with_every_prefix() {
    let mut texts = texts_of_placement();
    let others = [texts_of_trouble(), texts_of_health(), texts_of_progress()];
    let others = others.into_iter().flatten();
    texts.extend(others.map(|(text, kind)| (text.to_owned(), kind)));
    for (text, kind) in texts {
        for prefix in PREFIXES {
            let message = format!("{prefix}{text}");
            assert_eq!(EventKind::of(&message), kind, "{message}");
        }
    }
}

#[test]
fn an_unknown_text_says_nothing() {
    for text in [
        "",
        "has a new feature.",
        "was unable to fly.",
        "has stopped to think.",
        "was unable to reach steady state because (taskSet ecs-svc/1) was sad.",
        "says: has reached a steady state.",
        "deregistered all targets",
        "(port 80",
        "é(((",
    ] {
        for prefix in PREFIXES {
            let message = format!("{prefix}{text}");
            assert_eq!(EventKind::of(&message), EventKind::Unknown, "{text}");
        }
    }
}

fn event(second: i64, said: &str) -> ServiceEvent {
    ServiceEvent {
        at: at(second),
        message: format!("(service web) {said}"),
    }
}

#[test]
fn a_steady_state_clears_what_is_older_and_six_hours_do_too() {
    let (steady, throttled) = ("has reached a steady state.", "operations are being throttled.");
    let failed = "deployment failed: tasks failed to start.";
    let hours = |count: i64| -count * 3600;
    type Said = (i64, &'static str);
    let table: [(&[Said], &[&str]); 6] = [
        (&[(0, throttled), (-60, steady), (-120, failed)], &[throttled]),
        (&[(0, steady), (-60, throttled)], &[]),
        // As AWS lists them: the first of two with one time is the newer one.
        (&[(-60, throttled), (-60, steady), (-60, failed)], &[throttled]),
        // In any order.
        (
            &[(-120, failed), (0, throttled), (-180, steady)],
            &[throttled, failed],
        ),
        (&[(hours(6), throttled), (hours(6) - 1, failed)], &[throttled]),
        (&[], &[]),
    ];
    for (events, expected) in table {
        let events: Vec<ServiceEvent> = events.iter().map(|(second, said)| event(*second, said)).collect();
        let seen = current(&events, at(0));
        let texts: Vec<&str> = seen
            .iter()
            .map(|event| event.text.strip_prefix("(service web) ").unwrap())
            .collect();
        assert_eq!(texts, expected);
    }
}

proptest! {
    /// Foreign text: whatever it is, it is read without a panic, and a bracket that is cut is no bracket.
    #[test]
    fn any_text_is_read(text in ".{0,80}", cut in 0_usize..200) {
        let _ = EventKind::of(&text);
        let _ = EventKind::of(&format!("(service web) ({text}"));
        for (known, _) in texts_of_health() {
            let _ = EventKind::of(&known.chars().take(cut).collect::<String>());
        }
    }
}
