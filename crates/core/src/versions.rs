//! The text of a parameter says which of its versions it includes.
//!
//! SSM has no compare-and-swap: a writer learns from the version of its write that another one has written since it
//! read, and then its text has replaced what the other one had said. So each text says on which version it is based
//! (`basedOn`): it includes what that version and those before it say. A text of version 7 that is based on version 5
//! was written over version 6, and each reader knows that, also if its writer was killed before it could repair
//! it. SSM keeps the last hundred versions of a parameter, and each can be read.

use serde::Deserialize;

use crate::limits::VERSIONS_READ_MAX;

/// The version on which a text is based; `None` if it does not say, as texts of earlier releases do not.
#[must_use]
pub fn based_on(text: &str) -> Option<i64> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Based {
        #[serde(default)]
        based_on: Option<i64>,
    }
    let based: Based = serde_json::from_str(text).ok()?;
    based.based_on.filter(|version| *version >= 0)
}

/// Versions that a text was written over, and may not include.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missed {
    based_on: i64,
    next: i64,
    left: u32,
}

impl Missed {
    /// What the text of this version may miss, if anything. A version that is no later than what it is based on is of a
    /// parameter that was deleted and created again.
    #[must_use]
    pub fn of(text: &str, version: i64) -> Option<Missed> {
        Missed::between(based_on(text)?, version)
    }

    /// What a text that is based on `based_on` misses when it becomes `version`.
    #[must_use]
    pub fn between(based_on: i64, version: i64) -> Option<Missed> {
        let next = version.saturating_sub(1);
        (next > based_on).then_some(Missed {
            based_on,
            next,
            left: VERSIONS_READ_MAX,
        })
    }

    /// What a write has replaced unread, of a writer that knew the version `known` and has made `version`; 0 is none. A
    /// version that is no later than the known one is of a parameter that was deleted and created again since.
    #[must_use]
    pub fn by_write(based_on: i64, known: i64, version: i64) -> Option<Missed> {
        match version - known {
            ..=0 => Missed::between(0, version),
            1 => None,
            _ => Missed::between(based_on.min(known), version),
        }
    }

    /// The version to be read next: the latest of those that are left.
    #[must_use]
    pub fn next(self) -> i64 {
        self.next
    }

    /// The version up to which nothing is missed: what the next text is based on while this cannot be repaired.
    #[must_use]
    pub fn based_on(self) -> i64 {
        self.based_on
    }

