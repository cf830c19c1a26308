//! The forms of the report.

use crate::lint::args::Format;
use crate::lint::report::{File, Report};
use crate::lint::rules::{RULES, Severity};
use crate::lint::testing::{examined, expected, with_sidecar};
use crate::lint::{Document, suppress};
use crate::look::Look;
use serde_json::{Value, json};
use std::process::ExitCode;

/// A report of one file; its name, and a text.
fn report(name: &str, text: &str) -> Report {
    let examined = Document::parse(text).map(|document| document.examine(&expected()));
    let file = File {
        name: name.to_owned(),
        text: text.to_owned(),
        examined,
    };
    Report {
        files: vec![file],
        look: Look {
            colors: false,
            unicode: false,
            width: 100,
        },
    }
}

const BROKEN: &str = r#"{
  "family": "daemon",
  "networkMode": "host",
  "taskRoleArn": "arn:aws:iam::123456789012:role/x",
  "containerDefinitions": [
    { "name": "log", "image": "x:1" },
    {
      "name": "ecs-daemon-protector", "image": "x:0.1.0", "essential": false, "memory": 32,
      "user": "65532", "readonlyRootFilesystem": true,
      "linuxParameters": { "capabilities": { "drop": ["ALL"] } },
      "dockerSecurityOptions": ["no-new-privileges"],
      "dependsOn": [{ "containerName": "log", "condition": "START" }],
      "restartPolicy": { "enabled": true, "restartAttemptPeriod": 60 },
      "healthCheck": { "command": ["CMD", "/ecs-daemon-protector", "check"] },
      "stopTimeout": 120
    }
  ]
}
"#;

/// The same without its mistake.
fn fine() -> String {
    BROKEN.replace("120", "7500")
}

/// The same with a warning instead.
fn warned() -> String {
    fine().replace("\"memory\": 32", "\"memory\": 64")
}

#[test]
fn people_see_the_line_the_reason_and_the_fix() {
    let expected = "\
error[PL004]: stopTimeout must be above PROTECTOR_MAX_HOLD (7200 s): after 120 s the agent kills the sidecar, whatever the record says
  --> daemon.json:15:22
   |
15 |       \"stopTimeout\": 120
   |                      ^^^ stopTimeout of ecs-daemon-protector
   |
   = fix: MAX_HOLD and five minutes, in seconds. Or: protectorctl inject --diff daemon.json
   = see: docs/checks.md#pl004

daemon.json: 31 rules, 1 finding";
    assert_eq!(report("daemon.json", BROKEN).written(Format::Text), expected);
}

#[test]
fn what_is_missing_is_shown_where_it_should_be() {
    let text = BROKEN.replace(",\n      \"stopTimeout\": 120", "");
    let written = report("daemon.json", &text).written(Format::Text);
    let underlined = "^^^^^^^^^^^^^^^^^^^^^^ here is no stopTimeout of ecs-daemon-protector";
    assert!(written.contains(underlined), "{written}");
}

#[test]
fn success_is_said_in_words() {
    let written = report("daemon.json", &fine()).written(Format::Text);
    assert_eq!(written, "daemon.json: 31 rules, 0 findings");
}

#[test]
fn colours_only_where_they_are_wanted() {
    let mut report = report("daemon.json", BROKEN);
    assert!(!report.written(Format::Text).contains('\u{1b}'));
    report.look.colors = true;
    assert!(report.written(Format::Text).contains("\u{1b}["));
}

#[test]
fn a_foreign_text_does_nothing_to_the_terminal() {
    let text = with_sidecar(|sidecar| sidecar["\u{1b}[2J"] = json!(1));
    assert!(!report("x", &text).written(Format::Text).contains('\u{1b}'));
}

