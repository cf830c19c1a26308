//! Reading AWS again and again, no faster than the share of the quotas that a person may take.

use crate::account::{Account, SSM_PER_SECOND};
use crate::reads::{self, Known};
use jiff::SignedDuration;
use protector_core::ids::ClusterName;
use protector_diagnosis::fleet::{Fleet, FleetReads};
use protector_diagnosis::read::Gap;
use protector_diagnosis::seen::{Machine, ScalingInstance};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// How often AWS is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ReadInterval {
    /// Between the beginnings of two looks.
    pub(crate) every: SignedDuration,
    /// The pages of parameters that make this longer than what was asked for, if they do.
    pub(crate) pages: Option<u32>,
}

/// Looks at AWS one time after the other.
pub(crate) struct Reader<'a> {
    account: &'a Account,
    clusters: &'a [ClusterName],
    asked: Duration,
    kept: Kept,
}

pub(crate) struct Looking {
    /// What was found; or the reads that failed, so that nothing was.
    pub(crate) fleet: Result<Fleet, Vec<Gap>>,
    /// What is known of the coordinator.
    pub(super) known: Known,
    /// How often such a look may be taken.
    pub(super) interval: ReadInterval,
    /// When the next one is due.
    pub(crate) next: Instant,
}

impl<'a> Reader<'a> {
    /// Looks at these clusters, or at all that are watched, as often as was asked for if the quotas allow.
    pub(crate) fn new(account: &'a Account, clusters: &'a [ClusterName], asked: Duration) -> Reader<'a> {
        Reader {
            account,
            clusters,
            asked,
            kept: Kept::default(),
        }
    }

    pub(crate) async fn look(&mut self) -> Looking {
        let began = Instant::now();
        // What failed between two looks is not a part of this one.
        self.account.take_gaps();
        // Each path has one page at least, and a report for each page but its last.
        let paths = u32::try_from(self.clusters.len()).unwrap_or(u32::MAX).max(1);
        let pages = AtomicU32::new(paths);
        let count = |_| {
            pages.fetch_add(1, Ordering::Relaxed);
        };
        let reads = reads::fleet(self.account, self.clusters, &count).await;
        let known = Known::of(reads.listing.as_ref().ok());
        let fleet = self.kept.fleet(reads, self.account.take_gaps());
        let interval = stretched(self.asked, began.elapsed(), pages.into_inner());
        let every = Duration::try_from(interval.every).unwrap_or(self.asked);
        Looking {
            fleet,
            known,
            interval,
            next: began + every,
        }
    }
}

/// The interval between looks of so many pages, the last of which took so long: what was asked for, unless the pages take
/// more reads than SSM's quota has for a person, or the look itself takes longer.
pub(super) fn stretched(asked: Duration, took: Duration, pages: u32) -> ReadInterval {
    let budget = Duration::from_secs(u64::from(pages)) / SSM_PER_SECOND;
    // The first pages go in a burst; less than the interval that was asked for is none of a person's concern.
    let took = match took > asked {
        true => Duration::from_secs(took.as_secs() + 1),
        false => Duration::ZERO,
    };
    let every = asked.max(budget).max(took);
    ReadInterval {
        every: SignedDuration::try_from(every).unwrap_or(SignedDuration::MAX),
        pages: (budget > asked).then_some(pages),
    }
}

/// The parts of a look that may fail alone. The last ones that were read stand in for those that were not, so that a
/// drain is never taken for ended because it was not seen.
#[derive(Debug, Default)]
struct Kept {
    machines: BTreeMap<ClusterName, Vec<Machine>>,
    scaling: Vec<ScalingInstance>,
}

impl Kept {
    /// The fleet of a look, `gaps` being the reads that failed. Without the parameters nothing is known.
    fn fleet(&mut self, mut reads: FleetReads, gaps: Vec<Gap>) -> Result<Fleet, Vec<Gap>> {
        if let Err(gap) = &reads.listing {
            return Err(if gaps.is_empty() { vec![gap.clone()] } else { gaps });
        }
        // Which clusters there are was not reported either.
        if gaps.iter().any(|gap| gap.call == "ecs:ListClusters") {
            for (cluster, machines) in &self.machines {
                let machines = || Ok(machines.clone());
                reads.machines.entry(cluster.clone()).or_insert_with(machines);
            }
        }
        for (cluster, read) in &mut reads.machines {
            match (read.as_ref(), self.machines.get(cluster)) {
                (Err(_), Some(kept)) => *read = Ok(kept.clone()),
                (Err(_), None) | (Ok(_), _) => {}
            }
        }
        let read = reads.machines.iter();
        let read = read.filter_map(|(cluster, read)| Some((cluster.clone(), read.as_ref().ok()?.clone())));
        self.machines = read.collect();
        match &reads.scaling {
            Ok(scaling) => self.scaling.clone_from(scaling),
            Err(_) => reads.scaling = Ok(self.scaling.clone()),
        }
        Ok(Fleet {
            gaps,
            ..Fleet::of(&reads)
        })
    }
}

#[cfg(test)]
mod tests;
