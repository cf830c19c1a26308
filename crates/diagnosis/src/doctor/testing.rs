//! An account in which all is well, for tests to break one thing of.

use std::collections::BTreeMap;

use protector_core::aws::{Scheduling, TaskStatus};
use protector_core::record::ParameterPrefix;

use super::reads::{
    AccountReads, Alarm, CapacityProvider, ClusterReads, CoordinatorReads, DaemonReads, DoctorReads,
    EventSource, FunctionMetrics, GroupReads, Host, MetadataOptions, Queue, Rule, RulesReads, ServiceReads,
    SidecarMetrics,
};
use super::role::{Decision, Decisions, Role, RoleAnswers, RoleQuestions};
use crate::fleet::FleetReads;
use crate::listing::Listing;
use crate::seen::{
    DefinedContainer, Definition, LifecycleHook, ScalingGroup, SeenContainer, SeenService, SeenTask,
};
use crate::testing::{self, at, beacon, key, machine};

pub(super) const FUNCTION: &str = "arn:aws:lambda:eu-west-1:123456789012:function:ecs-daemon-protector:live";

const ROLE: &str = "arn:aws:iam::123456789012:role/fluent-bit-task";

/// The definition of all services.
const DEFINITION: &str = "arn:aws:ecs:eu-west-1:123456789012:task-definition/fluent-bit:7";

/// An account in which every check passes.
pub(super) fn good() -> DoctorReads {
    DoctorReads {
        prefix: "/ecs-daemon-protector".to_owned(),
        account: AccountReads {
            caller: Ok("arn:aws:sts::123456789012:assumed-role/admin/ana".to_owned()),
            region: Some("eu-west-1".to_owned()),
            clock_error: None,
            gaps: Vec::new(),
        },
        fleet: FleetReads {
            now: at(10),
            listing: Ok(Listing {
                beacon: Some(Ok(beacon(0))),
                ..Listing::default()
            }),
            machines: BTreeMap::from([(key().cluster, Ok(Vec::new()))]),
            scaling: Ok(Vec::new()),
        },
        coordinator: CoordinatorReads {
            function: Some(FUNCTION.to_owned()),
            variables: Some(Ok(BTreeMap::new())),
            concurrency: Some(Ok(None)),
            metrics: Some(Ok(FunctionMetrics::default())),
            queues: Some(vec![Ok(queue())]),
        },
        rules: Some(Ok(rules())),
        clusters: vec![cluster()],
        groups: Some(Ok(vec![group()])),
        providers: Some(Ok(vec![provider()])),
        sidecar_metrics: Some(Ok(SidecarMetrics::default())),
        alarms: Some(Ok(vec![alarm()])),
    }
}

fn queue() -> Queue {
    Queue {
        url: "https://sqs.eu-west-1.amazonaws.com/123456789012/dead".to_owned(),
        messages: 0,
        oldest: None,
    }
}

