//! Heartbeats: signals that look like an electrocardiogram.
//!
//! Beat after beat, each wave of the heart is a bump in the phase θ = 2π (step − start)/period of the beat:
//! x = Σ_k a_k exp(−(θ − θ_k)²/(2 b_k²)), k = P, Q, R, S, T. Positions, signs and widths are those of McSharry et al. 2003 (table I). There
//! the sum is the slope of the signal along the beat; the heights here are its integral, a_k b_k², relative to the R wave. Each signal
//! draws a period uniformly, a start uniformly within the period, and for each wave a factor 1 + 0.1 n with n ~ N(0, 1).

use std::f64::consts::{PI, TAU};

use fokker_random::{Rng, fill_normals};
use serde::{Deserialize, Serialize};

use crate::synthetic::{Counts, Law, check_noise, uniform};
use crate::{DatasetError, LawKind, register_dataset};

/// Position θ_k, height relative to the R wave, and width b_k: P, Q, R, S, T.
const WAVES: [(f64, f64, f64); 5] = [
    (-PI / 3.0, 0.25, 0.25),
    (-PI / 12.0, -5.0 / 30.0, 0.1),
    (0.0, 1.0, 0.1),
    (PI / 12.0, -0.25, 0.1),
    (PI / 2.0, 0.4, 0.4),
];

/// `kind = "heartbeat"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HeartbeatConfig {
    /// Steps of a signal, at least 2. Default 128.
    pub length: usize,
    /// The shortest and the longest period of a beat, in steps. Default 32 to 64.
    pub periods: [f64; 2],
    /// Standard deviation of the noise, at least 0. Default 0.01.
    pub noise: f64,
    /// Examples of the training split. Default 65 536.
    pub examples: usize,
    /// Examples of the validation split. Default 8192.
    pub validation_examples: usize,
}

impl Default for HeartbeatConfig {
    fn default() -> Self {
        Self { length: 128, periods: [32.0, 64.0], noise: 0.01, examples: 65_536, validation_examples: 8192 }
    }
}

impl LawKind for HeartbeatConfig {
    type Law = Heartbeat;

    fn law(&self) -> Result<Heartbeat, DatasetError> {
        if !(2..=1 << 20).contains(&self.length) {
            let problem = format!("{}; expected 2 to {} steps", self.length, 1 << 20);
            return Err(DatasetError::config("data.length", problem));
        }
        let [shortest, longest] = self.periods;
        if !(shortest >= 1.0 && shortest <= longest && longest.is_finite()) {
            let problem = format!("{shortest} to {longest}; expected the shortest, at least 1, and the longest");
            return Err(DatasetError::config("data.periods", problem));
        }
        check_noise("data.noise", self.noise)?;
        Ok(Heartbeat { length: self.length, periods: self.periods, noise: self.noise })
    }

    fn counts(&self) -> Counts {
        Counts { examples: self.examples, validation_examples: self.validation_examples }
    }
}

register_dataset!(HeartbeatConfig as "heartbeat");

/// The law of heartbeats, `[1, length]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Heartbeat {
    length: usize,
    periods: [f64; 2],
    noise: f64,
}

impl Law for Heartbeat {
    fn name(&self) -> &str {
        "heartbeat"
    }

    fn dimension(&self) -> usize {
        self.length
    }

    fn shape(&self) -> Vec<usize> {
        vec![1, self.length]
    }

    fn classes(&self) -> Option<usize> {
        None
    }

    fn draw(&self, rng: &mut Rng, out: &mut [f32]) -> Option<usize> {
        let [shortest, longest] = self.periods;
        let period = shortest + (longest - shortest) * uniform(rng);
        let start = uniform(rng);
        let mut factors = [0.0; WAVES.len()];
        fill_normals(rng, &mut factors);
        fill_normals(rng, out);
        for (step, value) in out.iter_mut().enumerate() {
            let phase = TAU * (step as f64 / period + start);
            *value = (self.noise * f64::from(*value) + beat(phase, &factors)) as f32;
        }
        None
    }
}

/// The signal at a phase of the beat.
fn beat(phase: f64, factors: &[f32; WAVES.len()]) -> f64 {
    let bump = |(&(position, height, width), &factor): (&(f64, f64, f64), &f32)| {
        // The nearest of all beats.
        let distance = (phase - position + PI).rem_euclid(TAU) - PI;
        height * (1.0 + 0.1 * f64::from(factor)) * (-0.5 * (distance / width).powi(2)).exp()
    };
    WAVES.iter().zip(factors).map(bump).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Dataset, Split, Synthetic};

    #[test]
    fn a_beat_repeats_after_its_period_and_is_highest_at_the_r_wave() {
        let still = [0.0; 5];
        assert!((beat(1.0, &still) - beat(1.0 + TAU, &still)).abs() < 1e-12);
        let peak = beat(0.0, &still);
        assert!((0..1000).all(|k| beat(TAU * f64::from(k) / 1000.0, &still) <= peak));
        // Waves Q and S are below the line that the others leave.
        assert!(beat(-PI / 12.0, &still) < 0.0 && beat(PI / 12.0, &still) < 0.0);
    }

    #[test]
    fn one_period_gives_signals_that_repeat() {
        let config = HeartbeatConfig { periods: [32.0, 32.0], noise: 0.0, ..HeartbeatConfig::default() };
        let data = Synthetic::new(config.law().unwrap(), config.counts(), Split::Train, 0).unwrap();
        assert_eq!(data.shape(), [1, 128]);
        let mut signal = [0.0; 128];
        data.example(3, &mut signal);
        assert!(signal[..96].iter().zip(&signal[32..]).all(|(now, later)| (now - later).abs() < 1e-5));
        assert!(signal.iter().any(|&value| value > 0.5));
    }

    #[test]
    fn impossible_values_are_refused_by_key() {
        let refused = |config: HeartbeatConfig| config.law().unwrap_err().to_string();
        assert!(refused(HeartbeatConfig { length: 1, ..Default::default() }).contains("`data.length`"));
        assert!(refused(HeartbeatConfig { periods: [9.0, 8.0], ..Default::default() }).contains("`data.periods`"));
        assert!(refused(HeartbeatConfig { noise: -1.0, ..Default::default() }).contains("`data.noise`"));
    }
}
