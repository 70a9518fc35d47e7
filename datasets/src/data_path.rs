//! Where the files of a data set are looked for, in which order.
//!
//! 1. The `path` of the config, if it has one. It is meant literally: then no other place is looked in, and nothing is
//!    downloaded.
//! 2. `$FOKKER_DATA/<name>`
//! 3. `./data/<name>`
//! 4. `datasets/data/<name>` in the working folder or a folder above it, which is where fokker's own checkout has MNIST,
//!    and the same folder of the sources that this crate was compiled from (not in the published package)
//! 5. folders of the operating system (Debian packages Fashion-MNIST)
//! 6. a download into `$FOKKER_DATA/<name>`, or `./data/<name>` if that variable is not set.
//!
//! Decoded pictures are kept in `$FOKKER_CACHE`, or in `fokker` in the user's folder of caches (`~/.cache` on Linux).
//!
//! `<name>` is the `kind` of the config: `mnist`, `fashion_mnist`, `cifar10`. A published file is used only if its SHA-256
//! sum is the right one, wherever it lies, the config's `path` included; the first file found by that name decides, a
//! damaged one is an error and not passed over. CIFAR-10 unpacked by others is the one exception (`cifar10.rs`).

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::progress::{LoadProgress, ProgressCallback};
use crate::{DatasetError, checksum, download};

/// A file of a published data set.
#[derive(Clone, Copy, Debug)]
pub struct DataFile {
    /// Its name, without a folder.
    pub name: &'static str,
    /// The SHA-256 sums it may have, in hexadecimal digits.
    pub checksums: &'static [&'static str],
    /// The address of the folder it is downloaded from, ending in `/`.
    pub folder_url: &'static str,
}

/// The places in which data files are looked for, and the one they are downloaded into.
#[derive(Clone)]
pub struct DataPath {
    /// Folders that hold one folder per data set, in the order in which they are looked in.
    pub folders: Vec<PathBuf>,
    /// Whether the operating system's folders are looked in after these.
    pub system: bool,
    /// The folder, like those above, that missing files are downloaded into; `None`: nothing is downloaded.
    pub download_into: Option<PathBuf>,
    /// Replaces the address of the folder that files are downloaded from (a mirror, or a test's own server).
    pub mirror: Option<String>,
    /// The folder that decoded pictures are kept in; `None`: they are kept in memory.
    pub cache: Option<PathBuf>,
    /// Hears of the progress of downloads and of decoding.
    pub progress: Option<ProgressCallback>,
}

impl DataPath {
    /// The places described at the head of this module, with `FOKKER_DATA` read from the environment.
    pub fn from_env() -> Self {
        let home = std::env::var_os("FOKKER_DATA").filter(|value| !value.is_empty()).map(PathBuf::from);
        let working = PathBuf::from("data");
        let checkout = std::env::current_dir().ok().and_then(|folder| {
            let mut candidates = folder.ancestors().map(|folder| folder.join("datasets/data"));
            candidates.find(|candidate| candidate.is_dir())
        });
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
        let download_into = Some(home.clone().unwrap_or_else(|| working.clone()));
        let mut folders: Vec<PathBuf> = home.into_iter().chain([working]).chain(checkout).chain([own]).collect();
        folders.dedup();
        Self { folders, system: true, download_into, mirror: None, cache: caches(), progress: None }
    }

    /// One folder only, nothing else is looked in and nothing downloaded.
    pub fn only(folder: impl Into<PathBuf>) -> Self {
        Self {
            folders: vec![folder.into()],
            system: false,
            download_into: None,
            mirror: None,
            cache: None,
            progress: None,
        }
    }

