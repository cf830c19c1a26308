//! The forms in which people keep task definitions, and what is wrong with their shape.

use crate::lint::layout::Form;
use crate::lint::source::Position;
use crate::lint::testing::{changed, examined, example, ids, with_sidecar};
use crate::lint::{Document, decode};
use serde_json::{Value, json};

#[test]
fn every_form_is_read() {
    let definition = example();
    let described = json!({"taskDefinition": definition, "tags": []}).to_string();
    let containers = definition["containerDefinitions"].to_string();
    for (text, form) in [
        (definition.to_string(), Form::Bare),
        (described, Form::Described),
        (containers, Form::Containers),
    ] {
        let found = examined(&text);
        assert_eq!((found.form, found.findings), (form, Vec::new()));
    }
    // Rules about the whole task are not counted where there is none.
    let counts = [
        definition.to_string(),
        definition["containerDefinitions"].to_string(),
    ]
    .map(|text| examined(&text).rules);
    assert_eq!(counts, [29, 24]);
}

#[test]
fn what_describing_adds_is_known() {
    let text = changed(|definition| {
        definition["taskDefinitionArn"] = json!("arn:aws:ecs:eu-west-1:123456789012:task-definition/x:7");
        definition["revision"] = json!(7);
        definition["requiresAttributes"] = json!([{"name": "x"}]);
        definition["compatibilities"] = json!(["EXTERNAL", "EC2"]);
        definition["registeredAt"] = json!("2025-01-01T00:00:00.000Z");
    });
    assert_eq!(ids(&text), Vec::<&str>::new());
}

#[test]
fn null_is_as_if_it_were_not_there() {
    let text = changed(|definition| {
        for member in [
            "ipcMode",
            "pidMode",
            "cpu",
            "requiresCompatibilities",
            "volumes",
            "proxyConfiguration",
        ] {
            definition[member] = json!(null);
        }
        for container in definition["containerDefinitions"].as_array_mut().unwrap() {
            for member in [
                "environmentFiles",
                "links",
                "volumesFrom",
                "portMappings",
                "secrets",
                "command",
            ] {
                container[member] = json!(null);
            }
        }
    });
    assert_eq!(ids(&text), Vec::<&str>::new());
}

#[test]
fn comments_and_trailing_commas_are_allowed() {
    let text = example().to_string();
    let text =
        text.replacen('{', "{ // begin\n", 1)
            .replacen("\"family\"", "/* the \"name\" */ \"family\"", 1);
    let text = format!("{},}}\n// end", &text[..text.len() - 1]);
    assert_eq!(ids(&text), Vec::<&str>::new());
}

#[test]
fn external_beside_ec2_is_fine() {
    let text = changed(|definition| definition["requiresCompatibilities"] = json!(["EXTERNAL", "EC2"]));
    assert_eq!(ids(&text), Vec::<&str>::new());
}

/// Each row: the place of the wrong value, the value, and the message.
#[test]
fn what_is_of_another_type_is_named() {
    let rows = [
        (
            "/containerDefinitions",
            json!({}),
            "containerDefinitions must be a list",
        ),
        (
            "/requiresCompatibilities",
            json!("EC2"),
            "requiresCompatibilities must be a list",
        ),
        ("/networkMode", json!(1), "networkMode must be a text"),
        (
            "/containerDefinitions/1",
            json!(null),
            "containerDefinitions[1] must be an object",
        ),
        (
            "/containerDefinitions/1/name",
            json!(1),
            "containerDefinitions[1].name must be a text",
        ),
        (
            "/containerDefinitions/1/name",
            json!(null),
            "containerDefinitions[1].name is missing",
        ),
        (
            "/containerDefinitions/1/environment",
            json!({"A": "b"}),
            "containerDefinitions[1].environment must be a list",
        ),
        (
            "/containerDefinitions/1/environment/0",
            json!({"name": "A"}),
            "containerDefinitions[1].environment[0].value is missing",
        ),
        (
            "/containerDefinitions/1/dependsOn/0",
            json!("log"),
            "containerDefinitions[1].dependsOn[0] must be an object",
        ),
        (
            "/containerDefinitions/1/dependsOn/0",
            json!({}),
            "containerDefinitions[1].dependsOn[0].containerName is missing",
        ),
        (
            "/containerDefinitions/1/stopTimeout",
            json!("7500"),
            "containerDefinitions[1].stopTimeout must be a whole number",
        ),
        (
            "/containerDefinitions/1/stopTimeout",
            json!(7500.0),
            "containerDefinitions[1].stopTimeout must be a whole number",
        ),
        (
            "/containerDefinitions/1/memory",
            json!(true),
            "containerDefinitions[1].memory must be a whole number",
        ),
        (
            "/containerDefinitions/1/essential",
            json!("false"),
            "containerDefinitions[1].essential must be true or false",
        ),
        (
            "/containerDefinitions/1/user",
            json!(65532),
            "containerDefinitions[1].user must be a text",
        ),
        (
            "/containerDefinitions/1/restartPolicy",
            json!(true),
            "containerDefinitions[1].restartPolicy must be an object",
        ),
        (
            "/containerDefinitions/1/restartPolicy/restartAttemptPeriod",
            json!("60"),
            "containerDefinitions[1].restartPolicy.restartAttemptPeriod must be a whole number",
        ),
        (
            "/containerDefinitions/1/healthCheck",
            json!([]),
            "containerDefinitions[1].healthCheck must be an object",
        ),
        (
            "/containerDefinitions/1/logConfiguration/logDriver",
            json!([]),
            "containerDefinitions[1].logConfiguration.logDriver must be a text",
        ),
        ("/family", json!(null), "family is missing"),
    ];
    for (pointer, odd, words) in rows {
        let text = changed(|definition| *definition.pointer_mut(pointer).unwrap() = odd);
        let found = examined(&text);
        let said: Vec<_> = found
            .findings
            .iter()
            .map(|f| (f.rule.code(), f.message.as_str()))
            .collect();
        assert!(said.contains(&("PL017", words)), "{words}: {said:?}");
    }
}

