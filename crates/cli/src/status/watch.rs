//! `status --watch`: the drains on the whole terminal, read again and again; where there is no terminal, the change lines
//! of `--wait` without an end.
//!
//! What is shown is decided in [`mod@model`] and [`mod@view`], which are pure; here is what reads keys, signals and AWS.

mod explained;
mod keys;
mod layout;
mod model;
mod pane;
mod rows;
mod selected;
mod session;
mod signals;
mod style;
mod terminal;
#[cfg(test)]
mod testing;
mod view;

use super::reader::{ReadInterval, Reader};
use super::wait::{self, Followed, Until};
use super::{StatusArgs, exit, report_clock, screen};
use crate::account::Account;
use crate::exit::Exit;
use crate::header::Header;
use crate::{look, output};
use jiff::SignedDuration;
use model::Model;
use protector_diagnosis::drain::Drain;
use protector_diagnosis::fleet::{Fleet, Seen};
use protector_diagnosis::time_format::span;
use session::End;
use std::error::Error;
use std::io::{self, IsTerminal};
use std::time::Duration;

/// Shows the drains until a person leaves.
pub(super) async fn run(
    account: &Account,
    args: &StatusArgs,
    every: Duration,
) -> Result<Exit, Box<dyn Error>> {
    let reader = Reader::new(account, &args.cluster.clusters, every);
    if args.json || !terminal::is_usable() {
        let followed = Followed {
            instances: &args.instances,
            as_json: args.json,
            until: Until::Stopped,
            invocation: args.account.invocation(&args.cluster),
        };
        return wait::report(reader, &followed).await;
    }
    if args.account.verbose && io::stderr().is_terminal() {
        return Err(
            "the calls of -v would be written over the screen: send them elsewhere with 2>FILE".into(),
        );
    }
    let mut model = model(account, args, every);
    let end = session::show(account, args, reader, &mut model).await?;
    report_clock(account);
    let last = last_table(account, args, &model);
    Ok(match end {
        // The terminal may be gone, and the table with it.
        End::Signal(number) => Exit::Signal(number),
        End::Quit => last?,
    })
}

fn model(account: &Account, args: &StatusArgs, every: Duration) -> Model {
    let interval = ReadInterval {
        every: SignedDuration::try_from(every).unwrap_or(SignedDuration::MAX),
        pages: None,
    };
    let nothing = Fleet {
        now: account.now(),
        drains: Vec::new(),
        coordinator: Seen::default(),
        gaps: Vec::new(),
    };
    let place = Header::of(account, &nothing, None).place();
    let mut model = Model::new(place, args.look.settle(), interval, account.now());
    // Who names an instance wants to see it, even if it is over.
    model.all = args.all || !args.instances.is_empty();
    model.sort = args.sort.into();
    model.invocation = args.account.invocation(&args.cluster);
    model
}

/// What was last on the screen, on the normal one; and what `status` would have said of it.
fn last_table(account: &Account, args: &StatusArgs, model: &Model) -> io::Result<Exit> {
    let Some(fleet) = model.fleet() else {
        model
            .failed
            .iter()
            .for_each(|gap| look::stderr_line(&gap.to_string()));
        return Ok(Exit::NoAnswer);
    };
    let look = args.look.settle();
    let header = Header::of(account, &fleet, model.number.clone());
    let drains: Vec<&Drain> = fleet.drains.iter().collect();
    output::line(&screen::screen(&header, &fleet, &drains, &model.invocation, look))?;
    if let Some(age) = model.age().filter(|_| model.is_stale()) {
        look::stderr_line(&format!("these data are {} old", span(age)));
    }
    Ok(exit(args.fail_on, &fleet, &drains))
}
