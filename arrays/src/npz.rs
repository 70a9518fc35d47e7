//! NumPy's `.npz`: a zip archive of `.npy` files, compressed (`numpy.savez_compressed`) or not (`numpy.savez`).

use std::fs::File;
use std::io::{self, BufReader, Read, Write};

use flate2::bufread::DeflateDecoder;
use rawzip::{CompressionMethod, RECOMMENDED_BUFFER_SIZE, ZipArchive, ZipArchiveEntryWayfinder, ZipArchiveWriter};

use crate::npy::{self, LONGEST_HEAD};
use crate::{Array, ArrayError, Header, Number, Texts};

/// An array of an archive that was found.
pub(crate) struct Member {
    pub name: String,
    method: CompressionMethod,
    place: ZipArchiveEntryWayfinder,
}

fn damaged(error: rawzip::Error) -> ArrayError {
    ArrayError::new(format!("is no whole .npz: {error}"))
}

/// The arrays of an archive, in its order.
pub(crate) fn members(bytes: &[u8]) -> Result<Vec<Member>, ArrayError> {
    let archive = ZipArchive::from_slice(bytes).map_err(damaged)?;
    let mut entries = archive.entries();
    let mut members = Vec::new();
    while let Some(entry) = entries.next_entry().map_err(damaged)? {
        let path = String::from_utf8_lossy(entry.file_path().as_ref()).into_owned();
        if let Some(name) = path.strip_suffix(".npy") {
            members.push(Member { name: name.into(), method: entry.compression_method(), place: entry.wayfinder() });
        }
    }
    Ok(members)
}

impl Member {
    /// Its numbers. The archive's length and checksum are checked, and a file that claims too much is not believed beforehand.
    pub fn read<T: Number>(&self, bytes: &[u8]) -> Result<Array<T>, ArrayError> {
        npy::parse(&self.data(bytes)?).map_err(|error| ArrayError::new(format!("{} {error}", self.name)))
    }

    /// Its texts, if it holds any.
    pub fn texts(&self, bytes: &[u8]) -> Result<Option<Texts>, ArrayError> {
        npy::texts(&self.data(bytes)?).map_err(|error| ArrayError::new(format!("{} {error}", self.name)))
    }

    fn data(&self, bytes: &[u8]) -> Result<Vec<u8>, ArrayError> {
        let archive = ZipArchive::from_slice(bytes).map_err(damaged)?;
        let entry = archive.get_entry(self.place).map_err(damaged)?;
        let mut data = Vec::new();
        let read = match self.method {
            CompressionMethod::STORE => entry.verifying_reader(entry.data()).read_to_end(&mut data),
            CompressionMethod::DEFLATE => {
                entry.verifying_reader(DeflateDecoder::new(entry.data())).read_to_end(&mut data)
            }
            other => return Err(unknown(&self.name, other)),
        };
        read.map_err(|error| ArrayError::new(format!("is no whole .npz: {}: {error}", self.name)))?;
        Ok(data)
    }
}

fn unknown(name: &str, method: CompressionMethod) -> ArrayError {
    ArrayError::new(format!("{name} is compressed in a way that is not read: {method:?}"))
}

/// What the head of one array of an archive says; `choose` says which, of their names.
pub(crate) fn header(
    file: File,
    choose: impl FnOnce(&[String]) -> Result<usize, ArrayError>,
) -> Result<Header, ArrayError> {
    let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
    let archive = ZipArchive::from_file(file, &mut buffer).map_err(damaged)?;
    let mut entries = archive.entries(&mut buffer);
    let (mut names, mut places) = (Vec::new(), Vec::new());
    while let Some(entry) = entries.next_entry().map_err(damaged)? {
        let path = String::from_utf8_lossy(entry.file_path().as_ref()).into_owned();
        if let Some(name) = path.strip_suffix(".npy") {
            names.push(name.to_string());
            places.push((entry.compression_method(), entry.wayfinder()));
        }
    }
    let chosen = choose(&names)?;
    let (name, (method, place)) = (&names[chosen], places[chosen]);
    let entry = archive.get_entry(place).map_err(damaged)?;
    let (mut head, most) = (Vec::new(), LONGEST_HEAD as u64);
    let read = match method {
        CompressionMethod::STORE => entry.reader().take(most).read_to_end(&mut head),
        CompressionMethod::DEFLATE => {
            DeflateDecoder::new(BufReader::new(entry.reader())).take(most).read_to_end(&mut head)
        }
        other => return Err(unknown(name, other)),
    };
    read.map_err(|error| ArrayError::new(format!("is no whole .npz: {name}: {error}")))?;
    npy::header(&head).map_err(|error| ArrayError::new(format!("{name} {error}")))
}

/// The bytes of an archive of arrays, not compressed.
///
/// # Errors
/// A name that no archive can hold.
pub fn npz_bytes<T: Number>(arrays: &[(&str, &Array<T>)]) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut archive = ZipArchiveWriter::new(&mut bytes);
    for (name, array) in arrays {
        let (mut entry, config) = archive.new_file(format!("{name}.npy")).start().map_err(io::Error::other)?;
        let mut data = config.wrap(&mut entry);
        data.write_all(&npy::bytes(array))?;
        let (_, descriptor) = data.finish().map_err(io::Error::other)?;
        entry.finish(descriptor).map_err(io::Error::other)?;
    }
    archive.finish().map_err(io::Error::other)?;
    Ok(bytes)
}