    /// The same places, with a callback that hears of the progress and may stop it.
    pub fn with_progress(
        mut self,
        progress: impl Fn(LoadProgress<'_>) -> ControlFlow<()> + Send + Sync + 'static,
    ) -> Self {
        self.progress = Some(Arc::new(progress));
        self
    }

    /// The folders in which the files of `dataset` are looked for.
    pub(crate) fn places(&self, dataset: &str, path: Option<&Path>, system: &[&str]) -> Vec<PathBuf> {
        if let Some(path) = path {
            return vec![path.to_path_buf()];
        }
        let system = system.iter().filter(|_| self.system).map(PathBuf::from);
        self.folders.iter().map(|folder| folder.join(dataset)).chain(system).collect()
    }

    /// Finds a file, checks its sum, downloads it where needed.
    ///
    /// # Errors
    /// [`DatasetError::Missing`], [`DatasetError::Checksum`], or those of reading and writing.
    pub(crate) fn find(
        &self,
        dataset: &'static str,
        path: Option<&Path>,
        system: &[&str],
        file: &DataFile,
    ) -> Result<PathBuf, DatasetError> {
        let places = self.places(dataset, path, system);
        if let Some(found) = places.iter().map(|folder| folder.join(file.name)).find(|file| file.is_file()) {
            checksum::verify(&found, file.checksums)?;
            return Ok(found);
        }
        let url = format!("{}{}", self.mirror.as_deref().unwrap_or(file.folder_url), file.name);
        let missing = |cause: String, put_at: PathBuf| DatasetError::Missing {
            dataset,
            file: file.name,
            looked_in: places.clone().into(),
            cause,
            put_at,
            url: url.clone(),
        };
        let download_into = match (path, &self.download_into) {
            (Some(path), _) => {
                return Err(missing("config key `data.path` names this folder only".into(), path.join(file.name)));
            }
            (None, None) => {
                let folder = places.first().cloned().unwrap_or_else(|| PathBuf::from("data").join(dataset));
                return Err(missing("downloads are switched off".into(), folder.join(file.name)));
            }
            (None, Some(folder)) => folder.join(dataset).join(file.name),
        };
        match download::download(&url, &download_into, file.checksums, self.progress.as_ref()) {
            Ok(()) => Ok(download_into),
            Err(download::Failure::Transfer(cause)) => {
                Err(missing(format!("the download of {url} failed: {cause}"), download_into))
            }
            Err(download::Failure::Stopped) => Err(DatasetError::Stopped),
            Err(download::Failure::Local(error)) => Err(error),
        }
    }
}

/// The folder of caches: `FOKKER_CACHE`, or `fokker` in the user's folder of caches.
fn caches() -> Option<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let users = || match () {
        () if cfg!(windows) => folder("LOCALAPPDATA"),
        () if cfg!(target_os = "macos") => Some(folder("HOME")?.join("Library/Caches")),
        () => folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache"))),
    };
    folder("FOKKER_CACHE").or_else(|| Some(users()?.join("fokker")))
}

#[cfg(all(test, feature = "download"))]
mod download_tests;

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: DataFile = DataFile {
        name: "some.gz",
        checksums: &["ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
        folder_url: "https://example.invalid/",
    };

    #[test]
    fn the_first_folder_wins_and_a_damaged_file_is_not_passed_over() {
        let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut library = DataPath::only(first.path());
        library.folders.push(second.path().to_path_buf());
        for folder in [&first, &second] {
            std::fs::create_dir(folder.path().join("mnist")).unwrap();
        }
        std::fs::write(second.path().join("mnist/some.gz"), b"abc").unwrap();
        assert_eq!(library.find("mnist", None, &[], &FILE).unwrap(), second.path().join("mnist/some.gz"));
        std::fs::write(first.path().join("mnist/some.gz"), b"abd").unwrap();
        assert!(matches!(library.find("mnist", None, &[], &FILE), Err(DatasetError::Checksum { .. })));
    }

    #[test]
    fn a_path_of_the_config_is_the_only_place() {
        let (elsewhere, named) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::create_dir(elsewhere.path().join("mnist")).unwrap();
        std::fs::write(elsewhere.path().join("mnist/some.gz"), b"abc").unwrap();
        let library = DataPath { download_into: Some(elsewhere.path().into()), ..DataPath::only(elsewhere.path()) };
        let message = library.find("mnist", Some(named.path()), &[], &FILE).unwrap_err().to_string();
        assert!(message.contains(&named.path().join("some.gz").display().to_string()), "{message}");
        assert!(!message.contains(&elsewhere.path().display().to_string()), "{message}");
    }
}
