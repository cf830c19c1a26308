//! `protectorctl mode`: the kill switch. It needs no function, so it works when the coordinator does not.

mod args;
mod help;

pub(crate) use args::ModeArgs;

use crate::account::Account;
use crate::confirm::{Deed, confirmed};
use crate::exit::Exit;
use crate::header::Header;
use crate::look;
use crate::output;
use crate::reads::{fleet as read_fleet, number, sign_in, signed_in, within};
use args::Mode;
use jiff::Timestamp;
use protector_core::control::{Control, KillSwitch};
use protector_diagnosis::fleet::Fleet;
use protector_diagnosis::listing::Listing;
use protector_diagnosis::read::{Gap, GapKind};
use serde_json::{Value, json};
use std::error::Error;
use std::io;
use std::time::Duration;
use tokio::time::Instant;

/// The coordinator reads the switch each minute, and its beacon says what it has read.
const OBEYED_WITHIN: Duration = Duration::from_secs(90);

/// The words for what is confirmed.
const DEED: Deed = Deed {
    who: "who sets this?",
    does: "sets it",
    done: "written",
};

/// Between two looks at the beacon.
const INTERVAL: Duration = Duration::from_secs(3);

/// Shows the kill switch, or sets it.
pub(crate) async fn run(args: &ModeArgs) -> Result<Exit, Box<dyn Error>> {
    let account = Account::open(&args.account).await?;
    match args.mode {
        None => show(args, &account).await,
        Some(mode) => set(args, &account, mode).await,
    }
}

async fn show(args: &ModeArgs, account: &Account) -> Result<Exit, Box<dyn Error>> {
    let Some(read) = within(args.account.timeout, switch(account)).await else {
        return Ok(Exit::TimedOut);
    };
    let shown = match read {
        Ok(shown) => shown,
        Err(gap) if gap.kind == GapKind::SignedOut => return Err(sign_in(&gap).into()),
        Err(gap) => return Err(gap.to_string().into()),
    };
    match args.json {
        true => output::json(&shown.json())?,
        false => output::line(&shown.text())?,
    }
    Ok(shown.exit())
}

/// The kill switch, and what the coordinator last read of it.
struct Shown {
    switch: Option<Result<KillSwitch, String>>,
    obeyed: Option<(Control, Timestamp)>,
}

async fn switch(account: &Account) -> Result<Shown, Gap> {
    let names = vec![account.prefix.control_name(), account.prefix.beacon_name()];
    let parameters = account.named_parameters(names).await?;
    let listing = Listing::of(&account.prefix, &parameters);
    let beacon = listing.readable_beacon();
    Ok(Shown {
        obeyed: beacon.map(|beacon| (beacon.control, beacon.tick_at)),
        switch: listing.control,
    })
}

impl Shown {
    fn text(&self) -> String {
        let set = match &self.switch {
            None => "on: the kill switch is not set".to_owned(),
            Some(Ok(switch)) => {
                let by = switch.by().map_or_else(String::new, |by| format!(" {by}"));
                format!("{}{by}", switch.control.name())
            }
            Some(Err(problem)) => format!("not readable, so it has no effect: {problem}"),
        };
        let obeyed = match self.obeyed {
            None => "the coordinator has no beacon, so what it obeys is not known".to_owned(),
            Some((control, at)) => format!("the coordinator obeyed {} at {at:.0}", control.name()),
        };
        format!("{set}\n{obeyed}")
    }

    fn json(&self) -> Value {
        let readable = self.switch.as_ref().and_then(|switch| switch.as_ref().ok());
        let mode = readable.map_or(Control::On, |switch| switch.control);
        json!({
            "schema": 1,
            "kind": "mode",
            "mode": mode.name(),
            "who": readable.and_then(|switch| switch.who.clone()),
            "why": readable.and_then(|switch| switch.why.clone()),
            "set": self.switch.is_some(),
            "problem": self.switch.as_ref().and_then(|switch| switch.as_ref().err()),
            "obeyed": self.obeyed.map(|(control, _)| control.name()),
            "obeyedAt": self.obeyed.map(|(_, at)| at),
        })
    }

