//! Ids that look random, are unique, and are the same in every run.

/// A source of ids. Sources with different salts never give the same id.
#[derive(Clone, Debug)]
pub(crate) struct Ids {
    salt: u64,
    count: u64,
}

impl Ids {
    /// A source with this salt.
    pub(crate) fn new(salt: u64) -> Ids {
        Ids {
            salt: mix(salt),
            count: 0,
        }
    }

    /// 64 bits; no two of one source are equal.
    fn next(&mut self) -> u64 {
        self.count += 1;
        mix(self.salt ^ self.count)
    }

    /// 32 hexadecimal digits: tasks, container instances.
    pub(crate) fn hex32(&mut self) -> String {
        let id = self.next();
        format!("{id:016x}{:016x}", mix(id))
    }

    /// `i-` and 17 hexadecimal digits.
    pub(crate) fn instance(&mut self) -> String {
        format!("i-0{:016x}", self.next())
    }

    /// `ecs-svc/` and 19 digits: a deployment.
    pub(crate) fn deployment(&mut self) -> String {
        format!("ecs-svc/{:019}", self.next() % 10_000_000_000_000_000_000)
    }

    /// In the form of a UUID: containers, events.
    pub(crate) fn uuid(&mut self) -> String {
        let hex = self.hex32();
        format!(
            "{}-{}-4{}-8{}-{}",
            &hex[..8],
            &hex[8..12],
            &hex[13..16],
            &hex[17..20],
            &hex[20..]
        )
    }
}

/// The finalizer of SplitMix64: a bijection that scatters.
fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_forms_of_aws() {
        let mut ids = Ids::new(1);
        assert_eq!(ids.hex32().len(), 32);
        assert_eq!(ids.instance().len(), 19);
        assert_eq!(ids.deployment().len(), "ecs-svc/".len() + 19);
        assert_eq!(ids.uuid().len(), 36);
        assert_ne!(Ids::new(1).hex32(), Ids::new(2).hex32());
    }
}
