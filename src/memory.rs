//! How much memory training takes, estimated from the configuration before any work starts.
//!
//! | part | bytes |
//! |---|---|
//! | weights, their average, two moments, gradients, and the weights in the order of convolutions | 24 for each parameter |
//! | what a backward pass needs of an example | [`Cost::kept`] numbers, times the arrays of the loss |
//! | gradients of values on the way | [`Cost::held`] numbers an example |
//! | room that the kernels work in | 20 MiB |
//!
//! On two CPU cores the process took between 0.8 and 1.1 times as much (see the tests). Memory for the data is not part of
//! it: a folder says that itself.

use std::fmt;

use burn::tensor::FloatDType;
use fokker_datasets::memory::{available, shown};
use fokker_model::Cost;
use fokker_training::Recompute;

use crate::config::RunConfig;
use crate::error::Error;

/// Bytes for each parameter: six numbers of single precision.
const BYTES_PER_PARAMETER: f64 = 24.0;
/// Bytes that the kernels of the CPU work in.
const SCRATCH: f64 = 20.0 * 1_048_576.0;
/// A need that is this much more than there is cannot be an error of the estimate.
const CERTAINLY_TOO_MUCH: f64 = 1.5;

/// What training takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrainingMemory {
    /// Numbers in the network's parameters.
    pub parameters: f64,
    /// Bytes of everything that there is one of for each parameter.
    pub weights: f64,
    /// Bytes for each example of a batch.
    pub example: f64,
    /// Examples in a batch.
    pub batch_size: usize,
}

impl TrainingMemory {
    /// Bytes in all.
    pub fn total(&self) -> f64 {
        SCRATCH + self.weights + self.example * self.batch_size as f64
    }

    /// Says whether it fits into so many bytes: `Ok` with a warning or none, or what to change.
    fn fits(&self, bytes: u64) -> Result<Option<String>, Error> {
        let there = shown(bytes);
        if self.weights > CERTAINLY_TOO_MUCH * bytes as f64 {
            return Err(Error::Usage(format!(
                "network: {} parameters need about {} to train, and {there} are free; make the network smaller",
                count(self.parameters),
                size(self.weights)
            )));
        }
        let advice = "make training.batch_size smaller and training.accumulation larger by the same factor, or set \
                      training.recompute = \"blocks\"";
        if self.total() > CERTAINLY_TOO_MUCH * bytes as f64 {
            return Err(Error::Usage(format!(
                "training.batch_size: a batch of {} needs about {}, and {there} are free; {advice}",
                self.batch_size,
                size(self.total())
            )));
        }
        let is_close = self.total() > 0.8 * bytes as f64;
        Ok(is_close.then(|| format!("training needs about {}, and {there} are free; {advice}", size(self.total()))))
    }
}

impl fmt::Display for TrainingMemory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} parameters, about {} to train: {} for the weights, {} for each of {} examples",
            count(self.parameters),
            size(self.total()),
            size(self.weights),
            size(self.example),
            self.batch_size
        )
    }
}

impl RunConfig {
    /// What training takes.
    ///
    /// # Errors
    /// A network that does not fit the data.
    pub fn training_memory(&self) -> Result<TrainingMemory, Error> {
        let shape = self.state_shape()?;
        let recompute = self.training.recompute == Recompute::Blocks;
        let Cost { parameters, kept, held, .. } = self.network.cost(&shape, recompute)?;
        let reduced = !matches!(self.training.precision.dtype(), None | Some(FloatDType::F32));
        let bytes = if reduced { 2.0 } else { 4.0 };
        let batch_size = self.training.batch_size;
        // The penalty's arrays are there for some examples at a time; their share is spread over the batch.
        let penalty = self.objective.regularizer.map_or(0.0, |regularizer| {
            let at_once = regularizer.at_once(shape.iter().product()).min(batch_size);
            5.0 * at_once as f64 / batch_size as f64
        });
        let arrays = self.objective.loss.evaluations().max(penalty);
        let example = bytes * (arrays * kept + held);
        Ok(TrainingMemory { parameters, weights: BYTES_PER_PARAMETER * parameters, example, batch_size })
    }

    /// Compares what training takes with the memory that is free, where the system says how much that is: a warning if it
    /// is close.
    ///
    /// # Errors
    /// A need that is far beyond what is free, by key, with what to change.
    pub fn check_memory(&self) -> Result<Option<String>, Error> {
        let memory = self.training_memory()?;
        available().map_or(Ok(None), |bytes| memory.fits(bytes))
    }
}

fn size(bytes: f64) -> String {
    // Beyond what any machine has, the digits do not matter.
    shown(bytes as u64)
}

/// A number for a reader: `35.7 million`.
fn count(number: f64) -> String {
    match number {
        ..1e4 => format!("{number:.0}"),
        ..1e6 => format!("{:.0} thousand", number / 1e3),
        ..1e9 => format!("{:.1} million", number / 1e6),
        _ => format!("{:.1} billion", number / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn memory(recipe: &str, changes: &[&str]) -> TrainingMemory {
        let changes: Vec<String> = changes.iter().map(ToString::to_string).collect();
        let path = Path::new("configs").join(recipe).with_extension("toml");
        RunConfig::load(&path, &changes).unwrap().training_memory().unwrap()
    }

    /// The largest resident memory of `fokker bench`, less that before there was a network, on two cores (docs/PERFORMANCE.md,
    /// "The training step and the forward pass"): the network of the small recipe at batches of 1, 16, 64, 256, 512.
    #[test]
    fn the_estimate_is_near_what_was_measured() {
        let measured = [(1, 49.0), (16, 114.0), (64, 301.0), (256, 1045.0), (512, 1815.0)];
        let estimated = measured.map(|(batch, mebibytes)| {
            let total = memory("mnist_vp_small", &[&format!("training.batch_size={batch}")]).total();
            (batch, mebibytes, total / 1048576.0)
        });
        let reduced = memory("mnist_vp_small", &["training.batch_size=64", "training.precision=bf16"]).total();
        // In bfloat16, of `fokker bench --precision bf16`.
        let estimated = [&estimated[..], &[(64, 177.0, reduced / 1048576.0)]].concat();
        let near = |&(_, measured, estimated): &(i32, f64, f64)| (0.75..1.35).contains(&(estimated / measured));
        assert!(estimated.iter().all(near), "(batch, MiB measured, MiB estimated): {estimated:?}");
    }

    #[test]
    fn what_does_not_fit_is_refused_by_key() {
        let small = memory("mnist_vp_small", &[]);
        assert_eq!(small.fits(8 << 30).unwrap(), None);
        let batch = memory("mnist_vp_small", &["training.batch_size=1000000"]);
        let message = batch.fits(8 << 30).unwrap_err().to_string();
        assert!(message.starts_with("training.batch_size: a batch of 1000000 needs about"), "{message}");
        assert!(message.contains("8.0 GiB are free") && message.contains("training.accumulation"), "{message}");
        let wide = memory("moons_2d", &["network.width=1000000"]);
        assert!(wide.fits(8 << 30).unwrap_err().to_string().starts_with("network: "), "{wide}");
        assert!(small.fits((1.1 * small.total()) as u64).unwrap().unwrap().contains("training needs about"));
    }
}
