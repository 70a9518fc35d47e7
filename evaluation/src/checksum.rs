//! What tells files of weights apart.

use sha2::{Digest, Sha256};

/// The SHA-256 of a file's contents, in hexadecimal digits.
pub fn sha256(contents: &[u8]) -> String {
    Sha256::digest(contents).iter().map(|byte| format!("{byte:02x}")).collect()
}
