//! The contents of records. They are read as plain JSON: a journal must also show what is wrong with them.

use jiff::Timestamp;
use protector_core::plural::counted;
use serde_json::Value;

use super::TranscriptWriter;
use super::line::time;

/// A shared record: how many instances stand how.
fn shared(text: &str) -> String {
    let record: Value = serde_json::from_str(text).unwrap_or_default();
    let waves = record["waves"].as_array().into_iter().flatten();
    let lists = waves.flat_map(|wave| wave["drains"].as_object().into_iter().flatten());
    let words = lists.map(|(standing, instances)| {
        let instances = instances.as_str().unwrap_or_default().split(' ');
        let count = instances.filter(|word| !word.starts_with('+')).count();
        format!(
            "{standing}: {}",
            counted(u32::try_from(count).unwrap_or(u32::MAX), "instance")
        )
    });
    words.collect::<Vec<_>>().join("; ")
}

impl TranscriptWriter {
    /// A parameter was written, or deleted.
    pub(super) fn parameter(&mut self, name: &str, text: Option<&str>) {
        if name.ends_with("/control") {
            return;
        }
        if let Some((_, number)) = name.rsplit_once("/shared-") {
            let words = text.map_or_else(|| "deleted".to_owned(), shared);
            return self.say("record", &format!("shared-{number}: {words}"));
        }
        let words = match text.map(serde_json::from_str::<Value>) {
            None => "deleted".to_owned(),
            Some(Err(error)) => format!("unreadable: {error}"),
            Some(Ok(record)) => self.record(&record),
        };
        if self
            .reported_record
            .replace(words.clone())
            .is_none_or(|before| before != words)
        {
            self.say("record", &words);
        }
    }

    fn record(&self, record: &Value) -> String {
        let held_by = held_by(&record["heldBy"]);
        let to_go = match record["remaining"].as_u64().unwrap_or_default() {
            0 => "no task holds".to_owned(),
            count => format!("{count} to go: {held_by}"),
        };
        let state = record["state"].as_str().unwrap_or_default();
        let mut words = match record["reason"].as_str() {
            Some(reason) => format!("{state} ({reason}); {to_go}"),
            None => format!(
                "{state}; {to_go}; deadline {}",
                self.moment(&record["deadlineAt"])
            ),
        };
        let services = texts(&record["releasedServices"]);
        if !services.is_empty() && state == "holding" {
            words += &format!("; may go already: {}", services.join(", "));
        }
        words
    }

    /// A time of the record, on the journal's own clock.
    fn moment(&self, at: &Value) -> String {
        let at = at.as_str().and_then(|at| at.parse::<Timestamp>().ok());
        at.map_or_else(String::new, |at| time(self.clock.since_zero(at)))
    }

    /// The receipt, in words.
    pub(super) fn receipt(&self, receipt: &Value) -> String {
        let number = |field: &str| receipt[field].as_i64().unwrap_or_default();
        let reason = receipt["reason"].as_str().unwrap_or("not released");
        let forced = if receipt["forced"] == true {
            "forced"
        } else {
            "not forced"
        };
        let mut words = format!(
            "{reason}, {forced}; held {} s, flushed {} s",
            number("heldSeconds"),
            number("flushSeconds")
        );
        words += &format!("; waited for {}", waited_for(&receipt["waitedFor"]));
        words += &format!(
            "; {} left at the end; {} calls",
            counted(number("remaining"), "task"),
            number("calls")
        );
        let order = &receipt["order"];
        match (
            order["command"].as_str(),
            order["who"].as_str(),
            order["why"].as_str(),
        ) {
            (Some(command), Some(who), Some(why)) => {
                words + &format!("; ordered: {command} by {who}, {why:?}")
            }
            _ => words,
        }
    }
}

fn held_by(groups: &Value) -> String {
    let one = |group: &Value| {
        let (name, status) = (
            group["group"].as_str().unwrap_or_default(),
            group["lastStatus"].as_str(),
        );
        let words = format!("{} {name} {}", group["count"], status.unwrap_or_default());
        match group["protected"].as_u64() {
            Some(protected @ 1..) => format!("{words} ({protected} with scale-in protection)"),
            _ => words,
        }
    };
    let groups = groups
        .as_array()
        .map(|groups| groups.iter().map(one).collect::<Vec<_>>());
    groups.unwrap_or_default().join(", ")
}

fn waited_for(groups: &Value) -> String {
    let one = |group: &Value| {
        let name = group["group"].as_str().unwrap_or_default();
        format!("{} {name} ({} s)", group["tasks"], group["seconds"])
    };
    let groups = groups
        .as_array()
        .map(|groups| groups.iter().map(one).collect::<Vec<_>>());
    match groups.unwrap_or_default() {
        groups if groups.is_empty() => "no group".to_owned(),
        groups => groups.join(", "),
    }
}

fn texts(list: &Value) -> Vec<&str> {
    let items = list.as_array().into_iter().flatten();
    items.filter_map(Value::as_str).collect()
}
