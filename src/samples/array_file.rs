//! Samples as numbers: NumPy's `.npy` and `.npz`, `.safetensors`, `.csv`.
//!
//! All grow batch by batch. The binary formats begin with the shape, which is written last, over a place of the length that
//! the largest count needs: so a draw that ends early leaves a whole file as well.

use std::io;
use std::path::Path;

use fokker_files::{FileError, GrowingFile};

use super::kind::SampleKind;

/// A format of arrays of single precision, little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArrayFormat {
    /// `.csv`: a row for each sample, below the names of the columns if these have names.
    Csv,
    /// `.npy`
    Npy,
    /// `.npz` with the array `samples`, not compressed.
    Npz,
    /// `.safetensors` with the tensor `samples`.
    Safetensors,
}

impl ArrayFormat {
    /// The format that a name's extension means, in any case of letters.
    pub fn of(path: &Path) -> Option<Self> {
        Some(match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "csv" => Self::Csv,
            "npy" => Self::Npy,
            "npz" => Self::Npz,
            "safetensors" => Self::Safetensors,
            _ => return None,
        })
    }

    /// What a file of `count` samples begins with.
    fn beginning(self, count: u64, SampleKind { shape, columns, .. }: &SampleKind) -> Vec<u8> {
        match self {
            Self::Csv => columns.as_ref().map(row).unwrap_or_default(),
            Self::Npy | Self::Npz => {
                // Version 1.0: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
                let text = |count| {
                    let shape = joined(count, shape);
                    format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({shape}), }}")
                };
                let length = (10 + text(u64::MAX).len() + 1).next_multiple_of(64) - 10;
                let text = format!("{:<1$}\n", text(count), length - 1);
                [b"\x93NUMPY\x01\0", &(length as u16).to_le_bytes()[..], text.as_bytes()].concat()
            }
            Self::Safetensors => {
                // https://huggingface.co/docs/safetensors: the header may end in spaces.
                let size = shape.iter().product::<usize>() as u64 * size_of::<f32>() as u64;
                let text = |count: u64| {
                    let (shape, bytes) = (joined(count, shape), count.saturating_mul(size));
                    format!(r#"{{"samples":{{"dtype":"F32","shape":[{shape}],"data_offsets":[0,{bytes}]}}}}"#)
                };
                let length = text(u64::MAX).len().next_multiple_of(64);
                let text = format!("{:<1$}", text(count), length);
                [&(length as u64).to_le_bytes()[..], text.as_bytes()].concat()
            }
        }
    }
}

/// `count, shape…`
fn joined(count: u64, shape: &[usize]) -> String {
    let sides = shape.iter().map(|side| format!(", {side}"));
    format!("{count}{}", sides.collect::<String>())
}

/// A file of numbers that grows.
#[derive(Debug)]
pub(super) struct ArrayFile {
    format: ArrayFormat,
    samples: SampleKind,
    file: GrowingFile,
    count: u64,
}

impl ArrayFile {
    /// An empty file in the folder of `path` under a temporary name.
    pub(super) fn create(path: &Path, format: ArrayFormat, samples: &SampleKind) -> Result<Self, FileError> {
        // A .npz is made of the .npy when that is complete.
        let mut name = path.as_os_str().to_owned();
        name.push(if format == ArrayFormat::Npz { ".npy" } else { "" });
        let mut file = GrowingFile::create(Path::new(&name))?;
        file.append(&format.beginning(0, samples))?;
        Ok(Self { format, samples: samples.clone(), file, count: 0 })
    }

    /// Adds samples in data units.
    pub(super) fn append(&mut self, values: &[f32]) -> Result<(), FileError> {
        let size = self.samples.size();
        let bytes: Vec<u8> = match self.format {
            ArrayFormat::Csv => values.chunks(size).flat_map(|sample| row(sample.iter().map(f32::to_string))).collect(),
            _ => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        };
        self.file.append(&bytes)?;
        self.count += (values.len() / size) as u64;
        Ok(())
    }

    /// Ends the file and gives it its name.
    pub(super) fn complete(mut self, path: &Path) -> Result<(), FileError> {
        self.file.rewrite_beginning(&self.format.beginning(self.count, &self.samples))?;
        if self.format != ArrayFormat::Npz {
            return self.file.complete(path);
        }
        let array = self.file.contents()?;
        fokker_files::write_with(path, |file| archive("samples.npy", array, file))
    }
}

