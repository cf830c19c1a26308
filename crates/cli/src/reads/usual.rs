//! How long drains usually hold, from the receipts in the coordinator's log.

use crate::account::Account;
use protector_diagnosis::drain::Drain;
use protector_diagnosis::read::Reading;
use protector_diagnosis::usual::{Alike, RECEIPTS, Usual};

/// The drains that are like one: those of the Auto Scaling group whose hook waits for it, as their receipts have it; else
/// those of its cluster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kin {
    of: Alike,
    name: String,
}

impl Kin {
    pub(super) fn of(drain: &Drain) -> Kin {
        match drain.hooks.first() {
            Some(hook) => Kin {
                of: Alike::Group,
                name: hook.group.to_string(),
            },
            None => Kin {
                of: Alike::Cluster,
                name: drain.key.cluster.to_string(),
            },
        }
    }

    /// The filter pattern of their receipts; none if the name cannot stand in one.
    fn pattern(&self) -> Option<String> {
        let field = match self.of {
            Alike::Group => "autoScalingGroup",
            Alike::Cluster => "cluster",
        };
        let plain = !self.name.contains(['"', '\\']);
        plain.then(|| format!("{{ $.event = \"receipt\" && $.{field} = \"{}\" }}", self.name))
    }
}

/// How long such drains usually hold, by the log group of the coordinator; none if there are too few receipts.
pub(super) async fn usual(account: &Account, group: &str, kin: &Kin) -> Option<Reading<Usual>> {
    let pattern = kin.pattern()?;
    match account.newest_log_lines(group, &pattern, RECEIPTS).await {
        Ok(lines) => Usual::of(&lines, kin.of).map(Ok),
        Err(gap) => Some(Err(gap)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_would_end_its_quotes_is_not_asked_for() {
        let kin = |of, name: &str| Kin {
            of,
            name: name.to_owned(),
        };
        let group = kin(Alike::Group, "prod-ecs").pattern();
        assert_eq!(
            group.as_deref(),
            Some(r#"{ $.event = "receipt" && $.autoScalingGroup = "prod-ecs" }"#)
        );
        let cluster = kin(Alike::Cluster, "prod").pattern();
        assert_eq!(
            cluster.as_deref(),
            Some(r#"{ $.event = "receipt" && $.cluster = "prod" }"#)
        );
        assert_eq!(kin(Alike::Group, "a\" || $.event = \"tick").pattern(), None);
        assert_eq!(kin(Alike::Group, "a\\").pattern(), None);
    }
}
