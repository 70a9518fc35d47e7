//! Weights in safetensors, read strictly: no key missing, none left over, none of another shape.

use std::path::Path;

use burn::module::Module;
use burn::store::{ModuleSnapshot, ModuleStore, SafetensorsStore};

use crate::error::ModelError;

/// Reads a network's weights from a safetensors file whose keys are the network's field names. For a
/// [`UNet`](crate::unet::UNet) that is what diffusers writes for a `UNet2DModel`, older names of attention included.
///
/// # Errors
/// A file that cannot be read, and every tensor that is missing, unused or of another shape.
pub fn load_safetensors<M: Module>(mut network: M, path: &Path) -> Result<M, ModelError> {
    if !path.is_file() {
        return Err(ModelError::Weights { path: path.into(), message: "there is no such file".into() });
    }
    let mut store = SafetensorsStore::from_file(path).skip_enum_variants(true).validate(false).allow_partial(true);
    for (old, new) in [("query", "to_q"), ("key", "to_k"), ("value", "to_v"), ("proj_attn", "to_out.0")] {
        let (old, new) = (format!(r"(attentions\.\d+)\.{old}\."), format!("$1.{new}."));
        store = store.with_key_remapping(old, new);
    }
    let unreadable = |message: String| ModelError::Weights { path: path.into(), message };
    let result = store.apply_to(&mut network).map_err(|error| unreadable(error.to_string()))?;
    let mut details: Vec<String> = result.errors.iter().map(ToString::to_string).collect();
    details.extend(result.missing.iter().map(|(key, _)| format!("missing: {key}")));
    details.extend(result.unused.iter().map(|key| format!("unused: {key}")));
    if details.is_empty() {
        return Ok(network);
    }
    details.truncate(12);
    Err(ModelError::Mismatch { path: path.into(), details: details.join("\n") })
}

/// Writes a network's weights as safetensors, under the names that [`load_safetensors`] reads.
///
/// # Errors
/// A file that cannot be written.
pub fn save_safetensors<M: Module>(network: &M, path: &Path) -> Result<(), ModelError> {
    let written = fokker_files::write_named(path, |temporary| {
        let store = SafetensorsStore::from_file(temporary).skip_enum_variants(true);
        network.save_into(&mut store.overwrite(true)).map_err(|error| std::io::Error::other(error.to_string()))
    });
    Ok(written?)
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
