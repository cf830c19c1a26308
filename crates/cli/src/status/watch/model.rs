//! What the screen knows: a pure state, changed by events. It asks for effects, and makes none.

use super::explained::{Explained, Explanations};
use super::layout::{ScreenLayout, Size};
use super::rows::{DrainRow, Rows};
use crate::look::Look;
use crate::reads::Known;
use crate::status::reader::ReadInterval;
use jiff::{SignedDuration, Timestamp};
use protector_core::ids::InstanceKey;
use protector_diagnosis::command::Invocation;
use protector_diagnosis::drain::{Drain, Risk};
use protector_diagnosis::explain::Explanation;
use protector_diagnosis::fleet::{Fleet, Seen, Sort};
use protector_diagnosis::read::Gap;

/// A message takes the place of the keys for so long.
const NOTE_SHOWN: SignedDuration = SignedDuration::from_secs(4);

/// A key, as far as the screen knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Char(char),
    Up,
    Down,
    /// A screen up.
    PageUp,
    /// A screen down.
    PageDown,
    /// To the first row.
    Home,
    /// To the last row.
    End,
    Enter,
    Escape,
    Backspace,
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-Z.
    Suspend,
    /// Ctrl-L.
    Redraw,
}

/// What a look at AWS has found.
#[derive(Clone, Debug)]
pub(super) struct Looked {
    /// The drains that were asked for, what the coordinator says, and the reads that failed.
    pub(super) fleet: Fleet,
    /// Which account it is.
    pub(super) place: String,
    /// The account's number, if it is known.
    pub(super) number: Option<String>,
    /// When the next look comes.
    pub(super) interval: ReadInterval,
    /// What is known of the coordinator.
    pub(super) known: Known,
}

/// A drain whose explanation is shown.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wanted {
    /// The drain as it was last read.
    pub(super) drain: Drain,
    /// What is known of the coordinator.
    pub(super) known: Known,
    /// How often it may be read.
    pub(super) every: SignedDuration,
}

/// What happens to the screen.
#[derive(Clone, Debug)]
pub(super) enum Event {
    Key(Key),
    /// It is so late.
    Tick(Timestamp),
    /// A look at AWS.
    Data(Box<Looked>),
    /// A look that found nothing, since these reads failed.
    Failed(Vec<Gap>),
    /// A look at the tasks of a drain, which may have failed in part.
    Explained(InstanceKey, Timestamp, Box<Explanation>),
    /// The terminal has this size.
    Resize(Size),
}

/// What the screen asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Leave(Left),
    /// Stop the program as Ctrl-Z does.
    Suspend,
    /// Draw all of it again.
    Redraw,
    /// Put this text into the clipboard.
    Copy(String),
    /// Read no more, or read again.
    Pause(bool),
}

/// How the screen was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// With `q` or Esc.
    Quit,
    /// With Ctrl-C.
    Interrupt,
}

/// What covers the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overlay {
    /// What the keys do.
    Help,
    /// The orders that can be typed for the selected drain.
    Orders,
    /// The selected drain on the full screen.
    Detail,
}

/// Which rows are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filter {
    /// Rows that contain this are shown.
    pub(super) text: String,
    /// Whether it is being typed.
    pub(super) typing: bool,
}

/// What was known at the last look that found something.
#[derive(Clone, Debug)]
pub(super) struct Data {
    /// When that was.
    pub(super) at: Timestamp,
    /// What the coordinator said.
    pub(super) seen: Seen,
    /// The reads that failed all the same.
    pub(super) gaps: Vec<Gap>,
    /// What is known of the coordinator.
    pub(super) known: Known,
}

