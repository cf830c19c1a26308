use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::testing::at;

/// The names of services and how many tasks each has, by cluster.
type ClusterQueue = BTreeMap<String, Vec<usize>>;

fn arn(cluster: &str, service: usize, number: usize) -> TaskArn {
    let id = service * 10_000 + number;
    format!("arn:aws:ecs:eu-west-1:123456789012:task/{cluster}/{id:032x}")
        .parse()
        .unwrap()
}

/// Answers one request, with pages of so many items.
fn answer(check: &mut Check, fleet: &ClusterQueue, request: &Request, page: usize) -> Vec<TaskArn> {
    let start = |token: &Option<String>| token.as_ref().map_or(0, |token| token.parse().unwrap());
    let next = |end: usize, all: usize| (end < all).then(|| end.to_string());
    match request {
        Request::Services { cluster, token } => {
            let all = fleet[cluster.as_str()].len();
            let (start, end) = (start(token), (start(token) + page).min(all));
            let names = (start..end).map(|number| format!("s{number}").parse().unwrap());
            check.services(cluster, names, next(end, all));
            Vec::new()
        }
        Request::Tasks {
            cluster,
            service,
            token,
        } => {
            let number: usize = service.as_str()[1..].parse().unwrap();
            let all = fleet[cluster.as_str()][number];
            let (start, end) = (start(token), (start(token) + page).min(all));
            let tasks = (start..end).map(|task| arn(cluster.as_str(), number, task));
            check.tasks(cluster, service, tasks, next(end, all));
            Vec::new()
        }
        Request::Describe { tasks, .. } => {
            check.described(tasks.len(), 0);
            tasks.clone()
        }
    }
}

/// A whole round: what was asked for, and which tasks were described.
fn round(check: &mut Check, fleet: &ClusterQueue, page: usize) -> (usize, Vec<TaskArn>) {
    check.begin(fleet.keys().map(|name| name.parse().unwrap()), at(0));
    let (mut requests, mut seen) = (0, Vec::new());
    while let Some(request) = check.next_request() {
        if let Request::Describe { cluster, tasks } = &request {
            assert!(!tasks.is_empty() && tasks.len() <= DESCRIBE_MAX);
            let of_cluster = format!("task/{cluster}/");
            assert!(tasks.iter().all(|task| task.as_str().contains(&of_cluster)));
        }
        requests += 1;
        seen.extend(answer(check, fleet, &request, page));
        assert!(requests < 10_000, "a round ends");
    }
    (requests, seen)
}

#[test]
fn p10_a_round_costs_three_calls_for_a_small_cluster() {
    for (services, calls) in [
        (vec![], 1),
        (vec![0], 2),
        (vec![1], 3),
        (vec![100], 3),
        (vec![40, 40], 4),
        (vec![60, 60], 5),
        (vec![1000, 1000, 1000], 61),
    ] {
        let fleet = ClusterQueue::from([("prod".to_owned(), services.clone())]);
        let mut check = Check::default();
        let (requests, seen) = round(&mut check, &fleet, 100);
        assert_eq!(requests, calls, "{services:?}");
        assert_eq!(seen.len(), services.iter().sum::<usize>());
        let found = check.finish().unwrap();
        assert_eq!((found.tasks, found.failed), (seen.len(), 0));
        assert_eq!(check.finish(), None, "it is reported once");
    }
}

#[test]
fn a_round_begins_at_once_and_then_when_it_is_due_unless_it_is_turned_off() {
    let every = SignedDuration::from_mins(15);
    let mut check = Check::default();
    assert!(check.is_due(every, at(0)));
    assert!(!check.is_due(SignedDuration::ZERO, at(0)), "0s turns it off");
    check.begin(["prod".parse().unwrap()], at(0));
    assert!(
        check.goes_on() && check.is_due(every, at(60)),
        "it goes on in the next tick"
    );
    assert_eq!(check.finish(), None, "it has not asked yet");
    assert!(matches!(check.next_request(), Some(Request::Services { .. })));
    check.failed();
    assert_eq!(check.finish().map(|round| round.failed), Some(1));
    assert!(!check.goes_on() && !check.is_due(every, at(899)));
    assert!(check.is_due(every, at(900)));
}

#[test]
fn p10_a_round_is_spread_over_the_ticks_unless_it_would_last_too_long() {
    let every = SignedDuration::from_mins(15);
    let of = |services: &[usize]| ClusterQueue::from([("prod".to_owned(), services.to_vec())]);
    let mut check = Check::default();
    // Seven requests in every other tick take fourteen minutes.
    for (services, requests, hurries) in [(vec![1; 5], 7, false), (vec![1; 6], 8, true), (vec![1], 3, false)]
    {
        assert_eq!(round(&mut check, &of(&services), 100).0, requests);
        check.finish().unwrap();
        assert_eq!(check.hurries(every, at(1)), hurries, "{services:?}");
        let of_a_tick = |has_slot| check.requests_of_a_tick(has_slot, every, at(1));
        let expected = if hurries { (4, 4) } else { (0, 1) };
        assert_eq!((of_a_tick(false), of_a_tick(true)), expected, "{services:?}");
    }
    check.begin(["prod".parse().unwrap()], at(0));
    assert!(!check.hurries(every, at(899)) && check.hurries(every, at(900)));
}

proptest! {
    #[test]
    fn a_round_describes_every_task_once_whatever_the_pages(
        fleet in prop::collection::btree_map("[a-c]", prop::collection::vec(0..250_usize, 0..4), 0..3),
        page in 1..120_usize,
    ) {
        let mut check = Check::default();
        let (_, seen) = round(&mut check, &fleet, page);
        let wanted: BTreeSet<TaskArn> = fleet
            .iter()
            .flat_map(|(cluster, services)| {
                let of = move |(service, tasks): (usize, &usize)| {
                    (0..*tasks).map(move |task| arn(cluster, service, task))
                };
                services.iter().enumerate().flat_map(of)
            })
            .collect();
        prop_assert_eq!(seen.len(), wanted.len());
        prop_assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), wanted);
        prop_assert!(check.finish().is_some());
    }
}
