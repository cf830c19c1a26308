//! What happens while the screen is shown: keys, signals, looks and seconds become events of the model, and what it asks
//! for is done.

use super::keys;
use super::model::{Effect, Event, Left, Looked, Model, Wanted};
use super::selected;
use super::signals::{HANGUP, INTERRUPT, Signals, Wish};
use super::terminal::{self, Screen};
use super::view;
use crate::account::Account;
use crate::header::Header;
use crate::reads::number;
use crate::status::reader::Reader;
use crate::status::{StatusArgs, chosen};
use crossterm::event::EventStream;
use futures_util::StreamExt;
use protector_diagnosis::drain::Drain;
use std::convert::Infallible;
use std::error::Error;
use std::future::pending;
use std::io;
use std::pin::pin;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval};

/// Clocks on the screen go on so often.
const SECOND: Duration = Duration::from_secs(1);

/// A look at AWS, or why the drains that were asked for cannot be distinguished from others.
type ReadResult = Result<Event, String>;

/// How the screen was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// By a person.
    Quit,
    /// By the signal of this number, or the key that stands for it.
    Signal(u8),
}

/// What is to happen next.
enum Next {
    Event(Event),
    Nothing,
    Stop,
    TakeAgain,
    End(End),
}

/// Shows the screen until it is left. The terminal is as it was before when this returns.
pub(super) async fn show(
    account: &Account,
    args: &StatusArgs,
    reader: Reader<'_>,
    model: &mut Model,
) -> Result<End, Box<dyn Error>> {
    let mut signals = Signals::listen()?;
    let mut screen = Screen::enter()?;
    let mut keys = EventStream::new();
    let mut seconds = interval(SECOND);
    seconds.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let (sender, mut looks) = mpsc::channel(1);
    let (pause, paused) = watch::channel(false);
    let mut reading = pin!(read(account, args, reader, sender, paused));
    let (sender, mut explanations) = mpsc::channel(1);
    let (wanted, selected) = watch::channel(None);
    let mut explaining = pin!(selected::explain(
        account.aside(),
        model.invocation.clone(),
        selected,
        sender
    ));
    loop {
        view::update(model, Event::Resize(screen.size()?));
        screen.draw(model)?;
        publish(&wanted, model.wanted());
        let next = tokio::select! {
            never = &mut reading => match never {},
            never = &mut explaining => match never {},
            Some(look) = looks.recv() => Next::Event(look?),
            Some(explained) = explanations.recv() => Next::Event(explained),
            key = keys.next() => of_key(key),
            _ = seconds.tick() => Next::Event(Event::Tick(account.now())),
            wish = signals.next() => of_wish(wish),
        };
        match next {
            Next::Event(event) => {
                for effect in view::update(model, event) {
                    if let Some(end) = carry_out(effect, &mut screen, &pause)? {
                        return Ok(end);
                    }
                }
            }
            Next::Nothing => {}
            Next::Stop => screen.stop()?,
            Next::TakeAgain => screen.take_again()?,
            Next::End(end) => return Ok(end),
        }
    }
}

/// Says which drain is to be explained, if that is another one or it was read again.
fn publish(sender: &watch::Sender<Option<Wanted>>, wanted: Option<Wanted>) {
    sender.send_if_modified(|known| {
        let is_other = *known != wanted;
        *known = wanted;
        is_other
    });
}

/// A terminal that cannot be read any more has gone away.
fn of_key(key: Option<io::Result<crossterm::event::Event>>) -> Next {
    match key {
        Some(Ok(key)) => keys::event(&key).map_or(Next::Nothing, Next::Event),
        Some(Err(_)) | None => Next::End(End::Signal(HANGUP)),
    }
}

fn of_wish(wish: Wish) -> Next {
    match wish {
        Wish::End(number) => Next::End(End::Signal(number)),
        Wish::Stop => Next::Stop,
        Wish::GoOn => Next::TakeAgain,
    }
}

/// Does what the model asks for. Returns how the screen is left, if it is.
fn carry_out(effect: Effect, screen: &mut Screen, pause: &watch::Sender<bool>) -> io::Result<Option<End>> {
    match effect {
        Effect::Leave(Left::Quit) => return Ok(Some(End::Quit)),
        Effect::Leave(Left::Interrupt) => return Ok(Some(End::Signal(INTERRUPT))),
        Effect::Suspend => terminal::suspend_all()?,
        Effect::Redraw => screen.clear()?,
        Effect::Copy(text) => screen.copy(&text)?,
        Effect::Pause(is_paused) => {
            pause.send_replace(is_paused);
        }
    }
    Ok(None)
}

/// Looks at AWS at the pace that the quotas allow, and not while the screen is paused.
async fn read(
    account: &Account,
    args: &StatusArgs,
    mut reader: Reader<'_>,
    sender: mpsc::Sender<ReadResult>,
    mut paused: watch::Receiver<bool>,
) -> Infallible {
    // The number of the account does not change, and asking for it is a call.
    let mut known: Option<Option<String>> = None;
    loop {
        let looking = reader.look().await;
        let look = match looking.fleet {
            Err(gaps) => Ok(Event::Failed(gaps)),
            Ok(mut fleet) => {
                if known.is_none() {
                    known = Some(number(account, &fleet).await);
                }
                let number = known.clone().flatten();
                let place = Header::of(account, &fleet, number.clone()).place();
                let chosen = chosen(&args.instances, true, &fleet);
                chosen
                    .map(|drains| drains.into_iter().cloned().collect::<Vec<Drain>>())
                    .map(|drains| {
                        fleet.drains = drains;
                        Event::Data(Box::new(Looked {
                            fleet,
                            place,
                            number,
                            interval: looking.interval,
                            known: looking.known,
                        }))
                    })
            }
        };
        if sender.send(look).await.is_err() {
            pending::<()>().await;
        }
        tokio::select! {
            () = tokio::time::sleep_until(looking.next) => {}
            _ = paused.changed() => {}
        }
        // Its sender lives as long as the screen.
        let _ = paused.wait_for(|is_paused| !is_paused).await;
        paused.mark_unchanged();
    }
}
