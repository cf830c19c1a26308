//! `protectorctl doctor`: whether the protector is set up as it must be.
//!
//! `reads` reads, the checks themselves are pure functions of `protector-diagnosis`, and `screen` and `json` show what
//! they have found.

mod args;
mod deep;
mod help;
mod json;
mod reads;
mod screen;

pub(crate) use args::DoctorArgs;

use crate::account::{Account, AccountError};
use crate::exit::Exit;
use crate::header::Header;
use crate::look::{Look, stderr_line};
use crate::output;
use crate::reads::{report_clock, within};
use protector_diagnosis::doctor::reads::DoctorReads;
use protector_diagnosis::doctor::{Report, Verdict, examine};
use protector_diagnosis::fleet::Fleet;
use std::error::Error;
use std::time::Duration;
use tokio::time::Instant;

/// Between two examinations.
const INTERVAL: Duration = Duration::from_secs(5);

/// One examination, with what it was made from.
struct Examination {
    header: Option<Header>,
    fleet: Fleet,
    report: Report,
}

/// Checks the set-up, and shows what was found.
pub(crate) async fn run(args: &DoctorArgs) -> Result<Exit, Box<dyn Error>> {
    let account = match Account::open(&args.account).await {
        Ok(account) => account,
        Err(AccountError::NoRegion) => {
            let reads = reads::without_region();
            let examined = Examination::of(None, &reads, args);
            show(args, &examined)?;
            return Ok(Exit::NoAnswer);
        }
    };
    let end = Instant::now() + args.wait.unwrap_or_default();
    let mut last: Option<String> = None;
    loop {
        let Some(examined) = within(args.account.timeout, look(&account, args)).await else {
            return Ok(Exit::TimedOut);
        };
        let exit = exit(args, &examined.report);
        let next = Instant::now() + INTERVAL;
        let is_over = args.wait.is_none() || next > end;
        if exit == Exit::Good || is_over {
            report_clock(&account);
            show(args, &examined)?;
            let ran_out = args.wait.is_some() && exit != Exit::Good;
            return Ok(if ran_out { Exit::TimedOut } else { exit });
        }
        let summary = format!("waiting: {}", screen::totals(&examined.report));
        if last.as_ref() != Some(&summary) {
            stderr_line(&summary);
            last = Some(summary);
        }
        tokio::time::sleep_until(next).await;
    }
}

async fn look(account: &Account, args: &DoctorArgs) -> Examination {
    let (reads, number) = reads::all(account, args).await;
    let fleet = Fleet::of(&reads.fleet);
    let header = Header::of(account, &fleet, number);
    Examination::of(Some(header), &reads, args)
}

impl Examination {
    fn of(header: Option<Header>, reads: &DoctorReads, args: &DoctorArgs) -> Examination {
        let mut fleet = Fleet::of(&reads.fleet);
        fleet.gaps.clone_from(&reads.account.gaps);
        Examination {
            header,
            fleet,
            report: examine(reads, &args.selection()).complete(&args.account.invocation(&args.cluster)),
        }
    }
}

fn show(args: &DoctorArgs, examined: &Examination) -> std::io::Result<()> {
    let Examination {
        header,
        fleet,
        report,
    } = examined;
    match args.json {
        true => {
            let is_good = report.verdict(args.fail_on.into()) == Verdict::Good;
            output::json(&json::answer(header.as_ref(), fleet, report, is_good))
        }
        false => {
            let look: Look = args.look.settle();
            output::line(&screen::screen(header.as_ref(), report, args.short, look))
        }
    }
}

fn exit(args: &DoctorArgs, report: &Report) -> Exit {
    let signed_out = report.findings().any(|finding| {
        let check = finding.id.check();
        check.is_fatal
            && check.category == protector_diagnosis::doctor::Category::Account
            && finding.result == protector_diagnosis::doctor::Outcome::Fail
    });
    match report.verdict(args.fail_on.into()) {
        // Nothing was asked of AWS: that is no answer.
        _ if signed_out => Exit::NoAnswer,
        Verdict::Good => Exit::Good,
        Verdict::Bad => Exit::Bad,
        Verdict::NotKnown => Exit::NoAnswer,
    }
}

#[cfg(test)]
mod tests;
