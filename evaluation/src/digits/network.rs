//! The network: its weights, and what it sees in a digit.

use std::path::Path;

use nalgebra::{DMatrix, DVector};
use safetensors::{Dtype, SafeTensors, View};

use super::convolution::{Convolution, pooled};
use super::{CLASSES, FEATURES, SIDE, WEIGHTS};
use crate::EvaluationError;

/// Channels before and after each convolution, and whether the maximum of 2×2 comes after it.
pub(super) const LAYERS: [(usize, usize, bool); 4] =
    [(1, 16, true), (16, 32, false), (32, 32, true), (32, FEATURES, false)];

/// What the network sees in a digit.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// The means of the last convolution's channels, at least 0.
    pub features: Vec<f32>,
    /// The probability of each class.
    pub probabilities: Vec<f32>,
}

impl Seen {
    /// The likeliest class.
    pub fn class(&self) -> usize {
        let best =
            |best: usize, other: usize| if self.probabilities[other] > self.probabilities[best] { other } else { best };
        (0..CLASSES).fold(0, best)
    }
}

/// The classifier.
#[derive(Clone, Debug, PartialEq)]
pub struct DigitsNetwork {
    pub(super) convolutions: Vec<Convolution>,
    /// `[FEATURES, CLASSES]`: a column is PyTorch's `weight[class]`.
    pub(super) last: DMatrix<f32>,
    pub(super) last_bias: DVector<f32>,
}

impl DigitsNetwork {
    /// All weights 0.
    pub(super) fn zeros() -> Self {
        Self {
            convolutions: LAYERS.iter().map(|&(inputs, outputs, _)| Convolution::zeros(inputs, outputs)).collect(),
            last: DMatrix::zeros(FEATURES, CLASSES),
            last_bias: DVector::zeros(CLASSES),
        }
    }

    /// The network with the weights that come with this crate. It names 99.04 % of the digits of MNIST's test set; a part of them is the
    /// test `the_shipped_weights_know_the_digits`.
    pub fn shipped() -> Self {
        Self::parse(WEIGHTS).expect("the weights of this crate are whole")
    }

    /// Reads weights as [`save`](Self::save) writes them.
    ///
    /// # Errors
    /// Bytes that are no `.safetensors`; a tensor that is missing, has another shape or another type than F32.
    pub fn parse(bytes: &[u8]) -> Result<Self, EvaluationError> {
        let refuse = |problem: String| EvaluationError::input("weights of the digits", problem);
        let tensors = SafeTensors::deserialize(bytes).map_err(|error| refuse(format!("no .safetensors: {error}")))?;
        let mut network = Self::zeros();
        for (name, shape, values) in network.parameters() {
            let tensor = tensors.tensor(&name).map_err(|error| refuse(error.to_string()))?;
            if tensor.shape() != shape || tensor.dtype() != Dtype::F32 {
                let (found, kind) = (tensor.shape(), tensor.dtype());
                return Err(refuse(format!("{name} is {kind:?} of shape {found:?}; expected F32 of shape {shape:?}")));
            }
            let (numbers, _) = tensor.data().as_chunks::<4>();
            for (value, bytes) in values.iter_mut().zip(numbers) {
                *value = f32::from_le_bytes(*bytes);
            }
        }
        Ok(network)
    }

    /// Writes the weights as `.safetensors`.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn save(mut self, path: &Path) -> Result<(), EvaluationError> {
        let tensors = self.parameters().into_iter().map(|(name, shape, values)| {
            let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            (name, Tensor { shape, bytes })
        });
        let bytes = safetensors::serialize(tensors.collect::<Vec<_>>(), None)
            .map_err(|error| EvaluationError::contents(path, error))?;
        Ok(fokker_files::write(path, &bytes)?)
    }

    /// Every parameter with its name and its shape in PyTorch.
    pub(super) fn parameters(&mut self) -> Vec<(String, Vec<usize>, &mut [f32])> {
        let mut parameters = Vec::new();
        for (number, layer) in self.convolutions.iter_mut().enumerate() {
            let (inputs, outputs, _) = LAYERS[number];
            let shape = vec![outputs, inputs, 3, 3];
            parameters.push((format!("convolution{number}.weight"), shape, layer.weight.as_mut_slice()));
            parameters.push((format!("convolution{number}.bias"), vec![outputs], layer.bias.as_mut_slice()));
        }
        parameters.push(("last.weight".into(), vec![CLASSES, FEATURES], self.last.as_mut_slice()));
        parameters.push(("last.bias".into(), vec![CLASSES], self.last_bias.as_mut_slice()));
        parameters
    }

    /// What the network sees in a digit of 28×28 pixels from 0, black, to 1, white, row after row.
    ///
    /// # Panics
    /// If there is another number of pixels.
    pub fn see(&self, pixels: &[f32]) -> Seen {
        let mut side = SIDE;
        let mut image = DMatrix::from_column_slice(SIDE * SIDE, 1, pixels);
        for (convolution, (_, _, pool)) in self.convolutions.iter().zip(LAYERS) {
            image = convolution.forward(&image, side).0;
            image.apply(|value| *value = value.max(0.0));
            if pool {
                image = pooled(&image, side).0;
                side /= 2;
            }
        }
        let features = image.row_mean().transpose();
        let probabilities = softmax(&self.logits(&features));
        Seen { features: features.as_slice().to_vec(), probabilities: probabilities.as_slice().to_vec() }
    }

    /// The logarithms of the classes' probabilities, up to a constant.
    pub(super) fn logits(&self, features: &DVector<f32>) -> DVector<f32> {
        self.last.tr_mul(features) + &self.last_bias
    }
}

/// Probabilities from their logarithms.
pub(super) fn softmax(logits: &DVector<f32>) -> DVector<f32> {
    let largest = logits.max();
    let weights = logits.map(|logit| (logit - largest).exp());
    let sum = weights.sum();
    weights / sum
}

/// A tensor to be written.
struct Tensor {
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl View for Tensor {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> std::borrow::Cow<'_, [u8]> {
        (&self.bytes[..]).into()
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}
