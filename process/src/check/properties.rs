//! The properties, each at given times.

use super::{Derivative, Times, derivative};
use crate::Process;

/// Relative: a few roundings, the conditioning of exponents of size 100, quadratures to 1e-14.
const TOLERANCE: f64 = 1e-12;

/// Where digits are usually lost.
const REMEDY: &str = "write 1 − e^{−x} with exp_m1 and ln(1 + x) with ln_1p, so that nothing cancels";

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= TOLERANCE * a.abs().max(b.abs())
}

fn require(holds: bool, message: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(message()) }
}

/// The SDE and the kernel agree at t: α′ = fα, (σ²)′ = 2fσ² + g², λ′ = −g²/σ².
///
/// # Errors
/// The first identity that fails by more than the error bar of a numerical derivative.
pub fn statements(process: &dyn Process, times: &Times, t: f64) -> Result<(), String> {
    let h = times.width(t);
    let (alpha, variance, f, g2) =
        (process.mean_scale(t), process.std(t).powi(2), process.drift(t), process.diffusion_squared(t));
    require(g2 >= 0.0 && g2.is_finite(), || format!("diffusion_squared({t}) = {g2}; expected a number, 0 or above"))?;
    let lambda = process.log_snr(t);
    let agree = |what: &str, found: Derivative, exact: f64| {
        require((found.value - exact).abs() <= found.error, || {
            format!(
                "at t = {t}: {what} = {exact}, but the kernel gives {} ± {}; drift and diffusion_squared are not those \
                 of the kernel, or a rate jumps near this time and kinks() does not list it",
                found.value, found.error
            )
        })
    };
    agree("α′ = fα", derivative(|t| process.mean_scale(t), t, h, alpha), f * alpha)?;
    agree(
        "α′ by mean_scale_derivative",
        derivative(|t| process.mean_scale(t), t, h, alpha),
        process.mean_scale_derivative(t),
    )?;
    let slope = derivative(|t| process.std(t).powi(2), t, h, variance);
    agree("(σ²)′ = 2fσ² + g²", slope, 2.0 * f * variance + g2)?;
    agree("(σ²)′ by variance_derivative", slope, process.variance_derivative(t))?;
    let slope = derivative(|t| process.log_snr(t), t, h, 1.0 + lambda.abs());
    let exact = process.log_snr_derivative(t);
    agree("λ′ by log_snr_derivative", slope, exact)?;
    if let Some([of_mean_scale, of_std]) = process.second_derivatives(t) {
        let (first, second) = (process.mean_scale_derivative(t), process.std_derivative(t));
        agree("α″", derivative(|t| process.mean_scale_derivative(t), t, h, 1.0 + first.abs()), of_mean_scale)?;
        agree("σ″", derivative(|t| process.std_derivative(t), t, h, 1.0 + second.abs()), of_std)?;
    }
    // An error bar that is too wide would leave room for a wrong formula.
    require(slope.error <= 1e-5 * (exact.abs() + 1.0 / h), || {
        format!("at t = {t}: log_snr is too rough to be differentiated (± {}); {REMEDY}", slope.error)
    })
}

/// λ is that of the kernel at t, and `time_of_log_snr` inverts it.
///
/// # Errors
/// A difference beyond rounding.
pub fn log_snr(process: &dyn Process, t: f64) -> Result<(), String> {
    let lambda = process.log_snr(t);
    let plain = 2.0 * (process.mean_scale(t) / process.std(t)).ln();
    // Rounding of λ, of its terms and of quadratures; carried over to t by dividing by λ′.
    let rounding = 1e-13 * (2.0 + lambda.abs() + process.std(t).ln().abs());
    require((lambda - plain).abs() <= rounding, || {
        format!("log_snr({t}) = {lambda}, but mean_scale and std give {plain}; {REMEDY}")
    })?;
    let back = process.time_of_log_snr(lambda);
    let error = rounding / process.log_snr_derivative(t).abs() + 1e-14 * t;
    require((back - t).abs() <= error, || {
        format!("time_of_log_snr(log_snr({t})) = {back}, off by {} where rounding explains {error}", back - t)
    })
}

