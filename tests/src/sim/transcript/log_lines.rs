//! The log lines of the programs.

use jiff::Timestamp;
use serde_json::Value;

use super::TranscriptWriter;

/// Actions that the next lines show by themselves, or that say nothing new.
const QUIET: [&str; 3] = ["heartbeat", "put-holding", "put-count"];

impl TranscriptWriter {
    /// A step of the script happens.
    pub(crate) fn step(&mut self, now: Timestamp, words: &str) {
        self.at = self.clock.since_zero(now);
        self.say(">>", words);
    }

    /// A sidecar writes a log line.
    pub(crate) fn sidecar(&mut self, now: Timestamp, task: &str, text: String) {
        self.at = self.clock.since_zero(now);
        self.say_of("sidecar", self.names.known(task), &text);
    }

    /// An event for the coordinator does not come.
    pub(crate) fn lost(&mut self, now: Timestamp, event: &Value) {
        self.at = self.clock.since_zero(now);
        let words = format!(
            "an event is lost: {}",
            event["detail-type"].as_str().unwrap_or_default()
        );
        self.say("EventBridge", &words);
    }

    /// The coordinator writes a log line. Numbers for machines (`metrics`) are no part of a journal.
    pub(crate) fn coordinator(&mut self, now: Timestamp, line: &Value) {
        self.at = self.clock.since_zero(now);
        let words = match line["event"].as_str().unwrap_or_default() {
            "instance" => return self.run(line),
            "receipt" => {
                let words = self.receipt(line);
                return self.say("receipt", &words);
            }
            "control" => return self.switched(line),
            "ignored" => format!("{}: ignored, {}", text(line, "trigger"), text(line, "message")),
            "failed" => format!("failed: {}", text(line, "error")),
            "malformed" => format!(
                "malformed event: {}: {}",
                text(line, "field"),
                text(line, "error")
            ),
            _ => return,
        };
        let words = self.names.shorten(&words);
        self.say("coordinator", &words);
    }

    /// One run for the instance. One that brings nothing new is left out.
    fn run(&mut self, line: &Value) {
        let done: Vec<String> = list(line, "actions").map(action).collect();
        let planned = done.iter().filter(|action| action.ends_with("(skipped)"));
        let planned: Vec<&str> = planned
            .map(String::as_str)
            .filter(|action| !is_quiet(action))
            .collect();
        let verdict = verdict(line);
        let news = done
            .iter()
            .any(|action| !is_quiet(action) && !planned.contains(&action.as_str()));
        let said = self
            .reported_verdict
            .replace(format!("{verdict}{}", planned.join(" ")));
        if !news && (said == self.reported_verdict || verdict.contains("steady:")) {
            return;
        }
        let done = match done.is_empty() {
            true => String::new(),
            false => format!("; does: {}", done.join(", ")),
        };
        let words = self
            .names
            .shorten(&format!("{}: {verdict}{done}", text(line, "trigger")));
        self.say("coordinator", &words);
    }

    /// The coordinator logs a problem with the kill switch at each reading. The journal has it once.
    fn switched(&mut self, line: &Value) {
        let words = match line["error"].as_str() {
            Some(problem) => format!("kill switch: cannot be read, {problem}"),
            None => format!(
                "kill switch: {}, was {}",
                text(line, "mode"),
                text(line, "previous")
            ),
        };
        if self
            .reported_control
            .replace(words.clone())
            .is_none_or(|before| before != words)
        {
            self.say("coordinator", &words);
        }
    }
}

/// The verdict and its reasons, which mostly repeat it.
fn verdict(line: &Value) -> String {
    let reasons: Vec<&str> = list(line, "messages").filter_map(Value::as_str).collect();
    let (verdict, reasons) = (text(line, "verdict"), reasons.join("; "));
    let words = match reasons.as_str() {
        "" => verdict.to_owned(),
        _ if reasons.starts_with(verdict) || (verdict == "holding" && reasons.starts_with("held")) => reasons,
        _ => format!("{verdict}: {reasons}"),
    };
    match text(line, "mode") {
        "on" => words,
        mode => format!("[{mode}] {words}"),
    }
}

fn is_quiet(action: &str) -> bool {
    QUIET.iter().any(|quiet| action.starts_with(quiet))
}

fn action(action: &Value) -> String {
    match (text(action, "action"), text(action, "outcome")) {
        (name, "ok") => name.to_owned(),
        (name, "failed") => format!("{name} ({})", text(action, "error")),
        (name, outcome) => format!("{name} ({outcome})"),
    }
}

fn text<'a>(line: &'a Value, field: &str) -> &'a str {
    line[field].as_str().unwrap_or_default()
}

fn list<'a>(line: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    line[field].as_array().into_iter().flatten()
}
