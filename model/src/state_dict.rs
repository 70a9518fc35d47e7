//! Weights as tensors by name: out of a network and into one, from safetensors and from PyTorch's files.
//!
//! The names are those of the network's fields. For a [`UNet`](crate::unet::UNet) that is what diffusers writes for a
//! `UNet2DModel`; older names of attention are read as well.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::path::Path;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{DType, Tensor, TensorData};
use fokker_arrays::{Array, pytorch_arrays, safetensors_arrays};
use safetensors::tensor::{Dtype, TensorView, serialize_to_file};

use crate::error::ModelError;

/// Weights by name, in single precision.
///
/// ```
/// use burn::tensor::Device;
/// use fokker_model::{MlpConfig, StateDict};
///
/// let network = MlpConfig { width: 8, blocks: 1, ..MlpConfig::new(2) };
/// let weights = StateDict::of(&network.init(1, &Device::flex())?);
/// let (_, report) = weights.load_into(network.init(2, &Device::flex())?);
/// assert!(report.is_clean());
/// // A wider network takes the tensors that fit, and lists the others.
/// let wider = MlpConfig { width: 16, blocks: 1, ..MlpConfig::new(2) };
/// let (_, report) = weights.load_into(wider.init(2, &Device::flex())?);
/// assert!(report.lines().iter().any(|line| line.starts_with("input.weight: is of shape [8, 2], not [16, 2]")));
/// # Ok::<(), fokker_model::ModelError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StateDict {
    tensors: BTreeMap<String, Array<f32>>,
}

/// The precision of the numbers in a file of weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WeightPrecision {
    /// 32 bits.
    #[default]
    Single,
    /// 16 bits, of numbers up to 65 504.
    Half,
}

/// What became of the tensors of a [`StateDict`] that was loaded into a network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadReport {
    /// Tensors of the network that the weights do not have.
    pub missing: Vec<String>,
    /// Tensors of the weights that the network does not have.
    pub unexpected: Vec<String>,
    /// Tensors of another shape: name, shape in the network, shape in the weights.
    pub mismatched: Vec<(String, Vec<usize>, Vec<usize>)>,
}

impl LoadReport {
    /// Whether every tensor of the one was a tensor of the other.
    pub fn is_clean(&self) -> bool {
        self.missing.is_empty() && self.unexpected.is_empty() && self.mismatched.is_empty()
    }

    /// A line for each tensor that was not loaded.
    pub fn lines(&self) -> Vec<String> {
        let shape = |(name, own, found): &(String, Vec<usize>, Vec<usize>)| {
            format!("{name}: is of shape {found:?}, not {own:?}")
        };
        let mut lines: Vec<String> = self.mismatched.iter().map(shape).collect();
        lines.extend(self.missing.iter().map(|name| format!("{name}: is missing")));
        lines.extend(self.unexpected.iter().map(|name| format!("{name}: is unexpected")));
        lines
    }

    /// Refuses weights of another network.
    ///
    /// # Errors
    /// Every tensor that was not loaded; of many of a sort, the first.
    pub fn check(&self, path: &Path) -> Result<(), ModelError> {
        const MOST: usize = 5;
        if self.is_clean() {
            return Ok(());
        }
        let mut details = Vec::new();
        let mut rest = self.lines().into_iter();
        for count in [self.mismatched.len(), self.missing.len(), self.unexpected.len()] {
            let lines: Vec<String> = rest.by_ref().take(count).collect();
            let sort = lines.first().and_then(|line| line.split(": is ").nth(1)).unwrap_or_default().to_string();
            details.extend(lines.into_iter().take(MOST));
            let sort = if sort.starts_with("of shape") { "of other shapes" } else { &*sort };
            details.extend((count > MOST).then(|| format!("and {} more that are {sort}", count - MOST)));
        }
        Err(ModelError::Mismatch { path: path.into(), details: details.join("\n") })
    }
}

impl StateDict {
    /// The weights of a network.
    pub fn of<M: Module>(network: &M) -> Self {
        let mut collector = Collector::default();
        network.visit(&mut collector);
        Self { tensors: collector.tensors }
    }

    /// Reads a file: safetensors by its ending, and anything else as what PyTorch's `torch.save` writes.
    ///
    /// # Errors
    /// A file that cannot be read or is damaged; a tensor that is not made of floating-point numbers, by name.
    pub fn read(path: &Path) -> Result<Self, ModelError> {
        let unreadable = |message: String| ModelError::Weights { path: path.into(), message };
        if !path.is_file() {
            return Err(unreadable("there is no such file".into()));
        }
        let bytes = fs::read(path).map_err(|error| unreadable(error.to_string()))?;
        let arrays = match path.extension().is_some_and(|ending| ending == "safetensors") {
            true => safetensors_arrays(&bytes),
            false => pytorch_arrays(&bytes),
        };
        let arrays = arrays.map_err(|error| unreadable(error.to_string()))?;
        Ok(Self { tensors: arrays.into_iter().map(|(name, array)| (present_name(&name), array)).collect() })
    }

    /// Adds the tensors of another file of the same weights.
    pub fn extend(&mut self, others: Self) {
        self.tensors.extend(others.tensors);
    }

    /// Takes the tensors of other weights that have a name and a shape of these.
    pub fn replace(&mut self, others: &Self) {
        for (name, array) in &mut self.tensors {
            if let Some(other) = others.tensors.get(name).filter(|other| other.shape == array.shape) {
                array.clone_from(other);
            }
        }
    }

