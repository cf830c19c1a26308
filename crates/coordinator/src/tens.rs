//! DRAINING by tens: `UpdateContainerInstancesState` takes ten instances, and those that a run drains at once share it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use protector_core::ids::{ClusterName, ContainerInstanceArn};
use protector_core::limits::DRAINING_MAX;
use protector_core::observation::ContainerInstance;
use tokio::sync::oneshot;

use crate::aws::{Aws, Failure};

/// The instances of one batch come to a call that they share within this.
pub(crate) const TOGETHER: Duration = Duration::from_millis(20);

type Outcome = Result<ContainerInstance, Failure>;

/// Who waits for DRAINING.
#[derive(Debug, Default)]
pub struct Tens {
    waiting: Mutex<Vec<Waiting>>,
    gate: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Waiting {
    cluster: ClusterName,
    arn: ContainerInstanceArn,
    outcome: oneshot::Sender<Outcome>,
}

impl Tens {
    /// Sets an instance to DRAINING, with whoever else waits for that now.
    ///
    /// # Errors
    /// The call failed, or ECS refused this one.
    pub async fn set_draining(
        &self,
        aws: &Aws,
        cluster: &ClusterName,
        arn: &ContainerInstanceArn,
    ) -> Outcome {
        let (outcome, mut told) = oneshot::channel();
        self.lock().push(Waiting {
            cluster: cluster.clone(),
            arn: arn.clone(),
            outcome,
        });
        let _turn = self.gate.lock().await;
        loop {
            if let Ok(outcome) = told.try_recv() {
                return outcome;
            }
            // Those of the same batch get in.
            tokio::time::sleep(TOGETHER).await;
            let some = self.take(cluster);
            let arns: Vec<ContainerInstanceArn> = some.iter().map(|one| one.arn.clone()).collect();
            match aws.set_draining(cluster, &arns).await {
                Ok(outcomes) => {
                    // Whoever has given up meanwhile is not told.
                    let told = some.into_iter().zip(outcomes);
                    told.for_each(|(one, outcome)| drop(one.outcome.send(outcome)));
                }
                Err(failure) => some
                    .into_iter()
                    .for_each(|one| drop(one.outcome.send(Err(failure.clone())))),
            }
        }
    }

    /// Up to ten of one cluster, the first that came first.
    fn take(&self, cluster: &ClusterName) -> Vec<Waiting> {
        let mut waiting = self.lock();
        let (own, mut others): (Vec<_>, Vec<_>) = waiting.drain(..).partition(|one| one.cluster == *cluster);
        let mut own = own.into_iter();
        let some = own.by_ref().take(DRAINING_MAX).collect();
        others.extend(own);
        *waiting = others;
        some
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