/// Transitions from r to s and on to t are the transition from r to t, and begin at the kernel.
///
/// # Errors
/// A difference beyond rounding.
pub fn composition(process: &dyn Process, [r, s, t]: [f64; 3]) -> Result<(), String> {
    let (first, second, both) = (process.transition(r, s), process.transition(s, t), process.transition(r, t));
    let variance = (second.scale * first.std).powi(2) + second.std.powi(2);
    let composes = close(first.scale * second.scale, both.scale) && close(variance, both.std.powi(2));
    require(composes, || {
        format!("transition({r}, {t}) is {both:?}, but over {s} it is {first:?}, then {second:?}; {REMEDY}")
    })?;
    let kernel = process.transition(0.0, t);
    let (alpha, sigma) = (process.mean_scale(t), process.std(t));
    require(close(kernel.scale, alpha) && close(kernel.std, sigma), || {
        format!("transition(0, {t}) is {kernel:?}, but mean_scale = {alpha} and std = {sigma}")
    })?;
    let still = process.transition(t, t);
    require(still.std == 0.0 && still.scale == 1.0, || format!("transition({t}, {t}) is {still:?}; expected 1 and 0"))
}

/// The variance of a very short transition from s is g² times its length.
///
/// # Errors
/// Another variance: it was computed as a difference of two that are nearly the same.
pub fn short_transition(process: &dyn Process, s: f64) -> Result<(), String> {
    let t = s * (1.0 + 1e-9);
    // v = ∫g² up to a relative error of order (t − s) times the rates, which are at most some 1000/horizon here.
    let expected = process.diffusion_squared(0.5 * (s + t)) * (t - s);
    let found = process.transition(s, t).std.powi(2);
    require((found - expected).abs() <= 1e-5 * expected, || {
        format!(
            "the variance of transition({s}, {t}) is {found}, but g² (t − s) = {expected}: diffusion_squared is not that \
             of the kernel, or digits are lost; {REMEDY}"
        )
    })
}

/// The bridge from t to s < t obeys Bayes' rule, and so does the step with the score.
///
/// # Errors
/// A mean or variance that is not that of the joint law.
pub fn bridges(process: &dyn Process, s: f64, t: f64) -> Result<(), String> {
    let posterior = process.posterior(s, t);
    let (std_s, std_t, transition) = (process.std(s), process.std(t), process.transition(s, t));
    // Given x_0: the mean, the variance and the covariance with x_t of the joint law of (x_s, x_t).
    let holds = close(posterior.x_t * process.mean_scale(t) + posterior.x0, process.mean_scale(s))
        && close((posterior.x_t * std_t).powi(2) + posterior.std_small.powi(2), std_s * std_s)
        && close(posterior.x_t * std_t * std_t, transition.scale * std_s * std_s)
        && posterior.std_large == transition.std;
    require(holds, || format!("posterior({s}, {t}) = {posterior:?} is not the bridge of the kernel"))?;
    // x_0 = (x_t + σ_t² score)/α_t turns the bridge into the step with the score.
    let step = process.reverse_step(s, t);
    let through_x0 = posterior.x0 / process.mean_scale(t);
    let holds = close(step.state, posterior.x_t + through_x0) && close(step.score, through_x0 * std_t * std_t);
    require(holds, || format!("reverse_step({s}, {t}) = {step:?} is not the bridge with x_0 by the score"))?;
    let end = process.posterior(0.0, t);
    require((end.x_t, end.x0, end.std_small) == (0.0, 1.0, 0.0), || format!("posterior(0, {t}) = {end:?} is not x_0"))
}

/// What the process says of its variance at t: preserved, or exploding.
///
/// # Errors
/// A claim that does not hold.
pub fn variance(process: &dyn Process, t: f64) -> Result<(), String> {
    let (alpha, sigma) = (process.mean_scale(t), process.std(t));
    let total = alpha.powi(2) + sigma.powi(2);
    require(!process.is_variance_preserving() || (total - 1.0).abs() < 1e-14, || {
        format!("is_variance_preserving() is true, but α² + σ² = {total} at t = {t}")
    })?;
    require(!process.is_variance_preserving() || process.prior_std() == 1.0, || {
        format!("is_variance_preserving() is true, but prior_std() = {}; expected 1", process.prior_std())
    })?;
    let still = process.drift(t) == 0.0 && alpha == 1.0;
    require(!process.is_variance_exploding() || still, || {
        format!("is_variance_exploding() is true, but drift = {} and mean_scale = {alpha} at t = {t}", process.drift(t))
    })
}
