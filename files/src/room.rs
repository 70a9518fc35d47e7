//! How much room a disk has.

use std::path::Path;

/// Bytes that may still be written to the disk of a folder, where the system says so; the folder or one above it must be there.
///
/// ```
/// assert!(fokker_files::free_room(&std::env::temp_dir()).is_none_or(|bytes| bytes < u64::MAX));
/// ```
#[cfg(unix)]
pub fn free_room(folder: &Path) -> Option<u64> {
    let there = folder.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("."));
    let room = rustix::fs::statvfs(there).ok()?;
    room.f_bavail.checked_mul(room.f_frsize)
}

/// Bytes that may still be written to the disk of a folder: not known on this system.
#[cfg(not(unix))]
pub fn free_room(_folder: &Path) -> Option<u64> {
    None
}
