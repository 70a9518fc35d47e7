//! Ψ and Q from exponentials of Van Loan's block matrix (Van Loan 1978, "Computing integrals involving the matrix exponential").
//!
//! With D = L Lᵀ, the matrix A and the solution of Y′ = A(t) Y, Y(s) = I are
//!
//! ```text
//! A = | F   D  |      Y = | Ψ   Q Ψ⁻ᵀ |
//!     | 0  −Fᵀ |          | 0   Ψ⁻ᵀ   |
//! ```
//!
//! Where A does not depend on time, Y = e^{(t−s)A}. Else Y = e^Ω with Magnus's series Ω, here to order six from three Gauss
//! points (Blanes, Casas & Ros 2000, "Improved high order integrators based on the Magnus expansion"). Commutators of such
//! matrices have the same blocks, so Q comes out symmetric at every order.

use nalgebra::DMatrix;

use super::MatrixTransition;
use super::transition::symmetric;

/// What the halves of a panel may differ by from the whole, relative to the largest entry. The halves, which are taken, have
/// 1/64 of the error.
const TOLERANCE: f64 = 1e-12;

/// A panel is halved at most this often: a jump of the coefficients is then located to 2⁻⁴⁰ of the interval.
const MAX_DEPTH: usize = 40;

/// Van Loan's matrix A, 2n × 2n.
pub(super) fn block(drift: &DMatrix<f64>, noise: &DMatrix<f64>) -> DMatrix<f64> {
    let n = drift.nrows();
    let mut matrix = DMatrix::zeros(2 * n, 2 * n);
    matrix.view_mut((0, 0), (n, n)).copy_from(drift);
    matrix.view_mut((0, n), (n, n)).copy_from(&(noise * noise.transpose()));
    matrix.view_mut((n, n), (n, n)).copy_from(&-drift.transpose());
    matrix
}

/// The transition whose Y is the exponential of a matrix with Van Loan's blocks.
fn exponential(exponent: &DMatrix<f64>) -> MatrixTransition {
    let n = exponent.nrows() / 2;
    let y = exponent.exp();
    let matrix = y.view((0, 0), (n, n)).into_owned();
    let covariance = symmetric(y.view((0, n), (n, n)) * matrix.transpose());
    MatrixTransition { matrix, covariance }
}

/// The transition over a time `span` of constant coefficients. Over a long time Ψ⁻ᵀ is huge where Ψ is small, so the time is
/// halved until it is short, and the transition doubled as often.
pub(super) fn invariant(block: &DMatrix<f64>, span: f64) -> MatrixTransition {
    let size = drift_size(block) * span;
    let doublings = if size > 1.0 && size.is_finite() { size.log2().ceil() as i32 } else { 0 };
    let mut transition = exponential(&(block * (span / 2f64.powi(doublings))));
    for _ in 0..doublings {
        transition = transition.then(&transition);
    }
    transition
}

/// The transition from s to t for `block(time)`, adaptively.
pub(super) fn varying(block: &impl Fn(f64) -> DMatrix<f64>, s: f64, t: f64) -> MatrixTransition {
    if s == t {
        return MatrixTransition::identity(block(s).nrows() / 2);
    }
    refine(block, s, t, panel(block, s, t), MAX_DEPTH)
}

fn refine(
    block: &impl Fn(f64) -> DMatrix<f64>,
    s: f64,
    t: f64,
    whole: MatrixTransition,
    depth: usize,
) -> MatrixTransition {
    let middle = 0.5 * (s + t);
    let (early, late) = (panel(block, s, middle), panel(block, middle, t));
    let halves = early.then(&late);
    let agree =
        |a: &DMatrix<f64>, b: &DMatrix<f64>| (a - b).amax() <= TOLERANCE * b.amax() || !b.iter().all(|b| b.is_finite());
    let short = drift_size(&block(middle)) * (t - s) <= 2.0;
    let agreed = agree(&whole.matrix, &halves.matrix) && agree(&whole.covariance, &halves.covariance);
    if depth == 0 || (short && agreed) {
        return halves;
    }
    refine(block, s, middle, early, depth - 1).then(&refine(block, middle, t, late, depth - 1))
}

/// One step of order six.
fn panel(block: &impl Fn(f64) -> DMatrix<f64>, s: f64, t: f64) -> MatrixTransition {
    let h = t - s;
    let place = 15f64.sqrt() / 10.0;
    let [first, second, third] = [0.5 - place, 0.5, 0.5 + place].map(|part| block(s + part * h));
    let commutator = |a: &DMatrix<f64>, b: &DMatrix<f64>| a * b - b * a;
    let a1 = &second * h;
    let a2 = (&third - &first) * (15f64.sqrt() / 3.0 * h);
    let a3 = (&third - &second * 2.0 + &first) * (10.0 / 3.0 * h);
    let c1 = commutator(&a1, &a2);
    let c2 = commutator(&a1, &(&a3 * 2.0 + &c1)) * (-1.0 / 60.0);
    let last = commutator(&(&a1 * -20.0 - &a3 + &c1), &(&a2 + c2)) / 240.0;
    exponential(&(a1 + a3 / 12.0 + last))
}

/// The largest row sum of |F|.
fn drift_size(block: &DMatrix<f64>) -> f64 {
    let n = block.nrows() / 2;
    (0..n).map(|row| (0..n).map(|column| block[(row, column)].abs()).sum()).fold(0.0, f64::max)
}
