//! From numbers to places in a picture, and back to round numbers for the axis.

/// A linear or a logarithmic scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    domain: (f64, f64),
    range: (f64, f64),
    logarithmic: bool,
}

impl Scale {
    /// Equal distances for equal differences.
    pub(super) fn linear(domain: (f64, f64), range: (f64, f64)) -> Scale {
        Scale {
            domain,
            range,
            logarithmic: false,
        }
    }

    /// Equal distances for equal factors, between powers of ten or halves of them.
    pub(super) fn logarithmic(domain: (f64, f64), range: (f64, f64)) -> Scale {
        let from = 10f64.powf(domain.0.max(0.001).log10().floor());
        let to = domain.1.max(from * 10.0);
        Scale {
            domain: (from, to),
            range,
            logarithmic: true,
        }
    }

    /// The place of a number; what is outside is put at the edge.
    pub(super) fn at(self, value: f64) -> f64 {
        let value = value.clamp(self.domain.0, self.domain.1);
        let measure = |value: f64| if self.logarithmic { value.log10() } else { value };
        let (from, to) = (measure(self.domain.0), measure(self.domain.1));
        let share = if to > from {
            (measure(value) - from) / (to - from)
        } else {
            0.0
        };
        self.range.0 + share * (self.range.1 - self.range.0)
    }

    /// Round numbers for the axis, about `wanted` of them.
    pub(super) fn ticks(self, wanted: usize) -> Vec<f64> {
        if self.logarithmic {
            return self.decades();
        }
        let step = round_step((self.domain.1 - self.domain.0) / wanted.max(1) as f64);
        let first = (self.domain.0 / step).ceil();
        let ticks = (0..=4 * wanted).map(|index| (first + index as f64) * step);
        ticks
            .take_while(|tick| *tick <= self.domain.1 + step * 1e-9)
            .collect()
    }

    fn decades(self) -> Vec<f64> {
        let first = self.domain.0.log10().round() as i32;
        let decades = (first..first + 12).map(|power| 10f64.powi(power));
        decades
            .take_while(|tick| *tick <= self.domain.1 * 1.000_001)
            .collect()
    }
}

/// 1, 2 or 5 with a power of ten, not smaller than `least`.
fn round_step(least: f64) -> f64 {
    let least = if least > 0.0 { least } else { 1.0 };
    let power = 10f64.powf(least.log10().floor());
    let factor = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .find(|factor| factor * power >= least * 0.999_999);
    factor.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_of_the_domain_are_ends_of_the_range() {
        let scale = Scale::linear((0.0, 50.0), (100.0, 200.0));
        assert_eq!(
            [0.0, 25.0, 50.0, 80.0].map(|value| scale.at(value)),
            [100.0, 150.0, 200.0, 200.0]
        );
        let scale = Scale::logarithmic((0.3, 100.0), (0.0, 300.0));
        assert_eq!(
            [0.1, 1.0, 10.0, 100.0].map(|value| scale.at(value).round()),
            [0.0, 100.0, 200.0, 300.0]
        );
    }

    #[test]
    fn ticks_are_round() {
        let linear = |to, wanted| Scale::linear((0.0, to), (0.0, 1.0)).ticks(wanted);
        assert_eq!(linear(100.0, 5), [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]);
        assert_eq!(linear(7.0, 4), [0.0, 2.0, 4.0, 6.0]);
        assert_eq!(
            Scale::logarithmic((0.5, 1990.0), (0.0, 1.0)).ticks(5),
            [0.1, 1.0, 10.0, 100.0, 1000.0]
        );
    }

    #[test]
    fn an_empty_domain_is_no_division_by_zero() {
        let scale = Scale::linear((0.0, 0.0), (5.0, 9.0));
        assert_eq!(scale.at(0.0), 5.0);
        assert_eq!(scale.ticks(3), [0.0]);
    }
}
