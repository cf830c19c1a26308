//! What Auto Scaling has answered about the terminations of groups: all instances of a run share one answer.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use protector_core::ids::{AutoScalingGroupName, InstanceId};
use protector_core::limits::coordinator::TERMINATIONS_TTL;

use crate::aws::{Aws, AwsError};

/// The last answers, failures included. One instance asks at a time, and the others wait for its answer.
#[derive(Debug, Default)]
pub struct TerminationCache(tokio::sync::Mutex<HashMap<AutoScalingGroupName, Answered>>);

#[derive(Debug)]
struct Answered {
    at: Timestamp,
    answer: Result<BTreeMap<InstanceId, Timestamp>, AwsError>,
}

impl TerminationCache {
    /// Since when a group terminates an instance; none if it has no such activity that goes on.
    ///
    /// # Errors
    /// Auto Scaling has not answered.
    pub async fn since(
        &self,
        aws: &Aws,
        group: &AutoScalingGroupName,
        instance: &InstanceId,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, AwsError> {
        let mut known = self.0.lock().await;
        known.retain(|_, answered| now.duration_since(answered.at) < TERMINATIONS_TTL);
        if !known.contains_key(group) {
            let answer = aws.terminations(group).await;
            known.insert(group.clone(), Answered { at: now, answer });
        }
        match known.get(group).map(|answered| &answered.answer) {
            Some(Ok(terminations)) => Ok(terminations.get(instance).copied()),
            Some(Err(failure)) => Err(failure.clone()),
            None => Ok(None),
        }
    }
}
