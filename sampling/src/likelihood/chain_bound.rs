//! The variational bound of a discrete chain, step by step.
//!
//! The reverse chain `p(x_{k−1} | x_k) = N(a x_k + b x̂₀(x_k), s_k²)` of ancestral sampling is a latent-variable model,
//! and (Ho et al. 2020, eq. 5 and 8; Sohl-Dickstein et al. 2015)
//!
//! ```text
//! −ln p(x₀) ≤ L_vlb = L_0 + L_1 + … + L_N,
//! L_0 = E[−ln p(x₀ | x_1)]
//! L_k = E[KL(q(x_k | x_{k+1}, x₀) ‖ p(x_k | x_{k+1}))] = D (ln(s/β̃^½) + β̃/(2s²) − ½) + b²/(2s²) E|x₀ − x̂₀(x_{k+1})|²
//! L_N = KL(q(x_N | x₀) ‖ N(0, prior_std²))
//! ```
//!
//! with the states counted from 1 as in that paper: `x_k` is at `times[k − 1]`. Expectations are over one draw of each
//! state, taken from `q(x_k | x₀)` independently.

use std::ops::ControlFlow;

use burn::tensor::Tensor;
use fokker_model::Score;
use fokker_process::Process;
use serde::{Deserialize, Serialize};

use super::decoder::Decoder;
use super::density::{Draw, Told};
use super::host::squares;
use crate::error::SamplingError;
use crate::grid::MOST_STEPS;
use crate::options::PosteriorVariance;

/// What kind of chain.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainConfig {
    /// Variance `s²` of the reverse steps. That of the decoder is the small one of the step after it, whatever the
    /// others are: at the first step the small one is 0, and Ho et al.'s implementation puts the next in its place.
    pub variance: PosteriorVariance,
    /// The decoder.
    pub decoder: Decoder,
    /// Whether the predicted datum is clipped to the decoder's levels, as Ho et al. do.
    pub clip: bool,
}

/// The terms of the bound.
#[derive(Clone, Debug)]
pub struct ChainBound {
    /// `L_0, …, L_N` of each example, in nats.
    pub terms: Vec<Vec<f64>>,
    /// How often the network was evaluated on each example.
    pub network_calls: usize,
}

impl ChainBound {
    /// `L_vlb` of each example, in nats.
    pub fn totals(&self) -> Vec<f64> {
        self.terms.iter().map(|terms| terms.iter().sum()).collect()
    }
}

/// The times of a chain's states, rising: the knots of a discrete process, and for a continuous one `steps` (1000 if
/// absent) equal parts of the horizon.
///
/// # Errors
/// A number of steps that is 0, or another one than the chain's.
pub fn chain_times(process: &dyn Process, steps: Option<usize>) -> Result<Vec<f64>, SamplingError> {
    let count = match (process.chain_steps(), steps) {
        (_, Some(steps)) if !(1..=MOST_STEPS).contains(&steps) => {
            return Err(SamplingError::argument("steps", format!("{steps} is not in 1..={MOST_STEPS}")));
        }
        (Some(own), Some(steps)) if own != steps => {
            let message = format!("the chain of the process has {own}; leave it out");
            return Err(SamplingError::argument("steps", message));
        }
        (own, steps) => own.or(steps).unwrap_or(1000),
    };
    Ok((1..=count).map(|k| process.horizon() * k as f64 / count as f64).collect())
}

/// The terms of the bound for each example of a batch; `None` if `observe` broke off.
///
/// # Shapes
/// `x0`: `[batch, …]`; `times`: rising, in (0, horizon]
pub fn chain_bound<const D: usize>(
    score: &dyn Score<D>,
    x0: &Tensor<D>,
    times: &[f64],
    config: &ChainConfig,
    draw: &Draw,
    observe: Told,
) -> Option<ChainBound> {
    let process = score.process();
    let batch = x0.dims()[0];
    let dimension = x0.dims()[1..].iter().product::<usize>() as f64;
    let mut terms: Vec<Vec<f64>> = vec![Vec::with_capacity(times.len() + 1); batch];
    let mut put = |values: &mut dyn Iterator<Item = f64>| {
        terms.iter_mut().zip(values).for_each(|(terms, value)| terms.push(value));
    };
    for (k, &t) in times.iter().enumerate() {
        let z = draw.normals(x0, k + 1);
        let state = x0.clone().mul_scalar(process.mean_scale(t)) + z.mul_scalar(process.std(t));
        let mut denoised = score.denoised(state, &vec![t; batch]);
        if let (true, Some((lowest, highest))) = (config.clip, config.decoder.range()) {
            denoised = denoised.clamp(lowest, highest);
        }
        if k == 0 {
            let std = match times.get(1) {
                Some(&next) => process.posterior(t, next).std_small,
                None => process.std(t),
            };
            put(&mut config.decoder.nats(x0, &denoised, std).into_iter());
        } else {
            let posterior = process.posterior(times[k - 1], t);
            let (std, small) = (config.variance.std(&posterior), posterior.std_small);
            let spread = dimension * ((std / small).ln() + 0.5 * ((small / std).powi(2) - 1.0));
            let weight = 0.5 * (posterior.x0 / std).powi(2);
            put(&mut squares(x0.clone() - denoised).into_iter().map(|miss| spread + weight * miss));
        }
        if observe(100 * (k + 1) / times.len()) == ControlFlow::Break(()) {
            return None;
        }
    }
    put(&mut prior_divergence(process, x0, times[times.len() - 1]).into_iter());
    Some(ChainBound { terms, network_calls: times.len() })
}

/// `KL(q(x_t | x₀) ‖ N(0, prior_std²))` of each example, in nats.
pub(super) fn prior_divergence<const D: usize>(
    process: &dyn fokker_process::Process,
    x0: &Tensor<D>,
    t: f64,
) -> Vec<f64> {
    let dimension = x0.dims()[1..].iter().product::<usize>() as f64;
    let (prior, std) = (process.prior_std(), process.std(t));
    let spread = dimension * ((prior / std).ln() + 0.5 * ((std / prior).powi(2) - 1.0));
    let scale = 0.5 * (process.mean_scale(t) / prior).powi(2);
    squares(x0.clone()).into_iter().map(|square| spread + scale * square).collect()
}
