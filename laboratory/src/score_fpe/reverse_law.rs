//! The law that a score generates, and the score of that law [Lai 2023, Prop. 2, Lemma 3].

use fokker_process::Process;

use crate::fokker_planck::{Equation, Reverse, Scheme, Solver};
use crate::grid::{Axis, Field};
use crate::laws::{Score, log_slope};
use crate::{LaboratoryError, Watch, check};

/// The reverse equation (4) with a score s_θ in the place of ∇ln q, from the prior N(0, σ∞²) down to a time above 0.
#[derive(Clone, Copy)]
pub struct ReverseLaw<'a> {
    /// The forward process.
    pub process: &'a dyn Process,
    /// s_θ.
    pub score: &'a dyn Score,
    /// Where it begins, T or below.
    pub start: f64,
    /// Where it ends.
    pub end: f64,
    /// σ∞, per coordinate.
    pub prior_std: f64,
}

/// p^SDE at every step.
#[derive(Clone, Debug)]
pub struct ReverseHistory<'a> {
    law: ReverseLaw<'a>,
    /// Falling, equally far apart in ln t.
    times: Vec<f64>,
    densities: Vec<Field>,
}

/// Three scores at one time, by root mean squares under the density of the data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Agreement {
    /// The time.
    pub t: f64,
    /// √E‖s_θ − s‖².
    pub guess_to_truth: f64,
    /// √E‖s_θ − ŝ‖², ŝ = ∇ln p^SDE.
    pub guess_to_generated: f64,
    /// √E‖ŝ − s‖².
    pub generated_to_truth: f64,
    /// √E‖s‖².
    pub truth: f64,
}

impl std::fmt::Debug for ReverseLaw<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReverseLaw")
            .field("process", &self.process.name())
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}

impl<'a> ReverseLaw<'a> {
    /// Walks back in `steps` steps on a grid.
    ///
    /// # Errors
    /// Times or a number of steps that are not as stated; if the one who watches stops it.
    pub fn history(
        self,
        axes: &[Axis],
        steps: usize,
        watch: &dyn Watch,
    ) -> Result<ReverseHistory<'a>, LaboratoryError> {
        check::positive("end", self.end)?;
        check::count("steps", steps, 2..=check::MOST_STEPS)?;
        if self.end >= self.start {
            return Err(LaboratoryError::value("end", self.end, format!("below start = {}", self.start)));
        }
        let times: Vec<f64> =
            (0..=steps).map(|k| self.start * (self.end / self.start).powf(k as f64 / steps as f64)).collect();
        let solver = Solver::new(Reverse::new(self.process, self.score, self.start, 1.0), Scheme::Extrapolated);
        let prior = |x: &[f64]| (-0.5 * x.iter().map(|x| x * x).sum::<f64>() / self.prior_std.powi(2)).exp();
        let mut densities = vec![Field::of(axes, prior).normalized()];
        for k in 0..steps {
            watch.advance(k as f64 / steps as f64)?;
            let mut density = densities[k].clone();
            solver.step(&mut density, self.start - times[k], self.start - times[k + 1]);
            densities.push(density);
        }
        Ok(ReverseHistory { law: self, times, densities })
    }
}

