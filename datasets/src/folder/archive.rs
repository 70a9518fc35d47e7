//! Archives of pictures: zip, tar and compressed tar. They are read where they are; nothing is unpacked.
//!
//! The pictures of a zip or a tar are read at their places. A compressed tar has none, so it is read from its beginning to its end.
//! Names in archives only name pictures: no file is ever opened by them.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use flate2::read::{DeflateDecoder, MultiGzDecoder};
use rawzip::{CompressionMethod, FileReader, RECOMMENDED_BUFFER_SIZE, ZipArchive, ZipArchiveEntryWayfinder};

use crate::picture::{MAXIMAL_FILE, cause, too_large};

/// The formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Zip,
    Tar,
    CompressedTar,
}

/// An open archive.
pub(super) struct Archive {
    pub path: PathBuf,
    /// Its own bytes and when it was changed, which its pictures share.
    pub stamp: Stamp,
    reading: Reading,
}

enum Reading {
    Zip(Box<ZipArchive<FileReader>>),
    Tar(File),
    /// From the beginning to the end, each time.
    CompressedTar,
}

/// What tells that a file is the one it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stamp {
    pub bytes: u64,
    /// Nanoseconds since 1970.
    pub changed: u64,
}

impl Stamp {
    pub fn of(metadata: &std::fs::Metadata) -> Self {
        let since = metadata.modified().ok().and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
        let changed = since.map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(u64::MAX));
        Self { bytes: metadata.len(), changed }
    }
}

/// A file in an archive.
pub(super) struct Member {
    /// Its name, of plain components alone.
    pub name: PathBuf,
    pub place: Place,
    /// What is in it, if it was asked for.
    pub contents: Option<Vec<u8>>,
}

/// Where a member of an archive is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    /// Where the entry begins, and what its directory says of it.
    Zip { start: u64, entry: ZipArchiveEntryWayfinder, method: CompressionMethod },
    /// The number of the entry, its first byte in the tar, and how many there are.
    Tar { number: u64, start: u64, length: u64 },
}

impl Place {
    /// A number that grows in the order in which members lie in their archive.
    pub fn order(self) -> u64 {
        match self {
            Self::Zip { start, .. } => start,
            Self::Tar { number, .. } => number,
        }
    }
}

/// Whether the name is that of an archive that is read.
pub(super) fn is_archive(path: &Path) -> bool {
    format(path).is_some()
}

fn format(path: &Path) -> Option<Format> {
    let name = path.file_name()?.to_string_lossy().to_lowercase();
    [(".zip", Format::Zip), (".tar", Format::Tar), (".tar.gz", Format::CompressedTar), (".tgz", Format::CompressedTar)]
        .into_iter()
        .find_map(|(end, format)| name.ends_with(end).then_some(format))
}

impl Archive {
    /// Opens an archive and lists its files. `wanted` says of a name up to how many bytes of its contents are read at once, if at
    /// all; `go_on` is asked now and then. The error is a clause that follows the archive's name; none if `go_on` said no.
    pub fn open(
        path: &Path,
        wanted: impl Fn(&Path) -> Option<u64>,
        mut go_on: impl FnMut() -> bool,
    ) -> Result<Option<(Self, Vec<Member>)>, String> {
        let format = format(path).ok_or("it is no archive by its name")?;
        let file = File::open(path).map_err(|error| cause(&error))?;
        let stamp = Stamp::of(&file.metadata().map_err(|error| cause(&error))?);
        let mut members = Vec::new();
        let reading = match format {
            Format::Zip => {
                let damaged = |error: rawzip::Error| format!("it is no whole zip archive: {error}");
                let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
                let zip = ZipArchive::from_file(file, &mut buffer).map_err(damaged)?;
                let mut entries = zip.entries(&mut buffer);
                while let Some(entry) = entries.next_entry().map_err(damaged)? {
                    if !go_on() {
                        return Ok(None);
                    }
                    if entry.is_dir() {
                        continue;
                    }
                    let Some(name) = plain(entry.file_path().as_ref()) else { continue };
                    let method = match entry.flags().is_encrypted() {
                        true => CompressionMethod::AES,
                        false => entry.compression_method(),
                    };
                    let start = entry.local_header_offset();
                    members.push(Member {
                        name,
                        place: Place::Zip { start, entry: entry.wayfinder(), method },
                        contents: None,
                    });
                }
                Reading::Zip(Box::new(zip))
            }
            Format::Tar => {
                let mut tar = tar::Archive::new(BufReader::new(&file));
                let entries = tar.entries_with_seek().map_err(|error| not_whole(&error))?;
                if !list(entries, &mut members, |_| None, &mut go_on)? {
                    return Ok(None);
                }
                Reading::Tar(file)
            }
            Format::CompressedTar => {
                let mut tar = tar::Archive::new(MultiGzDecoder::new(BufReader::with_capacity(1 << 16, file)));
                let entries = tar.entries().map_err(|error| not_whole(&error))?;
                if !list(entries, &mut members, &wanted, &mut go_on)? {
                    return Ok(None);
                }
                Reading::CompressedTar
            }
        };
        let archive = Self { path: path.into(), stamp, reading };
        for member in &mut members {
            if member.contents.is_none()
                && let Some(most) = wanted(&member.name)
            {
                let contents = archive.read(member.place, most);
                member.contents = Some(contents.map_err(|problem| format!("{}: {problem}", member.name.display()))?);
            }
        }
        Ok(Some((archive, members)))
    }

