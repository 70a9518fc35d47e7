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
    let mut store = SafetensorsStore::from_file(path).skip_enum_variants(true).overwrite(true);
    let failed = |message: String| ModelError::Weights { path: path.into(), message };
    network.save_into(&mut store).map_err(|error| failed(error.to_string()))
}
