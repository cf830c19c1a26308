//! Plays a script on a virtual clock and prints what happened: see `docs/policies.md`.

use std::io::Write;
use std::process::ExitCode;

use protector_tests::play;

/// The script, or the command line, is wrong.
const EXIT_USAGE: u8 = 64;

const USAGE: &str = "\
transcript FILE: plays a drain on a virtual clock, and tells everything that happened.

The file is a script such as those in tests/transcripts; docs/policies.md has its language. `-` reads standard input.
Exit code 0; 1 if a promise was broken, or a forced release expected that did not come; 64 if the script is wrong.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [help] if help == "--help" || help == "-h" => print(USAGE, ExitCode::SUCCESS),
        [file] => match read(file) {
            Ok(script) => tell(file, &script),
            Err(error) => refuse(&format!("{file}: {error}")),
        },
        _ => refuse("expected one file; --help says more"),
    }
}

fn read(file: &str) -> std::io::Result<String> {
    match file {
        "-" => std::io::read_to_string(std::io::stdin()),
        _ => std::fs::read_to_string(file),
    }
}

fn tell(file: &str, script: &str) -> ExitCode {
    match play(script) {
        Ok(transcript) => print(&transcript.text, ExitCode::from(u8::from(!transcript.kept))),
        Err(problems) => {
            let texts = problems.iter().map(|problem| format!("{file}: {problem}"));
            refuse(&texts.collect::<Vec<_>>().join("\n"))
        }
    }
}

fn print(text: &str, code: ExitCode) -> ExitCode {
    // If the pipe is closed, the reader did so on purpose.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    code
}

fn refuse(problem: &str) -> ExitCode {
    eprintln!("transcript: {problem}");
    ExitCode::from(EXIT_USAGE)
}
