//! The true score of a mixture under a process.

use fokker_process::{GaussianMixture, Process};

use super::Score;

/// ∇ln p_t of a Gaussian mixture in one or two dimensions.
#[derive(Clone, Copy, Debug)]
pub struct Exact<'a> {
    /// The law of the data.
    pub data: &'a GaussianMixture,
    /// The forward process.
    pub process: &'a dyn Process,
}

impl Score for Exact<'_> {
    fn dimension(&self) -> usize {
        self.data.dimension()
    }

    fn score(&self, x: &[f64], t: f64, component: usize) -> f64 {
        self.data.score(self.process, t, x)[component]
    }

    fn integral(&self, x: &[f64], t: f64, component: usize, length: f64) -> f64 {
        let mut end = [0.0; 2];
        let end = &mut end[..x.len()];
        end.copy_from_slice(x);
        end[component] += length;
        self.data.log_density(self.process, t, end) - self.data.log_density(self.process, t, x)
    }
}