    /// The bytes of a member at its place, at most so many. The error is a clause that follows its name.
    pub fn read(&self, place: Place, most: u64) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        match (&self.reading, place) {
            (Reading::Zip(zip), Place::Zip { entry, method, .. }) => {
                let damaged = |error: rawzip::Error| format!("it is damaged in its archive: {error}");
                // What the archive says is checked below: no more than that is decompressed.
                let said = entry.uncompressed_size_hint();
                if said > most {
                    return Err(larger_than(most));
                }
                let entry = zip.get_entry(entry).map_err(damaged)?;
                let read = match method {
                    CompressionMethod::STORE => {
                        entry.verifying_reader(entry.reader()).take(said + 1).read_to_end(&mut bytes)
                    }
                    CompressionMethod::DEFLATE => {
                        let inflated = DeflateDecoder::new(entry.reader());
                        entry.verifying_reader(inflated).take(said + 1).read_to_end(&mut bytes)
                    }
                    CompressionMethod::AES => return Err("it is encrypted".into()),
                    other => return Err(format!("it is compressed in a way that is not read ({other:?})")),
                };
                read.map_err(|error| format!("it is damaged in its archive: {error}"))?;
            }
            (Reading::Tar(file), Place::Tar { start, length, .. }) => {
                if length <= most {
                    bytes.resize(length as usize, 0);
                    fokker_files::read_exact_at(file, &mut bytes, start).map_err(|error| not_whole(&error))?;
                } else {
                    return Err(larger_than(most));
                }
            }
            _ => return Err("it can only be read from the beginning of its archive".into()),
        }
        Ok(bytes)
    }

    /// Whether pictures have places.
    pub fn has_places(&self) -> bool {
        !matches!(self.reading, Reading::CompressedTar)
    }

    /// Reads the entries of a compressed tar whose numbers are asked for, in order; `take` says whether to go on. The error is a
    /// clause that follows the archive's name.
    pub fn stream(
        &self,
        is_wanted: impl Fn(u64) -> bool,
        mut take: impl FnMut(u64, Result<Vec<u8>, String>) -> bool,
    ) -> Result<(), String> {
        let file = File::open(&self.path).map_err(|error| cause(&error))?;
        let mut tar = tar::Archive::new(MultiGzDecoder::new(BufReader::with_capacity(1 << 16, file)));
        for (entry, number) in tar.entries().map_err(|error| not_whole(&error))?.zip(0..) {
            let mut entry = entry.map_err(|error| not_whole(&error))?;
            if !is_wanted(number) {
                continue;
            }
            let bytes = match entry.size() {
                length @ ..=MAXIMAL_FILE => whole(&mut entry, length),
                length => Err(too_large(length)),
            };
            if !take(number, bytes) {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// Lists the files of a tar, with the contents of those that are wanted. Returns whether `go_on` said so to the end.
fn list<R: Read>(
    entries: tar::Entries<'_, R>,
    members: &mut Vec<Member>,
    wanted: impl Fn(&Path) -> Option<u64>,
    go_on: &mut impl FnMut() -> bool,
) -> Result<bool, String> {
    for (entry, number) in entries.zip(0..) {
        let mut entry = entry.map_err(|error| not_whole(&error))?;
        if !go_on() {
            return Ok(false);
        }
        let kind = entry.header().entry_type();
        let Some(name) = plain(&entry.path_bytes()).filter(|_| kind.is_file() || kind.is_contiguous()) else {
            continue;
        };
        let (start, length) = (entry.raw_file_position(), entry.size());
        let contents = match wanted(&name) {
            Some(most) if length > most => return Err(format!("{}: {}", name.display(), larger_than(most))),
            Some(_) => Some(whole(&mut entry, length)?),
            None => None,
        };
        members.push(Member { name, place: Place::Tar { number, start, length }, contents });
    }
    Ok(true)
}

fn larger_than(most: u64) -> String {
    format!("it has more than {most} bytes, which is the most that are read")
}

fn whole(entry: &mut impl Read, length: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    entry.take(length).read_to_end(&mut bytes).map_err(|error| not_whole(&error))?;
    if bytes.len() as u64 == length { Ok(bytes) } else { Err("its archive ends before it does".into()) }
}

fn not_whole(error: &std::io::Error) -> String {
    format!("it is no whole tar archive: {}", cause(error))
}

/// A name without a root and without steps up or to the same folder; none if nothing is left.
fn plain(name: &[u8]) -> Option<PathBuf> {
    let name = String::from_utf8_lossy(name).replace('\\', "/");
    let path: PathBuf = name.split('/').filter(|part| !matches!(*part, "" | "." | "..")).collect();
    (!path.as_os_str().is_empty()).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_plain_components_alone() {
        for (name, expected) in [
            ("./cats/a.png", Some("cats/a.png")),
            ("../../etc/a.png", Some("etc/a.png")),
            ("/root/a.png", Some("root/a.png")),
            ("cats\\a.png", Some("cats/a.png")),
            ("a b/é 猫.png", Some("a b/é 猫.png")),
            ("..", None),
            ("", None),
        ] {
            assert_eq!(plain(name.as_bytes()), expected.map(PathBuf::from), "{name}");
        }
        assert!(is_archive(Path::new("x/data-000.TAR")) && is_archive(Path::new("a.b.tar.gz")));
        assert!(!is_archive(Path::new("tar")) && !is_archive(Path::new("a.tar.xz")));
    }
}
