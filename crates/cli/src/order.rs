//! `protectorctl release`, `hold` and `extend`: orders to the coordinator, with a look and a question first.

mod answer;
mod args;
mod help;

pub(crate) use args::{ExtendArgs, OrderArgs};

use crate::account::{Account, Answered};
use crate::confirm::{Deed, confirmed};
use crate::exit::Exit;
use crate::header::Header;
use crate::look::{self, Look, Tone, wrapped};
use crate::output;
use crate::reads::{fleet as read_fleet, number, signed_in, within};
use crate::status::wait_for;
use answer::OrderAnswer;
use jiff::SignedDuration;
use protector_core::ids::InstanceKey;
use protector_core::limits::{QUOTED_CHARS_MAX, cut};
use protector_core::trigger::Order;
use protector_diagnosis::drain::{Drain, DrainState};
use protector_diagnosis::fleet::Fleet;
use protector_diagnosis::read::{Gap, GapKind};
use protector_diagnosis::time_format::{clock, span};
use protector_diagnosis::which::{NotOne, Query};
use serde_json::{Value, json};
use std::error::Error;
use std::io;

/// The words for what is confirmed.
const DEED: Deed = Deed {
    who: "who orders this?",
    does: "orders",
    done: "sent",
};

pub(crate) async fn run(order: Order, args: &OrderArgs) -> Result<Exit, Box<dyn Error>> {
    let account = Account::open(&args.account).await?;
    let Some(prepared) = within(args.account.timeout, prepare(order, args, &account)).await else {
        return Ok(Exit::TimedOut);
    };
    let prepared = match prepared? {
        Ok(prepared) => prepared,
        Err(exit) => return Ok(exit),
    };
    if args.dry_run {
        output::json(&prepared.payload)?;
        return Ok(Exit::Good);
    }
    if !args.confirm.is_given() && !asked(order, args, &prepared)? {
        return Ok(Exit::NoAnswer);
    }
    let answered = match account.invoke(&prepared.function, &prepared.payload).await {
        Ok(Answered::Done(answer)) => answer,
        Ok(Answered::Failed(problem)) => {
            return Err(format!("the coordinator failed: {problem}").into());
        }
        Err(gap) => return Err(not_invoked(&gap, &prepared.function).into()),
    };
    let outcome = OrderAnswer::of(&answered);
    let after = Fleet::of(&read_fleet(&account, &prepared.clusters(), &|_| {}).await);
    report(order, args, &prepared, &outcome, &after)?;
    match (outcome, args.wait) {
        (OrderAnswer::Done, Some(patience)) => {
            let query = Query::Instance(prepared.key.instance.clone());
            let invocation = args.account.invocation(&args.cluster);
            wait_for(
                &account,
                &prepared.clusters(),
                &[query],
                args.json,
                patience,
                invocation,
            )
            .await
        }
        (OrderAnswer::Done, None) => Ok(Exit::Good),
        (OrderAnswer::Ignored(_), _) => Ok(Exit::Bad),
        (OrderAnswer::Unclear(_), _) => Ok(Exit::NoAnswer),
    }
}

/// An order that is ready to be sent.
struct Prepared {
    key: InstanceKey,
    function: String,
    payload: Value,
    header: Header,
    /// The drain as it was before.
    drain: Drain,
    fleet: Fleet,
    who: String,
}

impl Prepared {
    fn clusters(&self) -> Vec<protector_core::ids::ClusterName> {
        vec![self.key.cluster.clone()]
    }
}