#[test]
fn a_member_that_is_there_twice_is_named() {
    let text = with_sidecar(|_| {}).replacen("\"family\":", "\"family\": \"x\", \"family\":", 1);
    let found = examined(&text);
    assert!(found.stopped);
    assert_eq!(
        found.findings[0].message,
        "family is there twice: readers of JSON disagree which one counts"
    );
}

#[test]
fn a_misspelt_member_is_compared_with_those_that_there_are() {
    let text = with_sidecar(|sidecar| {
        sidecar["StopTimeout"] = json!(1);
        sidecar["x"] = json!(1);
    });
    let found = examined(&text);
    let said: Vec<&str> = found
        .findings
        .iter()
        .map(|finding| finding.message.as_str())
        .collect();
    assert_eq!(
        said,
        [
            "ECS knows no member containerDefinitions[1].StopTimeout; is stopTimeout meant?",
            "ECS knows no member containerDefinitions[1].x"
        ]
    );
}

#[test]
fn a_text_without_a_definition_says_where_and_what_was_expected() {
    let rows: [(&[u8], &str); 17] = [
        (b"", ":1:1: the file is empty: expected a task definition in JSON"),
        (b"// only a comment", ":1:1: the file is empty"),
        (b"{", ":1:1: not JSON: expected a closing brace"),
        (b"{\n  \"a\": [1 2]}", ":2:10: not JSON: expected comma"),
        (b"{\"a\": yes}", ":1:7: not JSON: expected a value"),
        (b"{\"a\": 1} {}", ":1:10: not JSON: expected the end of the file"),
        (
            b"{'a': 1}",
            ":1:2: not JSON: expected plain JSON: Single-quoted strings",
        ),
        (b"\xff\xfe{", ":1:1: not UTF-8"),
        (b"{\"a\":\n \"\xc3\xa9\xff\"}", ":2:4: not UTF-8"),
        (b"null", ":1:1: no containerDefinitions"),
        (b"3", ":1:1: no containerDefinitions"),
        (b"\n {}", ":2:2: no containerDefinitions"),
        (
            b"{\"containerDefinitions\": null}",
            ":1:1: no containerDefinitions",
        ),
        (
            b"{\"taskDefinition\": \"arn:aws:ecs:x\"}",
            ":1:1: no containerDefinitions",
        ),
        (b"{\"Resources\": {}}", ":1:1: this looks like CloudFormation"),
        (
            b"AWSTemplateFormatVersion: 2010-09-09",
            ":1:1: not JSON: expected a value",
        ),
        (b"<html>", ":1:1: not JSON"),
    ];
    for (bytes, words) in rows {
        let read = decode(bytes).and_then(|(text, _)| Document::parse(text).map(|_| ()));
        let said = read.unwrap_err().to_string();
        assert!(
            said.starts_with(words),
            "{:?}: {said}",
            String::from_utf8_lossy(bytes)
        );
    }
}

#[test]
fn a_text_that_is_nested_without_end_is_answered() {
    for text in ["[".repeat(100_000), "{\"a\":".repeat(100_000)] {
        let error = Document::parse(&text).err().unwrap();
        assert!(error.expected.contains("nested too deeply"), "{error}");
    }
    let deep = format!("{{\"family\":{}{}}}", "[".repeat(480), "]".repeat(480));
    assert!(Document::parse(&deep).is_err());
}

#[test]
fn a_duration_beyond_reason_is_none() {
    for odd in ["9".repeat(4300) + "h", "\u{663}h".to_owned(), "soon".to_owned()] {
        let text = with_sidecar(|sidecar| sidecar["environment"][1]["value"] = json!(odd));
        let found = examined(&text);
        let said: Vec<_> = found
            .findings
            .iter()
            .map(|f| (f.rule.code(), f.message.as_str()))
            .collect();
        assert!(
            matches!(said[..], [("PL011", message)] if message.contains("expected a duration")),
            "{said:?}"
        );
        assert!(said[0].1.chars().count() < 1000);
    }
}

#[test]
fn a_byte_order_mark_is_left_out() {
    let text = format!("\u{feff}{}", example());
    let (text, marked) = decode(text.as_bytes()).unwrap();
    assert!(marked && Document::parse(text).is_ok());
}

#[test]
fn a_position_counts_characters() {
    let text = "é\n\u{1f600}x";
    assert_eq!(Position::of(text, 0), Position { line: 1, column: 1 });
    assert_eq!(Position::of(text, 2), Position { line: 1, column: 2 });
    assert_eq!(Position::of(text, 7), Position { line: 2, column: 2 });
    // In the middle of a letter, and beyond the end.
    assert_eq!(Position::of(text, 5), Position { line: 2, column: 1 });
    assert_eq!(Position::of(text, 99), Position { line: 2, column: 3 });
}

#[test]
fn the_table_of_members_is_a_shape() {
    let table: Value = serde_json::from_str(include_str!("../register-task-definition.json")).unwrap();
    assert_eq!(table["containerDefinitions!"][0]["stopTimeout"], "integer");
    assert_eq!(
        table["containerDefinitions!"][0]["dependsOn"][0]["condition!"],
        "string"
    );
}
