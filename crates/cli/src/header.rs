//! The first line of what a person reads: which account, which region, and whether the coordinator runs. The mistake at
//! three in the morning is the wrong account.

use crate::account::Account;
use crate::look::{Look, Tone, beside, printable};
use protector_core::control::Control;
use protector_diagnosis::fleet::{Fleet, Seen};
use protector_diagnosis::time_format::span;
use serde_json::{Value, json};

/// Where was looked.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The profile, if one was named.
    pub(crate) profile: Option<String>,
    /// The account's number; none if nothing that was read has it.
    pub(crate) account: Option<String>,
    pub(crate) region: String,
    /// Whether the endpoint is this machine.
    pub(crate) is_local: bool,
}

/// Which account was looked at, and its coordinator.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    /// Where was looked.
    place: Place,
    /// What the coordinator says of itself.
    coordinator: String,
    /// Whether that is a warning.
    warns: bool,
}

impl Header {
    /// The header of a fleet, as far as the account's number is in what was read.
    pub(crate) fn of(account: &Account, fleet: &Fleet, number: Option<String>) -> Header {
        let place = Place {
            profile: account.profile.clone(),
            account: number,
            region: account.region.clone(),
            is_local: account.is_local,
        };
        Header::at(place, &fleet.coordinator)
    }

    /// The header of a place and of the coordinator there.
    pub(crate) fn at(place: Place, seen: &Seen) -> Header {
        let (coordinator, warns) = coordinator(seen);
        Header {
            place,
            coordinator,
            warns,
        }
    }

    /// Where: `prod-admin  123456789012  eu-west-1`.
    pub(crate) fn place(&self) -> String {
        let local = self.place.is_local.then(|| "LOCAL".to_owned());
        let number = self
            .place
            .account
            .clone()
            .unwrap_or_else(|| "account ?".to_owned());
        let parts = self
            .place
            .profile
            .iter()
            .cloned()
            .chain([number, self.place.region.clone()])
            .chain(local);
        parts.collect::<Vec<_>>().join("  ")
    }

    /// One line, or more if they do not fit beside each other.
    pub(crate) fn lines(&self, look: Look) -> Vec<String> {
        let tone = if self.warns { Tone::Bad } else { Tone::Plain };
        // A person has written why the mode was set.
        let coordinator = printable(&self.coordinator);
        beside((Tone::Head, &self.place()), (tone, &coordinator), look)
    }

    /// The members of a JSON answer that say where it comes from.
    pub(crate) fn json(&self, kind: &str, fleet: &Fleet) -> Value {
        let seen = &fleet.coordinator;
        json!({
            "schema": 1,
            "kind": kind,
            "generatedAt": fleet.now,
            "account": self.place.account,
            "region": self.place.region,
            "profile": self.place.profile,
            "local": self.place.is_local,
            "partial": fleet.gaps,
            "coordinator": {
                "version": seen.version,
                "tickAgeSeconds": seen.tick_age.map(|age| age.as_secs()),
                "silent": seen.is_silent,
                "mode": seen.mode.name(),
                "modeBy": seen.mode_by,
                "modeProblem": seen.mode_problem,
            },
        })
    }
}

/// What the coordinator says of itself, and whether that is a warning.
pub(crate) fn coordinator(seen: &Seen) -> (String, bool) {
    let mode = match (seen.mode, &seen.mode_by) {
        (Control::On, _) => String::new(),
        (mode, None) => format!(", mode {}", mode.name()),
        (mode, Some(by)) => format!(", mode {} {by}", mode.name()),
    };
    let Some(version) = &seen.version else {
        return (format!("coordinator not found{mode}"), true);
    };
    let tick = match seen.tick_age {
        Some(age) => format!("tick {} ago", span(age.max(jiff::SignedDuration::ZERO))),
        None => "no tick".to_owned(),
    };
    let warns = seen.is_silent || seen.mode != Control::On;
    (format!("coordinator {version}, {tick}{mode}"), warns)
}
