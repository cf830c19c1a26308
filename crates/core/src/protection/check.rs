//! A check finds the unprotected daemons of all daemon services, a few requests at a time.
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
mod tests;
