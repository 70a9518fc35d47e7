//! Reading at a place of a file, from several threads at once.

use std::fs::File;
use std::io;

/// Fills a buffer from a place of a file on. Several threads may read one file at once; on Unix its own position does not move.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// std::fs::write(folder.path().join("a"), b"0123456789")?;
/// let file = std::fs::File::open(folder.path().join("a"))?;
/// let mut digits = [0; 3];
/// fokker_files::read_exact_at(&file, &mut digits, 4)?;
/// assert_eq!(&digits, b"456");
/// assert!(fokker_files::read_exact_at(&file, &mut digits, 8).is_err());
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// A file that ends before, or cannot be read.
#[cfg(unix)]
pub fn read_exact_at(file: &File, buffer: &mut [u8], place: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, place)
}

/// Fills a buffer from a place of a file on. Several threads may read one file at once.
///
/// # Errors
/// A file that ends before, or cannot be read.
#[cfg(windows)]
pub fn read_exact_at(file: &File, mut buffer: &mut [u8], mut place: u64) -> io::Result<()> {
    while !buffer.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, buffer, place) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => (buffer, place) = (&mut buffer[count..], place + count as u64),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
