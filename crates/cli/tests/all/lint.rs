//! `lint` and `inject` as programs: streams, exit codes, files, and the examples of their help.

use crate::process::protectorctl;
use protector_diagnosis::testing::assert_contains;
use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn example() -> String {
    fs::read_to_string(root().join("examples/task-definition.json")).unwrap()
}

/// The example without its sidecar, by the program itself.
fn bare() -> String {
    let output = with_input(&["inject", "--remove", "-"], example().as_bytes());
    assert_eq!(output.status.code(), Some(0));
    text(&output.stdout)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn run(arguments: &[&str]) -> Output {
    protectorctl(arguments).output().unwrap()
}

fn with_input(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = protectorctl(arguments).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

/// A folder with one file in it, `daemon.json`.
fn folder(contents: &[u8]) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("daemon.json");
    fs::write(&path, contents).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

#[test]
fn the_exit_code_is_the_same_in_every_form() {
    let good = example();
    let broken = example().replace("7500", "120");
    let warned = example().replace("\"memory\": 32", "\"memory\": 64");
    let cases: [(&[u8], &[&str], i32); 6] = [
        (good.as_bytes(), &[], 0),
        (broken.as_bytes(), &[], 1),
        (broken.as_bytes(), &["--ignore", "PL004"], 0),
        (warned.as_bytes(), &[], 0),
        (warned.as_bytes(), &["--fail-on", "warning"], 1),
        (b"{", &[], 2),
    ];
    for (contents, options, code) in cases {
        for format in ["text", "json", "sarif", "github"] {
            let arguments = [&["lint", "--format", format], options, &["-"]].concat();
            let output = with_input(&arguments, contents);
            assert_eq!(output.status.code(), Some(code), "{arguments:?}");
            assert!(!output.stdout.contains(&0x1b));
        }
    }
}

#[test]
fn findings_are_on_standard_output_and_errors_on_the_other() {
    let (_folder, good) = folder(example().as_bytes());
    let (_other, bad) = folder(b"{\n\"a\": }");
    let output = run(&["lint", &good, &bad, "/nowhere.json"]);
    assert_eq!(output.status.code(), Some(2));
    let errors = text(&output.stderr);
    assert_contains(&errors, &format!("error: {bad}:2:6: not JSON: expected"));
    assert_contains(&errors, "error: /nowhere.json: cannot be read: No such file");
    let said = text(&output.stdout);
    assert_contains(&said, "0 findings\n");
    let summary = "1 file, 0 errors, 0 warnings, 0 notes, 2 not read\n";
    assert!(said.ends_with(summary), "{said}");
}

/// A folder, and a file whose name is no text.
#[test]
fn odd_files_are_answered() {
    let (folder, _) = folder(b"[]");
    let odd = folder.path().join(OsStr::from_bytes(b"\xff.json"));
    fs::write(&odd, "[]").unwrap();
    let mut lint = protectorctl(&["lint"]);
    let output = lint.arg(folder.path()).arg(&odd).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("cannot be read: Is a directory"));
    assert!(text(&output.stdout).contains("no container is called ecs-daemon-protector"));
}

#[test]
fn a_file_that_is_far_too_large_is_not_read() {
    let (_folder, path) = folder(&vec![b' '; 17 * 1024 * 1024]);
    let output = run(&["lint", &path]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("larger than 16 MiB"));
}

#[test]
fn wrong_options_are_no_answer() {
    let cases: [(&[&str], &str); 9] = [
        (&["lint"], "<FILE>..."),
        (&["lint", "--tiers", "0", "x"], "--tiers"),
        (&["lint", "--daemon-stop", "soon", "x"], "expected a duration"),
        (&["lint", "--ignore", "PL999", "x"], "there are PL001 to PL033"),
        (&["lint", "--prefix", "x", "x"], "is not"),
        (&["inject", "a", "b"], "several files need --in-place"),
        (&["inject", "--in-place", "-"], "cannot write to standard input"),
        (&["inject", "--set", "MAX_HOLD=3h", "x"], "use --max-hold"),
        (&["inject", "--remove", "--max-hold", "3h", "x"], "cannot be used"),
    ];
    for (arguments, words) in cases {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert_contains(&text(&output.stderr), words);
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn colours_are_for_those_who_ask() {
    let broken = example().replace("7500", "120");
    let plain = with_input(&["lint", "-"], broken.as_bytes());
    assert!(!plain.stdout.contains(&0x1b));
    let colored = with_input(&["lint", "--color", "always", "-"], broken.as_bytes());
    assert!(colored.stdout.contains(&0x1b));
}

#[test]
fn a_report_goes_to_a_file_and_the_text_stays() {
    let (folder, path) = folder(example().replace("7500", "120").as_bytes());
    let sarif = folder.path().join("lint.sarif");
    let file = sarif.to_str().unwrap();
    let output = run(&["lint", "--format", "sarif", "--output", file, &path]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("error[PL004]"));
    let log: serde_json::Value = serde_json::from_slice(&fs::read(sarif).unwrap()).unwrap();
    assert_eq!(log["runs"][0]["results"][0]["ruleId"], "PL004");
}

#[test]
fn what_is_not_read_is_said_to_the_reader_of_sarif() {
    let output = with_input(&["lint", "--format", "sarif", "-"], b"{");
    let log: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(log["runs"][0]["invocations"][0]["executionSuccessful"], false);
}

#[test]
fn a_rule_is_listed_and_explained() {
    let list = run(&["lint", "--list"]);
    assert_eq!(list.status.code(), Some(0));
    assert_eq!(text(&list.stdout).lines().count(), 32);
    let explained = run(&["lint", "--explain", "PL004"]);
    assert!(text(&explained.stdout).contains("docs/checks.md#pl004"));
}

#[test]
fn a_definition_goes_through_a_pipe_unchanged_but_for_the_sidecar() {
    let image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/ecs-daemon-protector:0.1.0";
    let output = with_input(&["inject", "--image", image, "-"], bare().as_bytes());
    assert_eq!(output.status.code(), Some(0));
    let done = "stdin: sidecar added, protects fluent-bit; stopTimeout 7500 s\n";
    assert_eq!(text(&output.stderr), done);
    let [injected, example]: [serde_json::Value; 2] =
        [text(&output.stdout), example()].map(|text| serde_json::from_str(&text).unwrap());
    assert_eq!(injected, example);
    let again = with_input(&["inject", "-"], &output.stdout);
    assert_eq!(again.stdout, output.stdout);
    assert_eq!(text(&again.stderr), "stdin: unchanged\n");
}

#[test]
fn the_image_may_come_from_the_environment() {
    let (_folder, path) = folder(bare().as_bytes());
    for options in [&["--in-place"][..], &["--in-place", "--remove"]] {
        let mut command = protectorctl(&[&["inject", path.as_str()], options].concat());
        let output = command.env("PROTECTORCTL_IMAGE", "r/p:0.1.0").output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let has_it = fs::read_to_string(&path).unwrap().contains("\"r/p:0.1.0\"");
        assert_eq!(has_it, !options.contains(&"--remove"));
    }
}

#[test]
fn a_file_is_changed_in_place_and_checked() {
    let marked = format!("\u{feff}{}", bare());
    let (_folder, path) = folder(marked.as_bytes());
    let inject = |options: &[&str]| run(&[&["inject", "--image", "r/p:0.1.0"], options, &[&path]].concat());
    let check = inject(&["--check"]);
    assert_eq!(check.status.code(), Some(1));
    assert!(check.stdout.is_empty());
    let diff = inject(&["--diff"]);
    assert_eq!(diff.status.code(), Some(0));
    assert!(text(&diff.stdout).contains("+      \"name\": \"ecs-daemon-protector\",\n"));
    assert_eq!(fs::read_to_string(&path).unwrap(), marked);

    assert_eq!(inject(&["--in-place"]).status.code(), Some(0));
    let changed = fs::read_to_string(&path).unwrap();
    assert!(changed.starts_with("\u{feff}{") && changed.contains("ecs-daemon-protector"));
    assert_eq!(inject(&["--check"]).status.code(), Some(0));
    let linted = run(&["lint", "--fail-on", "warning", &path]);
    assert_eq!(linted.status.code(), Some(0));

    let removed = run(&["inject", "--remove", "--in-place", &path]);
    assert_eq!(removed.status.code(), Some(0));
    assert_eq!(fs::read_to_string(&path).unwrap(), marked);
}

#[test]
fn a_task_that_cannot_be_protected_is_a_bad_answer() {
    let awsvpc = bare().replace("\"host\"", "\"awsvpc\"");
    let output = with_input(&["inject", "--image", "r/p:0.1.0", "-"], awsvpc.as_bytes());
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let reason = "with awsvpc it cannot reach the instance metadata service (PL010)";
    assert_contains(&text(&output.stderr), reason);
    let no_image = with_input(&["inject", "-"], bare().as_bytes());
    assert_eq!(no_image.status.code(), Some(2));
    let garbage = with_input(&["inject", "-"], b"[1 2]");
    assert_eq!(garbage.status.code(), Some(2));
    assert!(text(&garbage.stderr).starts_with("error: stdin:1:3: not JSON"));
}

#[test]
fn a_reader_that_went_away_is_no_error() {
    let (_folder, path) = folder(example().as_bytes());
    for command in ["lint", "inject"] {
        let mut child = protectorctl(&[command, &path]);
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = child.stdout(writer).output().unwrap();
        assert_eq!(output.status.code(), Some(141), "{command}");
    }
}

/// The commands below "Examples:" in the help of a command.
fn examples_of(command: &str) -> Vec<String> {
    let help = text(&run(&[command, "--help"]).stdout);
    let (_, examples) = help.split_once("Examples:\n").unwrap();
    let (examples, _) = examples.split_once("Exit codes:").unwrap();
    let lines = examples.lines().filter_map(|line| line.strip_prefix("    "));
    lines.map(|line| line.trim().to_owned()).collect()
}

/// A folder in which the examples can run: the repository's examples, a definition without a sidecar, and a stand-in
/// for the AWS CLI that describes it.
fn prepare(dir: &Path) {
    fs::create_dir_all(dir.join("examples")).unwrap();
    for entry in fs::read_dir(root().join("examples")).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, dir.join("examples").join(path.file_name().unwrap())).unwrap();
    }
    fs::write(dir.join("daemon.json"), bare()).unwrap();
    let described = format!("{{\"taskDefinition\": {}}}", example());
    fs::write(dir.join("described.json"), described).unwrap();
    let stand_in = dir.join("aws");
    fs::write(&stand_in, "#!/bin/sh\nexec cat described.json\n").unwrap();
    fs::set_permissions(&stand_in, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Runs commands one after another in a folder of their own; each must end well.
fn all_run(commands: &[String]) {
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    let programs = Path::new(env!("CARGO_BIN_EXE_protectorctl")).parent().unwrap();
    let path = format!("{}:{}:/usr/bin:/bin", folder.path().display(), programs.display());
    for command in commands {
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).env("PATH", &path);
        let output = shell.current_dir(folder.path()).output().unwrap();
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{command}: {errors}");
    }
}

#[test]
fn the_examples_of_the_help_run() {
    for (command, number) in [("lint", 5), ("inject", 6)] {
        let examples = examples_of(command);
        assert_eq!(examples.len(), number, "{examples:?}");
        // The tests of whole programs have a coordinator to ask.
        let offline = |example: &String| !example.contains("--from-coordinator");
        all_run(&examples.into_iter().filter(offline).collect::<Vec<_>>());
    }
}

/// The commands of a page that begin a line of a code block.
fn commands_of(page: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(page)).unwrap();
    let commands = text
        .lines()
        .map(|line| line.replacen("cargo ctl ", "protectorctl ", 1));
    let begins = ["protectorctl lint ", "protectorctl inject "];
    commands
        .filter(|line| begins.iter().any(|begin| line.starts_with(begin)))
        .collect()
}

#[test]
fn the_commands_of_the_pages_run() {
    for (page, number) in [
        ("docs/install.md", 2),
        ("docs/checks.md", 2),
        ("examples/README.md", 1),
    ] {
        let commands = commands_of(page);
        assert_eq!(commands.len(), number, "{page}: {commands:?}");
        all_run(&commands);
    }
}
