//! Whether a WebP is all there.

/// Whether every chunk of the container (RFC 9649, section 2.4) ends before the file does. The decoder fills up to two
/// bytes at the end of lossy data with zeros.
pub(super) fn is_complete(bytes: &[u8]) -> bool {
    let length = |at: usize| bytes.get(at..at + 4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]) as usize);
    let Some(container) = length(4) else { return false };
    let mut at = 12;
    while at < container.saturating_add(8) {
        let Some(end) = length(at + 4).and_then(|size| size.checked_add(at + 8)) else { return false };
        if end > bytes.len() {
            return false;
        }
        // Chunks begin at even places.
        at = end.next_multiple_of(2);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_that_goes_on_behind_the_end_is_cut_off() {
        let file = |chunk: &[u8]| {
            let padded = chunk.len().next_multiple_of(2);
            let mut bytes = [b"RIFF", &(12 + padded as u32).to_le_bytes()[..], b"WEBPVP8 "].concat();
            bytes.extend((chunk.len() as u32).to_le_bytes());
            bytes.extend(chunk);
            bytes
        };
        // The byte that fills an odd chunk up may be missing.
        let bytes = file(b"pixel");
        assert!(is_complete(&bytes) && is_complete(&[&bytes[..], &[0]].concat()));
        assert!((0..bytes.len()).all(|length| !is_complete(&bytes[..length])));
        assert!(!is_complete(&file(b"four")[..23]));
    }
}