/// The state of the screen.
#[derive(Clone, Debug)]
pub(super) struct Model {
    /// The time at AWS.
    pub(super) now: Timestamp,
    pub(super) size: Size,
    /// Colours and characters; its width does not count.
    pub(super) look: Look,
    /// Which account it is.
    pub(super) place: String,
    /// The account's number, if it is known.
    pub(super) number: Option<String>,
    /// What is known; none before the first look.
    pub(super) data: Option<Data>,
    /// Why the last look failed, if it did.
    pub(super) failed: Vec<Gap>,
    /// How often AWS is read.
    pub(super) interval: ReadInterval,
    /// Whether drains that are over are shown.
    pub(super) all: bool,
    /// The order of the rows.
    pub(super) sort: Sort,
    /// Which rows are shown.
    pub(super) filter: Filter,
    /// Whether nothing is read.
    pub(super) paused: bool,
    /// What covers the table.
    pub(super) overlay: Option<Overlay>,
    /// Lines of the overlay that are scrolled away.
    pub(super) scroll: usize,
    /// The options with which the tool was called.
    pub(super) invocation: Invocation,
    explanations: Explanations,
    rows: Rows,
    selected: Option<InstanceKey>,
    /// The place of the selected row among those that are shown.
    place_of_selected: usize,
    note: Option<(String, Timestamp)>,
}

impl Model {
    /// A screen that knows nothing yet.
    pub(super) fn new(place: String, look: Look, interval: ReadInterval, now: Timestamp) -> Model {
        let size = Size {
            width: 80,
            height: 24,
        };
        Model {
            now,
            size,
            look,
            place,
            number: None,
            data: None,
            failed: Vec::new(),
            interval,
            all: false,
            sort: Sort::Risk,
            filter: Filter::default(),
            paused: false,
            overlay: None,
            scroll: 0,
            invocation: Invocation::default(),
            explanations: Explanations::default(),
            rows: Rows::default(),
            selected: None,
            place_of_selected: 0,
            note: None,
        }
    }

    /// Takes what has happened. Returns what is to be done.
    pub(super) fn update(&mut self, event: Event) -> Vec<Effect> {
        let effects = match event {
            Event::Key(key) => self.key(key),
            Event::Tick(now) => {
                self.now = self.now.max(now);
                self.rows.forget(self.now);
                Vec::new()
            }
            Event::Data(looked) if !self.paused => {
                self.looked(*looked);
                Vec::new()
            }
            Event::Failed(gaps) if !self.paused => {
                self.failed = gaps;
                Vec::new()
            }
            Event::Explained(key, at, explanation) => {
                if self.rows.iter().any(|row| row.drain.key == key) {
                    self.explanations.read(key, at, *explanation);
                }
                Vec::new()
            }
            // It was in progress when the screen was paused.
            Event::Data(_) | Event::Failed(_) => Vec::new(),
            Event::Resize(size) => {
                self.size = size;
                Vec::new()
            }
        };
        self.settle();
        effects
    }

    fn looked(&mut self, looked: Looked) {
        let fleet = looked.fleet;
        self.now = self.now.max(fleet.now);
        self.rows.read(&fleet.drains, self.sort, self.now);
        let rows = &self.rows;
        let is_there = |key: &InstanceKey| rows.iter().any(|row| row.drain.key == *key);
        self.explanations.retain(is_there);
        self.failed.clear();
        self.place = looked.place;
        self.number = looked.number;
        self.interval = looked.interval;
        self.data = Some(Data {
            at: fleet.now,
            seen: fleet.coordinator,
            gaps: fleet.gaps,
            known: looked.known,
        });
    }

    /// The drain whose tasks are to be looked at: the selected one, if its explanation is on the screen. A drain that is
    /// over has none left.
    pub(super) fn wanted(&self) -> Option<Wanted> {
        let is_shown = match self.overlay {
            None => ScreenLayout::of(self.size).pane > 0,
            Some(overlay) => overlay == Overlay::Detail,
        };
        let row = self.selected().filter(|_| is_shown && !self.paused)?;
        let data = self.data.as_ref().filter(|_| row.drain.is_open())?;
        Some(Wanted {
            drain: row.drain.clone(),
            known: data.known.clone(),
            every: self.interval.every,
        })
    }

    /// The explanation of a drain, if it was read.
    pub(super) fn explained(&self, drain: &Drain) -> Option<&Explained> {
        self.explanations.get(&drain.key).filter(|_| drain.is_open())
    }

    /// The command that helps further with a drain: that of its explanation if it has one, else that of its warning.
    pub(super) fn next_command(&self, drain: &Drain) -> String {
        let explained = self.explained(drain);
        let next = explained.and_then(|explained| explained.explanation.next_command());
        match (next, drain.warning()) {
            // It has the options already.
            (Some(command), _) => command.to_owned(),
            (None, Some((_, command))) => self.complete(drain, &command),
            (None, None) => self.complete(drain, &format!("protectorctl explain {}", drain.key.instance)),
        }
    }

