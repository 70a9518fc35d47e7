//! Noise is added to digits, then taken away with a score [Aamari 2025, Figure 1].
//!
//! The score is the exact one of the law that puts the same mass on each of a number of training digits: in ε of the
//! posterior mean, s = (α E\[x_0 | x_t\] − x_t)/σ² with a softmax over the digits. So no network is needed, and the way
//! back ends, as it must for this law, at digits of the training set; a network smooths that law and draws new ones
//! (`fokker sample`).

use fokker_process::{Process, ProcessConfig};
use fokker_random::Index;
use rand::RngExt;
use rand_distr::StandardNormal;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::view::{MOST_PANELS, as_caption, figure};
use super::{DigitSource, FigureError};
use fokker_laboratory::{LaboratoryError, Watch, check};
use fokker_plot::{Figure, Heat, Layer, Panel, Shades, Table};

/// One digit on its way to noise, and others on their way back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DigitsConfig {
    /// The process.
    pub process: ProcessConfig,
    /// Digits of which the law consists.
    pub examples: usize,
    /// Digits that are noised, one row each.
    pub forward: usize,
    /// Draws of the reverse process, one row each.
    pub backward: usize,
    /// Pictures in a row, at least 2.
    pub pictures: usize,
    /// Steps of the way back, equally far apart in log-SNR.
    pub steps: usize,
}

impl DigitsConfig {
    pub(super) fn check(&self) -> Result<(), LaboratoryError> {
        check::count("figure.examples", self.examples, 1..=1_000_000)?;
        check::count("figure.forward", self.forward, 0..=MOST_PANELS.min(self.examples))?;
        check::count("figure.backward", self.backward, 0..=MOST_PANELS)?;
        check::count("figure.pictures", self.pictures, 2..=MOST_PANELS)?;
        check::count("figure.steps", self.steps, self.pictures..=check::MOST_STEPS)?;
        if self.forward + self.backward == 0 {
            let key = "figure.forward, figure.backward";
            return Err(LaboratoryError::value(key, "0, 0", "rows of pictures, one at least"));
        }
        check::process("figure.process", &self.process)?;
        Ok(())
    }

    pub(super) fn make(&self, seed: u64, material: &dyn DigitSource, watch: &dyn Watch) -> Result<Figure, FigureError> {
        let process = check::process("figure.process", &self.process)?;
        let (height, width, digits) = material.digits(self.examples)?;
        let (start, end) = (process.log_snr(process.min_time()), process.log_snr(process.horizon()));
        let time = |part: f64| process.time_of_log_snr(start + (end - start) * part);
        let shown: Vec<f64> = (0..self.pictures).map(|k| time(k as f64 / (self.pictures - 1) as f64)).collect();
        let mut panels = Vec::new();
        let mut table = Table {
            name: String::new(),
            columns: ["row", "picture", "t", "mean pixel", "deviation of pixels"].map(String::from).to_vec(),
            rows: vec![],
        };
        let mut keep = |row: usize, picture: usize, t: f64, x: &[f64]| {
            let mean = x.iter().sum::<f64>() / x.len() as f64;
            let deviation = (x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / x.len() as f64).sqrt();
            table.rows.push(vec![row as f64, picture as f64, t, mean, deviation]);
            let direction = if row < self.forward { "→" } else { "←" };
            panels.push(tile(&format!("{direction} t = {t:.2}"), height, width, x));
        };
        for row in 0..self.forward {
            let mut noise = Index::laboratory_start(row as u64).rng(seed);
            let epsilon: Vec<f64> = digits[0].iter().map(|_| noise.sample(StandardNormal)).collect();
            for (picture, &t) in shown.iter().enumerate() {
                let (scale, std) = (process.mean_scale(t), process.std(t));
                let x: Vec<f64> = digits[row].iter().zip(&epsilon).map(|(x, e)| scale * x + std * e).collect();
                keep(row, picture, t, &x);
            }
        }
        let mut nearest = Vec::new();
        for row in 0..self.backward {
            watch.advance(row as f64 / self.backward as f64)?;
            let seen = self.walk_back(&*process, &digits, &time, seed, row as u64, watch)?;
            for (picture, x) in seen.iter().enumerate() {
                keep(self.forward + row, picture, shown[self.pictures - 1 - picture], x);
            }
            nearest.push(distance(&digits, &seen[seen.len() - 1]));
        }
        let caption = format!(
            "Arrows to the right: digits that are noised, with one ε for each row. Arrows to the left: the reverse process by \
             exact bridges (ancestral steps), from noise, with the exact score of the law that consists of the first {} training \
             digits. Its draws must end at digits of the training set: they end at root mean square distances of {} per pixel \
             from the nearest (pixels from −1 to 1), next to the deviation of {:.1e} that the process still has at its \
             smallest time. Process {}; times equally far apart in log-SNR, {} steps.",
            self.examples,
            nearest.iter().map(|distance| format!("{distance:.1e}")).collect::<Vec<_>>().join(", "),
            process.std(process.min_time()),
            as_caption(&self.process),
            self.steps
        );
        Ok(figure(caption, self.pictures, (96, 116), panels, vec![table]))
    }