    /// The names and shapes, in alphabetical order.
    pub fn shapes(&self) -> impl Iterator<Item = (&str, &[usize])> {
        self.tensors.iter().map(|(name, array)| (name.as_str(), array.shape.as_slice()))
    }

    /// The shape and the numbers of a tensor.
    pub fn get(&self, name: &str) -> Option<(&[usize], &[f32])> {
        self.tensors.get(name).map(|array| (array.shape.as_slice(), array.values.as_slice()))
    }

    /// Names of tensors with numbers that are not finite.
    pub fn not_finite(&self) -> Vec<&str> {
        let broken = |array: &Array<f32>| array.values.iter().any(|value| !value.is_finite());
        self.tensors.iter().filter(|(_, array)| broken(array)).map(|(name, _)| name.as_str()).collect()
    }

    /// Gives a network the tensors that it has by name and shape. All others stay as they are.
    pub fn load_into<M: Module>(&self, network: M) -> (M, LoadReport) {
        let mut loader = Loader { names: Names::default(), weights: self, report: LoadReport::default(), seen: 0 };
        let network = network.map(&mut loader);
        let mut report = loader.report;
        if loader.seen < self.tensors.len() {
            let own = Self::of(&network);
            report.unexpected = self.tensors.keys().filter(|name| !own.tensors.contains_key(*name)).cloned().collect();
        }
        (network, report)
    }

    /// Writes safetensors, as PyTorch's programs expect them.
    ///
    /// # Errors
    /// A number that half precision does not have, by its tensor; a file that cannot be written.
    pub fn write_safetensors(&self, path: &Path, precision: WeightPrecision) -> Result<(), ModelError> {
        let (dtype, kind) = match precision {
            WeightPrecision::Single => (DType::F32, Dtype::F32),
            WeightPrecision::Half => (DType::F16, Dtype::F16),
        };
        const LARGEST_HALF: f32 = 65_504.0;
        if precision == WeightPrecision::Half {
            for (name, array) in &self.tensors {
                if let Some(value) = array.values.iter().find(|value| value.is_finite() && value.abs() > LARGEST_HALF) {
                    let message = format!("{name} has the number {value}, which half precision does not have");
                    return Err(ModelError::Weights { path: path.into(), message });
                }
            }
        }
        let data = |array: &Array<f32>| TensorData::new(array.values.clone(), array.shape.clone()).convert_dtype(dtype);
        let tensors: Vec<(&str, &[usize], TensorData)> =
            self.tensors.iter().map(|(name, array)| (name.as_str(), &array.shape[..], data(array))).collect();
        let written = fokker_files::write_named(path, |temporary| {
            let views = tensors.iter().map(|(name, shape, data)| {
                let view = TensorView::new(kind, shape.to_vec(), data.as_bytes());
                view.map(|view| (*name, view)).map_err(io::Error::other)
            });
            let views: Vec<_> = views.collect::<io::Result<_>>()?;
            let metadata = HashMap::from([("format".to_string(), "pt".to_string())]);
            serialize_to_file(views, Some(metadata), temporary).map_err(io::Error::other)
        });
        Ok(written?)
    }
}

/// What diffusers calls a tensor today that may have its name of 2022.
fn present_name(name: &str) -> String {
    let mut parts: Vec<&str> = name.split('.').collect();
    for k in 2..parts.len() {
        if parts[k - 2] == "attentions" {
            parts[k] = match parts[k] {
                "query" => "to_q",
                "key" => "to_k",
                "value" => "to_v",
                "proj_attn" => "to_out.0",
                other => other,
            };
        }
    }
    parts.join(".")
}

/// The dotted name of the parameter that is visited. Variants of enums are no part of it.
#[derive(Default)]
struct Names(Vec<Option<String>>);

impl Names {
    fn enter(&mut self, name: &str, container: &str) {
        self.0.push((!container.starts_with("Enum:")).then(|| name.to_string()));
    }

    fn exit(&mut self) {
        self.0.pop();
    }

    fn present(&self) -> String {
        self.0.iter().flatten().map(String::as_str).collect::<Vec<_>>().join(".")
    }
}

#[derive(Default)]
struct Collector {
    names: Names,
    tensors: BTreeMap<String, Array<f32>>,
}

impl ModuleVisitor for Collector {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.names.enter(name, container);
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.names.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = param.val();
        let shape = tensor.dims();
        let values = tensor.into_data_as::<f32>().try_to_vec().expect("converted to f32 just above");
        self.tensors.insert(self.names.present(), Array::new(shape, values));
    }
}

struct Loader<'a> {
    names: Names,
    weights: &'a StateDict,
    report: LoadReport,
    seen: usize,
}

impl ModuleMapper for Loader<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.names.enter(name, container);
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.names.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = self.names.present();
        let Some(array) = self.weights.tensors.get(&name) else {
            self.report.missing.push(name);
            return param;
        };
        self.seen += 1;
        let own = param.val().dims();
        if array.shape != own {
            self.report.mismatched.push((name, own.to_vec(), array.shape.clone()));
            return param;
        }
        let data = TensorData::new(array.values.clone(), own);
        param.map(|tensor| Tensor::from_data(data, (&tensor.device(), tensor.dtype())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_attention_are_the_present_ones() {
        let present = |name: &str| present_name(name);
        assert_eq!(present("mid_block.attentions.0.query.weight"), "mid_block.attentions.0.to_q.weight");
        assert_eq!(present("mid_block.attentions.0.proj_attn.bias"), "mid_block.attentions.0.to_out.0.bias");
        assert_eq!(present("key.value.query"), "key.value.query");
    }
}