    /// A command about a drain, with the options that it needs.
    pub(super) fn complete(&self, drain: &Drain, command: &str) -> String {
        self.invocation.of(&drain.key.cluster).complete(command)
    }

    /// Keeps the selection on its instance, or on its place if the instance is not shown any more.
    fn settle(&mut self) {
        let keys: Vec<InstanceKey> = self.visible().map(|row| row.drain.key.clone()).collect();
        let found = keys.iter().position(|key| Some(key) == self.selected.as_ref());
        let place = found
            .unwrap_or(self.place_of_selected)
            .min(keys.len().saturating_sub(1));
        self.selected = keys.get(place).cloned();
        self.place_of_selected = place;
    }

    /// Scrolls the overlay no further than this.
    pub(super) fn limit_scroll(&mut self, most: usize) {
        self.scroll = self.scroll.min(most);
    }

    pub(super) fn visible(&self) -> impl Iterator<Item = &DrainRow> {
        self.rows.iter().filter(|row| {
            (self.all || row.drain.is_open() || row.lingers(self.now)) && fits(&row.drain, &self.filter.text)
        })
    }

    /// How many drains are over and not shown.
    pub(super) fn hidden(&self) -> usize {
        let over = |row: &&DrainRow| !row.drain.is_open() && !row.lingers(self.now);
        if self.all {
            0
        } else {
            self.rows.iter().filter(over).count()
        }
    }

    /// The drains that have not ended, and how many of them need a person, whatever the filter says.
    pub(super) fn counts(&self) -> (usize, usize) {
        let open = self.rows.iter().filter(|row| row.drain.is_open());
        let need = open.clone().filter(|row| row.drain.risk != Risk::None);
        (open.count(), need.count())
    }

    pub(super) fn selected(&self) -> Option<&DrainRow> {
        let key = self.selected.as_ref()?;
        self.visible().find(|row| row.drain.key == *key)
    }

    /// Whether this row is the selected one.
    pub(super) fn is_selected(&self, row: &DrainRow) -> bool {
        self.selected.as_ref() == Some(&row.drain.key)
    }

    /// The place of the selected row among those that are shown.
    pub(super) fn selected_place(&self) -> usize {
        self.place_of_selected
    }

    /// The message that is shown now.
    pub(super) fn note(&self) -> Option<&str> {
        let (text, until) = self.note.as_ref()?;
        (self.now < *until).then_some(text.as_str())
    }

    /// How old the data are; none if there are none.
    pub(super) fn age(&self) -> Option<SignedDuration> {
        let data = self.data.as_ref()?;
        Some(self.now.duration_since(data.at).max(SignedDuration::ZERO))
    }

    /// Whether the rows may not be true any more: the last look failed, or two looks should have come since.
    pub(super) fn is_stale(&self) -> bool {
        let late = self.age().is_some_and(|age| age > self.interval.every * 2);
        !self.failed.is_empty() || (late && !self.paused)
    }

    /// What the screen shows, as a fleet: the drains that are shown, as they were at the last look.
    pub(super) fn fleet(&self) -> Option<Fleet> {
        let data = self.data.as_ref()?;
        let mut gaps = self.failed.clone();
        gaps.extend(data.gaps.iter().filter(|gap| !self.failed.contains(gap)).cloned());
        Some(Fleet {
            now: data.at,
            drains: self
                .visible()
                .filter(|row| !row.gone)
                .map(|row| row.drain.clone())
                .collect(),
            coordinator: data.seen.clone(),
            gaps,
        })
    }

    fn key(&mut self, key: Key) -> Vec<Effect> {
        match key {
            Key::Interrupt => return vec![Effect::Leave(Left::Interrupt)],
            Key::Suspend => return vec![Effect::Suspend],
            Key::Redraw => return vec![Effect::Redraw],
            _ => {}
        }
        if self.filter.typing && self.overlay.is_none() {
            self.type_filter(key);
            return Vec::new();
        }
        match (self.overlay, key) {
            (_, Key::Char('c')) => return self.copy(),
            (Some(overlay), key) => self.overlay_key(overlay, key),
            (None, Key::Char('q') | Key::Escape) => return vec![Effect::Leave(Left::Quit)],
            (None, Key::Char('p')) => return self.pause(),
            (None, key) => self.table_key(key),
        }
        Vec::new()
    }