    /// One draw of the reverse process, at the shown times.
    fn walk_back(
        &self,
        process: &dyn Process,
        digits: &[Vec<f64>],
        time: &dyn Fn(f64) -> f64,
        seed: u64,
        row: u64,
        watch: &dyn Watch,
    ) -> Result<Vec<Vec<f64>>, LaboratoryError> {
        let mut noise = Index::laboratory_path(row, 0).rng(seed);
        let mut normal = || -> f64 { noise.sample(StandardNormal) };
        let mut x: Vec<f64> = digits[0].iter().map(|_| process.prior_std() * normal()).collect();
        let mut seen = vec![x.clone()];
        for k in 0..self.steps {
            watch.advance(row as f64 / self.backward as f64)?;
            let part = |k: usize| 1.0 - k as f64 / self.steps as f64;
            let (t, s) = (time(part(k)), time(part(k + 1)));
            let guess = denoised(digits, process.mean_scale(t), process.std(t), &x);
            let bridge = process.posterior(s, t);
            for (x, guess) in x.iter_mut().zip(&guess) {
                *x = bridge.x_t * *x + bridge.x0 * guess + bridge.std_small * normal();
            }
            if seen.len() * self.steps / (self.pictures - 1) == k + 1 {
                seen.push(x.clone());
            }
        }
        Ok(seen)
    }
}

/// The root mean square distance per pixel to the nearest digit.
fn distance(digits: &[Vec<f64>], x: &[f64]) -> f64 {
    let square = |digit: &Vec<f64>| digit.iter().zip(x).map(|(d, x)| (x - d).powi(2)).sum::<f64>();
    (digits.par_iter().map(square).reduce(|| f64::INFINITY, f64::min) / x.len() as f64).sqrt()
}

/// E\[x_0 | x_t\] of the law with equal mass on each digit.
fn denoised(digits: &[Vec<f64>], scale: f64, std: f64, x: &[f64]) -> Vec<f64> {
    let logs: Vec<f64> = digits
        .par_iter()
        .map(|digit| {
            let square: f64 = digit.iter().zip(x).map(|(d, x)| (x - scale * d).powi(2)).sum();
            -0.5 * square / (std * std)
        })
        .collect();
    let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = logs.iter().map(|log| (log - largest).exp()).collect();
    let total: f64 = weights.iter().sum();
    let mut mean = vec![0.0; x.len()];
    for (digit, weight) in digits.iter().zip(&weights).filter(|(_, weight)| **weight > 1e-12 * total) {
        mean.iter_mut().zip(digit).for_each(|(mean, pixel)| *mean += weight / total * pixel);
    }
    mean
}

fn tile(title: &str, height: usize, width: usize, x: &[f64]) -> Panel {
    // Pixels from −1 (black) to 1 (white), the first row at the top.
    let rows = (0..height).rev().flat_map(|row| x[row * width..][..width].iter().map(|pixel| 0.5 * (pixel + 1.0)));
    let (right, top) = (width as f64, height as f64);
    let heat = Heat {
        x: (0.0, right),
        y: (0.0, top),
        columns: width,
        values: rows.collect(),
        most: 1.0,
        shades: Shades::Grey,
    };
    let mut panel = Panel::new(title, "", "", (0.0, right), (0.0, top)).with(Layer::Heat(heat));
    panel.axes = false;
    panel
}