/// Writes an archive with one file, not compressed.
fn archive(name: &str, contents: &mut impl io::Read, out: &mut impl io::Write) -> io::Result<()> {
    let mut archive = rawzip::ZipArchiveWriter::new(out);
    let (mut entry, config) = archive.new_file(name).start().map_err(io::Error::other)?;
    let mut data = config.wrap(&mut entry);
    io::copy(contents, &mut data)?;
    let (_, descriptor) = data.finish().map_err(io::Error::other)?;
    entry.finish(descriptor).map_err(io::Error::other)?;
    archive.finish().map_err(io::Error::other)?;
    Ok(())
}

/// A row of a table.
fn row(cells: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Vec<u8> {
    let mut row = csv::Writer::from_writer(Vec::new());
    row.write_record(cells).and_then(|()| row.flush().map_err(csv::Error::from)).expect("memory takes all");
    row.into_inner().expect("memory takes all")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use fokker_datasets::Preprocessing;

    use super::*;

    fn numbers(shape: &[usize]) -> SampleKind {
        SampleKind::numbers(shape, Preprocessing::RAW)
    }

    fn written(name: &str, shape: &[usize], batches: &[&[f32]]) -> Vec<u8> {
        written_as(name, &numbers(shape), batches)
    }

    fn written_as(name: &str, samples: &SampleKind, batches: &[&[f32]]) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        let mut file = ArrayFile::create(&path, ArrayFormat::of(&path).unwrap(), samples).unwrap();
        for batch in batches {
            file.append(batch).unwrap();
        }
        file.complete(&path).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "something is left behind");
        fs::read(&path).unwrap()
    }

    const BATCHES: [&[f32]; 2] = [&[1.5, -2.0, 0.0, 1e-9], &[f32::NAN, 255.0]];

    /// `numpy.save` of NumPy 2.3 for such an array: 128 bytes of head, of which the dictionary, then spaces and a newline.
    #[test]
    fn npy_is_what_numpy_reads() {
        let bytes = written("a.npy", &[2], &BATCHES);
        assert_eq!(bytes.len(), 128 + 6 * 4);
        assert_eq!(&bytes[..10], b"\x93NUMPY\x01\0\x76\0");
        let head = std::str::from_utf8(&bytes[10..128]).unwrap();
        assert_eq!(head.trim_end(), "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }");
        assert!(head.ends_with(" \n"));
        let expected: Vec<u8> = BATCHES.concat().iter().flat_map(|value| value.to_le_bytes()).collect();
        assert_eq!(bytes[128..], expected);
        let head = ArrayFormat::Npy.beginning(7, &numbers(&[3, 256, 256]));
        assert_eq!(head.len() % 64, 0);
        assert!(std::str::from_utf8(&head[10..]).unwrap().contains("'shape': (7, 3, 256, 256), }"));
    }

    #[test]
    fn npz_holds_the_same_npy_under_its_name() {
        let bytes = written("a.npz", &[2], &BATCHES);
        let archive = rawzip::ZipArchive::from_slice(&bytes).unwrap();
        let mut entries = archive.entries();
        let header = entries.next_entry().unwrap().unwrap();
        assert_eq!(header.file_path().as_ref(), b"samples.npy");
        let entry = archive.get_entry(header.wayfinder()).unwrap();
        assert_eq!(entry.data(), written("a.npy", &[2], &BATCHES));
        assert!(entries.next_entry().unwrap().is_none());
    }

    #[test]
    fn safetensors_are_read_by_their_crate() {
        let bytes = written("a.safetensors", &[1, 1, 2], &BATCHES);
        let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        let samples = tensors.tensor("samples").unwrap();
        assert_eq!((samples.dtype(), samples.shape()), (safetensors::Dtype::F32, &[3, 1, 1, 2][..]));
        let expected: Vec<u8> = BATCHES.concat().iter().flat_map(|value| value.to_le_bytes()).collect();
        assert_eq!(samples.data(), expected);
    }

    #[test]
    fn csv_has_a_row_for_each_sample_below_the_names_of_columns() {
        let named = SampleKind { columns: Some(vec!["a, \"b\"".into(), "c".into()]), ..numbers(&[2]) };
        assert_eq!(written_as("a.csv", &named, &BATCHES[..1]), b"\"a, \"\"b\"\"\",c\n1.5,-2\n0,0.000000001\n");
        assert_eq!(written_as("a.csv", &named, &[]), b"\"a, \"\"b\"\"\",c\n");
        assert_eq!(written("a.csv", &[1, 1, 2], &BATCHES), b"1.5,-2\n0,0.000000001\nNaN,255\n");
    }

    #[test]
    fn a_file_without_samples_is_whole() {
        let bytes = written("a.npy", &[2], &[]);
        assert!(std::str::from_utf8(&bytes[10..]).unwrap().contains("(0, 2)"));
        assert!(written("a.csv", &[2], &[]).is_empty());
    }
}
