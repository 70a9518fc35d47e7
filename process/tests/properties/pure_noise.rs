//! Paths whose end is pure noise: exactly so, without a clamp, and as regular from there as the law is.

use fokker_process::*;

#[test]
fn the_end_is_the_prior_exactly_and_nothing_is_nan() {
    let linear = LinearPath::from_config(&LinearPathConfig { noise_std: 3.0, ..LinearPathConfig::default() }).unwrap();
    let paths: [(&dyn Process, f64); 3] =
        [(&LinearPath::default(), 1.0), (&linear, 3.0), (&TrigonometricPath::default(), 1.0)];
    for (process, std) in paths {
        assert!(process.reaches_pure_noise());
        assert_eq!((process.mean_scale(1.0), process.std(1.0), process.prior_std()), (0.0, std, std));
        assert_eq!((process.log_snr(1.0), process.time_of_log_snr(f64::NEG_INFINITY)), (f64::NEG_INFINITY, 1.0));
        assert_eq!((process.drift(1.0), process.diffusion_squared(1.0)), (f64::NEG_INFINITY, f64::INFINITY));
        assert_eq!(process.transition(1.0, 1.0), Transition { scale: 1.0, std: 0.0 });
        // x_s given x_1 does not depend on x_1.
        let (s, end) = (0.3, process.posterior(0.3, 1.0));
        assert_eq!(end.x_t, 0.0);
        assert!((end.x0 / process.mean_scale(s) - 1.0).abs() < 1e-15);
        assert!((end.std_small / process.std(s) - 1.0).abs() < 1e-15);
        // The velocity is as finite there as anywhere.
        assert!(process.mean_scale_derivative(1.0).is_finite() && process.std_derivative(1.0).is_finite());
        assert!(process.second_derivatives(1.0).unwrap().iter().all(|value| value.is_finite()));
    }
    assert!(!Vp::default().reaches_pure_noise() && !Edm::default().reaches_pure_noise());
}

/// λ and its inverse keep their digits next to the end, where 1 − t is known exactly.
#[test]
fn the_log_snr_is_known_next_to_the_end() {
    for power in [10, 30, 50] {
        let gap = 0.5f64.powi(power);
        let t = 1.0 - gap;
        let (linear, trigonometric) = (LinearPath::default(), TrigonometricPath::default());
        assert!((linear.log_snr(t) / (2.0 * (gap / t).ln()) - 1.0).abs() < 1e-15);
        let angle = std::f64::consts::FRAC_PI_2 * gap;
        assert!((trigonometric.log_snr(t) / (2.0 * angle.tan().ln()) - 1.0).abs() < 1e-15);
        for process in [&linear as &dyn Process, &trigonometric] {
            assert!((process.time_of_log_snr(process.log_snr(t)) - t).abs() <= 2.0 * f64::EPSILON);
        }
    }
}

/// The cosine process without offset, before its cap, is the trigonometric path.
#[test]
fn the_cosine_process_is_the_same_path_before_its_cap() {
    let config = CosineConfig { offset: 0.0, beta_max: 1e6, ..CosineConfig::default() };
    let (cosine, path) = (Cosine::from_config(&config).unwrap(), TrigonometricPath::default());
    for t in [1e-3, 0.2, 0.5, 0.9, 0.999] {
        assert!((cosine.mean_scale(t) / path.mean_scale(t) - 1.0).abs() < 1e-12, "{t}");
        assert!((cosine.std(t) / path.std(t) - 1.0).abs() < 1e-12, "{t}");
        assert!((cosine.diffusion_squared(t) / path.diffusion_squared(t) - 1.0).abs() < 1e-12, "{t}");
    }
}
