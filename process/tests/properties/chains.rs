//! The discrete chains: golden numbers, their explicit formulas, and the continuous processes through them.

use fokker_process::*;

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * a.abs().max(b.abs())
}

fn ddpm(schedule: BetaSchedule, range: Option<(f64, f64)>) -> DdpmChain {
    let (beta_start, beta_end) = range.unzip();
    DdpmChain::from_config(&DdpmChainConfig {
        steps: 1000,
        schedule,
        beta_start,
        beta_end,
        ..DdpmChainConfig::default()
    })
    .unwrap()
}

/// ᾱ_k of the three schedules of 1000 steps, multiplied out with 50 decimal digits (reference/ddpm_schedules.py).
#[test]
fn alphas_cumprod_are_the_products_of_the_schedules() {
    let linear = ddpm(BetaSchedule::Linear, None);
    let scaled = ddpm(BetaSchedule::ScaledLinear, Some((0.00085, 0.012)));
    let cosine = ddpm(BetaSchedule::SquaredcosCapV2, None);
    let golden = [
        (&linear, [0.9999, 0.9997800920720721, 0.07858724288177824, 4.1181936381384524e-05, 4.0358297653756835e-05]),
        (&scaled, [0.99915, 0.9982960278384514, 0.2776696504564678, 0.0047166988998757495, 0.00466009851307724]),
        (
            &cosine,
            [0.9999587157751783, 0.999912575927368, 0.4938435904406377, 2.428766907034468e-06, 2.4287669070344683e-09],
        ),
    ];
    for (chain, expected) in golden {
        for (k, expected) in [0, 1, 499, 998, 999].into_iter().zip(expected) {
            // 1000 roundings of ln(1 − β), and cosines that lose three digits near π/2.
            assert!(close(chain.alphas_cumprod(k), expected, 1e-12), "{k}: {} {expected}", chain.alphas_cumprod(k));
        }
        let product: f64 = chain.betas().iter().map(|beta| 1.0 - beta).product();
        assert!(close(chain.alphas_cumprod(999), product, 1e-12));
    }
    // The number that diffusers and the DDPM code print.
    assert_eq!(format!("{:.4e}", linear.alphas_cumprod(999)), "4.0358e-5");
    assert_eq!(cosine.betas()[999], 0.999);
    assert!(close(linear.betas()[999], 0.02, 1e-15) && close(scaled.betas()[999], 0.012, 1e-15));
}

#[test]
fn the_ddpm_process_is_the_chain_at_its_knots() {
    for chain in [ddpm(BetaSchedule::Linear, None), ddpm(BetaSchedule::SquaredcosCapV2, None)] {
        for k in 0..1000 {
            let t = chain.time(k);
            assert_eq!(chain.step_at(t), k);
            assert!(close(chain.mean_scale(t).powi(2), chain.alphas_cumprod(k), 1e-14));
            assert!(close(chain.std(t).powi(2), 1.0 - chain.alphas_cumprod(k), 1e-11));
            assert!(close(chain.diffusion_squared(t), -1000.0 * (-chain.betas()[k]).ln_1p(), 1e-14));
            let before = if k == 0 { 0.0 } else { chain.time(k - 1) };
            let transition = chain.transition(before, t);
            assert!(close(transition.scale, (1.0 - chain.betas()[k]).sqrt(), 1e-14));
            assert!(close(transition.std, chain.betas()[k].sqrt(), 1e-14));
            same_bridge(chain.step_posterior(k), chain.posterior(before, t));
            same_step(chain.step_reverse(k), chain.reverse_step(before, t));
        }
    }
}

#[test]
fn the_ncsn_process_is_the_chain_at_its_knots() {
    let long = NcsnChain::default();
    let uneven = NcsnChain::from_sigmas(vec![0.1, 0.15, 2.0, 3.0], None).unwrap();
    for chain in [long, uneven] {
        for k in 0..chain.steps() {
            let t = chain.time(k);
            assert!(close(chain.std(t), chain.sigmas()[k], 1e-13));
            let before = if k == 0 { 0.0 } else { chain.time(k - 1) };
            same_bridge(chain.step_posterior(k), chain.posterior(before, t));
            same_step(chain.step_reverse(k), chain.reverse_step(before, t));
            // The corrected [SDE tutorial, eq. 4.2.10].
            let added = chain.std(t).powi(2) - chain.std(before).powi(2);
            let step = chain.step_reverse(k);
            assert!(close(step.score, added, 1e-10) && close(step.std_large, added.sqrt(), 1e-10));
        }
    }
}

#[test]
fn ncsn_levels_are_geometric_between_their_ends() {
    let chain = NcsnChain::from_config(&NcsnChainConfig { steps: 10, sigma_min: 0.01, sigma_max: 1.0, min_time: None })
        .unwrap();
    assert!(close(chain.sigmas()[0], 0.01, 1e-15) && close(chain.sigmas()[9], 1.0, 1e-15));
    // 10^{−2 + 2k/9}.
    assert!(close(chain.sigmas()[3], 0.046_415_888_336_127_79, 1e-14));
}

#[test]
fn a_chain_of_one_step_is_a_chain() {
    let chain = DdpmChain::from_config(&DdpmChainConfig { steps: 1, ..DdpmChainConfig::default() }).unwrap();
    assert_eq!((chain.betas(), chain.min_time()), (&[1e-4][..], 0.5));
    assert!(close(chain.std(1.0), 0.01, 1e-14));
}

// The β̃ of the chain and of the process are both free of cancellation, up to 1 − ᾱ from a sum of 1000 terms.
fn same_bridge(chain: Posterior, process: Posterior) {
    assert!(close(chain.x_t, process.x_t, 1e-12) && close(chain.x0, process.x0, 1e-12), "{chain:?} {process:?}");
    assert!(close(chain.std_small, process.std_small, 1e-12), "{chain:?} {process:?}");
    assert!(close(chain.std_large, process.std_large, 1e-12), "{chain:?} {process:?}");
}

fn same_step(chain: ReverseStep, process: ReverseStep) {
    assert!(close(chain.state, process.state, 1e-12) && close(chain.score, process.score, 1e-12));
    assert!(close(chain.std_small, process.std_small, 1e-12) && close(chain.std_large, process.std_large, 1e-12));
}

#[test]
fn betas_given_one_by_one_are_the_chain_and_exclude_a_schedule() {
    let chain = DdpmChain::default();
    let config = DdpmChainConfig { betas: Some(chain.betas().to_vec()), ..DdpmChainConfig::default() };
    assert_eq!(DdpmChain::from_config(&config).unwrap(), chain);
    let refusal = |config: DdpmChainConfig| DdpmChain::from_config(&config).unwrap_err().to_string();
    let short = DdpmChainConfig { steps: 999, ..config.clone() };
    assert!(refusal(short).contains("process.betas = 1000 numbers"));
    let with_start = DdpmChainConfig { beta_start: Some(0.1), ..config.clone() };
    assert!(refusal(with_start).contains("process.beta_start = 0.1: must be absent next to betas"));
    let with_schedule = DdpmChainConfig { schedule: BetaSchedule::ScaledLinear, ..config };
    assert!(refusal(with_schedule).contains("process.schedule"));
    let wrong = DdpmChainConfig { steps: 2, betas: Some(vec![0.1, 1.0]), ..DdpmChainConfig::default() };
    assert!(refusal(wrong).contains("betas[1]"));
}
