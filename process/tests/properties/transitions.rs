//! Transitions compose (Chapman–Kolmogorov), begin at the kernel, and have the bridges that Bayes' rule gives them.

use proptest::prelude::*;

use crate::cases::{any_process, case, settings};

/// Relative: a few roundings, the conditioning of exponents of size 100, quadratures to 1e-14.
const TOLERANCE: f64 = 1e-12;

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= TOLERANCE * a.abs().max(b.abs())
}

proptest! {
    #![proptest_config(settings(400))]

    #[test]
    fn transitions_compose(config in any_process(), mut u in prop::array::uniform3(0.0..=1.0f64)) {
        u.sort_by(f64::total_cmp);
        let process = case(&config).process;
        let [r, s, t] = u.map(|u| process.horizon() * u * u * u);
        let (first, second, both) = (process.transition(r, s), process.transition(s, t), process.transition(r, t));
        prop_assert!(close(first.scale * second.scale, both.scale));
        prop_assert!(close((second.scale * first.std).powi(2) + second.std.powi(2), both.std.powi(2)));

        let kernel = process.transition(0.0, t);
        prop_assert!(close(kernel.scale, process.mean_scale(t)) && close(kernel.std, process.std(t)));
        prop_assert!(process.transition(t, t).std == 0.0 && process.transition(t, t).scale == 1.0);
    }

    #[test]
    fn short_transitions_do_not_cancel(config in any_process(), u in 0.0..2.0f64) {
        let case = case(&config);
        let s = case.time(u);
        let t = s * (1.0 + 1e-9);
        // v = ∫g² up to a relative error of order (t − s) times the rates, which are at most some 1000/horizon here.
        let expected = case.process.diffusion_squared(0.5 * (s + t)) * (t - s);
        let found = case.process.transition(s, t).std.powi(2);
        prop_assert!((found / expected - 1.0).abs() < 1e-5, "{found} {expected}");
    }

    #[test]
    fn posteriors_obey_bayes(config in any_process(), a in 0.0..2.0f64, b in 0.0..2.0f64) {
        let case = case(&config);
        let process = &*case.process;
        let (a, b) = (case.time(a), case.time(b));
        let (s, t) = (a.min(b), a.max(b));
        prop_assume!(s < t);
        let posterior = process.posterior(s, t);
        let (std_s, std_t, transition) = (process.std(s), process.std(t), process.transition(s, t));
        // Given x_0: the mean, the variance and the covariance with x_t of the joint law of (x_s, x_t).
        prop_assert!(close(posterior.x_t * process.mean_scale(t) + posterior.x0, process.mean_scale(s)));
        prop_assert!(close((posterior.x_t * std_t).powi(2) + posterior.std_small.powi(2), std_s * std_s));
        prop_assert!(close(posterior.x_t * std_t * std_t, transition.scale * std_s * std_s));
        prop_assert_eq!(posterior.std_large, transition.std);

        // x_0 = (x_t + σ_t² score)/α_t turns the bridge into the step with the score.
        let step = process.reverse_step(s, t);
        let through_x0 = posterior.x0 / process.mean_scale(t);
        prop_assert!(close(step.state, posterior.x_t + through_x0));
        prop_assert!(close(step.score, through_x0 * std_t * std_t));

        let end = process.posterior(0.0, t);
        prop_assert_eq!((end.x_t, end.x0, end.std_small), (0.0, 1.0, 0.0));
        prop_assert!(process.posterior(0.0, 0.0).x0 == 1.0);
    }
}
