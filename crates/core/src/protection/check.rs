//! The course of a check of all daemon services for daemons that are not protected, a few requests at a time.
//!
//! One round lists the DAEMON services of each cluster, their tasks, and describes those by hundreds: for a cluster of
//! a hundred instances and one daemon service three requests. What the requests say is for
//! [`super::unprotected_because`] to judge; here is only what to ask next. A round that is lost with its environment
//! begins again elsewhere.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use crate::ids::{ClusterName, ServiceName, TaskArn};
use crate::limits::{DESCRIBE_MAX, PROTECTION_CALLS_MAX, PROTECTION_INTERVAL};

/// A request of a round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// A page of the DAEMON services of a cluster (`ListServices`).
    Services {
        /// The cluster.
        cluster: ClusterName,
        /// The page; the first one if there is none.
        token: Option<String>,
    },
    /// A page of the tasks of a service that are to run (`ListTasks`).
    Tasks {
        /// The cluster.
        cluster: ClusterName,
        /// The service.
        service: ServiceName,
        /// The page; the first one if there is none.
        token: Option<String>,
    },
    /// Up to [`DESCRIBE_MAX`] tasks, of one cluster (`DescribeTasks`).
    Describe {
        /// The cluster.
        cluster: ClusterName,
        /// The tasks: at least one.
        tasks: Vec<TaskArn>,
    },
}

impl Request {
    fn cluster(&self) -> &ClusterName {
        match self {
            Request::Services { cluster, .. }
            | Request::Tasks { cluster, .. }
            | Request::Describe { cluster, .. } => cluster,
        }
    }
}

/// What a round has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckRound {
    /// When the round began.
    pub began: Timestamp,
    /// How many tasks were described.
    pub tasks: usize,
    /// How many of them are not protected.
    pub unprotected: usize,
    /// How many requests failed: what they would have shown is not known until the next round.
    pub failed: usize,
}

/// The rounds of one execution environment.
#[derive(Debug, Default)]
pub struct Check {
    /// When the last round began, be it over or not.
    began: Option<Timestamp>,
    /// The requests of the current round so far, and of the last one that is over.
    asked: u32,
    last_asked: u32,
    /// What the current round has found so far; none if no round is in progress.
    round: Option<CheckRound>,
    requests: VecDeque<Request>,
    /// Tasks that were listed and not described yet, all of one cluster.
    listed: Option<(ClusterName, Vec<TaskArn>)>,
}

impl Check {
    /// Returns whether a round is in progress, or due: the first one at once, each other `every` after the beginning of
    /// the last one. Zero turns the check off.
    #[must_use]
    pub fn is_due(&self, every: SignedDuration, now: Timestamp) -> bool {
        let rested = |began: Timestamp| now.duration_since(began) >= every;
        !every.is_zero() && (self.round.is_some() || self.began.is_none_or(rested))
    }

    /// Returns whether a round is in progress.
    #[must_use]
    pub fn goes_on(&self) -> bool {
        self.round.is_some()
    }

    /// How many requests a tick makes that has its turn, or none while others have theirs: one, so that a round is spread
    /// over the ticks. A round that would last longer than until the next one goes on in each tick, by up to
    /// [`PROTECTION_CALLS_MAX`]: one that has lasted so long, or that follows such a one.
    #[must_use]
    pub fn requests_of_a_tick(&self, has_slot: bool, every: SignedDuration, now: Timestamp) -> u32 {
        match self.hurries(every, now) {
            true => PROTECTION_CALLS_MAX,
            false => u32::from(has_slot),
        }
    }

    /// Returns whether a round does not wait for its turn.
    #[must_use]
    pub fn hurries(&self, every: SignedDuration, now: Timestamp) -> bool {
        let lasts = |round: CheckRound| now.duration_since(round.began) >= every;
        let spread = SignedDuration::from_secs(PROTECTION_INTERVAL.as_secs() * i64::from(self.last_asked));
        spread > every || self.round.is_some_and(lasts)
    }

