//! One scaling activity: a launch or a termination.
//!
//! <https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_Activity.html>

use super::hook::Transition;
use crate::time::seconds;
use jiff::Timestamp;
use serde_json::{Value, json};

#[derive(Clone, Debug)]
pub(super) struct Activity {
    pub(super) id: String,
    /// In this order the newest of a group is the first.
    pub(super) key: String,
    /// The instance that it is about; none if none came to be.
    pub(super) instance: Option<String>,
    pub(super) zone: String,
    /// Launch or termination.
    pub(super) transition: Transition,
    /// `Description`.
    pub(super) description: String,
    /// `Cause`.
    pub(super) cause: String,
    /// When it began.
    pub(super) start: Timestamp,
    /// When it ended, if it has.
    pub(super) end: Option<Timestamp>,
    /// `StatusCode`.
    pub(super) status: &'static str,
    /// `StatusMessage`, of one that failed.
    pub(super) message: Option<String>,
}

impl Activity {
    /// Its place among all: in this order those that go on come first.
    pub(super) fn place(&self) -> String {
        format!("{}/{}", u8::from(self.end.is_some()), self.key)
    }

    /// `Activity` of the API.
    pub(super) fn view(&self, group: &str, arn: &str) -> Value {
        json!({
            "ActivityId": self.id,
            "AutoScalingGroupName": group,
            "AutoScalingGroupARN": arn,
            "Description": self.description,
            "Cause": self.cause,
            "StartTime": seconds(self.start),
            "EndTime": self.end.map(seconds),
            "StatusCode": self.status,
            "StatusMessage": self.message,
            "Progress": if self.end.is_some() { 100 } else { 50 },
            "Details": json!({"Availability Zone": self.zone}).to_string(),
        })
    }
}
