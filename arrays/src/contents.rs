//! The bytes of a file, and the arrays in them.

use crate::npz::members;
use crate::safetensors::tensors;
use crate::{Array, ArrayError, Header, Number, npy, safetensors};

/// The bytes of a file of arrays, by its format.
#[derive(Clone, Debug)]
pub enum Contents {
    /// `.npy`, one array without a name. Its first 64 KiB are enough for a [`header`](Self::header).
    Npy(Vec<u8>),
    /// `.npz`, arrays with names.
    Npz(Vec<u8>),
    /// `.safetensors`, arrays with names.
    Safetensors(Vec<u8>),
}

impl Contents {
    /// Whether there are several arrays, each with a name.
    pub fn has_names(&self) -> bool {
        !matches!(self, Self::Npy(_))
    }

    /// The names of the arrays; none in an `.npy`.
    ///
    /// # Errors
    /// A file that is damaged.
    pub fn names(&self) -> Result<Vec<String>, ArrayError> {
        Ok(match self {
            Self::Npy(_) => Vec::new(),
            Self::Npz(bytes) => members(bytes)?.into_iter().map(|member| member.name).collect(),
            Self::Safetensors(bytes) => tensors(bytes)?.names().into_iter().map(String::from).collect(),
        })
    }

    /// The array `name`, or the only one that is not called `but`.
    ///
    /// # Errors
    /// No such array, several that could be meant, types that are no numbers, a damaged file.
    pub fn read<T: Number>(&self, name: Option<&str>, but: Option<&str>) -> Result<Array<T>, ArrayError> {
        match self {
            Self::Npy(bytes) => npy::parse(bytes),
            Self::Npz(bytes) => {
                let members = members(bytes)?;
                let names = members.iter().map(|member| member.name.as_str());
                members[choose(names, name, but)?].read(bytes)
            }
            Self::Safetensors(bytes) => {
                let tensors = tensors(bytes)?.tensors();
                let (name, tensor) = &tensors[choose(tensors.iter().map(|(name, _)| name.as_str()), name, but)?];
                safetensors::read(name, tensor)
            }
        }
    }

    /// What the file says of that array before its numbers are read.
    ///
    /// # Errors
    /// As [`Contents::read`].
    pub fn header(&self, name: Option<&str>, but: Option<&str>) -> Result<Header, ArrayError> {
        match self {
            Self::Npy(bytes) => npy::header(bytes),
            Self::Npz(bytes) => {
                let members = members(bytes)?;
                let names = members.iter().map(|member| member.name.as_str());
                members[choose(names, name, but)?].header(bytes)
            }
            Self::Safetensors(bytes) => {
                let tensors = tensors(bytes)?.tensors();
                let place = choose(tensors.iter().map(|(name, _)| name.as_str()), name, but)?;
                Ok(safetensors::header(&tensors[place].1))
            }
        }
    }
}

/// The place of the array that is meant.
fn choose<'a>(
    names: impl Iterator<Item = &'a str>,
    wanted: Option<&str>,
    but: Option<&str>,
) -> Result<usize, ArrayError> {
    let mut names: Vec<(usize, &str)> = names.enumerate().collect();
    names.sort_by_key(|(_, name)| *name);
    let list: Vec<&str> = names.iter().map(|(_, name)| *name).collect();
    let known = if list.is_empty() { "it has none".into() } else { format!("it has {}", list.join(", ")) };
    if let Some(wanted) = wanted {
        let found = names.iter().find(|(_, name)| *name == wanted);
        return found
            .map(|(place, _)| *place)
            .ok_or_else(|| ArrayError::new(format!("has no array {wanted}; {known}")));
    }
    match names.iter().filter(|(_, name)| Some(*name) != but).collect::<Vec<_>>()[..] {
        [(only, _)] => Ok(*only),
        [] => Err(ArrayError::new(format!("has no such array; {known}"))),
        _ => Err(ArrayError::new(format!("has several arrays, and none is named: {known}"))),
    }
}