async fn prepare(
    order: Order,
    args: &OrderArgs,
    account: &Account,
) -> Result<Result<Prepared, Exit>, Box<dyn Error>> {
    let reads = read_fleet(account, &args.cluster.clusters, &|_| {}).await;
    let fleet = Fleet::of(&reads);
    signed_in(&fleet)?;
    let drain = match args.instance.one(&fleet.drains) {
        Ok(drain) => drain.clone(),
        Err(NotOne::None) if fleet.gaps.is_empty() => {
            look::stderr_line("no instance that drains has this name, so there is nothing to order");
            return Ok(Err(Exit::Bad));
        }
        Err(NotOne::None) => {
            let gap = fleet.gaps.first().map(ToString::to_string).unwrap_or_default();
            return Err(format!("the drain was not found, and a part of the answer is {gap}").into());
        }
        Err(several) => return Err(several.to_string().into()),
    };
    let beacon = reads
        .listing
        .as_ref()
        .ok()
        .and_then(|listing| listing.readable_beacon());
    let function = args
        .function
        .clone()
        .or(beacon.and_then(|beacon| beacon.function_arn.clone()));
    let Some(function) = function else {
        return Err("the coordinator's function is not known: it has no beacon; give --function".into());
    };
    let who = args.confirm.who(account, DEED).await?;
    let mut payload = json!({
        "command": order.name(),
        "cluster": drain.key.cluster,
        "instance": drain.key.instance,
        "who": who,
        "why": args.why,
    });
    if let Order::Extend(by) = order {
        payload["by"] = json!(format!("{by:#}"));
    }
    let header = Header::of(account, &fleet, number(account, &fleet).await);
    Ok(Ok(Prepared {
        key: drain.key.clone(),
        function,
        payload,
        header,
        drain,
        fleet,
        who,
    }))
}

/// Says what is about to happen, and asks. False if it is not to happen.
fn asked(order: Order, args: &OrderArgs, prepared: &Prepared) -> io::Result<bool> {
    let look = args.look.settle();
    look::stderr_line(&prepared.header.place());
    for text in consequences(order, &prepared.drain, &prepared.fleet) {
        for line in wrapped(&text, look.width) {
            look::stderr_line(&line);
        }
    }
    let word = match order {
        Order::Release => "Release?",
        Order::Hold => "Hold?",
        Order::Extend(_) => "Extend?",
    };
    confirmed(&format!("{word} [y/N]"), "y", DEED)
}

/// The drain, and what the order does to it.
fn consequences(order: Order, drain: &Drain, fleet: &Fleet) -> Vec<String> {
    let now = fleet.now;
    let age = drain
        .age(now)
        .map_or_else(String::new, |age| format!(" for {}", span(age)));
    let what = match drain.state {
        DrainState::Holding => format!("Still alive: {}.", drain.held_by()),
        _ => format!("It is not held: {}.", drain.held_by()),
    };
    let first = format!(
        "{} in {} drains{age}. {what}",
        drain.key.instance, drain.key.cluster
    );
    let deadline = drain.record.as_ref().map(|record| record.deadline_at);
    let at = deadline.map_or_else(|| "?".to_owned(), |at| clock(at, now));
    let limit = "No sidecar stays beyond its own MAX_HOLD and stopTimeout.";
    let second = match order {
        Order::Release => {
            "Its daemons go now. What these tasks log from here on is lost. It cannot be taken back."
                .to_owned()
        }
        Order::Hold => format!(
            "Its deadline moves from {at} to the last moment that the hook's global limit allows. {limit}"
        ),
        Order::Extend(by) => {
            let to = deadline.and_then(|at| at.checked_add(by).ok());
            let to = to.map_or_else(|| "?".to_owned(), |to| clock(to, now));
            format!("Its deadline moves from {at} to {to}, as far as the hook's global limit allows. {limit}")
        }
    };
    vec![first, second]
}

fn not_invoked(gap: &Gap, function: &str) -> String {
    match gap.kind {
        GapKind::Denied => format!(
            "you may not order this: lambda:InvokeFunction on {function} is needed (protectorctl policy operator)"
        ),
        _ => format!("the coordinator was not reached: {}: {}", gap.code, gap.message),
    }
}

