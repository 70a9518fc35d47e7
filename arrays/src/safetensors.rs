//! Arrays in `.safetensors`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;

use safetensors::tensor::{Metadata, TensorInfo, TensorView};
use safetensors::{Dtype, SafeTensors};

use crate::{Array, ArrayError, Header, Kind, Number};

/// The tensors of a file.
pub(crate) fn tensors(bytes: &[u8]) -> Result<SafeTensors<'_>, ArrayError> {
    SafeTensors::deserialize(bytes).map_err(|error| ArrayError::new(format!("is no .safetensors: {error}")))
}

/// The numbers of a tensor.
pub(crate) fn read<T: Number>(name: &str, tensor: &TensorView<'_>) -> Result<Array<T>, ArrayError> {
    let kind = kind(tensor.dtype()).ok_or_else(|| {
        let dtype = tensor.dtype();
        ArrayError::new(format!(
            "{name} has the type {dtype:?}; whole numbers, and floats of 16, 32 and 64 bits are read"
        ))
    })?;
    let (shape, are_bytes) = (tensor.shape().to_vec(), tensor.dtype() == Dtype::U8);
    Ok(Array { shape, values: kind.read(false, tensor.data())?, are_bytes })
}

/// The most bytes of a head that is believed.
const LONGEST_HEAD: u64 = 100 << 20;

/// The head of a file: eight bytes of length, and text.
pub(crate) fn metadata(file: &mut File) -> Result<Metadata, ArrayError> {
    let damaged = |problem: String| ArrayError::new(format!("is no .safetensors: {problem}"));
    let mut length = [0; 8];
    file.read_exact(&mut length).map_err(|error| damaged(error.to_string()))?;
    let length = u64::from_le_bytes(length);
    if length > LONGEST_HEAD {
        return Err(damaged(format!("its head says that it has {length} bytes")));
    }
    let mut head = Vec::new();
    file.take(length).read_to_end(&mut head).map_err(|error| damaged(error.to_string()))?;
    serde_json::from_slice(&head).map_err(|error| damaged(error.to_string()))
}

/// What the file says of a tensor.
pub(crate) fn header(tensor: &TensorInfo) -> Header {
    Header { shape: tensor.shape.clone(), are_bytes: tensor.dtype == Dtype::U8 }
}

fn kind(dtype: Dtype) -> Option<Kind> {
    Some(match dtype {
        Dtype::BOOL => Kind::Bool,
        Dtype::U8 => Kind::Unsigned(1),
        Dtype::U16 => Kind::Unsigned(2),
        Dtype::U32 => Kind::Unsigned(4),
        Dtype::U64 => Kind::Unsigned(8),
        Dtype::I8 => Kind::Signed(1),
        Dtype::I16 => Kind::Signed(2),
        Dtype::I32 => Kind::Signed(4),
        Dtype::I64 => Kind::Signed(8),
        Dtype::F16 => Kind::Float(2),
        Dtype::BF16 => Kind::BFloat16,
        Dtype::F32 => Kind::Float(4),
        Dtype::F64 => Kind::Float(8),
        _ => return None,
    })
}

/// All tensors of a file, which are weights of a network: floats alone.
///
/// # Errors
/// A damaged file; a tensor of another type, by name.
pub fn safetensors_arrays<T: Number>(bytes: &[u8]) -> Result<BTreeMap<String, Array<T>>, ArrayError> {
    let float = |(name, tensor): (String, TensorView<'_>)| match kind(tensor.dtype()) {
        Some(Kind::Float(_) | Kind::BFloat16) => {
            let array = read(&name, &tensor)?;
            Ok((name, array))
        }
        _ => Err(ArrayError::new(format!("{name} is of {:?}; floats of 16, 32 and 64 bits are read", tensor.dtype()))),
    };
    tensors(bytes)?.tensors().into_iter().map(float).collect()
}
