//! The forms in which people keep task definitions, and what is wrong with their shape.

use crate::lint::layout::DefinitionForm;
use crate::lint::source::Position;
use crate::lint::testing::{changed, examined, example, found, ids, with_sidecar};
use crate::lint::{Document, decode};
use serde_json::{Value, json};

/// No finding.
const NONE: [&str; 0] = [];

#[test]
fn every_form_is_read() {
    let definition = example();
    let described = json!({"taskDefinition": definition, "tags": []}).to_string();
    let containers = definition["containerDefinitions"].to_string();
    for (text, form) in [
        (definition.to_string(), DefinitionForm::Bare),
        (described, DefinitionForm::Described),
        (containers, DefinitionForm::Containers),
    ] {
        let found = examined(&text);
        assert_eq!((found.form, found.findings), (form, Vec::new()));
    }
    // Rules about the whole task are not counted where there is none.
    let texts = [&definition, &definition["containerDefinitions"]];
    let counts = texts.map(|value| examined(&value.to_string()).rules);
    assert_eq!(counts, [31, 26]);
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
    assert_eq!(ids(&text), NONE);
}

#[test]
fn null_is_as_if_it_were_not_there() {
    let text = changed(|definition| {
        for member in "ipcMode pidMode cpu requiresCompatibilities volumes proxyConfiguration".split(' ') {
            definition[member] = json!(null);
        }
        for container in definition["containerDefinitions"].as_array_mut().unwrap() {
            for member in "environmentFiles links volumesFrom portMappings secrets command".split(' ') {
                container[member] = json!(null);
            }
        }
    });
    assert_eq!(ids(&text), NONE);
}

#[test]
fn comments_and_trailing_commas_are_allowed() {
    let text = example().to_string();
    let text =
        text.replacen('{', "{ // begin\n", 1)
            .replacen("\"family\"", "/* the \"name\" */ \"family\"", 1);
    let text = format!("{},}}\n// end", &text[..text.len() - 1]);
    assert_eq!(ids(&text), NONE);
}

#[test]
fn external_beside_ec2_is_fine() {
    let text = changed(|definition| definition["requiresCompatibilities"] = json!(["EXTERNAL", "EC2"]));
    assert_eq!(ids(&text), NONE);
}

#[test]
fn what_is_of_another_type_is_named() {
    let top = [
        ("/containerDefinitions", json!({}), " must be a list"),
        ("/containerDefinitions/1", json!(null), " must be an object"),
        ("/requiresCompatibilities", json!("EC2"), " must be a list"),
        ("/networkMode", json!(1), " must be a text"),
        ("/family", json!(null), " is missing"),
    ];
    let sidecar = [
        ("/name", json!(1), " must be a text"),
        ("/name", json!(null), " is missing"),
        ("/environment", json!({"A": "b"}), " must be a list"),
        ("/environment/0", json!({"name": "A"}), ".value is missing"),
        ("/dependsOn/0", json!("log"), " must be an object"),
        ("/dependsOn/0", json!({}), ".containerName is missing"),
        ("/stopTimeout", json!("7500"), " must be a whole number"),
        ("/stopTimeout", json!(7500.0), " must be a whole number"),
        ("/memory", json!(true), " must be a whole number"),
        ("/essential", json!("false"), " must be true or false"),
        ("/user", json!(65532), " must be a text"),
        ("/restartPolicy", json!(true), " must be an object"),
        (
            "/restartPolicy/restartAttemptPeriod",
            json!("60"),
            " must be a whole number",
        ),
        ("/healthCheck", json!([]), " must be an object"),
        ("/logConfiguration/logDriver", json!([]), " must be a text"),
    ];
    let top = top.map(|(pointer, odd, words)| (pointer.to_owned(), odd, words));
    let in_sidecar = |pointer| format!("/containerDefinitions/1{pointer}");
    let sidecar = sidecar.map(|(pointer, odd, words)| (in_sidecar(pointer), odd, words));
    for (pointer, odd, words) in top.into_iter().chain(sidecar) {
        let text = changed(|definition| *definition.pointer_mut(&pointer).unwrap() = odd);
        let member = pointer[1..]
            .replace("/0", "[0]")
            .replace("/1", "[1]")
            .replace('/', ".");
        let expected = ("PL017", format!("{member}{words}"));
        assert!(
            found(&text).contains(&expected),
            "{expected:?}: {:?}",
            found(&text)
        );
    }
}

#[test]
fn a_member_that_is_there_twice_is_named() {
    let text = with_sidecar(|_| {}).replacen("\"family\":", "\"family\": \"x\", \"family\":", 1);
    assert!(examined(&text).stopped);
    let message = "family is there twice: readers of JSON disagree which one counts";
    assert_eq!(found(&text)[0].1, message);
}

#[test]
fn a_misspelt_member_is_compared_with_those_that_there_are() {
    let text = with_sidecar(|sidecar| {
        sidecar["StopTimeout"] = json!(1);
        sidecar["x"] = json!(1);
    });
    let unknown = "ECS knows no member containerDefinitions[1]";
    let misspelt = format!("{unknown}.StopTimeout; is stopTimeout meant?");
    assert_eq!(
        found(&text),
        [("PL018", misspelt), ("PL018", format!("{unknown}.x"))]
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
        assert!(said.starts_with(words), "{words:?}: {said}");
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
        let [(code, message)] = found(&text).try_into().unwrap();
        assert_eq!(code, "PL011");
        assert!(message.contains("expected a duration"), "{message}");
        assert!(message.chars().count() < 1000);
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
    let container = &table["containerDefinitions!"][0];
    assert_eq!(container["stopTimeout"], "integer");
    assert_eq!(container["dependsOn"][0]["condition!"], "string");
}