    fn exit(&self) -> Exit {
        match &self.switch {
            Some(Err(_)) => Exit::Bad,
            _ => Exit::Good,
        }
    }
}

async fn set(args: &ModeArgs, account: &Account, mode: Mode) -> Result<Exit, Box<dyn Error>> {
    let reads = within(args.account.timeout, read_fleet(account, &[], &|_| {})).await;
    let Some(reads) = reads else {
        return Ok(Exit::TimedOut);
    };
    let fleet = Fleet::of(&reads);
    signed_in(&fleet)?;
    let who = args.confirm.who(account, DEED).await?;
    let control = Control::from(mode);
    let at = format!("{:.0}", account.now());
    let value = json!({"mode": control.name(), "who": who, "why": args.why, "at": at}).to_string();
    let name = account.prefix.control_name();
    if args.dry_run {
        output::json(&json!({"name": name, "value": value}))?;
        return Ok(Exit::Good);
    }
    let header = Header::of(account, &fleet, number(account, &fleet).await);
    if !args.confirm.is_given() && !asked(mode, &header, &fleet)? {
        return Ok(Exit::NoAnswer);
    }
    let since = account.now();
    if let Err(gap) = account.write_parameter(&name, &value).await {
        return Err(not_written(&gap, &name).into());
    }
    look::stderr_line(&format!(
        "{name} says {}; waiting for the coordinator",
        control.name()
    ));
    obeyed(args, account, control, since).await
}

/// Says what the mode does, and asks.
fn asked(mode: Mode, header: &Header, fleet: &Fleet) -> io::Result<bool> {
    let open = fleet.open();
    let (text, question, expected) = match mode {
        Mode::On => ("Normal operation.".to_owned(), "Set it to on? [y/N]".to_owned(), "y".to_owned()),
        Mode::Observe => (
            "The coordinator changes nothing any more: no hold, no heartbeat, no completion. Hooks that wait run out.".to_owned(),
            "Set it to observe? [y/N]".to_owned(),
            "y".to_owned(),
        ),
        Mode::ReleaseAll => (
            format!("The daemons of every drain go at once, {open} of them now. It cannot be taken back."),
            format!("Type the number of drains ({open}) to release them all:"),
            open.to_string(),
        ),
    };
    look::stderr_line(&header.place());
    if !fleet.gaps.is_empty() {
        look::stderr_line("a part of the fleet could not be read; there may be more drains");
    }
    look::stderr_line(&text);
    confirmed(&question, &expected, DEED)
}

fn not_written(gap: &Gap, name: &str) -> String {
    match gap.kind {
        GapKind::Denied => format!(
            "you may not set this: ssm:PutParameter on {name} is needed (protectorctl policy operator)"
        ),
        _ => format!("{name} was not written: {}: {}", gap.code, gap.message),
    }
}

/// Waits until the coordinator says in its beacon that it has read the switch.
async fn obeyed(
    args: &ModeArgs,
    account: &Account,
    control: Control,
    since: Timestamp,
) -> Result<Exit, Box<dyn Error>> {
    let end = Instant::now() + OBEYED_WITHIN.max(args.wait.unwrap_or_default());
    loop {
        if let Ok(shown) = switch(account).await
            && shown
                .obeyed
                .is_some_and(|(read, at)| read == control && at > since)
        {
            match args.json {
                true => output::json(&shown.json())?,
                false => output::line(&format!("ok  {}", shown.text()))?,
            }
            return Ok(Exit::Good);
        }
        if Instant::now() + INTERVAL > end {
            let text = "it is set, but the coordinator has not said that it obeys; sidecars that hold read it themselves";
            look::stderr_line(text);
            return Ok(Exit::TimedOut);
        }
        tokio::time::sleep(INTERVAL).await;
    }
}
