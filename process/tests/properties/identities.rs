//! The two statements of a process agree: α′ = fα, (σ²)′ = 2fσ² + g², λ′ = −g²/σ².

use proptest::prelude::*;

use crate::cases::{any_process, case, settings};
use crate::derivative::derivative;

proptest! {
    #![proptest_config(settings(400))]

    #[test]
    fn coefficients_and_kernel_agree(config in any_process(), u in 0.0..2.0f64) {
        let case = case(&config);
        let process = &*case.process;
        let t = case.time(u);
        let h = (0.02 * t).min(0.9 * case.room(t));
        let (alpha, variance) = (process.mean_scale(t), process.std(t).powi(2));

        let scale = derivative(|t| process.mean_scale(t), t, h, alpha);
        let exact = process.mean_scale_derivative(t);
        prop_assert!((scale.value - exact).abs() <= scale.error, "α′ = {} ± {}, fα = {exact}", scale.value, scale.error);

        let noise = derivative(|t| process.std(t).powi(2), t, h, variance);
        let exact = process.variance_derivative(t);
        prop_assert!((noise.value - exact).abs() <= noise.error, "(σ²)′ = {} ± {}, exact {exact}", noise.value, noise.error);

        let lambda = derivative(|t| process.log_snr(t), t, h, 1.0 + process.log_snr(t).abs());
        let exact = process.log_snr_derivative(t);
        prop_assert!((lambda.value - exact).abs() <= lambda.error, "λ′ = {} ± {}, exact {exact}", lambda.value, lambda.error);
        // The error bars leave no room for a wrong formula.
        prop_assert!(lambda.error <= 1e-5 * (exact.abs() + 1.0 / h), "{} at {t}", lambda.error);
    }

    #[test]
    fn log_snr_is_that_of_the_kernel_and_time_inverts_it(config in any_process(), u in 0.0..2.0f64) {
        let case = case(&config);
        let process = &*case.process;
        let t = case.time(u);
        let lambda = process.log_snr(t);
        let plain = 2.0 * (process.mean_scale(t) / process.std(t)).ln();
        // Rounding of λ, of its terms and of quadratures; carried over to t by dividing by λ′.
        let rounding = 1e-13 * (2.0 + lambda.abs() + process.std(t).ln().abs());
        prop_assert!((lambda - plain).abs() <= rounding);
        let back = process.time_of_log_snr(lambda);
        let error = rounding / process.log_snr_derivative(t).abs() + 1e-14 * t;
        prop_assert!((back - t).abs() <= error, "{t} came back as {back}, off by {} of {error}", back - t);
    }

    #[test]
    fn variance_preserving_processes_preserve_the_variance(config in any_process(), u in 0.0..2.0f64) {
        let case = case(&config);
        let t = case.time(u);
        let total = case.process.mean_scale(t).powi(2) + case.process.std(t).powi(2);
        if case.process.is_variance_preserving() {
            prop_assert!((total - 1.0).abs() < 1e-14);
            prop_assert_eq!(case.process.prior_std(), 1.0);
        }
    }
}

#[test]
fn times_of_unreachable_log_snrs_are_the_ends() {
    for config in crate::cases::defaults() {
        let process = config.build().unwrap();
        assert_eq!(process.log_snr(0.0), f64::INFINITY, "{process:?}");
        assert_eq!(process.time_of_log_snr(f64::INFINITY), 0.0, "{process:?}");
        assert_eq!(process.time_of_log_snr(-1e3), process.horizon(), "{process:?}");
        assert_eq!(process.time_of_log_snr(f64::NEG_INFINITY), process.horizon(), "{process:?}");
        assert!(process.time_of_log_snr(f64::NAN).is_nan(), "{process:?}");
        assert_eq!((process.mean_scale(0.0), process.std(0.0)), (1.0, 0.0), "{process:?}");
        assert!(process.prior_std() > 0.0 && process.min_time() > 0.0 && process.min_time() < process.horizon());
    }
}
