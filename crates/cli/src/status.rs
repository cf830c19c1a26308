//! `protectorctl status`: which instances drain, who holds them, how long yet, and whether a hook is about to run out.

mod args;
mod help;
mod reader;
mod reads;
mod screen;
#[cfg(test)]
mod testing;
mod wait;
mod watch;

pub(crate) use args::{StatusArgs, query};
pub(crate) use reads::fleet as read_fleet;
pub(crate) use wait::follow as wait_for;

use crate::account::Account;
use crate::exit::Exit;
use crate::header::Header;
use crate::{look, output};
use args::FailOn;
use protector_core::shared::is_made_up;
use protector_diagnosis::drain::{Drain, Risk};
use protector_diagnosis::fleet::Fleet;
use protector_diagnosis::json::DrainJson;
use protector_diagnosis::read::Gap;
use protector_diagnosis::which::{NotOne, Query};
use serde_json::{Value, json};
use std::error::Error;
use std::io::{self, IsTerminal};

/// Shows the drains.
///
/// # Errors
/// No region is set, a name fits several instances, or standard output cannot be written.
pub(crate) async fn run(args: &StatusArgs) -> Result<Exit, Box<dyn Error>> {
    let account = Account::open(&args.account).await?;
    if let Some(patience) = args.wait {
        let clusters = &args.cluster.clusters;
        return wait::follow(&account, clusters, &args.instances, args.json, patience).await;
    }
    if let Some(every) = args.watch {
        return watch::run(&account, args, every).await;
    }
    let Some(mut fleet) = within(args.account.timeout, read(&account, args)).await else {
        return Ok(Exit::TimedOut);
    };
    signed_in(&fleet)?;
    fleet.sort(args.sort.into());
    let drains = chosen(&args.instances, args.all, &fleet)?;
    let header = Header::of(&account, &fleet, number(&account, &fleet).await);
    report_clock(&account);
    match args.json {
        true => output::json(&answer(&header, &fleet, &drains))?,
        false => {
            let look = args.look.settle();
            output::line(&screen::screen(&header, &fleet, &drains, look))?;
            let over = fleet.drains.len() - fleet.open();
            let shown = args.all || !args.instances.is_empty();
            if let Some(text) = screen::hidden(over).filter(|_| !shown) {
                output::line(&text)?;
            }
        }
    }
    Ok(exit(args.fail_on, &fleet, &drains))
}

async fn read(account: &Account, args: &StatusArgs) -> Fleet {
    let reads = reads::fleet(account, &args.cluster.clusters, &progress).await;
    Fleet::of(&reads)
}

/// A future, bounded by the command's patience; says so if that runs out.
pub(crate) async fn within<T>(limit: std::time::Duration, work: impl Future<Output = T>) -> Option<T> {
    let done = tokio::time::timeout(limit, work).await.ok();
    if done.is_none() {
        look::stderr_line(&format!(
            "not answered within {limit:?}: give it more time with --timeout"
        ));
    }
    done
}

/// Pages of records take half a second each, so a person is told how far the reading is.
pub(crate) fn progress(parameters: usize) {
    if io::stderr().is_terminal() && parameters.is_multiple_of(100) {
        look::stderr_line(&format!("{parameters} records read, and more to come"));
    }
}

/// Makes sure that AWS could be asked at all.
///
/// # Errors
/// There are no credentials, or they have expired: what to do about that.
pub(crate) fn signed_in(fleet: &Fleet) -> Result<(), String> {
    fleet.signed_out().map_or(Ok(()), |gap| Err(sign_in(gap)))
}

/// What to do without credentials. The SDK asks for no MFA code, so a profile with `mfa_serial` needs a session too.
pub(crate) fn sign_in(gap: &Gap) -> String {
    let first = gap.message.lines().next().unwrap_or_default();
    format!(
        "not signed in: {first}\nsign in first, with `aws sso login`, `aws login` or `aws configure`; --profile names a profile"
    )
}

/// The drains that were asked for.
fn chosen<'a>(instances: &[Query], all: bool, fleet: &'a Fleet) -> Result<Vec<&'a Drain>, String> {
    if instances.is_empty() {
        let shown = fleet.drains.iter().filter(|drain| all || drain.is_open());
        return Ok(shown.collect());
    }
    let mut chosen: Vec<&Drain> = Vec::new();
    for query in instances {
        match query.one(&fleet.drains) {
            Ok(drain) if chosen.contains(&drain) => {}
            Ok(drain) => chosen.push(drain),
            Err(NotOne::None) if query.instance().is_some() => {}
            Err(problem) => return Err(format!("{problem}")),
        }
    }
    Ok(chosen)
}

/// The account's number, from what was read; a call of its own only if nothing has it.
pub(crate) async fn number(account: &Account, fleet: &Fleet) -> Option<String> {
    let mut arns = fleet.drains.iter().filter_map(Drain::registration);
    let known = arns
        .find(|arn| !is_made_up(arn))
        .and_then(|arn| arn.as_str().split(':').nth(4));
    match known {
        Some(number) => Some(number.to_owned()),
        None => account.caller().await.ok().map(|caller| caller.account),
    }
}

/// Says so, if the local clock is off.
pub(crate) fn report_clock(account: &Account) {
    if let Some(error) = account.clock_error() {
        let span = protector_diagnosis::words::span(error.abs());
        let way = if error.is_negative() { "ahead of" } else { "behind" };
        look::stderr_line(&format!(
            "the clock of this machine is {span} {way} that of AWS; times are corrected by it"
        ));
    }
}

fn answer(header: &Header, fleet: &Fleet, drains: &[&Drain]) -> Value {
    let mut answer = header.json("status", fleet);
    answer["needYou"] = json!(fleet.at_risk());
    answer["drains"] = json!(
        drains
            .iter()
            .map(|drain| DrainJson::of(drain, fleet.now))
            .collect::<Vec<_>>()
    );
    answer
}

/// A drain that is bad goes before a read that failed: what is known to be bad is an answer.
fn exit(fail_on: FailOn, fleet: &Fleet, drains: &[&Drain]) -> Exit {
    let bad = |drain: &&&Drain| match fail_on {
        FailOn::Late => drain.risk == Risk::Late,
        FailOn::Any => drain.risk != Risk::None,
    };
    let silent = fail_on == FailOn::Any && fleet.coordinator.is_silent && fleet.open() > 0;
    match (
        drains.iter().any(|drain| bad(&drain)) || silent,
        fleet.gaps.is_empty(),
    ) {
        (true, _) => Exit::Bad,
        (false, false) => Exit::NoAnswer,
        (false, true) => Exit::Good,
    }
}
