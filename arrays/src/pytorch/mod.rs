//! Weights that PyTorch's `torch.save` wrote (1.6 and later): a zip archive with a pickle of the names, and a file of
//! numbers for each storage.
//!
//! `pytorch-reader` reads older formats as well. It is not used: its zip reader turns on a feature of `memchr`, for which all
//! of Burn is compiled again.

mod pickle;

use std::collections::{BTreeMap, HashMap};
use std::io;

use rawzip::{CompressionMethod, ZipArchive};

use crate::{Array, ArrayError, Kind, Number};
use pickle::{Value, View};

/// The tensors of a dictionary of weights, by name.
///
/// # Errors
/// A damaged file; anything but a dictionary of tensors made of floating-point numbers, by name.
pub fn pytorch_arrays<T: Number>(bytes: &[u8]) -> Result<BTreeMap<String, Array<T>>, ArrayError> {
    let files = files(bytes)?;
    let Some((root, pickle)) = files.iter().find_map(|(path, &data)| Some((path.strip_suffix("data.pkl")?, data)))
    else {
        return Err(ArrayError::new("has no data.pkl: it is not what torch.save writes since PyTorch 1.6"));
    };
    if files.get(&format!("{root}byteorder")).is_some_and(|order| order.trim_ascii() != b"little") {
        return Err(ArrayError::new("has its numbers in big-endian order, which is not read"));
    }
    let Value::Dictionary(entries) = pickle::read(pickle)? else {
        return Err(ArrayError::new("holds no dictionary of tensors; save the network's state_dict()"));
    };
    let mut arrays = BTreeMap::new();
    for (key, value) in entries {
        let Value::Text(name) = key else { return Err(ArrayError::new("has a tensor whose name is no text")) };
        let Value::Tensor(view) = value else {
            return Err(ArrayError::new(format!("{name} is no tensor; save the network's state_dict() alone")));
        };
        let array = read(&view, root, &files).map_err(|error| ArrayError::new(format!("{name} {error}")))?;
        arrays.insert(name.to_string(), array);
    }
    Ok(arrays)
}

/// The files of an archive, by name. None is compressed, so they are parts of `bytes`. Their checksums are compared.
fn files(bytes: &[u8]) -> Result<HashMap<String, &[u8]>, ArrayError> {
    let damaged = |error: rawzip::Error| ArrayError::new(format!("is no whole file of torch.save: {error}"));
    let archive = ZipArchive::from_slice(bytes).map_err(damaged)?;
    let mut entries = archive.entries();
    let mut files = HashMap::new();
    while let Some(entry) = entries.next_entry().map_err(damaged)? {
        let path = String::from_utf8_lossy(entry.file_path().as_ref()).into_owned();
        if entry.compression_method() != CompressionMethod::STORE {
            return Err(ArrayError::new(format!("{path} is compressed, which torch.save does not do")));
        }
        let place = archive.get_entry(entry.wayfinder()).map_err(damaged)?;
        let read = io::copy(&mut place.verifying_reader(place.data()), &mut io::sink());
        read.map_err(|error| ArrayError::new(format!("is no whole file of torch.save: {path}: {error}")))?;
        let (start, end) = place.compressed_data_range();
        let data = bytes.get(start as usize..end as usize);
        files.insert(path, data.ok_or_else(|| ArrayError::new("is no whole file of torch.save"))?);
    }
    Ok(files)
}

