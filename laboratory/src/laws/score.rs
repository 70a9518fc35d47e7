//! What a score is to the laboratory.

/// A guess of ∇ln p_t(x); the truth, something learned, a network of another crate.
pub trait Score: Sync {
    /// 1 or 2.
    fn dimension(&self) -> usize;

    /// One component at a point and a time of the forward process.
    fn score(&self, x: &[f64], t: f64, component: usize) -> f64;
}
