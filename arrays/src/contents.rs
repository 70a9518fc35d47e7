//! The bytes of a file, and the arrays in them.

use std::fs::File;
use std::io::Read;

use crate::npy::LONGEST_HEAD;
use crate::npz::members;
use crate::safetensors::tensors;
use crate::{Array, ArrayError, Format, Header, Number, Texts, npy, npz, safetensors};

/// The bytes of a file of arrays, by its format.
#[derive(Clone, Debug)]
pub enum Contents {
    /// `.npy`, one array without a name.
    Npy(Vec<u8>),
    /// `.npz`, arrays with names.
    Npz(Vec<u8>),
    /// `.safetensors`, arrays with names.
    Safetensors(Vec<u8>),
}

impl Contents {
    /// The bytes of a file of a format.
    pub fn new(format: Format, bytes: Vec<u8>) -> Self {
        match format {
            Format::Npy => Self::Npy(bytes),
            Format::Npz => Self::Npz(bytes),
            Format::Safetensors => Self::Safetensors(bytes),
        }
    }

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

    /// The array `name`, or the only one that is called by none of `but`.
    ///
    /// # Errors
    /// No such array, several that could be meant, types that are no numbers, a damaged file.
    pub fn read<T: Number>(&self, name: Option<&str>, but: &[&str]) -> Result<Array<T>, ArrayError> {
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

    /// The shape and the texts of an array, as [`Contents::read`] finds it; none if it does not hold texts, as those of `.safetensors`
    /// never do.
    ///
    /// # Errors
    /// As [`Contents::read`].
    pub fn texts(&self, name: Option<&str>) -> Result<Option<Texts>, ArrayError> {
        match self {
            Self::Npy(bytes) => npy::texts(bytes),
            Self::Npz(bytes) => {
                let members = members(bytes)?;
                members[choose(members.iter().map(|member| member.name.as_str()), name, &[])?].texts(bytes)
            }
            Self::Safetensors(_) => Ok(None),
        }
    }
}

impl Header {
    /// What a file says of the array `name`, or of the only one that is called by none of `but`: only the head of the file is read.
    ///
    /// # Errors
    /// As [`Contents::read`].
    pub fn of(mut file: File, format: Format, name: Option<&str>, but: &[&str]) -> Result<Self, ArrayError> {
        match format {
            Format::Npy => {
                let mut head = Vec::new();
                let read = file.take(LONGEST_HEAD as u64).read_to_end(&mut head);
                read.map_err(|error| ArrayError::new(format!("cannot be read: {error}")))?;
                npy::header(&head)
            }
            Format::Npz => npz::header(file, |names| choose(names.iter().map(String::as_str), name, but)),
            Format::Safetensors => {
                let metadata = safetensors::metadata(&mut file)?;
                let tensors = metadata.tensors();
                let mut names: Vec<&str> = tensors.keys().map(String::as_str).collect();
                names.sort_unstable();
                let place = choose(names.iter().copied(), name, but)?;
                Ok(safetensors::header(tensors[names[place]]))
            }
        }
    }
}

/// The place of the array that is meant.
fn choose<'a>(names: impl Iterator<Item = &'a str>, wanted: Option<&str>, but: &[&str]) -> Result<usize, ArrayError> {
    let mut names: Vec<(usize, &str)> = names.enumerate().collect();
    names.sort_by_key(|(_, name)| *name);
    let list: Vec<&str> = names.iter().map(|(_, name)| *name).collect();
    if list.is_empty() {
        return Err(ArrayError::new("holds no arrays"));
    }
    let known = format!("it has {}", list.join(", "));
    if let Some(wanted) = wanted {
        let found = names.iter().find(|(_, name)| *name == wanted);
        return found
            .map(|(place, _)| *place)
            .ok_or_else(|| ArrayError::new(format!("has no array {wanted}; {known}")));
    }
    match names.iter().filter(|(_, name)| !but.contains(name)).collect::<Vec<_>>()[..] {
        [(only, _)] => Ok(*only),
        [] => Err(ArrayError::new(format!("has no other array; {known}"))),
        _ => {
            let problem = format!("has several arrays, and none is named: {known}");
            Err(ArrayError { problem, is_unnamed: true })
        }
    }
}
