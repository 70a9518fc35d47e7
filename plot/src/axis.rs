//! Axes: where ticks are, and what they say.

use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};
use plotters::coord::types::RangedCoordf64;

/// An axis with ticks of our own choice.
pub(crate) struct Axis {
    interval: RangedCoordf64,
    ticks: Vec<f64>,
}

impl Ranged for Axis {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        self.interval.map(value, limit)
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.ticks.clone()
    }

    fn range(&self) -> std::ops::Range<f64> {
        self.interval.range()
    }
}

/// An axis whose ticks are round numbers, or 1, 2 and 5 times powers of ten if it is logarithmic.
pub(crate) fn axis((low, high): (f64, f64), log: bool) -> Axis {
    let interval = RangedCoordf64::from(low..high);
    let ticks = if log { logarithmic_ticks(low, high) } else { interval.key_points(6) };
    Axis { interval, ticks }
}

/// Logarithms of round numbers in an interval of logarithms; over many powers of ten, of powers alone.
fn logarithmic_ticks(low: f64, high: f64) -> Vec<f64> {
    let every = ((high - low) / 8.0).ceil().max(1.0) as i64;
    let powers = (low.floor() as i64..=high.ceil() as i64).filter(|power| power % every == 0);
    let digits: &[f64] = if high - low > 2.5 { &[1.0] } else { &[1.0, 2.0, 5.0] };
    let ticks = powers.flat_map(|power| digits.iter().map(move |digit| power as f64 + digit.log10()));
    ticks.filter(|tick| (low..=high).contains(tick)).collect()
}

/// A number by its decimal logarithm: plain if it is short, else a digit times a power of ten.
pub(crate) fn of_logarithm(log: f64) -> String {
    let value = 10f64.powf(log);
    if (1e-3..1e4).contains(&value) {
        return plain((value * 1e6).round() / 1e6);
    }
    let power = (log + 1e-9).floor();
    let raised = |digit: char| match digit {
        '-' => '⁻',
        digit => ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'][digit as usize - '0' as usize],
    };
    let exponent: String = format!("{}", power as i64).chars().map(raised).collect();
    match 10f64.powf(log - power).round() as i64 {
        1 => format!("10{exponent}"),
        digit => format!("{digit}·10{exponent}"),
    }
}

/// A tick label: as short as the number allows.
pub(crate) fn plain(value: f64) -> String {
    if value.abs() >= 1e4 || (value != 0.0 && value.abs() < 1e-3) {
        // Steps of ticks are round; what is this close to 0 on an axis of ordinary numbers is 0.
        return if value.abs() < 1e-9 { "0".into() } else { format!("{value:.0e}") };
    }
    let text = format!("{value:.4}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    text.replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tick_labels_are_short() {
        assert_eq!(plain(0.30000000000000004), "0.3");
        assert_eq!(plain(-2.0), "−2");
        assert_eq!(of_logarithm(-4.0), "10⁻⁴");
        assert_eq!(of_logarithm(2e-5f64.log10()), "2·10⁻⁵");
        assert_eq!(of_logarithm(0.5f64.log10()), "0.5");
    }

    #[test]
    fn ticks_of_logarithmic_axes_are_round() {
        let ticks: Vec<String> =
            logarithmic_ticks(0.3f64.log10(), 12f64.log10()).into_iter().map(of_logarithm).collect();
        assert_eq!(ticks, ["0.5", "1", "2", "5", "10"]);
        let far: Vec<String> = logarithmic_ticks(-30.0, 2.0).into_iter().map(of_logarithm).collect();
        assert_eq!(far[0], "10⁻²⁸");
        assert!(far.len() < 10 && far.contains(&"1".to_string()), "{far:?}");
    }
}
