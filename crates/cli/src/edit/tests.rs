use super::*;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use proptest::prelude::*;

fn after(text: &str, change: &Change) -> String {
    let root = parse_to_ast(text, &CollectOptions::default(), &ParseOptions::default())
        .unwrap()
        .value
        .unwrap();
    let edits = edits(text, &root, &Style::of(text, &root), change);
    apply(text, &edits)
}

fn path(steps: &[&str]) -> Path {
    steps
        .iter()
        .fold(Path::default(), |path, step| match step.parse() {
            Ok(index) => path.element(index),
            Err(_) => path.member(step),
        })
}

#[test]
fn a_member_is_added_as_its_neighbours_are() {
    let value = Json::object([("b", Json::Number(1)), ("c", Json::texts(["x"]))]);
    let change = Change::Set(path(&["a"]), value);
    let cases = [
        ("{}", "{\"a\": {\"b\": 1, \"c\": [\"x\"]}}"),
        ("{\"z\":1}", "{\"z\":1,\"a\":{\"b\":1,\"c\":[\"x\"]}}"),
        ("{\"z\":[1,2]}", "{\"z\":[1,2],\"a\":{\"b\":1,\"c\":[\"x\"]}}"),
        (
            "{\"z\": [1, 2]}",
            "{\"z\": [1, 2], \"a\": {\"b\": 1, \"c\": [\"x\"]}}",
        ),
        (
            "{\n\t\"z\": 1\n}\n",
            "{\n\t\"z\": 1,\n\t\"a\": {\n\t\t\"b\": 1,\n\t\t\"c\": [\n\t\t\t\"x\"\n\t\t]\n\t}\n}\n",
        ),
        (
            "{\r\n \"z\": 1 // o\r\n}",
            "{\r\n \"z\": 1, // o\r\n \"a\": {\r\n  \"b\": 1,\r\n  \"c\": [\r\n   \"x\"\r\n  ]\r\n }\r\n}",
        ),
        (
            "{\n  \"z\": { \"y\": 1, \"x\": 2 },\n}",
            "{\n  \"z\": { \"y\": 1, \"x\": 2 },\n  \"a\": { \"b\": 1, \"c\": [\"x\"] },\n}",
        ),
        ("{ \"a\": null }", "{ \"a\": { \"b\": 1, \"c\": [\"x\"] } }"),
    ];
    for (text, expected) in cases {
        assert_eq!(after(text, &change), expected, "{text}");
    }
}

#[test]
fn nothing_is_written_into_a_comment() {
    let append = Change::Append(Path::default(), "x".into());
    for (text, expected) in [
        ("[1 // one\n]", "[1, \"x\" // one\n]"),
        ("[\n  1 // one\n]", "[\n  1, // one\n  \"x\"\n]"),
        ("[\n  1, // one\n]", "[\n  1, // one\n  \"x\",\n]"),
        (
            "[\n  1 /* a */ // b\n  , /* c */]",
            "[\n  1 /* a */ // b\n  , /* c */\n  \"x\",]",
        ),
        ("[\n  1 /* a\n b */\n]", "[\n  1,\n  \"x\" /* a\n b */\n]"),
    ] {
        assert_eq!(after(text, &append), expected, "{text}");
    }
}

#[test]
fn what_is_missing_on_the_way_is_made() {
    let set = Change::Set(path(&["a", "b", "c"]), Json::Flag(true));
    assert_eq!(after("{\"a\": null}", &set), "{\"a\": {\"b\": {\"c\": true}}}");
    let append = Change::Append(path(&["a", "b"]), "x".into());
    assert_eq!(after("{}", &append), "{\"a\": {\"b\": [\"x\"]}}");
    let commented = after(r#"{"a": {"b": [ /* none */ ]}}"#, &append);
    assert_eq!(commented, r#"{"a": {"b": [ "x" /* none */ ]}}"#);
    // A value of another type is not overwritten on the way.
    assert_eq!(after("{\"a\": 1}", &append), "{\"a\": 1}");
}

#[test]
fn a_child_is_taken_out_with_its_comma() {
    let cases = [
        ("[1, 2, 3]", "0", "[ 2, 3]"),
        ("[1, 2, 3]", "1", "[1, 3]"),
        ("[1, 2, 3]", "2", "[1, 2]"),
        ("[1]", "0", "[]"),
        ("[\n  1, // one\n  2, // two\n]", "1", "[\n  1, // one // two\n]"),
        ("{\"a\": 1, \"b\": 2}", "b", "{\"a\": 1}"),
        ("{\"a\": 1 /* c */, \"b\": 2}", "a", "{ /* c */ \"b\": 2}"),
        ("[1]", "7", "[1]"),
    ];
    for (text, step, expected) in cases {
        let without = after(text, &Change::Remove(path(&[step])));
        assert_eq!(without, expected, "{text} without {step}");
    }
}

#[test]
fn an_edit_that_does_not_fit_is_left_out() {
    let edits = [
        Edit::insert(1, "x".into()),
        Edit::delete(2..3),
        Edit::insert(9, "y".into()),
        Edit::insert(0, "z".into()),
    ];
    assert_eq!(apply("aé", &edits), "zaxé");
    assert!(!disjoint(
        &[Edit::insert(1, String::new())],
        &[Edit::delete(1..2)]
    ));
    assert!(disjoint(&[Edit::insert(1, String::new())], &[Edit::delete(2..3)]));
}

#[test]
fn a_path_is_a_json_pointer() {
    assert_eq!(path(&["a/b", "0", "~"]).to_string(), "/a~1b/0/~0");
    assert_eq!(path(&["a", "0", "b"]).below(&path(&["a", "0"])), path(&["b"]));
}

/// A blank, or a comment, or nothing.
fn trivia() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "",
        "",
        " ",
        "\n",
        "\n  ",
        "\r\n\t",
        " /* c */",
        "// l\n",
        " /* m\n */ ",
    ])
}

proptest! {
    /// What is appended can be taken out again, and nothing of it is left, whatever is between the elements.
    #[test]
    fn append_and_remove_give_the_same_text(
        blanks in prop::collection::vec(trivia(), 12),
        elements in prop::collection::vec(prop::sample::select(vec!["1", "{}", "[2,\n 3]", "{ \"a\": 1 }"]), 1..4),
        has_trailing_comma: bool,
    ) {
        let mut text = format!("{}[", blanks[0]);
        for (index, element) in elements.iter().enumerate() {
            let comma = if index + 1 < elements.len() || has_trailing_comma { "," } else { "" };
            text.push_str(&[blanks[index * 3 + 1], element, blanks[index * 3 + 2], comma, blanks[index * 3 + 3]].concat());
        }
        text.push(']');
        let whole = Path::default();
        let value = Json::object([("name", "x".into()), ("list", Json::texts(["a", "b"]))]);
        let longer = after(&text, &Change::Append(whole.clone(), value));
        let root = parse_to_ast(&longer, &CollectOptions::default(), &ParseOptions::default()).unwrap().value.unwrap();
        prop_assert_eq!(root.as_array().unwrap().elements.len(), elements.len() + 1);
        prop_assert_eq!(after(&longer, &Change::Remove(whole.element(elements.len()))), text);
    }
}
