//! The log lines: every field is documented, metrics are in CloudWatch's format, a receipt is written once.

use protector_tests::{Daemon, Lab, LabConfig, SIDECAR};
use serde_json::Value;

use crate::log_fields::documented;

async fn drained(config: LabConfig) -> (Lab, String) {
    let lab = Lab::with_logs(config).await;
    lab.replicas("web", 2, 2).await;
    let instance = lab.instance().to_owned();
    lab.drained_with_ticks(&instance).await;
    (lab, instance)
}

pub(crate) fn assert_documented(program: &str, lines: &[Value]) {
    let documented = documented(program);
    for line in lines {
        let event = line["event"].as_str().unwrap();
        let fields = documented
            .get(event)
            .unwrap_or_else(|| panic!("docs/log-fields.md has no heading for `{event}`"));
        for (name, _) in line.as_object().unwrap() {
            assert!(
                name == "level" || name == "event" || fields.contains(name),
                "docs/log-fields.md lacks `{name}` of `{event}`: {line}"
            );
        }
        assert_scheme(line);
    }
}

/// Both programs have one name for each kind of text: operators filter by codes, and read sentences and errors. The
/// text of an operator (`order`) is left as it was given.
fn assert_scheme(value: &Value) {
    const CODES: [&str; 6] = ["event", "reason", "outcome", "verdict", "mode", "trigger"];
    const TEXTS: [&str; 3] = ["message", "error", "hint"];
    const LISTS: [&str; 2] = ["messages", "errors"];
    const REPLACED: [&str; 7] = ["why", "mend", "detail", "problem", "problems", "reasons", "words"];
    let is_code = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    let Value::Object(fields) = value else {
        return value.as_array().into_iter().flatten().for_each(assert_scheme);
    };
    for (name, value) in fields {
        let name = name.as_str();
        assert!(!REPLACED.contains(&name), "`{name}` has another name: {value}");
        let fits = match name {
            _ if value.is_null() => true,
            _ if CODES.contains(&name) => value.as_str().is_some_and(is_code),
            _ if TEXTS.contains(&name) => value.is_string(),
            _ if LISTS.contains(&name) => value.is_array(),
            _ => true,
        };
        assert!(fits, "`{name}` does not hold what its name says: {value}");
        if name != "order" {
            assert_scheme(value);
        }
    }
}

fn parsed(lines: &[String]) -> Vec<Value> {
    let parsed = lines.iter().map(|line| serde_json::from_str(line).unwrap());
    parsed.collect()
}

#[tokio::test]
async fn every_field_of_every_line_is_documented() {
    let (lab, _) = drained(LabConfig::default()).await;
    let (metrics, lines): (Vec<Value>, Vec<Value>) = parsed(&lab.aws.coordinator_logs())
        .into_iter()
        .partition(|line| line["event"] == "metrics");
    assert!(!metrics.is_empty() && lines.len() > 3);
    assert_documented("Coordinator", &lines);
    let task = lab.tasks_with(SIDECAR).remove(0);
    let lines = parsed(&lab.aws.container_logs(&task, SIDECAR));
    assert!(lines.len() >= 3, "{lines:?}");
    assert_documented("Sidecar", &lines);
}

fn metric<'l>(lines: &'l [Value], name: &str) -> Vec<&'l Value> {
    let values = lines.iter().map(|line| &line[name]);
    values.filter(|value| !value.is_null()).collect()
}

#[tokio::test]
async fn a_drain_is_measured() {
    let (lab, _) = drained(LabConfig::default()).await;
    let lines = lab.said("metrics");
    for name in "DrainTime HoldTime FlushTime ReleaseLatency DrainsEnded".split(' ') {
        assert_eq!(metric(&lines, name).len(), 1, "{name}: {lines:?}");
    }
    let calls = metric(&lines, "ApiCalls");
    let calls: f64 = calls.iter().filter_map(|value| value.as_f64()).sum();
    let made = lab.journal().calls_of_functions();
    assert!(
        (calls - made as f64).abs() < 0.5,
        "{calls} of {made} were measured"
    );
    let in_flight = metric(&lines, "DrainsInFlight");
    assert!(in_flight.contains(&&Value::from(1)), "{lines:?}");
    assert!(metric(&lines, "ForcedReleases").is_empty());
    for line in &lines {
        let declared = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(declared["Namespace"], "EcsDaemonProtector");
        for metric in declared["Metrics"].as_array().unwrap() {
            assert!(!line[metric["Name"].as_str().unwrap()].is_null(), "{line}");
        }
    }
}

#[tokio::test]
async fn a_forced_release_is_measured() {
    let config = LabConfig::default().set("MAX_DRAIN", "3s");
    let lab = Lab::start(config.set("DAEMON_STOP", "1s")).await;
    lab.standalone("endless", 600).await;
    let instance = lab.instance().to_owned();
    lab.drained_with_ticks(&instance).await;
    let lines = lab.said("metrics");
    assert_eq!(metric(&lines, "ForcedReleases"), [&Value::from(1)], "{lines:?}");
    // No task's end led to it.
    assert!(metric(&lines, "ReleaseLatency").is_empty(), "{lines:?}");
}

#[tokio::test]
async fn a_sidecar_that_gives_up_or_is_killed_is_measured() {
    let lab = Lab::start(LabConfig::default()).await;
    let daemon = Daemon::new("logs").set("MAX_HOLD", "2s");
    lab.daemon(&daemon.set("UNKNOWN_GRACE", "1m")).await;
    lab.stop_task(&lab.tasks_of("logs")[0]);
    let is_measured = || !metric(&lab.said("metrics"), "SidecarsGaveUp").is_empty();
    lab.until("its end is measured", is_measured).await;
}