/// The numbers of a view, in the order of its shape.
fn read<T: Number>(view: &View, root: &str, files: &HashMap<String, &[u8]>) -> Result<Array<T>, ArrayError> {
    let class = view.storage.class.rsplit('.').next().unwrap_or_default();
    let (kind, size) = match class {
        "FloatStorage" => (Kind::Float(4), 4),
        "HalfStorage" => (Kind::Float(2), 2),
        "BFloat16Storage" => (Kind::BFloat16, 2),
        "DoubleStorage" => (Kind::Float(8), 8),
        // Counters, such as those of batch normalisation.
        "LongStorage" => (Kind::Signed(8), 8),
        other => {
            let message = format!("is of a {other}; floats of 16, 32 and 64 bits and integers of 64 bits are read");
            return Err(ArrayError::new(message));
        }
    };
    let key = &view.storage.key;
    let data = files.get(&format!("{root}data/{key}")).ok_or_else(|| ArrayError::new(format!("has no data/{key}")))?;
    let stored = view.storage.count;
    if stored.checked_mul(size).is_none_or(|length| length != data.len()) {
        return Err(ArrayError::new(format!("has {} bytes in data/{key}, not {stored} numbers", data.len())));
    }
    let shape = view.shape.clone();
    if shape.contains(&0) {
        return Ok(Array { shape, values: Vec::new(), are_bytes: false });
    }
    let count = shape.iter().try_fold(1usize, |product, &side| product.checked_mul(side));
    let span = view.span().filter(|span| span.end <= stored);
    let (Some(count), Some(span)) = (count.filter(|&count| count <= stored), span) else {
        return Err(ArrayError::new("is larger than its storage"));
    };
    let spanned: Vec<T> = kind.read(false, &data[span.start * size..span.end * size])?;
    let values = match view.is_plain() {
        true => spanned,
        false => (0..count).map(|number| spanned[view.place(number)]).collect(),
    };
    Ok(Array { shape, values, are_bytes: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of PyTorch 2.15 (reference/pytorch_file.py): two rows of a transposed table, half precision, and a number.
    const FILE: &[u8] = include_bytes!("../../../reference/golden/pytorch_file.bin");

    #[test]
    fn views_types_and_parameters_are_as_pytorch_has_them() {
        let arrays = pytorch_arrays::<f32>(FILE).unwrap();
        let names: Vec<&str> = arrays.keys().map(String::as_str).collect();
        assert_eq!(names, ["bfloat", "double", "half", "parameter", "scalar", "view"]);
        let values = |name: &str| (arrays[name].shape.clone(), arrays[name].values.clone());
        // arange(12).reshape(3, 4).T[1:3]
        assert_eq!(values("view"), (vec![2, 3], vec![1.0, 5.0, 9.0, 2.0, 6.0, 10.0]));
        assert_eq!(values("half"), (vec![2], vec![0.5, -65_504.0]));
        assert_eq!(values("bfloat"), (vec![2], vec![1.0, -2.5]));
        assert_eq!(values("double"), (vec![1, 1], vec![0.1]));
        assert_eq!(values("parameter"), (vec![2], vec![3.0, 4.0]));
        assert_eq!(values("scalar"), (vec![], vec![7.0]));
    }

    #[test]
    fn damaged_files_are_refused_and_never_panic() {
        for length in 0..FILE.len() {
            assert!(pytorch_arrays::<f32>(&FILE[..length]).is_err(), "{length} bytes");
        }
        let mut refused = 0;
        for place in 0..FILE.len() {
            for flip in [1, 0x40, 0xff] {
                let mut bytes = FILE.to_vec();
                bytes[place] ^= flip;
                refused += usize::from(pytorch_arrays::<f32>(&bytes).is_err());
            }
        }
        assert!(refused > 100, "{refused}");
    }

    /// A storage of six numbers, 0 to 5, seen by this view.
    fn seen(offset: usize, shape: &[usize], strides: &[usize]) -> Result<Vec<f32>, String> {
        let storage = pickle::Storage { class: "torch.FloatStorage".into(), key: "0".into(), count: 6 };
        let view = View { storage: storage.into(), offset, shape: shape.to_vec(), strides: strides.to_vec() };
        let data: Vec<u8> = (0..6).flat_map(|number| (number as f32).to_le_bytes()).collect();
        let files = HashMap::from([("data/0".to_string(), &data[..])]);
        read::<f32>(&view, "", &files).map(|array| array.values).map_err(|error| error.to_string())
    }

    #[test]
    fn a_view_reads_its_part_of_a_storage() {
        assert_eq!(seen(1, &[2, 2], &[2, 1]).unwrap(), [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(seen(1, &[2, 2], &[1, 2]).unwrap(), [1.0, 3.0, 2.0, 4.0]);
        // A number repeated along a side, as `expand` makes it, and a number alone.
        assert_eq!(seen(5, &[3], &[0]).unwrap(), [5.0; 3]);
        assert_eq!(seen(5, &[], &[]).unwrap(), [5.0]);
        // A side of one has any stride.
        assert_eq!(seen(4, &[1, 2], &[77, 1]).unwrap(), [4.0, 5.0]);
    }

    #[test]
    fn empty_and_impossible_views_do_not_panic() {
        for (offset, shape, strides) in [
            (6, &[0][..], &[1][..]),
            (usize::MAX, &[0, usize::MAX, 2], &[usize::MAX; 3]),
            (0, &[usize::MAX, 0], &[1, 1]),
        ] {
            assert_eq!(seen(offset, shape, strides).unwrap(), [0.0; 0]);
        }
        for (offset, shape, strides) in [
            (6, &[1][..], &[1][..]),
            (5, &[2], &[1]),
            (usize::MAX, &[1], &[1]),
            (0, &[usize::MAX, usize::MAX], &[0, 0]),
            (0, &[7], &[0]),
            (1, &[2, 2], &[usize::MAX, 1]),
        ] {
            assert!(seen(offset, shape, strides).unwrap_err().contains("larger"), "{offset} {shape:?} {strides:?}");
        }
    }

    #[test]
    fn deep_and_large_values_end_in_no_time() {
        // A million tuples, each in the next; a dictionary within a dictionary, and so on; a tuple doubled again and again.
        let deep = [b")".to_vec(), b"\x85".repeat(1_000_000), b".".to_vec()].concat();
        assert!(pickle::read(&deep).is_ok());
        let deep = [b"}K\x00".repeat(300_000), b"}".to_vec(), b"s".repeat(300_000), b".".to_vec()].concat();
        assert!(pickle::read(&deep).is_ok());
        let doubled = [b")".to_vec(), b"q\x00h\x00\x86".repeat(300_000), b".".to_vec()].concat();
        assert!(pickle::read(&doubled).is_ok());
        // A dictionary of many entries, remembered and recalled many times.
        let entries =
            [b"}".to_vec(), b"K\x00K\x00s".repeat(100_000), b"q\x00h\x00".repeat(100_000), b".".to_vec()].concat();
        assert!(pickle::read(&entries).is_ok());
    }

    #[test]
    fn what_is_no_dictionary_of_tensors_is_refused_by_name() {
        let refusal = |pickle: &[u8]| match pickle::read(pickle) {
            Ok(Value::Dictionary(_)) => "a dictionary".to_string(),
            Ok(other) => format!("{other:?}"),
            Err(error) => error.to_string(),
        };
        assert_eq!(refusal(b"\x80\x02}."), "a dictionary");
        // What would call a function in Python is a value of no meaning.
        assert_eq!(refusal(b"cos\nsystem\nX\x02\x00\x00\x00ls\x85R."), "Other");
        assert!(refusal(b"\x80\x02}").contains("ends early"));
        assert!(refusal(b"t.").contains("mark"));
        assert!(refusal(b"\x80\x02\x99.").contains("0x99"));
    }
}
