//! `protectorctl lint`: checks whether the daemon of a task definition really outlives the drain.
//!
//! `examine` and everything it calls is a function of a text and of what is expected. Only this file and `input` read,
//! and only `report` writes.

pub(crate) mod args;
mod checks;
mod context;
mod examine;
mod explain;
mod finding;
mod help;
pub(crate) mod input;
mod layout;
mod model;
mod report;
mod rules;
mod settings;
mod shape;
mod source;
mod suppress;

pub(crate) use args::LintArgs;
pub(crate) use checks::bounds::{hold_for, hold_needed, set_variable, stop_timeout_for, written};
pub(crate) use checks::life::{RESTART_PERIOD_SECONDS, health_check};
pub(crate) use checks::order::START;
pub(crate) use checks::privileges::{MEMORY_WRITTEN, NO_NEW_PRIVILEGES, USER};
pub(crate) use context::{Expectations, Guarded};
pub(crate) use examine::{Document, Examined};
pub(crate) use finding::{Finding, Fix};
pub(crate) use layout::DefinitionForm;
pub(crate) use model::{Container, Definition};
pub(crate) use rules::{RuleId, Severity};
pub(crate) use shape::DESCRIBED_ONLY;
pub(crate) use source::Unreadable;
#[cfg(test)]
pub(crate) use source::decode;

use crate::exit::Exit;
use crate::look::stderr_line;
use crate::output;
use args::Format;
use input::Input;
use report::Report;
use std::error::Error;
use std::fs;

/// Checks each file, and says what was found.
pub(crate) fn run(args: &LintArgs) -> Result<Exit, Box<dyn Error>> {
    if args.list {
        output::line(&explain::list())?;
        return Ok(Exit::Good);
    }
    if let Some(rule) = args.explain {
        output::line(&explain::rule(rule.rule()))?;
        return Ok(Exit::Good);
    }
    let files: Vec<report::File> = args.files.iter().map(|file| examined(file, args)).collect();
    for file in &files {
        if let Err(error) = &file.examined {
            stderr_line(&format!("error: {}{error}", file.name));
        }
    }
    let report = Report {
        files,
        look: args.look.settle(),
    };
    write(&report, args)?;
    Ok(report.exit_code(args.fail_on.into()))
}

fn examined(file: &std::path::Path, args: &LintArgs) -> report::File {
    let input = Input::read(file);
    let name = input.name.clone();
    let text = input.text;
    let examined = text.as_ref().map_err(Clone::clone).and_then(|text| {
        let mut examined = Document::parse(text)?.examine(&args.expectations());
        suppress::by_option(&mut examined.findings, &args.ignore);
        Ok(examined)
    });
    report::File {
        name,
        text: text.unwrap_or_default(),
        examined,
    }
}

fn write(report: &Report, args: &LintArgs) -> Result<(), Box<dyn Error>> {
    let text = report.written(args.format());
    let Some(path) = &args.output else {
        if !text.is_empty() {
            output::line(&text)?;
        }
        return Ok(());
    };
    fs::write(path, format!("{text}\n"))
        .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    if args.format() != Format::Text {
        output::line(&report.written(Format::Text))?;
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
