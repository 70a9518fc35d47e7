//! Donsker's theorem: scaled random walks tend in law to Brownian motion [Aamari 2025, §1.1.1].
//!
//! With independent U_i of mean 0 and variance 1,
//!
//! ```text
//! Z_n(t) = n^{−½} Σ_i U_i ψ(nt − i + 1),      ψ(v) = min(1, max(0, v)),      t ∈ [0, 1].
//! ```
//!
//! Convergence is that of whole paths, so continuous functionals converge as well. The maximum has the law of |B₁|,
//! P(max B ≤ a) = 2Φ(a) − 1, by reflection. [Aamari 2025] prints ψ(u − i): then U_i moves the path on \[i, i + 1\], the path
//! rests until u = 1, and the variance at the end is 1 − 1/n. The limit is the same.

use fokker_random::{Index, Rng};
use rand::RngExt;
use rand_distr::Exp1;

/// The law of one U_i: mean 0, variance 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WalkStep {
    /// ±1, each with probability ½.
    Sign,
    /// An exponential number minus its mean: skewed, with third moment 2.
    CentredExponential,
}

impl WalkStep {
    fn draw(self, rng: &mut Rng) -> f64 {
        match self {
            Self::Sign => {
                if rng.random::<bool>() {
                    1.0
                } else {
                    -1.0
                }
            }
            Self::CentredExponential => rng.sample::<f64, _>(Exp1) - 1.0,
        }
    }
}

/// One walk of n steps, scaled to \[0, 1\].
#[derive(Clone, Debug, PartialEq)]
pub struct RandomWalk {
    /// Z_n at 0, 1/n, …, 1.
    values: Vec<f64>,
}

impl RandomWalk {
    /// The walk of `steps` steps; a function of seed, number of the walk, steps and their law.
    pub fn new(seed: u64, walk: u64, steps: usize, law: WalkStep) -> Self {
        let mut rng = Index::laboratory_walk(walk).rng(seed);
        let unit = (steps as f64).sqrt().recip();
        let mut value = 0.0;
        let later = (0..steps).map(|_| {
            value += unit * law.draw(&mut rng);
            value
        });
        Self { values: std::iter::once(0.0).chain(later).collect() }
    }

    /// Z_n at 0, 1/n, …, 1.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Z_n(t) for t in \[0, 1\]: linear between the steps.
    pub fn at(&self, t: f64) -> f64 {
        let last = self.values.len() - 1;
        let place = t.clamp(0.0, 1.0) * last as f64;
        let before = (place as usize).min(last - 1);
        let part = place - before as f64;
        (1.0 - part) * self.values[before] + part * self.values[before + 1]
    }

    /// max Z_n, at least 0.
    pub fn maximum(&self) -> f64 {
        self.values.iter().copied().fold(0.0, f64::max)
    }
}

/// P(max Z_n = k/√n) for k = 0 … n of the walk of signs, exactly, by the reflection principle:
/// P(max S = k) = P(S_n = k) + P(S_n = k + 1). One of the two is 0, because S_n and n are both even or both odd.
pub fn maximum_of_signs(steps: usize) -> Vec<f64> {
    // ln P(S_n = n − 2j) = ln C(n, j) − n ln 2.
    let mut log = -(steps as f64) * std::f64::consts::LN_2;
    let mut ends = vec![0.0; steps + 2];
    for j in 0..=steps / 2 {
        ends[steps - 2 * j] = log.exp();
        log += ((steps - j) as f64 / (j + 1) as f64).ln();
    }
    (0..=steps).map(|k| ends[k] + ends[k + 1]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walks_are_linear_between_their_steps_and_functions_of_their_number() {
        let walk = RandomWalk::new(3, 7, 64, WalkStep::CentredExponential);
        assert_eq!(walk, RandomWalk::new(3, 7, 64, WalkStep::CentredExponential));
        assert_eq!((walk.at(0.0), walk.at(1.0)), (0.0, walk.values()[64]));
        assert!((walk.at(1.5 / 64.0) - 0.5 * (walk.values()[1] + walk.values()[2])).abs() < 1e-15);
    }

    #[test]
    fn the_reflection_principle_counts_all_paths() {
        // All 2¹⁰ paths of ten steps.
        let mut counts = [0.0; 11];
        for signs in 0..1024u32 {
            let (mut place, mut most) = (0i32, 0i32);
            for k in 0..10 {
                place += if signs >> k & 1 == 1 { 1 } else { -1 };
                most = most.max(place);
            }
            counts[most as usize] += 1.0 / 1024.0;
        }
        for (found, count) in maximum_of_signs(10).iter().zip(counts) {
            assert!((found - count).abs() < 1e-14);
        }
    }
}
