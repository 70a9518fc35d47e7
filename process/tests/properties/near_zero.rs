//! Near t = 0, where 1 − e^{−x} cancels: σ² and λ against the first terms of their series, to 1e-12.

use fokker_process::*;

fn check(process: &dyn Process, t: f64, mean_scale: f64, variance: f64) {
    let (found, lambda) = (process.std(t).powi(2), process.log_snr(t));
    assert!((found / variance - 1.0).abs() < 1e-12, "{process:?}: σ² = {found}, series {variance} at {t}");
    let expected = 2.0 * mean_scale.ln() - variance.ln();
    assert!((lambda / expected - 1.0).abs() < 1e-12, "{process:?}: λ = {lambda}, series {expected} at {t}");
    let back = process.time_of_log_snr(lambda);
    // An error of ε|λ| in λ is one of ε|λ|t in t, since λ ~ −ln t, or −2 ln t.
    assert!((back / t - 1.0).abs() < 1e-13, "{process:?}: {t} came back as {back}");
}

/// 1 − e^{−x} to x⁴; the next term is below 1e-13 relative for x < 1e-3.
fn one_minus_exp(x: f64) -> f64 {
    x * (1.0 - x / 2.0 * (1.0 - x / 3.0 * (1.0 - x / 4.0)))
}

/// e^x − 1 likewise.
fn exp_minus_one(x: f64) -> f64 {
    x * (1.0 + x / 2.0 * (1.0 + x / 3.0 * (1.0 + x / 4.0)))
}

const TIMES: [f64; 5] = [1e-12, 1e-9, 1e-7, 1e-6, 1e-5];

#[test]
fn vp_and_sub_vp() {
    let (vp, sub_vp) = (Vp::default(), SubVp::default());
    for t in TIMES {
        let integral = t * (0.1 + 0.5 * 19.9 * t);
        let mean_scale = (-0.5 * integral).exp();
        check(&vp, t, mean_scale, one_minus_exp(integral));
        check(&sub_vp, t, mean_scale, one_minus_exp(integral).powi(2));
    }
}

#[test]
fn ve_and_edm() {
    let ve = Ve::default();
    let edm = Edm::default();
    for t in TIMES {
        check(&ve, t, 1.0, 1e-4 * exp_minus_one(2.0 * 5000f64.ln() * t));
        check(&edm, t, 1.0, t * t);
    }
}

#[test]
fn rve_has_an_essential_singularity_instead_of_a_series() {
    let process = Rve::default();
    let decay = 2e-5 * 5000f64.ln();
    // The exponent −decay/t is about −17 at 1e-5 and −170 at 1e-6.
    for t in [1e-6, 3e-6, 1e-5, 1e-4] {
        check(&process, t, 1.0, 2500.0 * (-decay / t).exp());
    }
    // Where σ has underflowed, λ and its inverse have not, and nothing is NaN.
    assert_eq!((process.std(1e-9), process.diffusion_squared(1e-9), process.diffusion_squared(0.0)), (0.0, 0.0, 0.0));
    assert!((process.time_of_log_snr(process.log_snr(1e-9)) / 1e-9 - 1.0).abs() < 1e-14);
    assert_eq!(process.posterior(1e-10, 1e-9).x0, 1.0);
}

#[test]
fn ornstein_uhlenbeck() {
    let config = OrnsteinUhlenbeckConfig { lambda: 0.7, sigma: 1.3, ..OrnsteinUhlenbeckConfig::default() };
    let process = OrnsteinUhlenbeck::from_config(&config).unwrap();
    for t in TIMES {
        check(&process, t, (-0.7 * t).exp(), 1.69 / 0.7 * one_minus_exp(1.4 * t));
    }
}

#[test]
fn linear() {
    let (alpha, beta) = (vec![0.5, 1.0], vec![0.2, 1.0, 3.0]);
    let config = LinearConfig { alpha, beta, horizon: 1.0, min_time: 1e-5 };
    let process = Linear::from_config(&config).unwrap();
    for t in TIMES {
        // v = v₁t + v₂t² + v₃t³ + … in v′ = −2αv + β; the fourth term is below 1e-14 relative.
        let v1 = 0.2;
        let v2 = (1.0 - 2.0 * 0.5 * v1) / 2.0;
        let v3 = (3.0 - 2.0 * 0.5 * v2 - 2.0 * 1.0 * v1) / 3.0;
        check(&process, t, (-0.5 * t - 0.5 * t * t).exp(), t * (v1 + t * (v2 + t * v3)));
    }
}

#[test]
fn cosine() {
    let process = Cosine::default();
    let (angle, rate) = (std::f64::consts::FRAC_PI_2 * 0.008 / 1.008, std::f64::consts::FRAC_PI_2 / 1.008);
    let k = angle.tan();
    for t in &TIMES[..4] {
        // B = ∫2 tan(θ₀ + δ) dδ, tan expanded around θ₀; the next term is below δ³/k = 1e-15 relative.
        let d = rate * t;
        let square = 1.0 + k * k;
        let integral =
            2.0 * d * (k + d * (square / 2.0 + d * (k * square / 3.0 + d * square * (1.0 + 3.0 * k * k) / 12.0)));
        check(&process, *t, (-0.5 * integral).exp(), one_minus_exp(integral));
    }
}

#[test]
fn chains() {
    let ddpm = DdpmChain::default();
    let ncsn = NcsnChain::default();
    for t in TIMES {
        let integral = -1000.0 * (-1e-4f64).ln_1p() * t;
        check(&ddpm, t, (-0.5 * integral).exp(), one_minus_exp(integral));
        check(&ncsn, t, 1.0, 1e-4 * 1000.0 * t);
    }
}

#[test]
fn linear_and_trigonometric_paths() {
    let (linear, trigonometric) = (LinearPath::default(), TrigonometricPath::default());
    for t in TIMES {
        let angle = std::f64::consts::FRAC_PI_2 * t;
        check(&linear, t, 1.0 - t, t * t);
        check(&trigonometric, t, 1.0 - 0.5 * angle * angle, angle * angle * (1.0 - angle * angle / 3.0));
    }
}
