//! Itô equations with diagonal noise, and one step of a method.

/// dXᵢ = aᵢ(X, t) dt + bᵢ(X, t) dBᵢ, where bᵢ depends on X through Xᵢ alone.
pub trait Ito: Sync {
    /// Number of components d.
    fn dimension(&self) -> usize;

    /// a(x, t) into `out`.
    fn drift(&self, x: &[f64], t: f64, out: &mut [f64]);

    /// b(x, t) into `out`.
    fn diffusion(&self, x: &[f64], t: f64, out: &mut [f64]);

    /// ∂bᵢ/∂xᵢ into `out`: 0 where the noise does not depend on the state.
    fn diffusion_slope(&self, x: &[f64], t: f64, out: &mut [f64]);
}

/// One step of a method of solution.
pub trait Method: Sync {
    /// A name for legends.
    fn name(&self) -> &'static str;

    /// γ with E|X − X_h| = O(h^γ) for smooth coefficients.
    fn strong_order(&self) -> f64;

    /// Takes `x` from t to t + h along the increments `dw`. `scratch` holds at least 6 d numbers.
    fn step(&self, equation: &dyn Ito, x: &mut [f64], t: f64, h: f64, dw: &[f64], scratch: &mut [f64]);
}
