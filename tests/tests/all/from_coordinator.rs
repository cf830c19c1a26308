//! `lint` and `inject` with the settings of the coordinator that runs.

use protector_aws_model::Service;
use protector_aws_model::faults::CallFilter;
use protector_tests::{CLUSTER, Lab, LabConfig, PERSON, ctl};

/// A definition whose sidecar holds long enough for the default MAX_DRAIN, and not for three hours.
const DEFINITION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/task-definition.json");

const BEACON: &str = "/ecs-daemon-protector/coordinator";

#[tokio::test]
async fn a_definition_is_held_against_the_coordinator_that_runs() {
    let config = LabConfig::default().set("CLUSTERS", CLUSTER);
    let lab = Lab::start(config.set("MAX_DRAIN", "3h")).await;
    let has_beacon = || lab.text(BEACON).is_some();
    lab.tick_until("the beacon is written", has_beacon).await;

    // The default MAX_DRAIN is a guess.
    let _ = ctl(&lab, &["lint", DEFINITION]).await.ended(0);
    let said = ctl(&lab, &["lint", "--from-coordinator", DEFINITION])
        .await
        .ended(1);
    assert!(said.out.contains("PL005"), "{said:?}");
    assert!(said.err.contains("MAX_DRAIN 3h"), "{said:?}");

    let said = ctl(&lab, &["inject", "--from-coordinator", DEFINITION])
        .await
        .ended(0);
    let injected: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert!(!injected.is_null(), "{said:?}");
    assert!(said.err.contains("MAX_DRAIN 3h"), "{said:?}");
    // What inject has made passes.
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, &said.out).unwrap();
    let path = file.path().to_str().unwrap();
    let _ = ctl(&lab, &["lint", "--from-coordinator", path]).await.ended(0);
}

#[tokio::test]
async fn what_inject_has_made_is_registered_as_a_new_revision() {
    let lab = Lab::start(LabConfig::default()).await;
    let said = ctl(&lab, &["inject", "--register", DEFINITION]).await.ended(0);
    let first = said.out.trim().to_owned();
    assert!(first.ends_with(":task-definition/fluent-bit-daemon:1"), "{first}");
    let said = ctl(&lab, &["inject", "--register", DEFINITION]).await;
    assert!(said.out.trim().ends_with(":2"), "{said:?}");
    lab.deny(CallFilter::operation(Service::Ecs, "RegisterTaskDefinition").by(PERSON));
    let said = ctl(&lab, &["inject", "--register", DEFINITION]).await.ended(2);
    assert!(said.err.contains("ecs:RegisterTaskDefinition"), "{said:?}");
}

#[tokio::test]
async fn without_the_coordinators_settings_there_is_no_answer() {
    let lab = Lab::start(LabConfig::default()).await;
    let asked = ["lint", "--from-coordinator", "--prefix", "/elsewhere", DEFINITION];
    let said = ctl(&lab, &asked).await.ended(2);
    assert!(said.err.contains("/elsewhere/coordinator"), "{said:?}");
    assert!(said.err.contains("--max-drain"), "{said:?}");
    lab.deny(CallFilter::operation(Service::Ssm, "GetParameters").by(PERSON));
    let said = ctl(&lab, &["lint", "--from-coordinator", DEFINITION])
        .await
        .ended(2);
    assert!(said.err.contains("ssm:GetParameters"), "{said:?}");
    let both = ["lint", "--from-coordinator", "--max-drain", "1h", DEFINITION];
    let said = ctl(&lab, &both).await.ended(2);
    assert!(said.err.contains("cannot be used with"), "{said:?}");
}
