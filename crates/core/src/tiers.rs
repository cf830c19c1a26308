//! Daemons are released in an order: `xray, datadog | fluent-bit` releases the first two together, then the
//! third.

use std::collections::BTreeSet;
use std::str::FromStr;

use crate::ids::{InvalidId, ServiceName};

/// Daemon services in the order of their release. A service that is not listed is in the first tier.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tiers(Vec<BTreeSet<ServiceName>>);

const EXPECTED: &str = "tiers of daemon services such as \"xray, datadog | fluent-bit\", each service once";

impl FromStr for Tiers {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let invalid = || InvalidId::new(text, EXPECTED);
        let mut seen = BTreeSet::new();
        let mut tiers = Vec::new();
        for tier in text.split('|') {
            let names: Result<Vec<ServiceName>, InvalidId> =
                tier.split(',').map(|name| name.trim().parse()).collect();
            let names = names.map_err(|_| invalid())?;
            if !names.iter().all(|name| seen.insert(name.clone())) {
                return Err(invalid());
            }
            tiers.push(names.into_iter().collect());
        }
        Ok(Tiers(tiers))
    }
}

impl Tiers {
    /// How many there are: at least one.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len().max(1)
    }

    /// The services of each tier, in the order of their release. Empty if no order is given.
    #[must_use]
    pub fn in_order(&self) -> Vec<Vec<ServiceName>> {
        self.0.iter().map(|tier| tier.iter().cloned().collect()).collect()
    }

    /// The tier of a service, from 0. A task of no service goes with the last, because only `released` reaches it.
    #[must_use]
    pub fn of(&self, service: Option<&ServiceName>) -> usize {
        let Some(service) = service else {
            return self.count() - 1;
        };
        self.0.iter().position(|tier| tier.contains(service)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tier_of(tiers: &Tiers, service: &str) -> usize {
        tiers.of(Some(&service.parse().unwrap()))
    }

    #[test]
    fn services_go_in_the_order_written() {
        let tiers: Tiers = "xray, datadog | mesh | fluent-bit".parse().unwrap();
        assert_eq!(tiers.count(), 3);
        let order = ["xray", "datadog", "mesh", "fluent-bit", "unlisted"].map(|name| tier_of(&tiers, name));
        assert_eq!(order, [0, 0, 1, 2, 0]);
        assert_eq!(tiers.of(None), 2);
    }

    #[test]
    fn without_tiers_all_go_at_once() {
        assert_eq!(
            (Tiers::default().count(), tier_of(&Tiers::default(), "any")),
            (1, 0)
        );
    }

    #[test]
    fn doubles_and_empty_tiers_are_refused() {
        for wrong in ["a | a", "a,a", "a |", "| a", "a,,b", "a b"] {
            assert!(wrong.parse::<Tiers>().is_err(), "{wrong}");
        }
    }
}
