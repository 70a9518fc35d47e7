//! The constants of the conditions (A1)–(A4) of the variational approach [Seo, §3].
//!
//! | condition | says | constant here | printed |
//! |---|---|---|---|
//! | (A1) | s ↦ V*⟨A(u + s v), z⟩_V is continuous | none: it is affine | |
//! | (A2) | 2 V*⟨A v, v⟩_V ≤ K N | sup d (f + g²/2c); sharper sup d (f − g²/2c) | sup d f |
//! | (A3) | 2 V*⟨A v, v⟩_V + α ‖v‖²_V ≤ K N | sup α (1 − d/c) + d f + d g²/2c | … − g²/2c |
//! | (A4) | ‖A v‖_{V*} ≤ K ‖v‖_V | sup √(½ (c²f² + (cf − g²/2)²)) | sup c f M² + (c f − g²/2) M, M = max(1, d/c) |
//!
//! with the largest α that the proof allows, inf g²/2. All hold under condition (1.2) only. The constants of (A2), (A3) are
//! those of the corrected Lemma 3.4; at the edge of the condition, at v = e^{−|x|²/2c}, (A3) is an equality, and what is
//! printed is too small there. The sharper constant of (A2) is smaller than the printed one and holds as well: K = d f is
//! right although the lemma that it is taken from is not. In (A4) F ≤ ½ ‖v‖²_V is used, and F + G ≤ ‖v‖²_V; the printed
//! constant is right and larger.
//!
//! A B(t, u) adds its own Lipschitz constant to (A2), and to (A3) what it grows by: see [`operator`](super::NoiseOperator).

use fokker_process::Process;

use super::Condition;

/// The constants over \[0, T\], per unit of time; (A4)'s in squared data units per unit of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VariationalConstants {
    /// K of (A2) as it follows from the corrected lemma.
    pub monotonicity: f64,
    /// The sharper K of (A2), from the third line of the module's theory.
    pub sharp_monotonicity: f64,
    /// α of (A3): inf g²/2.
    pub alpha: f64,
    /// K of (A3).
    pub coercivity: f64,
    /// K of (A3) as printed: too small.
    pub printed_coercivity: f64,
    /// K of (A4).
    pub growth: f64,
    /// K of (A4) as printed: right, and larger.
    pub printed_growth: f64,
}

/// Times at which the coefficients are looked at.
const TIMES: usize = 4096;

impl VariationalConstants {
    /// The constants of a process for a c, in `dimension` dimensions; None where condition (1.2) does not hold.
    pub fn of(process: &dyn Process, c: f64, dimension: usize) -> Option<Self> {
        if !Condition::of(process).admits(c) {
            return None;
        }
        let (d, horizon) = (dimension as f64, process.horizon());
        let rates: Vec<(f64, f64)> = (0..=TIMES)
            .map(|k| horizon * k as f64 / TIMES as f64)
            .map(|t| (-process.drift(t), process.diffusion_squared(t)))
            .collect();
        let most = |of: &dyn Fn(f64, f64) -> f64| {
            rates.iter().map(|(f, square)| of(*f, *square)).fold(f64::NEG_INFINITY, f64::max)
        };
        let alpha = -most(&|_, square| -0.5 * square);
        let largest = f64::max(1.0, d / c);
        Some(Self {
            monotonicity: most(&|f, square| d * (f + square / (2.0 * c))),
            sharp_monotonicity: most(&|f, square| d * (f - square / (2.0 * c))),
            alpha,
            coercivity: most(&|f, square| alpha * (1.0 - d / c) + d * f + d * square / (2.0 * c)),
            printed_coercivity: most(&|f, square| alpha * (1.0 - d / c) + d * f - square / (2.0 * c)),
            growth: most(&|f, square| (0.5 * ((c * f).powi(2) + (c * f - 0.5 * square).powi(2))).sqrt()),
            printed_growth: most(&|f, square| c * f * largest * largest + (c * f - 0.5 * square) * largest),
        })
    }
}
