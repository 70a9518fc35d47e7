//! The IDX format of MNIST and its relatives, compressed with gzip or not.
//!
//! ```text
//! byte 0, 1   zero
//! byte 2      type of the values: 0x08 unsigned byte (the only one read here)
//! byte 3      number of dimensions n
//! then        n sizes, unsigned 32-bit, big-endian
//! then        the values, last dimension fastest
//! ```
//! Source: LeCun, Cortes, Burges, "The MNIST database of handwritten digits", section "File formats".
//!
//! The parser is strict: a wrong magic number, another number of dimensions, a file that ends early or goes on after
//! its end are errors that name the file, what was expected and what was found.

use std::io::Read;
use std::path::Path;

use crate::DatasetError;

/// An array of bytes with its sizes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idx {
    /// Sizes of the dimensions, slowest first.
    pub sizes: Vec<usize>,
    /// The values, last dimension fastest; as many as the product of the sizes.
    pub values: Vec<u8>,
}

/// Reads a file, unpacked first if it begins like a gzip file.
///
/// # Errors
/// [`DatasetError::Read`] if it cannot be read or unpacked, [`DatasetError::Format`] if it is not an IDX file of
/// unsigned bytes with `dimensions` dimensions.
pub fn read(file: &Path, dimensions: usize) -> Result<Idx, DatasetError> {
    let failed = |source| DatasetError::Read { file: file.to_path_buf(), source };
    let bytes = std::fs::read(file).map_err(failed)?;
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return parse(&bytes, dimensions, file);
    }
    let mut unpacked = Vec::new();
    flate2::read::MultiGzDecoder::new(&bytes[..]).read_to_end(&mut unpacked).map_err(failed)?;
    parse(&unpacked, dimensions, file)
}

/// Reads the bytes of an unpacked file; `file` is the name used in errors.
///
/// # Errors
/// [`DatasetError::Format`], see [`read`].
pub fn parse(bytes: &[u8], dimensions: usize, file: &Path) -> Result<Idx, DatasetError> {
    let wrong = |problem: String| Err(DatasetError::Format { file: file.to_path_buf(), problem });
    let head = 4 + 4 * dimensions;
    if bytes.len() < head {
        return wrong(format!("expected an IDX header of {head} bytes, found {} bytes", bytes.len()));
    }
    let expected = [0, 0, 8, dimensions as u8];
    if bytes[..4] != expected {
        return wrong(format!("expected the IDX magic number {expected:02x?}, found {:02x?}", &bytes[..4]));
    }
    let sizes: Vec<usize> = bytes[4..head]
        .chunks_exact(4)
        .map(|size| u32::from_be_bytes([size[0], size[1], size[2], size[3]]) as usize)
        .collect();
    let Some(count) = sizes.iter().try_fold(1usize, |product, &size| product.checked_mul(size)) else {
        return wrong(format!("the sizes {sizes:?} are too large"));
    };
    let found = bytes.len() - head;
    if found != count {
        return wrong(format!("the sizes {sizes:?} need {count} bytes of values, found {found}"));
    }
    Ok(Idx { sizes, values: bytes[head..].to_vec() })
}

/// The bytes of an (uncompressed) IDX file.
///
/// # Panics
/// If the number of values is not the product of the sizes, or a size does not fit 32 bits.
pub fn write(idx: &Idx) -> Vec<u8> {
    assert_eq!(idx.sizes.iter().product::<usize>(), idx.values.len(), "values do not fill the sizes");
    let mut bytes = vec![0, 0, 8, u8::try_from(idx.sizes.len()).expect("at most 255 dimensions")];
    for &size in &idx.sizes {
        bytes.extend(u32::try_from(size).expect("a size of at most 32 bits").to_be_bytes());
    }
    bytes.extend(&idx.values);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn sample() -> Idx {
        Idx { sizes: vec![2, 2, 3], values: (0..12).collect() }
    }

    fn problem(bytes: &[u8], dimensions: usize) -> String {
        parse(bytes, dimensions, Path::new("folder/some-ubyte")).unwrap_err().to_string()
    }

    #[test]
    fn what_is_written_is_read_packed_or_not() {
        let folder = tempfile::tempdir().unwrap();
        let bytes = write(&sample());
        assert_eq!(bytes[..8], [0, 0, 8, 3, 0, 0, 0, 2]);
        let plain = folder.path().join("plain");
        std::fs::write(&plain, &bytes).unwrap();
        assert_eq!(read(&plain, 3).unwrap(), sample());

        let packed = folder.path().join("packed.gz");
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(&bytes).unwrap();
        let mut gzip = encoder.finish().unwrap();
        std::fs::write(&packed, &gzip).unwrap();
        assert_eq!(read(&packed, 3).unwrap(), sample());

        gzip.truncate(gzip.len() - 9);
        std::fs::write(&packed, &gzip).unwrap();
        let message = read(&packed, 3).unwrap_err().to_string();
        assert!(message.contains("packed.gz"), "{message}");
    }

    #[test]
    fn truncation_corruption_and_surplus_are_named() {
        let bytes = write(&sample());
        let message = problem(&bytes[..bytes.len() - 1], 3);
        assert!(message.contains("some-ubyte") && message.contains("12 bytes") && message.contains("found 11"));
        let message = problem(&[&bytes[..], &[0]].concat(), 3);
        assert!(message.contains("found 13"), "{message}");
        let message = problem(&bytes[..15], 3);
        assert!(message.contains("header of 16 bytes, found 15"), "{message}");
        let message = problem(&bytes, 1);
        assert!(message.contains("[00, 00, 08, 01]") && message.contains("[00, 00, 08, 03]"), "{message}");
        let mut huge = bytes.clone();
        huge[4..16].fill(0xff);
        let message = problem(&huge, 3);
        assert!(message.contains("4294967295"), "{message}");
    }
}
