//! SHA-256 sums of files (FIPS 180-4), so that a damaged or replaced file is refused before it is used.

use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::DatasetError;

/// The SHA-256 sum of everything a reader gives, in 64 lower-case hexadecimal digits.
///
/// # Errors
/// Whatever the reader returns.
pub fn sha256(mut reader: impl Read) -> std::io::Result<String> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => hash.update(&buffer[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The SHA-256 sum of bytes in memory.
pub fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Refuses a file whose SHA-256 sum is none of `expected`.
///
/// # Errors
/// [`DatasetError::Read`] if the file cannot be read, [`DatasetError::Checksum`] if its sum is another one.
pub fn verify(file: &Path, expected: &[&str]) -> Result<(), DatasetError> {
    let found = std::fs::File::open(file)
        .and_then(sha256)
        .map_err(|source| DatasetError::Read { file: file.to_path_buf(), source })?;
    if expected.contains(&found.as_str()) {
        return Ok(());
    }
    let expected = expected.iter().map(|sum| sum.to_string()).collect();
    Err(DatasetError::Checksum { file: file.to_path_buf(), expected, found })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_of_abc_is_the_one_of_the_standard() {
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256(&b"abc"[..]).unwrap(), expected);
    }

    #[test]
    fn another_sum_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("some.gz");
        std::fs::write(&file, b"abd").unwrap();
        let message = verify(&file, &["ba7816"]).unwrap_err().to_string();
        assert!(message.contains("some.gz") && message.contains("expected ba7816"), "{message}");
    }
}