fn rules() -> RulesReads {
    let rule = |name: &str, pattern: Option<&str>| Rule {
        name: name.to_owned(),
        is_enabled: true,
        pattern: pattern.map(|text| serde_json::from_str(text).unwrap()),
        schedule: pattern.is_none().then(|| "rate(1 minute)".to_owned()),
    };
    let of_cluster = |kind: &str| {
        format!(
            r#"{{"detail-type":["{kind}"],"detail":{{"clusterArn":["arn:aws:ecs:eu-west-1:123456789012:cluster/prod"]}}}}"#
        )
    };
    RulesReads {
        sources: vec![EventSource {
            id: "6b1f2c34-0d5e-4f7a-8b9c-0a1b2c3d4e5f".to_owned(),
            queue: "arn:aws:sqs:eu-west-1:123456789012:events.fifo".to_owned(),
            state: "Enabled".to_owned(),
        }],
        rules: vec![
            rule(
                "terminate",
                Some(r#"{"detail-type":["EC2 Instance-terminate Lifecycle Action"]}"#),
            ),
            rule("stopped", Some(&of_cluster("ECS Task State Change"))),
            rule(
                "draining",
                Some(&of_cluster("ECS Container Instance State Change")),
            ),
            rule(
                "spot",
                Some(r#"{"detail-type":["EC2 Spot Instance Interruption Warning"]}"#),
            ),
            rule("tick", None),
        ],
    }
}

fn cluster() -> ClusterReads {
    ClusterReads {
        name: key().cluster,
        hosts: Ok(vec![Host {
            machine: machine("ACTIVE", true),
            restarts_containers: true,
            capacity_provider: None,
        }]),
        daemons: Some(Ok(vec![daemon()])),
        services: Some(Ok(vec![web()])),
        sample: Some(Ok(vec![standalone()])),
        metadata: Some(Ok(BTreeMap::from([(
            key().instance,
            MetadataOptions {
                is_enabled: true,
                hop_limit: 2,
            },
        )]))),
    }
}

fn daemon() -> DaemonReads {
    DaemonReads {
        service: service("fluent-bit", Scheduling::Daemon),
        definition: Ok(Definition {
            containers: vec![
                DefinedContainer {
                    name: "fluent-bit".to_owned(),
                    stop_timeout: Some(90),
                    ..DefinedContainer::default()
                },
                DefinedContainer {
                    name: "ecs-daemon-protector".to_owned(),
                    stop_timeout: Some(4200),
                    environment: BTreeMap::from([("PROTECTOR_MAX_HOLD".to_owned(), "65m".to_owned())]),
                    ..DefinedContainer::default()
                },
            ],
            task_role: Some(ROLE.to_owned()),
            ..Definition::default()
        }),
        lint: Ok(Vec::new()),
        tasks: Ok(vec![task("service:fluent-bit")]),
        role: Some(Ok(role())),
    }
}

/// A role that has the sidecar's policy.
pub(super) fn role() -> RoleAnswers {
    let prefix = ParameterPrefix::default();
    let questions = RoleQuestions::new(Role::parse(ROLE).unwrap(), "eu-west-1", &prefix, &key());
    let in_place = |name: &str| format!("arn:aws:ssm:eu-west-1:123456789012:parameter{name}");
    let needed = [prefix.control_name(), prefix.record_name(&key())];
    let needed: Vec<String> = needed
        .into_iter()
        .chain(prefix.shared_names(&key().cluster))
        .collect();
    let mut decisions = Decisions::new();
    for simulation in questions.simulations() {
        for (action, arn) in simulation
            .actions
            .iter()
            .flat_map(|action| simulation.resources.iter().map(move |arn| (action, arn)))
        {
            let reads = action.starts_with("ssm:Get") && needed.iter().any(|name| in_place(name) == *arn);
            let decision = if reads {
                Decision::Allowed
            } else {
                Decision::Denied
            };
            decisions.insert(((*action).to_owned(), arn.clone()), decision);
        }
    }
    RoleAnswers { questions, decisions }
}

pub(super) fn sidecar() -> SeenContainer {
    SeenContainer {
        name: "ecs-daemon-protector".to_owned(),
        last_status: Some("RUNNING".to_owned()),
        health: Some("HEALTHY".to_owned()),
        image: Some("example.com/ecs-daemon-protector:0.2.1@sha256:00".to_owned()),
        ..SeenContainer::default()
    }
}

fn web() -> ServiceReads {
    let definition = Definition {
        containers: vec![DefinedContainer {
            name: "web".to_owned(),
            stop_timeout: Some(30),
            ..DefinedContainer::default()
        }],
        ..Definition::default()
    };
    ServiceReads {
        service: service("web", Scheduling::Replica),
        stop: Some(Ok((definition, 20))),
    }
}

fn standalone() -> SeenTask {
    task("family:nightly-etl")
}

fn task(group: &str) -> SeenTask {
    SeenTask {
        created_at: None,
        started_at: None,
        definition: Some(DEFINITION.to_owned()),
        containers: vec![sidecar()],
        ..testing::task("5e025f9ade9eaf3ec65453bac8da37f7", group, TaskStatus::Running)
    }
}

fn service(name: &str, scheduling: Scheduling) -> SeenService {
    SeenService {
        deployments: Vec::new(),
        definition: Some(DEFINITION.to_owned()),
        ..testing::service(name, scheduling)
    }
}

fn group() -> GroupReads {
    GroupReads {
        group: ScalingGroup {
            name: "prod-ecs".parse().unwrap(),
            minimum: 0,
            maximum: 10,
            desired: 1,
            instances: Vec::new(),
            protects_from_scale_in: false,
            has_warm_pool: false,
        },
        has_spot: false,
        hooks: Ok(vec![hook("ecs-daemon-protector")]),
    }
}

pub(super) fn hook(name: &str) -> LifecycleHook {
    LifecycleHook {
        name: name.parse().unwrap(),
        terminates: true,
        heartbeat_timeout: 900,
        default_result: "CONTINUE".to_owned(),
    }
}

fn provider() -> CapacityProvider {
    CapacityProvider {
        name: "prod".to_owned(),
        group: Some("prod-ecs".parse().unwrap()),
        managed_draining: false,
        is_managed_instances: false,
    }
}

fn alarm() -> Alarm {
    Alarm {
        name: "stack-CoordinatorSilent-1".to_owned(),
        namespace: "AWS/Lambda".to_owned(),
        dimensions: BTreeMap::from([("FunctionName".to_owned(), "ecs-daemon-protector".to_owned())]),
        state: "OK".to_owned(),
        notifies: true,
    }
}
