//! Many tasks, many services, several instances.

use protector_tests::{Daemon, Lab, LabConfig};

#[tokio::test]
async fn p2_more_than_a_page_of_tasks_and_of_daemon_services() {
    let lab = Lab::start(LabConfig::default()).await;
    for number in 0..12 {
        let mut daemon = Daemon::new(&format!("daemon-{number}"));
        daemon.protected = number == 0;
        lab.daemon(&daemon).await;
    }
    lab.replicas("web", 120, 2).await;
    let instance = lab.instance().to_owned();
    lab.drained(&instance).await;
    let journal = lab.journal();
    assert_eq!(journal.stopped(&instance, "service:web").len(), 120);
    journal.assert_daemons_outlive(&instance, &["daemon-0"], &["service:web"]);
    let records = journal.records(&instance).into_iter();
    let most = records
        .filter_map(|(_, record)| record["remaining"].as_u64())
        .max();
    assert_eq!(most, Some(120), "every task was counted, and no daemon");
    // 13 services are two calls.
    let calls = journal.coordinator_calls();
    assert!(calls["DescribeServices"] >= 2, "{calls:?}");
}

/// So many instances with two tasks or three each drain at once, and each waits for its own tasks.
async fn drained_at_once(instances: usize, tasks: usize) -> Lab {
    let lab = Lab::with_logs(LabConfig::of(instances)).await;
    lab.replicas("web", tasks, 3).await;
    lab.instances.iter().for_each(|instance| lab.scale_in(instance));
    for instance in &lab.instances {
        lab.gone(instance).await;
        lab.journal()
            .assert_protected(instance, &["logs"], &["service:web"]);
    }
    lab
}

#[tokio::test]
async fn two_instances_drain_at_once_and_each_waits_for_its_own_tasks() {
    drained_at_once(2, 6).await;
}

#[tokio::test]
async fn p1_sidecars_of_a_dozen_instances_obey_the_records_that_they_share() {
    let lab = drained_at_once(12, 24).await;
    let lines = lab.said("instance");
    let actions = lines
        .iter()
        .filter_map(|line| line["actions"].as_array())
        .flatten();
    let shared = |name: &str| {
        let of_name = actions.clone().filter(|done| done["action"] == name);
        of_name.filter(|done| done["outcome"] == "shared").count()
    };
    let (held, released) = (shared("put-holding"), shared("put-released"));
    assert!(held >= 6, "{held} were held together");
    assert!(released >= 6, "{released} were released together");
    let writes = lab.journal().coordinator_calls()["PutParameter"];
    assert!(writes < 24, "{writes} writes for 12 drains");
}