fn report(
    order: Order,
    args: &OrderArgs,
    prepared: &Prepared,
    outcome: &OrderAnswer,
    after: &Fleet,
) -> io::Result<()> {
    let query = Query::Instance(prepared.key.instance.clone());
    let drain = query.one(&after.drains).ok();
    if args.json {
        return output::json(&answer(order, prepared, outcome, drain, after));
    }
    let look = args.look.settle();
    for line in sentences(order, args, prepared, outcome, drain, look) {
        output::line(&line)?;
    }
    Ok(())
}

fn answer(
    order: Order,
    prepared: &Prepared,
    outcome: &OrderAnswer,
    drain: Option<&Drain>,
    after: &Fleet,
) -> Value {
    let mut answer = prepared.header.json("order", after);
    let (word, message) = match outcome {
        OrderAnswer::Done => ("done", None),
        OrderAnswer::Ignored(text) => ("ignored", Some(text)),
        OrderAnswer::Unclear(text) => ("unclear", Some(text)),
    };
    answer["order"] = json!({
        "command": order.name(),
        "cluster": prepared.key.cluster,
        "instance": prepared.key.instance,
        "who": prepared.who,
        "outcome": word,
        "message": message,
    });
    answer["drain"] = json!(drain.map(|drain| protector_diagnosis::json::DrainJson::of(drain, after.now)));
    answer
}

fn sentences(
    order: Order,
    args: &OrderArgs,
    prepared: &Prepared,
    outcome: &OrderAnswer,
    drain: Option<&Drain>,
    look: Look,
) -> Vec<String> {
    match outcome {
        OrderAnswer::Ignored(text) => vec![format!("{}  {text}", look.toned(Tone::Bad, "nothing changed"))],
        OrderAnswer::Unclear(text) => vec![format!("{}  {text}", look.toned(Tone::Warning, "not known"))],
        OrderAnswer::Done => {
            let by = format!("as {}: {:?}", prepared.who, cut(&args.why, QUOTED_CHARS_MAX));
            let ok = look.toned(Tone::Good, "ok");
            let mut lines = vec![format!("{ok}  {} {by}", done(order, prepared, drain))];
            if let (Order::Release, Some(at)) = (order, drain.and_then(|drain| drain.ends.at())) {
                let at = clock(at, prepared.fleet.now);
                let invocation = args.account.invocation(&args.cluster).of(&prepared.key.cluster);
                let follow = format!("protectorctl status {} --wait", prepared.key.instance);
                lines.push(format!(
                    "    Daemons have until {at} to flush. {}",
                    invocation.complete(&follow)
                ));
            }
            lines
        }
    }
}

/// What came of it, by the record: an extension may be cut by the hook's global limit.
fn done(order: Order, prepared: &Prepared, drain: Option<&Drain>) -> String {
    let now = prepared.fleet.now;
    let record = drain.and_then(|drain| drain.record.as_ref());
    let before = prepared.drain.record.as_ref().map(|record| record.deadline_at);
    match (order, record, before) {
        (Order::Release, Some(record), _) => {
            let at = record
                .released_at
                .map_or_else(String::new, |at| format!(" at {}", clock(at, now)));
            format!("released{at}")
        }
        (Order::Extend(by), Some(record), Some(before)) => {
            let wanted = before.checked_add(by).unwrap_or(before);
            let cut = wanted.duration_since(record.deadline_at) > SignedDuration::from_secs(1);
            let not = match cut {
                true => format!(
                    ", not {}: the hook's global limit less the flush",
                    clock(wanted, now)
                ),
                false => String::new(),
            };
            format!(
                "deadline {} -> {}{not}",
                clock(before, now),
                clock(record.deadline_at, now)
            )
        }
        (Order::Hold, Some(record), Some(before)) => {
            format!(
                "deadline {} -> {}",
                clock(before, now),
                clock(record.deadline_at, now)
            )
        }
        (order, _, _) => format!("{} carried out", order.name()),
    }
}

#[cfg(test)]
mod tests;
