//! Shared records, parsed from their documented format: the judge believes no code of the product.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::model::{HostId, instance_number};

/// The drain of one machine as a shared record has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SharedDrain {
    standing: String,
    pub(crate) started: i64,
}

impl SharedDrain {
    /// Returns whether it holds.
    pub(crate) fn holds(&self) -> bool {
        self.standing == "holding"
    }

    /// The form that its own record would have. A shared record has no name of the drain: `known` gives it, if that
    /// drain began at the same time.
    pub(crate) fn as_record(&self, known: &Option<(String, bool)>, began: Option<i64>) -> Value {
        let same = began == Some(self.started);
        let drain = known.as_ref().filter(|_| same).map(|(drain, _)| drain.clone());
        let drain = drain.unwrap_or_else(|| format!("shared {}", self.started));
        let started = jiff::Timestamp::from_second(self.started).ok();
        let record = |state| json!({"drainId": drain, "startedAt": started, "state": state, "shared": true});
        match self.standing.as_str() {
            "holding" => record("holding"),
            reason => {
                let mut released = record("released");
                released["reason"] = json!(reason);
                released
            }
        }
    }
}

/// Returns whether a parameter of this name is a beacon of the coordinator or of its heartbeats: no record of a drain.
pub(crate) fn is_beacon(name: &str) -> bool {
    let last = name.strip_prefix("/ecs-daemon-protector/");
    matches!(last, Some("coordinator" | "heartbeats"))
}

/// Returns whether a parameter of this name is a shared record.
pub(crate) fn is_shared(name: &str) -> bool {
    name.contains("/shared-")
}

/// The machines of a shared record.
pub(crate) fn members(text: &str) -> BTreeMap<HostId, SharedDrain> {
    let mut members = BTreeMap::new();
    for (began, standing, words) in lists(text) {
        let began: Option<jiff::Timestamp> = began.parse().ok();
        let Some(began) = began else { continue };
        let mut after = 0;
        for word in words.split(' ') {
            if let Some(seconds) = word.strip_prefix('+') {
                after = seconds.parse::<i64>().unwrap_or(0);
                continue;
            }
            let (id, _) = word.split_once('/').unwrap_or((word, ""));
            if let Some(host) = instance_number(&format!("i-{id}")) {
                let started = began.as_second() + after;
                let standing = standing.clone();
                members.insert(host, SharedDrain { standing, started });
            }
        }
    }
    members
}

/// A shared record in a few words: the machines that it holds and those that it releases.
pub(crate) fn summary(text: &str) -> String {
    let lists = lists(text).into_iter();
    let words = lists.map(|(_, standing, words)| format!("{standing} {words}"));
    words.collect::<Vec<_>>().join("; ")
}

/// The lists of all waves: when the wave began, how its drains stand, and their words.
fn lists(text: &str) -> Vec<(String, String, String)> {
    let text: Value = serde_json::from_str(text).unwrap_or_default();
    let string = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut lists = Vec::new();
    for wave in text["waves"].as_array().into_iter().flatten() {
        for (standing, words) in wave["drains"].as_object().into_iter().flatten() {
            lists.push((string(&wave["startedAt"]), standing.clone(), string(words)));
        }
    }
    lists
}
