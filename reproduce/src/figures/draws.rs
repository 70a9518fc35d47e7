//! What draws say of their law, next to what the law says.

use fokker_laboratory::laws::LineMixture;
use fokker_plot::Table;

/// A number that was measured from draws.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Measured {
    /// From the draws.
    pub found: f64,
    /// Its standard error.
    pub error: f64,
    /// What the law says.
    pub law: f64,
}

impl Measured {
    /// How far the draws are from a value, in standard errors.
    pub fn away(&self, value: f64) -> f64 {
        (self.found - value) / self.error
    }
}

/// Draws on the line, next to a law.
#[derive(Clone, Copy, Debug)]
pub(super) struct Draws {
    /// Where the mass is cut in two: the middle of the law's least and greatest mean.
    pub middle: f64,
    /// P(X > middle).
    pub above: Measured,
    /// The mean.
    pub mean: Measured,
    /// The variance.
    pub variance: Measured,
}

impl Draws {
    /// Measures draws against a law. Standard errors of mass and mean are those of draws of the law; that of the variance
    /// is estimated from the draws.
    pub fn of(draws: &[f64], law: &LineMixture) -> Self {
        let n = draws.len() as f64;
        let average = |of: &dyn Fn(f64) -> f64| draws.iter().map(|x| of(*x)).sum::<f64>() / n;
        let middle = law.middle();
        let (law_mean, law_variance) = law.moments();
        let law_above = law.mass_above(middle);
        let mean = average(&|x| x);
        let variance = average(&|x| (x - mean).powi(2));
        let fourth = average(&|x| (x - mean).powi(4));
        Self {
            middle,
            above: Measured {
                found: average(&|x| f64::from(x > middle)),
                error: (law_above * (1.0 - law_above) / n).sqrt(),
                law: law_above,
            },
            mean: Measured { found: mean, error: (law_variance / n).sqrt(), law: law_mean },
            variance: Measured {
                found: variance,
                error: ((fourth - variance * variance).max(0.0) / n).sqrt(),
                law: law_variance,
            },
        }
    }

    /// All three numbers in words.
    pub fn as_caption(&self) -> String {
        format!(
            "Mass right of x = {}: {:.4} ± {:.4} (one standard error), the law's {:.4}; {}",
            self.middle,
            self.above.found,
            self.above.error,
            self.above.law,
            self.moments()
        )
    }

    /// Mean and variance in words.
    pub fn moments(&self) -> String {
        format!(
            "mean {:.4} ± {:.4}, the law's {:.4}; variance {:.4} ± {:.4}, the law's {:.4}",
            self.mean.found,
            self.mean.error,
            self.mean.law,
            self.variance.found,
            self.variance.error,
            self.variance.law
        )
    }

    /// The numbers as a table of one row.
    pub fn table(&self, more: &[(&str, f64)]) -> Table {
        let named = [("mass above", self.above), ("mean", self.mean), ("variance", self.variance)];
        let mut columns = vec!["middle".to_string()];
        let mut row = vec![self.middle];
        for (name, measured) in named {
            columns.extend([name.to_string(), format!("{name}: standard error"), format!("{name}: law")]);
            row.extend([measured.found, measured.error, measured.law]);
        }
        for (name, value) in more {
            columns.push(name.to_string());
            row.push(*value);
        }
        Table { name: "numbers".into(), columns, rows: vec![row] }
    }
}

/// Whether an ensemble has forgotten where it began, by the equation of its density. `carried` is the mass above the
/// middle that the equation has after the same time from the same start.
pub(super) fn memory(above: &Measured, carried: f64) -> String {
    let verdict = match (carried - above.law).abs() < 0.5 * above.error {
        true => "so the start is forgotten as far as this many draws can tell",
        false => "so a trace of the start is left",
    };
    format!(
        "The density equation from the same start has {carried:.4} there at the end, {verdict}; the draws are {:+.1} \
         standard errors from that and {:+.1} from the law.",
        above.away(carried),
        above.away(above.law)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_measured_with_their_errors() {
        let law = LineMixture::new(&[1.0, 3.0], &[-1.0, 3.0], &[1.0, 1.0]).unwrap();
        let draws = Draws::of(&[0.0, 2.0, 2.0, 4.0], &law);
        assert_eq!((draws.middle, draws.above.found), (1.0, 0.75));
        // 0.25 Φ(−2) + 0.75 Φ(2) (scipy.stats.norm).
        assert!((draws.above.law - 0.738_624_934_024).abs() < 1e-11, "{}", draws.above.law);
        assert_eq!((draws.mean.found, draws.mean.law, draws.variance.found, draws.variance.law), (2.0, 2.0, 2.0, 4.0));
        assert_eq!(draws.mean.error, 1.0);
        // Fourth moment 8: √((8 − 4)/4).
        assert_eq!(draws.variance.error, 1.0);
    }

    #[test]
    fn the_verdict_follows_from_the_numbers() {
        let above = Measured { found: 0.69, error: 0.003, law: 0.6975 };
        assert!(memory(&above, 0.6974).contains("forgotten"));
        let left = memory(&above, 0.68);
        assert!(left.contains("a trace of the start is left") && left.contains("+3.3"), "{left}");
    }
}