impl ReverseHistory<'_> {
    /// The times of the steps, falling.
    pub fn times(&self) -> &[f64] {
        &self.times
    }

    /// p^SDE after step k.
    pub fn density(&self, k: usize) -> &Field {
        &self.densities[k]
    }

    /// ŝ = ∇ln p^SDE in every cell after step k, one list for each coordinate.
    pub fn generated_score(&self, k: usize) -> Vec<Vec<f64>> {
        (0..self.densities[k].dimension()).map(|component| log_slope(&self.densities[k], component)).collect()
    }

    /// How far s_θ, ŝ and the true score are from each other after step k [Lai 2023, Prop. 2].
    pub fn agreement(&self, k: usize, truth: &dyn Score, log_density: impl Fn(f64, &[f64]) -> f64) -> Agreement {
        let (t, density, generated) = (self.times[k], &self.densities[k], self.generated_score(k));
        let (mut total, mut sums) = (0.0, [0.0; 4]);
        for cell in 0..density.values.len() {
            let point = density.point(cell);
            let weight = log_density(t, &point).exp();
            total += weight;
            for (component, generated) in generated.iter().enumerate() {
                let (guess, exact) = (self.law.score.score(&point, t, component), truth.score(&point, t, component));
                let generated = generated[cell];
                for (sum, value) in sums.iter_mut().zip([guess - exact, guess - generated, generated - exact, exact]) {
                    *sum += weight * value * value;
                }
            }
        }
        let [guess_to_truth, guess_to_generated, generated_to_truth, truth] = sums.map(|sum| (sum / total).sqrt());
        Agreement { t, guess_to_truth, guess_to_generated, generated_to_truth, truth }
    }

    /// Takes p^SDE at the end forwards again by [Lai 2023, Lemma 3, eq. 26], dx = (f + g² (ŝ − s_θ)) dt + g dw, and compares with the
    /// law on the way back: ∫ |difference| dx after each step, in rising times.
    ///
    /// # Errors
    /// If the one who watches stops it.
    pub fn forward_again(&self, watch: &dyn Watch) -> Result<Vec<(f64, f64)>, LaboratoryError> {
        let last = self.times.len() - 1;
        let mut density = self.densities[last].clone();
        let mut distances = vec![(self.times[last], 0.0)];
        for k in (0..last).rev() {
            watch.advance((last - k) as f64 / last as f64)?;
            let logs = self.densities[k].values.iter().zip(&self.densities[k + 1].values);
            // The middle of the step.
            let logs = logs.map(|(a, b)| 0.5 * (logarithm(*a) + logarithm(*b))).collect();
            let equation = ForwardOfGenerated { law: self.law, axes: &density.axes.clone(), logs };
            Solver::new(equation, Scheme::Extrapolated).step(&mut density, self.times[k + 1], self.times[k]);
            distances.push((self.times[k], density.l1_distance(&self.densities[k])));
        }
        Ok(distances)
    }

    /// The residual of [Lai 2023, Lemma 3, eq. 27] after step k, by central differences: √E‖∂ₜ ŝ − ∇\[…\]‖² and √E‖∂ₜ ŝ‖² under
    /// p^SDE, over the cells where it is at least 1e-4 of its largest value.
    ///
    /// # Panics
    /// Unless there is a step before and after k.
    pub fn equation_of_generated(&self, k: usize) -> (f64, f64) {
        let (t, density) = (self.times[k], &self.densities[k]);
        let (half_square, drift) = (0.5 * self.law.process.diffusion_squared(t), self.law.process.drift(t));
        let axes = &density.axes;
        let strides = [1, axes[0].cells];
        let inside = |cell: usize, margin: usize| {
            axes.iter().zip(strides).all(|(axis, stride)| {
                let i = cell / stride % axis.cells;
                i >= margin && i + margin < axis.cells
            })
        };
        let central = |values: &[f64], cell: usize, component: usize| {
            let stride = strides[component];
            (values[cell + stride] - values[cell - stride]) / (2.0 * axes[component].width())
        };
        let logs: Vec<f64> = density.values.iter().map(|value| logarithm(*value)).collect();
        // What the gradient is taken of, but for div f, which does not depend on x.
        let potential = |cell: usize| {
            let point = density.point(cell);
            let mut sum = 0.0;
            for (component, axis) in axes.iter().enumerate() {
                let (stride, h) = (strides[component], axis.width());
                let at = |step: f64| {
                    let mut point = point.clone();
                    point[component] += step;
                    self.law.score.score(&point, t, component)
                };
                let guess_slope = (at(h) - at(-h)) / (2.0 * h);
                let curvature = (logs[cell + stride] - 2.0 * logs[cell] + logs[cell - stride]) / (h * h);
                let (guess, generated) = (at(0.0), central(&logs, cell, component));
                sum += half_square * (2.0 * guess_slope - curvature + 2.0 * guess * generated - generated * generated)
                    - drift * point[component] * generated;
            }
            sum
        };
        let potentials: Vec<f64> =
            (0..logs.len()).map(|cell| if inside(cell, 1) { potential(cell) } else { 0.0 }).collect();
        // ∂ₜ by [Lai 2023, Lemma 1], for steps that are not equal; the steps fall in time.
        let (ahead, behind) = (self.times[k - 1] - t, t - self.times[k + 1]);
        let rate: Vec<f64> = (0..logs.len())
            .map(|cell| {
                let [next, here, before] = [k - 1, k, k + 1].map(|k| logarithm(self.densities[k].values[cell]));
                (behind * behind * next + (ahead * ahead - behind * behind) * here - ahead * ahead * before)
                    / (ahead * behind * (ahead + behind))
            })
            .collect();
        let least = 1e-4 * density.maximum();
        let (mut total, mut sums) = (0.0, [0.0; 2]);
        for cell in (0..logs.len()).filter(|&cell| inside(cell, 2) && density.values[cell] >= least) {
            let weight = density.values[cell];
            total += weight;
            for component in 0..axes.len() {
                let (left, right) = (central(&rate, cell, component), central(&potentials, cell, component));
                sums[0] += weight * (left - right).powi(2);
                sums[1] += weight * left * left;
            }
        }
        let [residual, size] = sums.map(|sum| (sum / total).sqrt());
        (residual, size)
    }
}

/// ln p, also where p has underflowed.
fn logarithm(p: f64) -> f64 {
    p.max(f64::MIN_POSITIVE).ln()
}

/// Equation (26) over one step.
struct ForwardOfGenerated<'a> {
    law: ReverseLaw<'a>,
    axes: &'a [Axis],
    /// ln p^SDE in the middle of the step.
    logs: Vec<f64>,
}

impl ForwardOfGenerated<'_> {
    /// ln p^SDE of the cell with a point.
    fn log(&self, x: &[f64]) -> f64 {
        let cell = |axis: &Axis, x: f64| axis.cell(x).unwrap_or(if x < axis.lower { 0 } else { axis.cells - 1 });
        let above = self.axes.get(1).map_or(0, |axis| cell(axis, x[1]));
        self.logs[cell(&self.axes[0], x[0]) + above * self.axes[0].cells]
    }
}

impl Equation for ForwardOfGenerated<'_> {
    fn dimension(&self) -> usize {
        self.axes.len()
    }

    fn drift(&self, x: &[f64], t: f64, component: usize) -> f64 {
        let half = 0.5 * self.axes[component].width();
        let (mut ahead, mut behind) = (x.to_vec(), x.to_vec());
        ahead[component] += half;
        behind[component] -= half;
        let generated = (self.log(&ahead) - self.log(&behind)) / (2.0 * half);
        let pull = generated - self.law.score.score(x, t, component);
        self.law.process.drift(t) * x[component] + self.law.process.diffusion_squared(t) * pull
    }

    fn diffusion(&self, _: &[f64], t: f64) -> f64 {
        0.5 * self.law.process.diffusion_squared(t)
    }

    fn log_equilibrium_ratio(&self, x: &[f64], t: f64, component: usize, length: f64) -> f64 {
        let mut next = x.to_vec();
        next[component] += length;
        let outward = self.law.process.drift(t) * (x[component] + 0.5 * length) * length / self.diffusion(x, t);
        let generated = self.log(&next) - self.log(x);
        outward + 2.0 * (generated - self.law.score.integral(x, t, component, length))
    }
}
