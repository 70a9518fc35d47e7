//! InceptionV3 of the FID literature (Szegedy et al. 2016, Heusel et al. 2017), with weights from a file of the user's.

mod blocks;
mod layers;
mod network;
mod resize;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use burn::tensor::{Device, Tensor, TensorData};
use fokker_evaluation::{
    EvaluationError, Extracted, ExtractorKind, Features, Images, ReadOnce, Watch, register_extractor, sha256,
};
use fokker_model::StateDict;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::backend::BackendConfig;
use network::{FEATURES, Network};
pub use resize::Resize;
use resize::SIDE;

/// The 2048 features before the last layer of InceptionV3, `pool3`, which the FID of papers is computed from. Pictures are brought to
/// 299×299 pixels, and grey ones are repeated to three channels.
///
/// The weights are those of the FID literature, `pt_inception-2015-12-05-6726825d.pth` of pytorch-fid, or any others with the same
/// names and shapes, as `.safetensors` or as PyTorch's `torch.save` writes them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inception {
    /// The file of weights.
    pub weights: PathBuf,
    /// How pictures are brought to the network's size.
    #[serde(default)]
    pub resize: Resize,
    /// Where to compute.
    #[serde(default)]
    pub backend: BackendConfig,
    #[serde(skip)]
    loaded: ReadOnce<Loaded>,
}

register_extractor!(Inception as "inception");

struct Loaded {
    network: Mutex<Network>,
    device: Device,
    checksum: String,
}

/// Pictures that the network sees at once.
const BATCH: usize = 16;

/// Tensors of the file that features do not depend on: the last layer, the auxiliary one, and counters.
fn is_unused(name: &str) -> bool {
    name.starts_with("fc.") || name.starts_with("AuxLogits.") || name.ends_with(".num_batches_tracked")
}

impl Inception {
    /// With weights from a file, pictures resized as pytorch-fid does it, on a GPU if there is one.
    pub fn new(weights: impl Into<PathBuf>) -> Self {
        let (resize, backend) = (Resize::default(), BackendConfig::default());
        Self { weights: weights.into(), resize, backend, loaded: ReadOnce::default() }
    }

    /// The network, read once.
    fn loaded(&self) -> Result<Arc<Loaded>, EvaluationError> {
        self.loaded.get_or_read(|| self.read())
    }

    fn read(&self) -> Result<Loaded, EvaluationError> {
        let path = &self.weights;
        let device =
            self.backend.resolve().map_err(|error| EvaluationError::input("extractor", error.to_string()))?.device;
        let refuse = |problem: String| EvaluationError::contents(path, problem);
        let checksum = sha256(&fs::read(path).map_err(|error| refuse(format!("cannot read the weights: {error}")))?);
        let weights = StateDict::read(path).map_err(|error| EvaluationError::input("extractor", error.to_string()))?;
        Ok(Loaded { network: Mutex::new(network_of(&weights, path, &device)?), device, checksum })
    }
}

/// The network with weights by name: all that it has, and no others.
fn network_of(weights: &StateDict, path: &Path, device: &Device) -> Result<Network, EvaluationError> {
    let refuse = |problem: String| EvaluationError::contents(path, format!("are no weights of InceptionV3: {problem}"));
    let mut used = Vec::new();
    let mut source = |name: &str, shape: &[usize]| match weights.get(name) {
        None => Err(refuse(format!("{name} is missing"))),
        Some((found, _)) if found != shape => Err(refuse(format!("{name} is of shape {found:?}, not {shape:?}"))),
        Some((_, values)) => {
            if let Some(value) = values.iter().find(|value| !value.is_finite()) {
                return Err(refuse(format!("{name} has the number {value}")));
            }
            used.push(name.to_string());
            Ok(values.to_vec())
        }
    };
    let network = Network::new(&mut source, device)?;
    let used: std::collections::HashSet<&str> = used.iter().map(String::as_str).collect();
    match weights.shapes().find(|(name, _)| !is_unused(name) && !used.contains(name)) {
        Some((name, _)) => Err(refuse(format!("{name} is unexpected"))),
        None => Ok(network),
    }
}

impl ExtractorKind for Inception {
    fn check(&self, images: &Images) -> Result<(), EvaluationError> {
        match images.shape() {
            [1 | 3, _, _] => Ok(()),
            [channels, _, _] => {
                let problem = format!("images of {channels} channels; the network takes 1, which is repeated, or 3");
                Err(EvaluationError::input(images.name(), problem))
            }
        }
    }

    fn prepare(&self) -> Result<(), EvaluationError> {
        self.loaded().map(drop)
    }

    fn extract(&self, images: &Images, watch: &dyn Watch) -> Result<Extracted, EvaluationError> {
        let loaded = self.loaded()?;
        let network = loaded.network.lock().unwrap_or_else(PoisonError::into_inner);
        let all: Vec<&[f32]> = images.iter().collect();
        let mut values = Vec::with_capacity(all.len() * FEATURES);
        for (number, batch) in all.chunks(BATCH).enumerate() {
            watch.advance((number * BATCH) as f64 / all.len() as f64)?;
            let prepared: Vec<Vec<f32>> =
                batch.par_iter().map(|pixels| self.resize.prepare(pixels, images.shape())).collect();
            let data = TensorData::new(prepared.concat(), [batch.len(), 3, SIDE, SIDE]);
            let features = network.forward(Tensor::from_data(data, &loaded.device)).into_data_as::<f64>();
            values.extend_from_slice(features.as_slice::<f64>().expect("converted to f64 just above"));
        }
        Ok(Extracted { features: Features::new(images.name(), FEATURES, values)?, classes: None })
    }

    fn version(&self) -> Option<String> {
        self.loaded().ok().map(|loaded| loaded.checksum.clone())
    }
}