    /// Begins a round over these clusters.
    pub fn begin(&mut self, clusters: impl IntoIterator<Item = ClusterName>, now: Timestamp) {
        let first = |cluster| Request::Services { cluster, token: None };
        *self = Check {
            began: Some(now),
            asked: 0,
            last_asked: self.last_asked,
            round: Some(CheckRound {
                began: now,
                tasks: 0,
                unprotected: 0,
                failed: 0,
            }),
            requests: clusters.into_iter().map(first).collect(),
            listed: None,
        };
    }

    /// The next request of the round; none if it is over, or no round is in progress. Tasks are described when a
    /// hundred are listed, or the last ones of their cluster are.
    pub fn next_request(&mut self) -> Option<Request> {
        let request = self.full_batch().or_else(|| self.requests.pop_front());
        self.asked += u32::from(request.is_some());
        request
    }

    fn full_batch(&mut self) -> Option<Request> {
        let (cluster, tasks) = self.listed.as_mut()?;
        let cluster = cluster.clone();
        let more = self
            .requests
            .front()
            .is_some_and(|next| *next.cluster() == cluster);
        let batch: Vec<TaskArn> = if tasks.len() > DESCRIBE_MAX {
            tasks.drain(..DESCRIBE_MAX).collect()
        } else if tasks.len() == DESCRIBE_MAX || !more {
            self.listed.take().map(|(_, tasks)| tasks).unwrap_or_default()
        } else {
            return None;
        };
        (!batch.is_empty()).then_some(Request::Describe {
            cluster,
            tasks: batch,
        })
    }

    /// A page of services has come: their tasks are asked for next, and then the next page.
    pub fn services(
        &mut self,
        cluster: &ClusterName,
        services: impl IntoIterator<Item = ServiceName>,
        next_token: Option<String>,
    ) {
        let more = next_token.map(|token| Request::Services {
            cluster: cluster.clone(),
            token: Some(token),
        });
        let tasks = services.into_iter().map(|service| Request::Tasks {
            cluster: cluster.clone(),
            service,
            token: None,
        });
        let next: Vec<Request> = tasks.chain(more).collect();
        next.into_iter()
            .rev()
            .for_each(|request| self.requests.push_front(request));
    }

    /// A page of a service's tasks has come.
    pub fn tasks(
        &mut self,
        cluster: &ClusterName,
        service: &ServiceName,
        tasks: impl IntoIterator<Item = TaskArn>,
        next_token: Option<String>,
    ) {
        let (_, listed) = self.listed.get_or_insert_with(|| (cluster.clone(), Vec::new()));
        listed.extend(tasks);
        if next_token.is_some() {
            self.requests.push_front(Request::Tasks {
                cluster: cluster.clone(),
                service: service.clone(),
                token: next_token,
            });
        }
    }

    /// Notes how many tasks were described, and how many of them are not protected.
    pub fn described(&mut self, tasks: usize, unprotected: usize) {
        if let Some(round) = &mut self.round {
            round.tasks += tasks;
            round.unprotected += unprotected;
        }
    }

    /// A request has failed. The round continues without its answer.
    pub fn failed(&mut self) {
        if let Some(round) = &mut self.round {
            round.failed += 1;
        }
    }

    /// What the round has found, once, when nothing is left to ask.
    pub fn finish(&mut self) -> Option<CheckRound> {
        let over = self.requests.is_empty() && self.listed.as_ref().is_none_or(|(_, tasks)| tasks.is_empty());
        let round = self.round.take_if(|_| over);
        if round.is_some() {
            self.last_asked = self.asked;
        }
        round
    }
}

#[cfg(test)]
mod tests {
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
        for (services, requests, hurries) in
            [(vec![1; 5], 7, false), (vec![1; 6], 8, true), (vec![1], 3, false)]
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
}
