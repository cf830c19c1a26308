//! Every policy as a journal: the scripts in `tests/transcripts`, their output, and the examples in
//! `docs/policies.md`, which are the same texts.
//!
//! `UPDATE_TRANSCRIPTS=1` writes outputs and examples again. Read the difference before you commit it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use protector_tests::play;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn updating() -> bool {
    std::env::var_os("UPDATE_TRANSCRIPTS").is_some()
}

/// The names of all files with this extension, in order.
fn names(extension: &str) -> BTreeSet<String> {
    let files = std::fs::read_dir(root().join("tests/transcripts")).unwrap();
    let paths = files.map(|file| file.unwrap().path());
    let wanted = paths.filter(|path| path.extension().is_some_and(|found| found == extension));
    let stem = |path: PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    wanted.map(stem).collect()
}

fn file(name: &str, extension: &str) -> PathBuf {
    root().join(format!("tests/transcripts/{name}.{extension}"))
}

fn script(name: &str) -> String {
    std::fs::read_to_string(file(name, "txt")).unwrap()
}

fn played(name: &str) -> protector_tests::Transcript {
    let problems = |problems: Vec<protector_tests::SyntaxError>| {
        let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
        panic!("{name}.txt: {}", texts.join("\n"))
    };
    play(&script(name)).unwrap_or_else(problems)
}

/// The lines in which two texts differ: the common beginning and end are left out, except a few lines.
fn difference(before: &str, after: &str) -> Option<String> {
    const AROUND: usize = 2;
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    if old == new {
        return None;
    }
    let start = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let ends = old[start..].iter().rev().zip(new[start..].iter().rev());
    let end = ends.take_while(|(a, b)| a == b).count();
    let marked = |mark: char, lines: &[&str]| -> String {
        lines.iter().map(|line| format!("{mark} {line}\n")).collect()
    };
    let context = marked(' ', &old[start.saturating_sub(AROUND)..start]);
    let gone = marked('-', &old[start..old.len() - end]);
    let come = marked('+', &new[start..new.len() - end]);
    Some(format!("{context}{gone}{come}"))
}

/// Compares a file with its expected text, or writes the expected text to it.
fn hold(path: &Path, expected: &str) -> Option<String> {
    if updating() {
        std::fs::write(path, expected).unwrap();
    }
    let is = std::fs::read_to_string(path).unwrap_or_default();
    difference(&is, expected).map(|difference| format!("{}:\n{difference}", path.display()))
}

fn assert_none(differences: &[String]) {
    assert!(
        differences.is_empty(),
        "{}\nIf all that is meant: UPDATE_TRANSCRIPTS=1 cargo test -p protector-tests --test all transcripts",
        differences.join("\n")
    );
}

#[test]
fn every_script_has_the_output_that_it_had_before() {
    let differences = names("txt")
        .into_iter()
        .filter_map(|name| hold(&file(&name, "out"), &played(&name).text));
    assert_none(&differences.collect::<Vec<_>>());
    assert_eq!(names("out"), names("txt"), "each output has its script");
}

#[test]
fn p1_and_p4_are_kept_in_every_transcript_or_given_up_on_purpose() {
    for name in names("txt") {
        let transcript = played(&name);
        assert!(transcript.kept, "{name}:\n{}", transcript.text);
    }
}

/// Calls of the coordinator by operation, as a journal ends.
fn calls(name: &str) -> std::collections::BTreeMap<String, u32> {
    let text = played(name).text;
    let (_, rest) = text.split_once("AWS calls of the coordinator: ").unwrap();
    let (_, list) = rest.split_once('(').unwrap();
    let (list, _) = list.split_once(')').unwrap();
    let words: Vec<&str> = list.split_whitespace().collect();
    let pair = |pair: &[&str]| (pair[0].to_owned(), pair[1].trim_end_matches(',').parse().unwrap());
    words.chunks(2).map(pair).collect()
}

