//! What was found, in nats and in bits for each dimension.

use std::path::PathBuf;

use fokker_datasets::Split;
use fokker_sampling::likelihood::Estimate;
use serde::{Deserialize, Serialize};

use super::evaluation::{Evaluation, EvaluationResult};
use super::request::Quantity;

/// A part of a bound.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Term {
    /// Its name.
    pub name: String,
    /// Its mean, in nats for each example.
    pub nats: f64,
    /// The same in bits for each dimension.
    pub bits_per_dimension: f64,
}

/// The result for one example, the mean over its draws and probes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ExampleLikelihood {
    /// Its number in the data set.
    pub index: usize,
    /// In nats.
    pub nats: f64,
    /// In bits for each dimension.
    pub bits_per_dimension: f64,
}

/// What was found.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LikelihoodReport {
    /// The checkpoint.
    pub checkpoint: PathBuf,
    /// What the numbers are.
    pub meaning: String,
    /// What was computed, and how.
    pub quantity: Quantity,
    /// The data.
    pub data: String,
    /// The part of them.
    pub split: Split,
    /// The first example.
    pub first: usize,
    /// How many examples.
    pub count: usize,
    /// Draws for each of them.
    pub draws: usize,
    /// The seed.
    pub seed: u64,
    /// Whether in double precision.
    pub double: bool,
    /// Numbers in an example.
    pub dimension: usize,
    /// Bits that the scaling of pixels adds to each number; they are contained in all results.
    pub offset_bits: f64,
    /// In nats for each example.
    pub nats: Estimate,
    /// In bits for each dimension.
    pub bits_per_dimension: Estimate,
    /// The parts of a bound.
    pub terms: Vec<Term>,
    /// `−ln p` of the same examples under the law they were drawn from, in nats, where that is known.
    pub truth: Option<Estimate>,
    /// Evaluations of the network for each example and draw, on dual numbers where that is needed; the mean.
    pub network_calls: f64,
    /// Steps of each path, taken and refused, and those that missed the tolerance in all; for `dormand_prince`.
    pub steps: Option<(f64, f64, usize)>,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Each example.
    pub examples: Vec<ExampleLikelihood>,
}

impl Evaluation<'_> {
    /// Brings what the batches add up to into the units of the data.
    pub(super) fn report(&self, checkpoint: PathBuf, found: EvaluationResult, seconds: f64) -> LikelihoodReport {
        let (request, count, dimension) = (self.request, self.count(), self.data.size());
        let is_flow = matches!(request.quantity, Quantity::Flow(_));
        let offset_bits = if is_flow { self.units().offset_bits() } else { 0.0 };
        let per_bit = dimension as f64 * std::f64::consts::LN_2;
        let in_model = Estimate::new(&found.nats);
        let bits = |nats: f64| nats / per_bit + offset_bits;
        let evaluated = (count * request.draws) as f64;
        let flat = |values: &Vec<Vec<f64>>| {
            let all: Vec<f64> = values.iter().flatten().copied().collect();
            all.iter().sum::<f64>() / all.len() as f64
        };
        let examples = found.nats.iter().enumerate().map(|(k, values)| {
            let bits = bits(flat(values));
            ExampleLikelihood { index: request.first + k, nats: bits * per_bit, bits_per_dimension: bits }
        });
        let truth: Vec<Vec<Vec<f64>>> = found.truth.iter().map(|&nats| vec![vec![nats]]).collect();
        LikelihoodReport {
            checkpoint,
            meaning: request.quantity.meaning(self.data.is_image()),
            quantity: request.quantity.clone(),
            data: self.data.name().into(),
            split: self.split,
            first: request.first,
            count,
            draws: request.draws,
            seed: request.seed,
            double: request.double,
            dimension,
            offset_bits,
            nats: in_model.affine(1.0, offset_bits * per_bit),
            bits_per_dimension: in_model.affine(1.0 / per_bit, offset_bits),
            terms: found
                .terms
                .into_iter()
                .map(|(name, sum)| {
                    let nats = sum / evaluated;
                    Term { name, nats, bits_per_dimension: nats / per_bit }
                })
                .collect(),
            truth: (!truth.is_empty()).then(|| Estimate::new(&truth)),
            network_calls: found.calls / evaluated,
            steps: (found.accepted > 0)
                .then(|| (found.accepted as f64 / evaluated, found.rejected as f64 / evaluated, found.forced)),
            seconds,
            examples: examples.collect(),
        }
    }
}
