//! Things that exist but are reported as MISSING: a read that lags.

use super::World;
use serde_json::{Value, json};

/// Operations that describe by ARN: the member of the answer, and the member of its items that holds the ARN.
const DESCRIBED: [(&str, &str, &str); 3] = [
    ("DescribeTasks", "tasks", "taskArn"),
    (
        "DescribeContainerInstances",
        "containerInstances",
        "containerInstanceArn",
    ),
    ("DescribeServices", "services", "serviceArn"),
];

impl World {
    /// Moves what is planned to be missing from an answer into its `failures`.
    pub(super) fn hide_missing(&mut self, operation: &str, answer: &mut Value) {
        let Some((_, member, key)) = DESCRIBED.iter().find(|(name, ..)| *name == operation) else {
            return;
        };
        let mut hidden = Vec::new();
        if let Some(items) = answer[*member].as_array_mut() {
            items.retain(|item| match item[*key].as_str() {
                Some(arn) if self.faults.is_missing(arn) => {
                    hidden.push(json!({"arn": arn, "reason": "MISSING"}));
                    false
                }
                _ => true,
            });
        }
        if let Some(failures) = answer["failures"].as_array_mut() {
            failures.extend(hidden);
        }
    }
}
