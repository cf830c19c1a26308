//! Task definitions, as the local AWS's `RegisterTaskDefinition` takes them.

use jiff::Timestamp;
use protector_aws_model::{ApiError, Call, Effect, Service, World, WorldConfig};
use serde_json::{Value, json};

/// So many moments of a task's life are played: enough for its start, its end and a restart.
const MOMENTS: usize = 40;

/// A text that is not a task definition gives a client error with a message. One that is accepted is described as it
/// was given, and a task of it can run.
pub fn task_definition(data: &[u8]) {
    let Ok(definition @ Value::Object(_)) = serde_json::from_slice::<Value>(data) else {
        return;
    };
    let mut lab = Lab::new();
    let registered = match lab.call("RegisterTaskDefinition", definition.clone()) {
        Ok(answer) => answer["taskDefinition"].clone(),
        Err(error) => return judge(&error, data.len()),
    };
    let family = definition["family"].as_str().unwrap_or_default();
    let name = format!("{family}:1");
    let arn = registered["taskDefinitionArn"].as_str().unwrap_or_default();
    assert!(arn.ends_with(&format!("task-definition/{name}")), "{arn}");
    assert_eq!(
        registered["containerDefinitions"],
        definition["containerDefinitions"]
    );
    for way in [family, &name, arn] {
        let described = lab.call("DescribeTaskDefinition", json!({"taskDefinition": way}));
        let described = described.map(|answer| answer["taskDefinition"].clone());
        assert_eq!(described.as_ref(), Ok(&registered), "{way}");
    }
    lab.run(arn);
}

/// The message may quote the input, once.
fn judge(error: &ApiError, given: usize) {
    assert_eq!(error.status, 400, "{error}");
    assert!(error.code.ends_with("Exception"), "{error}");
    let bytes = error.message.len();
    assert!((1..=1000 + 10 * given).contains(&bytes), "{bytes} bytes are said");
}

/// An account with one instance, and its clock.
struct Lab {
    world: World,
    now: Timestamp,
}

impl Lab {
    fn new() -> Lab {
        let config = WorldConfig {
            quotas: false,
            ..WorldConfig::default()
        };
        let now = Timestamp::constant(1_795_640_400, 0);
        Lab {
            world: World::new(config, now),
            now,
        }
    }

    fn call(&mut self, operation: &str, params: Value) -> Result<Value, ApiError> {
        let call = Call {
            service: Service::Ecs,
            operation: operation.to_owned(),
            params,
            principal: "fuzz".to_owned(),
        };
        self.world.call(self.now, &call)
    }

    /// Plays a task's life, and stops it half-way.
    fn run(&mut self, definition: &str) {
        drop(self.call("CreateCluster", json!({"clusterName": "prod"})));
        let host = self.world.launch_instance(self.now, "prod");
        self.play();
        let answer = self.call(
            "RunTask",
            json!({"cluster": "prod", "taskDefinition": definition}),
        );
        let Ok(answer) = answer else {
            return answer
                .err()
                .iter()
                .for_each(|error| judge(error, definition.len()));
        };
        self.play();
        if let Some(task) = answer["tasks"][0]["taskArn"].as_str() {
            let metadata = self
                .world
                .task_metadata(task.rsplit('/').next().unwrap_or_default());
            assert!(metadata.is_none_or(|metadata| metadata["Containers"].is_array()));
            let stopped = self.call("StopTask", json!({"cluster": "prod", "task": task}));
            stopped
                .err()
                .iter()
                .for_each(|error| judge(error, definition.len()));
        }
        self.play();
        assert!(self.world.tasks_on(&host).len() <= 1);
    }

    /// Goes from moment to moment. Containers that are processes start and end when the agent asks for it.
    fn play(&mut self) {
        for _ in 0..MOMENTS {
            for effect in self.world.take_effects() {
                match effect {
                    Effect::StartContainer(start) => {
                        self.world
                            .container_started(self.now, &start.task_arn, &start.container);
                    }
                    Effect::Signal {
                        task_arn, container, ..
                    } => {
                        self.world.container_exited(self.now, &task_arn, &container, 0);
                    }
                    _ => {}
                }
            }
            let Some(due) = self.world.next_due() else { return };
            self.now = self.now.max(due);
            self.world.advance(self.now);
        }
    }
}
