//! `protectorctl status`: which instances drain, who holds them, how long yet, and whether a hook is about to run out.

mod args;
mod help;
mod reader;
mod screen;
mod wait;
mod watch;

pub(crate) use args::StatusArgs;
pub(crate) use wait::follow as wait_for;

use crate::account::Account;
use crate::exit::Exit;
use crate::header::Header;
use crate::output;
use crate::reads::{
    InstanceReader, Known, deepen, fleet as read_fleet, last_receipt, number, progress, report_clock,
    signed_in, within,
};
use args::FailOnRisk;
use protector_core::ids::InstanceKey;
use protector_diagnosis::drain::{Drain, Risk};
use protector_diagnosis::fleet::Fleet;
use protector_diagnosis::json::DrainJson;
use protector_diagnosis::which::{NotOne, Query};
use serde_json::{Value, json};
use std::error::Error;
use tokio::time::Instant;

/// Shows the drains.
pub(crate) async fn run(args: &StatusArgs) -> Result<Exit, Box<dyn Error>> {
    let account = Account::open(&args.account).await?;
    if let Some(patience) = args.wait {
        let clusters = &args.cluster.clusters;
        let invocation = args.account.invocation(&args.cluster);
        return wait::follow(
            &account,
            clusters,
            &args.instances,
            args.json,
            patience,
            invocation,
        )
        .await;
    }
    if let Some(every) = args.watch {
        return watch::run(&account, args, every).await;
    }
    let end = Instant::now() + args.account.timeout;
    let invocation = args.account.invocation(&args.cluster);
    let reading = read_fleet(&account, &args.cluster.clusters, &progress);
    let Some(reads) = within(args.account.timeout, reading).await else {
        return Ok(Exit::TimedOut);
    };
    let mut fleet = Fleet::of(&reads);
    signed_in(&fleet)?;
    fleet.sort(args.sort.into());
    let keys = keys(&args.instances, args.all, &fleet)?;
    let in_time = match args.looks_at_tasks() {
        true => {
            let known = Known::of(reads.listing.as_ref().ok());
            let reader = InstanceReader::new(&account, invocation.clone());
            deepen(reader, &mut fleet, &keys, &known, end).await
        }
        false => true,
    };
    let drains: Vec<&Drain> = fleet
        .drains
        .iter()
        .filter(|drain| keys.contains(&drain.key))
        .collect();
    let header = Header::of(&account, &fleet, number(&account, &fleet).await);
    report_clock(&account);
    let is_quiet = fleet.open() == 0 && fleet.gaps.is_empty() && args.instances.is_empty();
    let last = match is_quiet {
        true => last_receipt(&account, reads.listing.as_ref().ok()).await,
        false => None,
    };
    match args.json {
        true => {
            let mut answer = answer(&header, &fleet, &drains);
            answer["lastReceipt"] = json!(last);
            output::json(&answer)?;
        }
        false => {
            let look = args.look.settle();
            output::line(&screen::screen(&header, &fleet, &drains, &invocation, look))?;
            let over = fleet.drains.len() - fleet.open();
            let shown = args.all || !args.instances.is_empty();
            if let Some(last) = &last {
                output::line(&last.text(fleet.now))?;
            }
            if let Some(text) = screen::hidden(over).filter(|_| !shown) {
                output::line(&text)?;
            }
        }
    }
    Ok(match exit(args.fail_on, &fleet, &drains) {
        // What is known to be bad is an answer.
        Exit::Bad => Exit::Bad,
        _ if !in_time => Exit::TimedOut,
        exit => exit,
    })
}

fn keys(instances: &[Query], all: bool, fleet: &Fleet) -> Result<Vec<InstanceKey>, String> {
    let chosen = chosen(instances, all, fleet)?;
    Ok(chosen.into_iter().map(|drain| drain.key.clone()).collect())
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
fn exit(fail_on: FailOnRisk, fleet: &Fleet, drains: &[&Drain]) -> Exit {
    let bad = |drain: &&&Drain| match fail_on {
        FailOnRisk::Late => drain.risk == Risk::Late,
        FailOnRisk::Any => drain.risk != Risk::None,
    };
    let silent = fail_on == FailOnRisk::Any && fleet.coordinator.is_silent && fleet.open() > 0;
    match (
        drains.iter().any(|drain| bad(&drain)) || silent,
        fleet.gaps.is_empty(),
    ) {
        (true, _) => Exit::Bad,
        (false, false) => Exit::NoAnswer,
        (false, true) => Exit::Good,
    }
}
