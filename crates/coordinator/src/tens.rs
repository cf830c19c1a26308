//! DRAINING by tens: `UpdateContainerInstancesState` takes ten instances, and those that a run drains at once share it.

use protector_core::ids::{ClusterName, ContainerInstanceArn};
use protector_core::limits::DRAINING_MAX;
use protector_core::limits::coordinator::TOGETHER_WITHIN;
use protector_core::observation::ContainerInstance;
use protector_runtime::guarded::Guarded;
use tokio::sync::oneshot::{self, error::TryRecvError};

use crate::aws::{Aws, AwsError};

/// The container instance as it was read back.
type ReadBack = Result<ContainerInstance, AwsError>;

/// The instances that wait to be set to DRAINING.
#[derive(Debug, Default)]
pub struct Tens {
    waiting: Guarded<Vec<PendingInstance>>,
    gate: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct PendingInstance {
    cluster: ClusterName,
    arn: ContainerInstanceArn,
    outcome: oneshot::Sender<ReadBack>,
}

impl Tens {
    /// Sets an instance to DRAINING, together with all others that wait for that now. If the run sets `others` too,
    /// they are waited for.
    ///
    /// # Errors
    /// The call failed, or ECS refused this one.
    pub async fn set_draining(
        &self,
        aws: &Aws,
        cluster: &ClusterName,
        arn: &ContainerInstanceArn,
        others: bool,
    ) -> ReadBack {
        let mut reported = self.wait(cluster, arn);
        let _turn = self.gate.lock().await;
        loop {
            match reported.try_recv() {
                Ok(outcome) => return outcome,
                // The run that had taken this one along was given up during its call.
                Err(TryRecvError::Closed) => reported = self.wait(cluster, arn),
                Err(TryRecvError::Empty) => {}
            }
            if others {
                tokio::time::sleep(TOGETHER_WITHIN).await;
            }
            let some = self.take(cluster);
            let arns: Vec<ContainerInstanceArn> = some.iter().map(|one| one.arn.clone()).collect();
            let outcomes = match aws.set_draining(cluster, &arns).await {
                Ok(outcomes) => outcomes,
                Err(failure) => vec![Err(failure); arns.len()],
            };
            // A run that was given up meanwhile gets no outcome.
            let reported = some.into_iter().zip(outcomes);
            reported.for_each(|(one, outcome)| drop(one.outcome.send(outcome)));
        }
    }

    /// Takes a place among those that wait.
    fn wait(&self, cluster: &ClusterName, arn: &ContainerInstanceArn) -> oneshot::Receiver<ReadBack> {
        let (outcome, reported) = oneshot::channel();
        self.waiting.lock().push(PendingInstance {
            cluster: cluster.clone(),
            arn: arn.clone(),
            outcome,
        });
        reported
    }

    /// Takes up to ten instances of one cluster, in the order in which they came.
    fn take(&self, cluster: &ClusterName) -> Vec<PendingInstance> {
        let mut waiting = self.waiting.lock();
        let (own, mut others): (Vec<_>, Vec<_>) = waiting.drain(..).partition(|one| one.cluster == *cluster);
        let mut own = own.into_iter();
        let some = own.by_ref().take(DRAINING_MAX).collect();
        others.extend(own);
        *waiting = others;
        some
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::arn;

    #[test]
    fn p10_ten_of_one_cluster_at_a_time_in_their_order() {
        let tens = Tens::default();
        let (prod, other): (ClusterName, ClusterName) = ("prod".parse().unwrap(), "other".parse().unwrap());
        let mut reported: Vec<_> = (0..12).map(|number| tens.wait(&prod, &arn(number))).collect();
        reported.push(tens.wait(&other, &arn(99)));
        let taken = |cluster: &ClusterName| -> Vec<ContainerInstanceArn> {
            tens.take(cluster).into_iter().map(|one| one.arn).collect()
        };
        assert_eq!(taken(&prod), (0..10).map(arn).collect::<Vec<_>>());
        assert_eq!(taken(&prod), (10..12).map(arn).collect::<Vec<_>>());
        assert_eq!((taken(&prod).len(), taken(&other).len()), (0, 1));
    }
}
