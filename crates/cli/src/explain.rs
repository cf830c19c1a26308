//! `protectorctl explain`: why one instance still drains.

mod args;
mod help;
pub(crate) mod screen;

pub(crate) use args::ExplainArgs;

use crate::account::{Account, MachinesOf};
use crate::exit::Exit;
use crate::header::Header;
use crate::look;
use crate::output;
use crate::reads::{InstanceReader, Known, number, report_clock, signed_in, within};
use jiff::SignedDuration;
use protector_core::ids::InstanceKey;
use protector_diagnosis::drain::{Coordinator, Drain, Parts};
use protector_diagnosis::explain::{Explanation, explain};
use protector_diagnosis::fleet::{Fleet, FleetReads};
use protector_diagnosis::json::DrainJson;
use protector_diagnosis::listing::Listing;
use protector_diagnosis::which::NotOne;
use serde_json::json;
use std::error::Error;

/// How far back the coordinator's log is read.
const LOGS_SINCE: SignedDuration = SignedDuration::from_hours(1);

/// Explains a drain.
pub(crate) async fn run(args: &ExplainArgs) -> Result<Exit, Box<dyn Error>> {
    let account = Account::open(&args.account).await?;
    let Some(answer) = within(args.account.timeout, answer(args, &account)).await else {
        return Ok(Exit::TimedOut);
    };
    let answer = answer?;
    report_clock(&account);
    let ExplainReport {
        header,
        fleet,
        drain,
        explanation,
        log,
    } = &answer;
    if args.json {
        let mut value = header.json("explain", fleet);
        value["drain"] = json!(DrainJson::of(drain, fleet.now));
        value["explanation"] = json!(explanation);
        value["log"] = json!(log);
        output::json(&value)?;
    } else {
        let look = args.look.settle();
        output::line(&screen::screen(explanation, &header.place(), fleet.now, look))?;
        if let Some(line) = log {
            output::line(&format!("\n{}", look::printable(line)))?;
        }
    }
    Ok(exit(explanation))
}

struct ExplainReport {
    header: Header,
    fleet: Fleet,
    drain: Drain,
    explanation: Explanation,
    /// The coordinator's last line about the instance.
    log: Option<String>,
}

async fn answer(args: &ExplainArgs, account: &Account) -> Result<ExplainReport, Box<dyn Error>> {
    let reads = crate::reads::fleet(account, &args.cluster.clusters, &|_| {}).await;
    let fleet = Fleet::of(&reads);
    signed_in(&fleet)?;
    let listing = reads.listing.as_ref().ok();
    let drain = match args.instance.one(&fleet.drains) {
        Ok(drain) => drain.clone(),
        Err(NotOne::None) => elsewhere(args, account, &reads, &fleet).await?,
        Err(several) => return Err(several.to_string().into()),
    };
    let invocation = args.account.invocation(&args.cluster);
    let mut reader = InstanceReader::new(account, invocation);
    let read = reader.read(drain.clone(), &Known::of(listing)).await;
    let mut explanation = explain(&read);
    for gap in &fleet.gaps {
        if !explanation.gaps.contains(gap) {
            explanation.gaps.push(gap.clone());
        }
    }
    let log = match args.logs {
        true => last_line(account, listing, &drain).await,
        false => None,
    };
    let header = Header::of(account, &fleet, number(account, &fleet).await);
    Ok(ExplainReport {
        header,
        fleet,
        drain,
        explanation,
        log,
    })
}

/// An instance that does not drain, or whose cluster is not watched.
async fn elsewhere(
    args: &ExplainArgs,
    account: &Account,
    reads: &FleetReads,
    fleet: &Fleet,
) -> Result<Drain, Box<dyn Error>> {
    let Some(instance) = args.instance.instance() else {
        return Err("no instance that drains has this name; give the whole id of one that does not".into());
    };
    let clusters = match args.cluster.clusters.as_slice() {
        [] => account.clusters().await.map_err(|gap| gap.to_string())?,
        named => named.to_vec(),
    };
    let filter = format!("ec2InstanceId == {instance}");
    for cluster in &clusters {
        let found = account.machines(cluster, MachinesOf::Filter(&filter)).await;
        let found = found.map_err(|gap| gap.to_string())?;
        let Some(machine) = found.first() else {
            continue;
        };
        let key = InstanceKey {
            cluster: cluster.clone(),
            instance: instance.clone(),
        };
        let scaling = account.scaling_instances(std::slice::from_ref(instance)).await;
        let parts = Parts {
            unread: reads.listing.is_err(),
            recorded: None,
            machine: Some(machine),
            scaling: scaling.as_ref().ok().and_then(|found| found.first()),
        };
        let listing = reads.listing.as_ref().ok();
        let coordinator = Coordinator {
            beacon: listing.and_then(Listing::readable_beacon),
            heartbeats: listing.and_then(Listing::readable_heartbeats),
            control: Some(fleet.coordinator.mode),
        };
        return Ok(Drain::of(key, &parts, coordinator, account.now()));
    }
    let count = protector_core::plural::counted(clusters.len(), "cluster");
    Err(format!("{instance} is in none of {count}").into())
}

/// What the coordinator last said of the instance.
async fn last_line(account: &Account, listing: Option<&Listing>, drain: &Drain) -> Option<String> {
    let group = listing.and_then(Listing::readable_beacon)?.log_group.clone()?;
    let pattern = format!(
        "{{ $.event = \"instance\" && $.instance = \"{}\" }}",
        drain.key.instance
    );
    let since = account.now().checked_sub(LOGS_SINCE).ok()?;
    match account.log_lines(&group, &pattern, since).await {
        Ok(lines) => lines.into_iter().next_back(),
        Err(gap) => Some(gap.to_string()),
    }
}

fn exit(explanation: &Explanation) -> Exit {
    match (screen::is_bad(explanation), explanation.gaps.is_empty()) {
        (true, _) => Exit::Bad,
        (false, false) => Exit::NoAnswer,
        (false, true) => Exit::Good,
    }
}