#[test]
fn a_program_gets_one_object() {
    let value: Value = serde_json::from_str(&report("daemon.json", BROKEN).written(Format::Json)).unwrap();
    let entry = json!({
        "rule": "PL004",
        "name": "stop-timeout",
        "severity": "error",
        "container": "ecs-daemon-protector",
        "pointer": "/containerDefinitions/1/stopTimeout",
        "line": 15, "column": 22, "endLine": 15, "endColumn": 25,
        "message": examined(BROKEN).findings[0].message,
        "fix": "inject",
    });
    let expected = json!({
        "schema": 1,
        "kind": "lint",
        "version": env!("CARGO_PKG_VERSION"),
        "files": [{"file": "daemon.json", "rules": 31, "stopped": false, "findings": [entry]}],
        "summary": {"errors": 1, "warnings": 0, "notes": 0, "suppressed": 0, "unreadable": 0},
    });
    assert_eq!(value, expected);
    let value: Value = serde_json::from_str(&report("x", "{\n!").written(Format::Json)).unwrap();
    assert_eq!(value["files"][0]["error"]["line"], 2);
    assert_eq!(value["summary"]["unreadable"], 1);
}

#[test]
fn github_gets_a_command_for_each_finding() {
    let written = report("a,b:c.json", BROKEN).written(Format::Github);
    let begin = "::error file=a%2Cb%3Ac.json,line=15,col=22,endLine=15,endColumn=25,title=PL004 stop-timeout::stopTimeout must";
    assert!(written.starts_with(begin), "{written}");
    let written = report("x.json", "{").written(Format::Github);
    let expected = "::error file=x.json,line=1,col=1::not JSON: expected a closing brace";
    assert_eq!(written, expected);
}

/// The exit code is the same in every form, because it does not know the form.
#[test]
fn the_exit_code_goes_by_the_worst_finding() {
    let code = |report: &Report, least| format!("{:?}", ExitCode::from(report.exit_code(least)));
    let [zero, one, two] = [0, 1, 2].map(|code| format!("{:?}", ExitCode::from(code)));
    let broken = report("x", BROKEN);
    assert_eq!(code(&broken, Severity::Error), one);
    let warned = report("x", &warned());
    assert_eq!(code(&warned, Severity::Error), zero);
    assert_eq!(code(&warned, Severity::Warning), one);
    let noted = report("x", &fine().replace("host", "bridge"));
    assert_eq!(code(&noted, Severity::Note), one);
    assert_eq!(code(&report("x", "{"), Severity::Error), two);
    let mut both = report("x", "{");
    both.files.extend(report("y", BROKEN).files);
    assert_eq!(code(&both, Severity::Error), one);
}

/// Members that the schema of SARIF 2.1.0 requires, and the bounds that it sets, for each object that is written.
mod sarif {
    use super::*;

    fn log(report: &Report) -> Value {
        serde_json::from_str(&report.written(Format::Sarif)).unwrap()
    }

    fn assert_region(region: &Value) {
        let number = |name| region[name].as_u64().unwrap();
        assert!(number("startLine") >= 1 && number("startColumn") >= 1, "{region}");
        let [start, end] =
            [["startLine", "startColumn"], ["endLine", "endColumn"]].map(|names| names.map(number));
        assert!(start <= end, "{region}");
    }

    fn assert_valid(log: &Value) {
        assert_eq!(log["version"], "2.1.0");
        assert!(log["$schema"].as_str().unwrap().starts_with("https://"));
        let run = &log["runs"][0];
        assert_eq!(run["tool"]["driver"]["name"], "protectorctl");
        assert_eq!(run["columnKind"], "unicodeCodePoints");
        assert!(run["invocations"][0]["executionSuccessful"].is_boolean());
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        assert_eq!(rules.len(), RULES.len());
        for rule in rules {
            for member in ["shortDescription", "fullDescription", "help"] {
                assert!(!rule[member]["text"].as_str().unwrap().is_empty(), "{rule}");
            }
            let level = rule["defaultConfiguration"]["level"].as_str().unwrap();
            assert!(["none", "note", "warning", "error"].contains(&level));
        }
        for result in run["results"].as_array().unwrap() {
            assert_result(result, rules);
        }
    }

