//! What the terminal reports, as events of the screen.

use super::layout::Size;
use super::model::{Event, Key};
use crossterm::event::{Event as Reported, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// The event, if the screen knows it.
pub(super) fn event(reported: &Reported) -> Option<Event> {
    match reported {
        Reported::Key(key) if key.kind != KeyEventKind::Release => self::key(*key).map(Event::Key),
        Reported::Resize(width, height) => Some(Event::Resize(Size {
            width: *width,
            height: *height,
        })),
        _ => None,
    }
}

fn key(key: KeyEvent) -> Option<Key> {
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return match key.code {
            KeyCode::Char('c') => Some(Key::Interrupt),
            KeyCode::Char('z') => Some(Key::Suspend),
            KeyCode::Char('l') => Some(Key::Redraw),
            KeyCode::Char('h') => Some(Key::Backspace),
            KeyCode::Char('n') => Some(Key::Down),
            KeyCode::Char('p') => Some(Key::Up),
            _ => None,
        };
    }
    Some(match key.code {
        KeyCode::Char(letter) => Key::Char(letter),
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Escape,
        KeyCode::Backspace => Key::Backspace,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_keys_are_not_letters() {
        let pressed = |code, modifiers| key(KeyEvent::new(code, modifiers));
        for (letter, expected) in [
            ('c', Some(Key::Interrupt)),
            ('z', Some(Key::Suspend)),
            ('l', Some(Key::Redraw)),
            ('q', None),
        ] {
            assert_eq!(pressed(KeyCode::Char(letter), KeyModifiers::CONTROL), expected);
            assert_eq!(
                pressed(KeyCode::Char(letter), KeyModifiers::NONE),
                Some(Key::Char(letter))
            );
        }
        assert_eq!(
            pressed(KeyCode::Char('G'), KeyModifiers::SHIFT),
            Some(Key::Char('G'))
        );
    }

    #[test]
    fn a_key_counts_when_it_is_pressed() {
        let released = KeyEvent::new_with_kind(KeyCode::Enter, KeyModifiers::NONE, KeyEventKind::Release);
        assert!(event(&Reported::Key(released)).is_none());
        assert!(event(&Reported::Paste("q".to_owned())).is_none());
    }
}
