//! The Kullback–Leibler divergence on a grid, and its rate along two flows.

use crate::grid::Field;

/// KL(p | q) = ∫ p ln(p/q) dx [Aamari 2025, §4]; infinite where p is and q is not.
///
/// # Panics
/// If the grids differ.
pub fn kullback_leibler(p: &Field, q: &Field) -> f64 {
    assert_eq!(p.axes, q.axes, "the densities live on different grids");
    let terms = p.values.iter().zip(&q.values).map(|(&p, &q)| if p > 0.0 { p * (p / q).ln() } else { 0.0 });
    terms.sum::<f64>() * p.volume()
}

/// ∂ ln p/∂x along an axis in every cell, by centred differences, one-sided at the ends; 0 where p has underflowed.
pub fn log_slope(p: &Field, component: usize) -> Vec<f64> {
    let stride = if component == 0 { 1 } else { p.axes[0].cells };
    let (cells, h) = (p.axes[component].cells, p.axes[component].width());
    let slope = |index: usize| {
        let i = index / stride % cells;
        let (before, after) = (index - if i > 0 { stride } else { 0 }, index + if i + 1 < cells { stride } else { 0 });
        let slope = (p.values[after] / p.values[before]).ln() / ((after - before) / stride) as f64 / h;
        if slope.is_finite() { slope } else { 0.0 }
    };
    (0..p.values.len()).map(slope).collect()
}

/// d/dt KL(p | q) = ∫ ⟨v − u, ∇ln(p/q)⟩ p dx for ∂p/∂t = −∇·(v p), ∂q/∂t = −∇·(u q) [Aamari 2025, Prop. 4.1].
///
/// `difference(component, index)` is v − u at a cell's centre.
pub fn flow_rate(p: &Field, q: &Field, difference: impl Fn(usize, usize) -> f64) -> f64 {
    let along = |component: usize| {
        let (p_slope, q_slope) = (log_slope(p, component), log_slope(q, component));
        let term = |index: usize| {
            if p.values[index] == 0.0 {
                return 0.0;
            }
            difference(component, index) * (p_slope[index] - q_slope[index]) * p.values[index]
        };
        (0..p.values.len()).map(term).sum::<f64>()
    };
    (0..p.dimension()).map(along).sum::<f64>() * p.volume()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::Axis;
    use crate::laws::LineMixture;

    #[test]
    fn gaussians_have_their_closed_form() {
        let axis = Axis::new(-15.0, 15.0, 1200).unwrap();
        let (p, q) = (LineMixture::normal(0.5, 0.8).unwrap(), LineMixture::normal(-0.3, 1.7).unwrap());
        // ln(σ_q/σ_p) + (σ_p² + (m_p − m_q)²)/(2σ_q²) − ½.
        let exact = (1.7f64 / 0.8).ln() + (0.64 + 0.64) / (2.0 * 2.89) - 0.5;
        let found = kullback_leibler(&p.field(axis), &q.field(axis));
        // Cell averages are the law after rounding to a cell: h²/24 of the curvature of each, 2.6e-5.
        assert!((found - exact).abs() < 5e-5, "{found} {exact}");
        assert_eq!(kullback_leibler(&p.field(axis), &p.field(axis)), 0.0);
    }
}
