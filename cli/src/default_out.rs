//! Where files go if nothing is said.

use std::path::{Path, PathBuf};

use fokker::samples::SampleKind;
use fokker::training::RunFolder;

/// A file in the run's folder of samples, or, for a checkpoint elsewhere, here.
pub fn file(run: &Path, name: &str) -> PathBuf {
    match RunFolder::new(run).exists() && run.join("checkpoints").is_dir() {
        true => RunFolder::new(run).samples().join(name),
        false => name.into(),
    }
}

/// The file of samples of a kind: a picture, a table of vectors, or an array.
pub fn samples(run: &Path, name: &str, seed: u64, kind: &SampleKind) -> PathBuf {
    file(run, &format!("{name}-seed{seed}.{}", kind.extension()))
}
