//! The transport form ∂p/∂t = −∇·(v p) with v = a − σ²∇ln p − ∇σ² [Aamari 2025, Prop. 2.6], and its reverse (Thm 2.8).
//!
//! Upwind finite volumes with van Leer's limited slopes and Heun's two stages: second order where the density is smooth,
//! conservative, and positive because no step lets more than what is in a cell flow out of it. Explicit: a step is cut
//! into as many as that needs.

use fokker_process::Process;

use crate::grid::Field;
use crate::laws::Score;
use crate::{LaboratoryError, Watch};

/// A velocity field.
pub trait Velocity: Sync {
    /// One component at a point and a time.
    fn velocity(&self, x: &[f64], t: f64, component: usize) -> f64;
}

impl<F: Fn(&[f64], f64, usize) -> f64 + Sync> Velocity for F {
    fn velocity(&self, x: &[f64], t: f64, component: usize) -> f64 {
        self(x, t, component)
    }
}

/// v = f x − ½ g² s of a process: with the exact score, its density is that of the process [Aamari 2025, Prop. 2.7].
#[derive(Clone, Copy)]
pub struct ProbabilityFlow<'a> {
    /// The process.
    pub process: &'a dyn Process,
    /// Its score.
    pub score: &'a dyn Score,
}

impl Velocity for ProbabilityFlow<'_> {
    fn velocity(&self, x: &[f64], t: f64, component: usize) -> f64 {
        self.process.drift(t) * x[component]
            - 0.5 * self.process.diffusion_squared(t) * self.score.score(x, t, component)
    }
}

/// Solves the transport equation, in either direction of time.
#[derive(Clone, Copy)]
pub struct Transport<V>(pub V);

/// The part of a cell that may flow out in one stage: a limited face value is at most twice the average, and there are
/// two faces in each direction.
const COURANT: f64 = 0.25;

impl<V: Velocity> Transport<V> {
    /// Takes a density from t0 to t1 in at least `steps` equal steps; t1 < t0 goes back [Aamari 2025, Thm 2.8].
    ///
    /// # Errors
    /// If the one who watches stops it.
    pub fn run(
        &self,
        density: &mut Field,
        t0: f64,
        t1: f64,
        steps: usize,
        watch: &dyn Watch,
    ) -> Result<(), LaboratoryError> {
        let (direction, span) = ((t1 - t0).signum(), (t1 - t0).abs());
        let longest = span / steps as f64;
        let mut done = 0.0;
        while done < span {
            watch.advance(done / span)?;
            let mut step = longest.min(span - done);
            let mut faces = self.faces(density, t0 + direction * (done + 0.5 * step), direction);
            let allowed = COURANT / speed(&faces, density).max(f64::MIN_POSITIVE);
            if step > allowed {
                step = allowed;
                faces = self.faces(density, t0 + direction * (done + 0.5 * step), direction);
                // The velocity in the middle of the shorter step may be a little larger.
                step = step.min(COURANT / speed(&faces, density).max(f64::MIN_POSITIVE));
            }
            heun(density, &faces, step);
            // The last step must end the loop although sums round.
            done = if step >= span - done { span } else { done + step };
        }
        Ok(())
    }

    /// Takes a density over the time `span` with the velocity of the time `t`, in as many equal steps as that needs.
    pub(crate) fn run_frozen(&self, density: &mut Field, t: f64, span: f64) {
        let faces = self.faces(density, t, 1.0);
        let steps = (span * speed(&faces, density) / COURANT).ceil().max(1.0);
        for _ in 0..steps as usize {
            heun(density, &faces, span / steps);
        }
    }

    /// Velocities at the inner faces, axis after axis; face i of a line is between cells i and i + 1.
    fn faces(&self, density: &Field, t: f64, direction: f64) -> Vec<Vec<f64>> {
        let axes = density.axes.iter().enumerate();
        let of_axis = axes.map(|(component, axis)| {
            let at = |index: usize| {
                let mut point = density.point(index);
                point[component] += 0.5 * axis.width();
                direction * self.0.velocity(&point, t, component)
            };
            (0..density.values.len()).map(at).collect()
        });
        of_axis.collect()
    }
}

fn speed(faces: &[Vec<f64>], density: &Field) -> f64 {
    let fastest = |face: &Vec<f64>| face.iter().fold(0.0f64, |most, v| most.max(v.abs()));
    faces.iter().zip(&density.axes).map(|(face, axis)| fastest(face) / axis.width()).sum()
}

/// Two explicit stages.
fn heun(density: &mut Field, faces: &[Vec<f64>], step: f64) {
    let first = euler(density, faces, step);
    let second = euler(&first, faces, step);
    for (value, second) in density.values.iter_mut().zip(&second.values) {
        *value = 0.5 * (*value + second);
    }
}

/// One explicit stage.
fn euler(density: &Field, faces: &[Vec<f64>], step: f64) -> Field {
    let mut next = density.clone();
    let p = &density.values;
    for (component, (axis, velocity)) in density.axes.iter().zip(faces).enumerate() {
        let stride = if component == 0 { 1 } else { density.axes[0].cells };
        let ratio = step / axis.width();
        let slope = |index: usize, i: usize| {
            if i == 0 || i + 1 == axis.cells {
                return 0.0;
            }
            let (back, ahead) = (p[index] - p[index - stride], p[index + stride] - p[index]);
            if back * ahead > 0.0 { 2.0 * back * ahead / (back + ahead) } else { 0.0 }
        };
        for index in 0..p.len() {
            let i = index / stride % axis.cells;
            if i + 1 == axis.cells {
                continue;
            }
            let v = velocity[index];
            let value = match v > 0.0 {
                true => p[index] + 0.5 * slope(index, i),
                false => p[index + stride] - 0.5 * slope(index + stride, i + 1),
            };
            let flux = ratio * v * value;
            next.values[index] -= flux;
            next.values[index + stride] += flux;
        }
    }
    next
}
