//! The language of scripts: the setup, what happens, and the end of the journal. One line each, `#` begins a
//! comment. `docs/policies.md` lists all lines.

mod lexer;
mod setting;
mod settings;
mod setup;
mod step;

use jiff::SignedDuration;

pub use lexer::SyntaxError;
use lexer::Tokens;
pub(crate) use setup::ScriptSetup;
pub(crate) use step::{Step, StepKind};

/// A script that was understood.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    pub(crate) setup: ScriptSetup,
    /// In order.
    pub(crate) steps: Vec<Step>,
    pub(crate) end: End,
}

/// When the journal is over.
#[derive(Debug, Clone, Copy)]
pub(crate) enum End {
    /// When the instance is gone.
    Gone,
    /// At this moment.
    At(SignedDuration),
}

impl Script {
    /// Reads a script. The error is the first line that is not in the language, or all settings that are wrong.
    pub(crate) fn parse(text: &str) -> Result<Script, Vec<SyntaxError>> {
        let script = Script::read(text).map_err(|wrong| vec![wrong])?;
        let wrong = |settings: Result<(), Vec<SyntaxError>>| settings.err().unwrap_or_default();
        let mut problems = wrong(script.setup.coordinator().map(|_| ()));
        problems.extend(wrong(script.setup.sidecar().map(|_| ())));
        match problems.is_empty() {
            true => Ok(script),
            false => Err(problems),
        }
    }

    fn read(text: &str) -> Result<Script, SyntaxError> {
        let (mut setup, mut steps, mut end) = (ScriptSetup::new(), Vec::<Step>::new(), None);
        let mut last = 0;
        for (number, line) in (1..).zip(text.lines()) {
            let mut words = Tokens::new(number, without_comment(line));
            last = number;
            if words.end().is_ok() {
                continue;
            }
            if end.is_some() {
                return Err(words.wrong("nothing after until"));
            }
            let start = words;
            if words.accept("at") {
                let step = Step::read(&mut words, &setup)?;
                if steps.last().is_some_and(|before| before.at > step.at) {
                    return Err(start.wrong("steps in the order of their times"));
                }
                steps.push(step);
            } else if words.accept("until") {
                end = Some(until(&mut words)?);
            } else {
                setup.read(&mut words)?;
            }
        }
        let end =
            end.ok_or_else(|| Tokens::new(last + 1, "").wrong("until gone, or until and a duration"))?;
        Ok(Script { setup, steps, end })
    }
}

fn until(words: &mut Tokens<'_>) -> Result<End, SyntaxError> {
    let end = match words.accept("gone") {
        true => End::Gone,
        false => End::At(words.duration().map_err(|wrong| SyntaxError {
            expected: "gone, or a duration such as 5m".to_owned(),
            ..wrong
        })?),
    };
    words.end().map(|()| end)
}

/// A comment is a line of its own, or follows a blank.
fn without_comment(line: &str) -> &str {
    match line.trim_start().starts_with('#') {
        true => "",
        false => line.split_once(" #").map_or(line, |(line, _)| line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> String {
        let problems = Script::parse(text).expect_err("a wrong script");
        let texts: Vec<String> = problems.iter().map(SyntaxError::to_string).collect();
        texts.join("\n")
    }

    #[test]
    fn a_wrong_line_is_reported_with_its_number_and_what_was_expected() {
        for (text, expected) in [
            (
                "",
                "line 1: expected until gone, or until and a duration, found nothing more",
            ),
            ("# a\ndemon logs", "line 2: expected setting,"),
            (
                "daemon logs flush 2s",
                "line 1: expected \"flushes\", found \"flush\"",
            ),
            (
                "daemon logs flushes soon",
                "line 1: expected a duration such as 30s, 5m or 1h30m, found \"soon\"",
            ),
            (
                "service web 2 tasks, stop in 5s quickly",
                "line 1: expected the end of the line, found \"quickly\"",
            ),
            (
                "task a runs 1s\nservice a 1 task, stop in 1s",
                "line 2: expected a name that is not taken, found \"a\"",
            ),
            ("at 5s dance", "line 1: expected scale in,"),
            (
                "at 5s deploy web",
                "line 1: expected a service or daemon of this script, found \"web\"",
            ),
            ("at 5s order extend by ana", "line 1: expected a duration"),
            (
                "at 5s scale in\nat 1s agent lost",
                "line 2: expected steps in the order of their times",
            ),
            (
                "until gone\nat 1s scale in",
                "line 2: expected nothing after until",
            ),
            (
                "until then",
                "line 1: expected gone, or a duration such as 5m, found \"then\"",
            ),
        ] {
            assert!(wrong(text).starts_with(expected), "{text:?}: {}", wrong(text));
        }
    }

    #[test]
    fn all_wrong_settings_are_reported_with_their_lines() {
        let text = "setting MAX_DRAIN = soon\n\nsetting COLOUR = red\nsidecar MAX_HOLD = long\nuntil gone";
        let reported = wrong(text);
        for expected in [
            "line 1: expected PROTECTOR_MAX_DRAIN: a duration",
            "line 3: expected PROTECTOR_COLOUR: ",
            "line 4: expected PROTECTOR_MAX_HOLD: a duration",
        ] {
            assert!(
                reported.lines().any(|line| line.starts_with(expected)),
                "{expected}\n{reported}"
            );
        }
    }

    #[test]
    fn comments_and_empty_lines_say_nothing() {
        let text = "# a\n\n  # b\ntask job runs 1h # c\nat 0s control text {\"mode\":\"stop\"}\nuntil 5m\n";
        let script = Script::parse(text).expect("a right script");
        assert_eq!((script.setup.standalone.len(), script.steps.len()), (1, 1));
        assert!(
            matches!(&script.steps[0].what, StepKind::Control(Some(text)) if text == "{\"mode\":\"stop\"}")
        );
    }
}