    /// What is left when the next version was read: its text includes what it is based on.
    #[must_use]
    pub fn after(self, text: &str) -> Option<Missed> {
        let based_on = based_on(text).unwrap_or(self.based_on).max(self.based_on);
        let left = self.left.saturating_sub(1);
        let missed = Missed::between(based_on, self.next).filter(|_| left > 0);
        missed.map(|missed| Missed { left, ..missed })
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::record::Record;
    use crate::testing::any_record::any_record;

    fn text(based_on: Option<i64>) -> String {
        based_on.map_or_else(
            || "{\"schema\":1}".to_owned(),
            |version| format!("{{\"schema\":1,\"basedOn\":{version}}}"),
        )
    }

    /// The versions that are read of a parameter whose texts are based on these; version 1 is the first of them.
    fn read(texts: &[Option<i64>]) -> Vec<i64> {
        let of = |version: i64| text(texts[usize::try_from(version).unwrap() - 1]);
        let last = i64::try_from(texts.len()).unwrap();
        let (mut missed, mut read) = (Missed::of(&of(last), last), Vec::new());
        while let Some(some) = missed {
            read.push(some.next());
            missed = some.after(&of(some.next()));
        }
        read
    }

    #[test]
    fn p8_a_text_tells_which_versions_it_was_written_over() {
        let table: [(&[Option<i64>], &[i64]); 9] = [
            (&[Some(0)], &[]),
            (&[Some(0), Some(1), Some(2)], &[]),
            // Two have read version 1.
            (&[Some(0), Some(1), Some(1)], &[2]),
            // A repair was written over a third one.
            (&[Some(0), Some(1), Some(1), Some(1), Some(3)], &[4]),
            // Three have read version 1, and none has repaired it.
            (&[Some(0), Some(1), Some(1), Some(1)], &[3, 2]),
            // What was written over had been repaired itself.
            (&[Some(0), Some(1), Some(2), Some(3), Some(1)], &[4]),
            // No writer has found the parameter.
            (&[Some(0), Some(1), Some(0)], &[2]),
            // An earlier release has written.
            (&[Some(0), Some(1), None], &[]),
            (&[Some(0), None, Some(0)], &[2, 1]),
        ];
        for (texts, expected) in table {
            assert_eq!(read(texts), expected, "{texts:?}");
        }
    }

    #[test]
    fn p8_a_parameter_that_was_created_again_misses_nothing() {
        assert_eq!(Missed::of(&text(Some(7)), 1), None);
        assert_eq!(Missed::between(7, 7), None);
    }

    #[test]
    fn p8_a_writer_learns_from_its_version_what_it_has_replaced_unread() {
        let read = |base, known, version| Missed::by_write(base, known, version).map(Missed::next);
        assert_eq!(read(4, 4, 5), None, "no other has written");
        assert_eq!(read(4, 4, 6), Some(5));
        assert_eq!(read(0, 0, 1), None, "it is new");
        assert_eq!(read(0, 0, 2), Some(1), "two have made it");
        assert_eq!(read(7, 7, 1), None, "it was deleted");
        assert_eq!(read(7, 7, 2), Some(1), "and created again");
        assert_eq!(
            read(2, 4, 5),
            None,
            "what is missed since version 2 is known to be missed"
        );
    }

    #[test]
    fn p8_a_text_that_cannot_be_repaired_now_stays_based_on_what_it_includes() {
        let missed = Missed::between(3, 6).unwrap();
        assert_eq!((missed.based_on(), missed.next()), (3, 5));
    }

    #[test]
    fn what_is_no_text_of_ours_says_nothing() {
        for bad in ["", "[]", "{\"basedOn\":-1}", "{\"basedOn\":\"4\"}", "{"] {
            assert_eq!(based_on(bad), None, "{bad}");
        }
    }

    #[test]
    fn p3_a_repair_ends() {
        let missed = Missed::between(0, 1000);
        let steps = std::iter::successors(missed, |missed| missed.after(&text(None)));
        assert_eq!(steps.count(), 10);
    }

    proptest! {
        /// Any number of writers, each of which writes what it has read and what it knows itself, at any time: one
        /// that reads the last text, and what it was written over, knows all that any of them has said.
        #[test]
        fn p8_no_change_is_lost_however_writers_cross(writers in vec((0_usize..4, any_record()), 1..9)) {
            let mut written: Vec<String> = Vec::new();
            for (number, (lag, known)) in writers.iter().enumerate() {
                // It has read one of the last versions, and what that one was written over is repaired in its text.
                let base = number.saturating_sub(*lag);
                let record = match whole(&written, base) {
                    Some(read) => read.merged(known),
                    None => known.clone(),
                };
                written.push(record.encode_based_on(i64::try_from(base).unwrap()).unwrap());
            }
            let read = whole(&written, written.len()).unwrap();
            let all = writers.into_iter().map(|(_, known)| known);
            prop_assert_eq!(Some(read), all.reduce(|all, known| all.merged(&known)));
        }
    }

    /// What a reader of this version knows.
    fn whole(written: &[String], version: usize) -> Option<Record> {
        let text = &written[version.checked_sub(1)?];
        let mut record = Record::decode(text).unwrap();
        let mut missed = Missed::of(text, i64::try_from(version).unwrap());
        while let Some(some) = missed {
            let text = &written[usize::try_from(some.next()).unwrap() - 1];
            record = record.merged(&Record::decode(text).unwrap());
            missed = some.after(text);
        }
        Some(record)
    }
}
