//! Weights in files, read strictly: no key missing, none left over, none of another shape.

use std::path::Path;

use burn::module::Module;

use crate::error::ModelError;
use crate::state_dict::{StateDict, WeightPrecision};

/// Reads a network's weights from a file of safetensors, or of PyTorch, whose keys are the network's field names. For a
/// [`UNet`](crate::unet::UNet) that is what diffusers writes for a `UNet2DModel`, older names of attention included.
///
/// # Errors
/// A file that cannot be read, and every tensor that is missing, unexpected or of another shape.
pub fn load_safetensors<M: Module>(network: M, path: &Path) -> Result<M, ModelError> {
    let (network, report) = StateDict::read(path)?.load_into(network);
    report.check(path)?;
    Ok(network)
}

/// Writes a network's weights as safetensors, under the names that [`load_safetensors`] reads.
///
/// # Errors
/// A file that cannot be written.
pub fn save_safetensors<M: Module>(network: &M, path: &Path) -> Result<(), ModelError> {
    StateDict::of(network).write_safetensors(path, WeightPrecision::Single)
}

#[cfg(test)]
mod tests {
    use burn::module::{ModuleVisitor, Param};
    use burn::tensor::{Device, Tensor};

    use super::*;
    use crate::mlp::{Mlp, MlpConfig};

    fn mlp(width: usize, seed: u64) -> Mlp {
        let config = MlpConfig { width, blocks: 1, num_classes: Some(2), ..MlpConfig::new(2) };
        config.init(seed, &Device::flex()).unwrap()
    }

    fn weights(network: &Mlp) -> Vec<f32> {
        struct All(Vec<f32>);
        impl ModuleVisitor for All {
            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
                self.0.extend(param.val().into_data_as::<f32>().as_slice::<f32>().unwrap());
            }
        }
        let mut all = All(Vec::new());
        network.visit(&mut all);
        all.0
    }

    #[test]
    fn what_is_written_is_read_back_and_nothing_else_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/weights.safetensors");
        save_safetensors(&mlp(8, 1), &path).unwrap();
        save_safetensors(&mlp(8, 2), &path).unwrap();
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "something is left behind");
        assert_ne!(weights(&mlp(8, 1)), weights(&mlp(8, 2)));
        assert_eq!(weights(&load_safetensors(mlp(8, 1), &path).unwrap()), weights(&mlp(8, 2)));
        let error = load_safetensors(mlp(16, 1), &path).unwrap_err().to_string();
        assert!(error.contains("another network") && error.contains("input"), "{error}");
        assert!(save_safetensors(&mlp(8, 1), folder.path()).is_err());
    }
}
