use super::*;
use protector_diagnosis::listing::Listing;
use protector_diagnosis::read::GapKind;
use protector_diagnosis::read::Reading;
use protector_diagnosis::testing::{self, at, throttled};

#[test]
fn the_pace_is_what_was_asked_for_unless_the_quotas_say_less() {
    let secs = Duration::from_secs;
    for (asked, took, pages, every, shown) in [
        (5, 1, 1, 5, None),
        (5, 1, 10, 5, None),
        (5, 1, 11, 6, Some(11)),
        (5, 46, 100, 50, Some(100)),
        (60, 46, 100, 60, None),
        (5, 29, 1, 30, None),
    ] {
        let interval = stretched(secs(asked), secs(took), pages);
        let rounded_up = (interval.every.as_millis() + 999) / 1000;
        assert_eq!(
            (rounded_up, interval.pages),
            (every, shown),
            "{asked} {took} {pages}"
        );
    }
}

fn machine(cluster: &str) -> Machine {
    Machine {
        cluster: cluster.parse().unwrap(),
        ..testing::machine("DRAINING", true)
    }
}

fn reads(machines: &[(&str, Reading<Vec<Machine>>)]) -> FleetReads {
    let machines = machines.iter().cloned();
    FleetReads {
        now: at(0),
        listing: Ok(Listing::default()),
        machines: machines
            .map(|(cluster, read)| (cluster.parse().unwrap(), read))
            .collect(),
        scaling: Ok(Vec::new()),
    }
}

#[test]
fn what_could_not_be_read_is_as_it_was() {
    let mut kept = Kept::default();
    let seen = Ok(vec![machine("prod")]);
    let fleet = kept.fleet(reads(&[("prod", seen)]), Vec::new()).unwrap();
    assert_eq!((fleet.drains.len(), fleet.gaps.len()), (1, 0));
    // Twice: what stood in once can stand in again.
    for _ in 0..2 {
        let gap = throttled("ecs:ListContainerInstances");
        let unread = reads(&[("prod", Err(gap.clone()))]);
        let fleet = kept.fleet(unread, vec![gap]).unwrap();
        assert_eq!((fleet.drains.len(), fleet.gaps.len()), (1, 1));
    }
    let fleet = kept
        .fleet(reads(&[]), vec![throttled("ecs:ListClusters")])
        .unwrap();
    assert_eq!(fleet.drains.len(), 1, "its cluster was not listed");
    let ended = reads(&[("prod", Ok(Vec::new()))]);
    assert_eq!(kept.fleet(ended, Vec::new()).unwrap().drains.len(), 0);
    let unread = reads(&[("prod", Err(throttled("ecs:ListContainerInstances")))]);
    let fleet = kept.fleet(unread, Vec::new()).unwrap();
    assert_eq!(fleet.drains.len(), 0, "it had ended before");
}

#[test]
fn a_cluster_that_is_not_watched_any_more_is_forgotten() {
    let mut kept = Kept::default();
    let watched = reads(&[("prod", Ok(vec![machine("prod")]))]);
    kept.fleet(watched, Vec::new()).unwrap();
    let fleet = kept.fleet(reads(&[]), Vec::new()).unwrap();
    assert_eq!(fleet.drains.len(), 0);
}

/// Without the parameters, each draining instance would seem to have no record.
#[test]
fn without_the_parameters_nothing_is_known() {
    let mut kept = Kept::default();
    let mut reads = reads(&[("prod", Ok(vec![machine("prod")]))]);
    let gap = throttled("ssm:GetParametersByPath");
    reads.listing = Err(gap.clone());
    let gaps = kept.fleet(reads, Vec::new()).unwrap_err();
    assert_eq!(gaps, [gap]);
    assert_eq!(gaps[0].kind, GapKind::Throttled);
}