    fn table_key(&mut self, key: Key) {
        match key {
            Key::Char('/') => self.filter.typing = true,
            Key::Char('s') => {
                self.sort = next(self.sort);
                self.rows.sort(self.sort, self.now);
            }
            Key::Char('a') => self.all = !self.all,
            Key::Char('?') => self.open(Overlay::Help),
            Key::Char('o') if self.selected().is_some() => self.open(Overlay::Orders),
            Key::Enter if self.selected().is_some() => self.open(Overlay::Detail),
            key => self.steer(key),
        }
    }

    fn open(&mut self, overlay: Overlay) {
        self.overlay = Some(overlay);
        self.scroll = 0;
    }

    fn overlay_key(&mut self, overlay: Overlay, key: Key) {
        let page = usize::from(self.size.height.saturating_sub(2)).max(1);
        let own = match overlay {
            Overlay::Help => Key::Char('?'),
            Overlay::Orders => Key::Char('o'),
            Overlay::Detail => Key::Enter,
        };
        match key {
            Key::Char('q') | Key::Escape => self.overlay = None,
            key if key == own => self.overlay = None,
            Key::Down | Key::Char('j') => self.scroll = self.scroll.saturating_add(1),
            Key::Up | Key::Char('k') => self.scroll = self.scroll.saturating_sub(1),
            Key::PageDown => self.scroll = self.scroll.saturating_add(page),
            Key::PageUp => self.scroll = self.scroll.saturating_sub(page),
            Key::Home => self.scroll = 0,
            Key::End => self.scroll = usize::MAX,
            Key::Char('?') => self.open(Overlay::Help),
            Key::Char('o') if self.selected().is_some() => self.open(Overlay::Orders),
            _ => {}
        }
    }

    fn type_filter(&mut self, key: Key) {
        match key {
            Key::Char(letter) => self.filter.text.push(letter),
            Key::Backspace => {
                self.filter.text.pop();
            }
            Key::Enter => self.filter.typing = false,
            Key::Escape => self.filter = Filter::default(),
            key => self.steer(key),
        }
    }

    /// Moves the selection.
    fn steer(&mut self, key: Key) {
        let count = self.visible().count();
        let page = ScreenLayout::of(self.size).rows().max(1);
        let place = self.place_of_selected;
        let place = match key {
            Key::Down | Key::Char('j') => place + 1,
            Key::Up | Key::Char('k') => place.saturating_sub(1),
            Key::PageDown => place + page,
            Key::PageUp => place.saturating_sub(page),
            Key::Home | Key::Char('g') => 0,
            Key::End | Key::Char('G') => count,
            _ => return,
        };
        self.place_of_selected = place.min(count.saturating_sub(1));
        let selected = self.visible().nth(self.place_of_selected);
        self.selected = selected.map(|row| row.drain.key.clone());
    }

    fn copy(&mut self) -> Vec<Effect> {
        let Some(command) = self.selected().map(|row| self.next_command(&row.drain)) else {
            return Vec::new();
        };
        let until = self.now.checked_add(NOTE_SHOWN).unwrap_or(self.now);
        self.note = Some((format!("sent to the clipboard: {command}"), until));
        vec![Effect::Copy(command)]
    }

    fn pause(&mut self) -> Vec<Effect> {
        self.paused = !self.paused;
        vec![Effect::Pause(self.paused)]
    }
}

fn next(sort: Sort) -> Sort {
    match sort {
        Sort::Risk => Sort::Age,
        Sort::Age => Sort::Cluster,
        Sort::Cluster => Sort::Risk,
    }
}

/// Whether a drain contains a text, in upper or lower case.
fn fits(drain: &Drain, text: &str) -> bool {
    if text.is_empty() {
        return true;
    }
    let text = text.to_lowercase();
    let group = drain.group().map(ToString::to_string).unwrap_or_default();
    let cluster = drain.key.cluster.to_string();
    [drain.key.instance.to_string(), cluster, group, drain.held_by()]
        .iter()
        .any(|part| part.to_lowercase().contains(&text))
}

#[cfg(test)]
mod tests;