    fn assert_result(result: &Value, rules: &[Value]) {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        let place = &result["locations"][0]["physicalLocation"];
        assert!(!place["artifactLocation"]["uri"].as_str().unwrap().contains(' '));
        assert_region(&place["region"]);
        let fingerprint = &result["partialFingerprints"]["protectorctl/v1"];
        assert_eq!(fingerprint.as_str().unwrap().len(), 16);
        let all = |member: &str| result[member].as_array().cloned().unwrap_or_default();
        for fix in all("fixes") {
            for change in fix["artifactChanges"].as_array().unwrap() {
                assert!(change["artifactLocation"]["uri"].is_string());
                let replacements = change["replacements"].as_array().unwrap();
                assert!(!replacements.is_empty());
                for replacement in replacements {
                    assert_region(&replacement["deletedRegion"]);
                }
            }
        }
        for suppression in all("suppressions") {
            assert!(["inSource", "external"].contains(&suppression["kind"].as_str().unwrap()));
        }
    }

    #[test]
    fn what_the_schema_requires_is_there() {
        assert_valid(&log(&report("a b/é.json", BROKEN)));
        let many = with_sidecar(|sidecar| *sidecar = json!({"name": "ecs-daemon-protector", "image": "x"}));
        let log_of_many = log(&report("x.json", &many));
        assert_valid(&log_of_many);
        assert!(log_of_many["runs"][0]["results"].as_array().unwrap().len() > 8);
    }

    #[test]
    fn a_finding_has_its_place_and_its_fix() {
        let log = log(&report("./a b/é.json", BROKEN));
        let result = &log["runs"][0]["results"][0];
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "a%20b/%C3%A9.json");
        let region = json!({"startLine": 15, "startColumn": 22, "endLine": 15, "endColumn": 25});
        assert_eq!(place["region"], region);
        let replacement = &result["fixes"][0]["artifactChanges"][0]["replacements"][0];
        let expected = json!({"deletedRegion": region, "insertedContent": {"text": "7500"}});
        assert_eq!(replacement, &expected);
    }

    #[test]
    fn a_finding_is_the_same_after_its_lines_have_moved() {
        let print = |text: &str| {
            let log = log(&report("x.json", text));
            log["runs"][0]["results"][0]["partialFingerprints"]["protectorctl/v1"].clone()
        };
        let moved = BROKEN.replace(
            "\"containerDefinitions\": [\n",
            "\"containerDefinitions\": [\n\n\n{\"name\": \"first\", \"image\": \"x:1\", \"stopTimeout\": 1},",
        );
        let moved = moved.replace(
            "\"dependsOn\": [",
            "\"dependsOn\": [{ \"containerName\": \"first\", \"condition\": \"START\" },",
        );
        assert_eq!(print(BROKEN), print(&moved));
        assert_eq!(print(BROKEN), "bc9ff48995eca5de");
        assert_ne!(print(BROKEN), print(&warned()));
    }

    #[test]
    fn what_does_not_count_is_said_to_be_suppressed() {
        let mut report = report("x.json", BROKEN);
        let examined = report.files[0].examined.as_mut().unwrap();
        suppress::by_option(&mut examined.findings, &["PL004".parse().unwrap()]);
        let log = log(&report);
        assert_valid(&log);
        let suppression = &log["runs"][0]["results"][0]["suppressions"][0];
        assert_eq!(suppression["kind"], "external");
        let written = report.written(Format::Text);
        assert!(
            written.ends_with("31 rules, 0 findings, 1 suppressed"),
            "{written}"
        );
    }

    #[test]
    fn a_file_that_cannot_be_read_is_a_notification() {
        let log = log(&report("x.json", "{"));
        assert_valid(&log);
        let invocation = &log["runs"][0]["invocations"][0];
        assert_eq!(invocation["executionSuccessful"], false);
        let notification = &invocation["toolExecutionNotifications"][0];
        let text = "not JSON: expected a closing brace";
        assert_eq!(notification["message"]["text"], text);
        let region = &notification["locations"][0]["physicalLocation"]["region"];
        assert_eq!(region["startLine"], 1);
    }
}