#[test]
fn p10_the_reference_drain_keeps_its_budget_of_calls() {
    let calls = calls("reference");
    // A tick lists the records once. It has a budget of its own, 5 calls, and keeps it while tasks hold.
    let ticks = 5 * calls["GetParametersByPath"];
    // So has a check of the daemons' sidecars: the services, the tasks of each of the three, and what they are like.
    let checks = 5 * calls["ListServices"];
    // And what a tick writes: how many tasks are left. The drain itself is held, its release announced, and released.
    let counts = calls["PutParameter"] - 3;
    let own: u32 = calls.values().sum::<u32>() - ticks - checks - counts;
    assert!(own <= 20, "{own} calls for the drain: {calls:?}");
}

#[test]
fn a_script_tells_the_same_in_every_run() {
    for name in ["tiers", "managed-draining", "lost-event"] {
        assert_eq!(played(name), played(name), "{name}");
    }
}

#[test]
fn no_transcript_has_a_token_or_an_arn() {
    for name in names("txt") {
        let text = played(&name).text;
        let hex = |part: &str| part.len() >= 4 && part.chars().all(|c| c.is_ascii_hexdigit());
        let token = |word: &str| word.matches('-').count() >= 4 && word.split('-').take(4).all(hex);
        assert!(
            !text.contains("arn:") && !text.split_whitespace().any(token),
            "{name}:\n{text}"
        );
    }
}

/// Runs the program that operators run.
fn program(argument: &str) -> (Option<i32>, String) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_transcript"));
    let ended = command.arg(argument).output().unwrap();
    let said = [ended.stdout, ended.stderr].concat();
    (ended.status.code(), String::from_utf8(said).unwrap())
}

#[test]
fn the_program_tells_a_script_and_refuses_a_wrong_one_with_its_line() {
    let path = file("tiers", "txt");
    assert_eq!(program(path.to_str().unwrap()), (Some(0), played("tiers").text));
    assert_eq!(program("--help").0, Some(0));
    let folder = tempfile::tempdir().unwrap();
    let wrong = folder.path().join("wrong.txt");
    std::fs::write(&wrong, "# a script\ndaemon logs flush 2s\n").unwrap();
    let (code, said) = program(wrong.to_str().unwrap());
    let expected = r#"line 2: expected "flushes", found "flush""#;
    assert!(code == Some(64) && said.contains(expected), "{code:?} {said}");
    assert_eq!(program("no-such-file").0, Some(64));
}

#[test]
fn the_examples_in_the_documentation_are_the_scripts() {
    let path = root().join("docs/policies.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut shown = BTreeSet::new();
    let expected = with_examples(&text, &mut shown);
    assert_none(&hold(&path, &expected).into_iter().collect::<Vec<_>>());
    assert_eq!(shown, names("txt"), "each script is an example of a page");
}

/// The text with its examples as they should be. A block that begins with "```script NAME" is that script, one with
/// "```transcript NAME ACTOR ACTOR" has the lines of its output that these actors have.
fn with_examples(text: &str, shown: &mut BTreeSet<String>) -> String {
    let (mut expected, mut lines) = (String::new(), text.lines());
    while let Some(line) = lines.next() {
        expected += &format!("{line}\n");
        let words: Vec<&str> = line.split(' ').collect();
        let block = match words.as_slice() {
            ["```script", name] => {
                shown.insert((*name).to_owned());
                script(name)
            }
            ["```transcript", name, actors @ ..] => lines_of(&played(name).text, actors),
            _ => continue,
        };
        let end = lines.by_ref().find(|line| *line == "```");
        end.expect("the end of the block");
        expected += &format!("{block}```\n");
    }
    expected
}

/// The lines of some actors. A line without a time belongs to the one above it.
fn lines_of(text: &str, actors: &[&str]) -> String {
    let mut wanted = false;
    let mut kept = String::new();
    for line in text.lines() {
        let timed = line.split_once(" s  ");
        if let Some((_, rest)) = timed.filter(|(time, _)| time.trim().parse::<f64>().is_ok()) {
            wanted = actors.iter().any(|actor| rest.starts_with(actor));
        } else if !line.starts_with("          ") {
            wanted = false;
        }
        if wanted {
            kept += &format!("{line}\n");
        }
    }
    kept
}
