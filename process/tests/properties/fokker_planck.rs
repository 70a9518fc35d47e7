//! The transition kernel solves the Fokker–Planck equation of its own process [Lecture 6, eq. 1.2–1.4],
//! ∂ₜp = −∂ₓ(f x p) + ½g² ∂ₓₓp, and likewise the kernel that starts at a later time.

use fokker_process::check::derivative;
use proptest::prelude::*;

use crate::cases::{any_process, case, settings};

proptest! {
    #![proptest_config(settings(400))]

    #[test]
    fn kernels_solve_their_equation(
        config in any_process(), u in 0.0..2.0f64, z in -3.0..3.0f64, x0 in -2.0..2.0f64, late in any::<bool>(),
    ) {
        let case = case(&config);
        let process = &*case.process;
        let t = case.time(u);
        let s = if late { 0.5 * t } else { 0.0 };
        let now = process.transition(s, t);
        let x = now.scale * x0 + now.std * z;
        let log_density = |t: f64| {
            let kernel = process.transition(s, t);
            let z = (x - kernel.scale * x0) / kernel.std;
            -0.5 * z * z - kernel.std.ln()
        };
        // z is a difference: its rounding is that of x over std.
        let magnitude = 1.0 + z * z + now.std.ln().abs() + z.abs() * (x.abs() + (now.scale * x0).abs()) / now.std;
        let h = case.width(t);
        let left = derivative(log_density, t, h, magnitude);

        // Derivatives in x of ln p are −z/std and −1/std².
        let (f, g2) = (process.drift(t), process.diffusion_squared(t));
        let score = -z / now.std;
        let right = -f * (1.0 + x * score) + 0.5 * g2 * (score * score - now.std.powi(-2));
        let terms = f.abs() * (1.0 + (x * score).abs()) + g2 * (1.0 + z * z) / now.std.powi(2);
        let error = left.error + 1e-12 * terms;
        prop_assert!((left.value - right).abs() <= error, "∂ₜ ln p = {} ± {error}, right side {right}", left.value);
        prop_assert!(error <= 1e-4 * (terms + 1.0 / h), "error bar {error} against {terms}");
    }
}
