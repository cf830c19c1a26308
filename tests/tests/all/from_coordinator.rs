//! `lint` and `inject` with the settings of the coordinator that runs.

use protector_aws_model::Service;
use protector_aws_model::faults::{CallFilter, Limit};
use protector_tests::{CLUSTER, Lab, LabConfig, PERSON, ctl};

/// A definition whose sidecar holds long enough for the default MAX_DRAIN, and not for three hours.
const DEFINITION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/task-definition.json");

const BEACON: &str = "/ecs-daemon-protector/coordinator";

#[tokio::test]
async fn a_definition_is_held_against_the_coordinator_that_runs() {
    let config = LabConfig::default()
        .set("CLUSTERS", CLUSTER)
        .set("MAX_DRAIN", "3h");
    let lab = Lab::start(config).await;
    let has_beacon = || lab.aws.world(|world, _| world.parameter(BEACON).is_some());
    lab.tick_until("the beacon is written", has_beacon).await;

    let said = ctl(&lab, &["lint", DEFINITION]).await;
    assert_eq!(said.code, Some(0), "the default MAX_DRAIN is a guess: {said:?}");
    let said = ctl(&lab, &["lint", "--from-coordinator", DEFINITION]).await;
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.out.contains("PL005"), "{said:?}");
    assert!(said.err.contains("MAX_DRAIN 3h"), "{said:?}");

    let said = ctl(&lab, &["inject", "--from-coordinator", DEFINITION]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let injected: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert!(
        !injected.is_null() && said.err.contains("MAX_DRAIN 3h"),
        "{said:?}"
    );
    let path = std::env::temp_dir().join(format!("from-coordinator-{}.json", std::process::id()));
    std::fs::write(&path, &said.out).unwrap();
    let said = ctl(&lab, &["lint", "--from-coordinator", path.to_str().unwrap()]).await;
    std::fs::remove_file(&path).unwrap();
    assert_eq!(said.code, Some(0), "what inject has made passes: {said:?}");
}

#[tokio::test]
async fn what_inject_has_made_is_registered_as_a_new_revision() {
    let lab = Lab::start(LabConfig::default()).await;
    let said = ctl(&lab, &["inject", "--register", DEFINITION]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let first = said.out.trim().to_owned();
    assert!(
        first.ends_with(":task-definition/fluent-bit-daemon:1"),
        "{said:?}"
    );
    let said = ctl(&lab, &["inject", "--register", DEFINITION]).await;
    assert!(said.out.trim().ends_with(":2"), "{said:?}");
    let filter = CallFilter::operation(Service::Ecs, "RegisterTaskDefinition").by(PERSON);
    lab.aws.faults(|faults| faults.deny(filter, Limit::Forever));
    let said = ctl(&lab, &["inject", "--register", DEFINITION]).await;
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.err.contains("ecs:RegisterTaskDefinition"), "{said:?}");
}

#[tokio::test]
async fn without_the_coordinators_settings_there_is_no_answer() {
    let lab = Lab::start(LabConfig::default()).await;
    let asked = ["lint", "--from-coordinator", "--prefix", "/elsewhere", DEFINITION];
    let said = ctl(&lab, &asked).await;
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(
        said.err.contains("/elsewhere/coordinator") && said.err.contains("--max-drain"),
        "{said:?}"
    );
    let filter = CallFilter::operation(Service::Ssm, "GetParameters").by(PERSON);
    lab.aws.faults(|faults| faults.deny(filter, Limit::Forever));
    let said = ctl(&lab, &["lint", "--from-coordinator", DEFINITION]).await;
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.err.contains("ssm:GetParameters"), "{said:?}");
    let both = ["lint", "--from-coordinator", "--max-drain", "1h", DEFINITION];
    let said = ctl(&lab, &both).await;
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.err.contains("cannot be used with"), "{said:?}");
}
