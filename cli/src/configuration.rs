//! A configuration by the name of its file, or of a recipe that the program brings along.

use std::path::Path;

use fokker::{Error, RunConfig, recipes};

use super::init;

/// Reads a file, or the recipe of this name where there is no such file.
///
/// # Errors
/// A file that cannot be read, a name that is neither, a configuration that does not work.
pub fn read(name: &Path, changes: &[String]) -> Result<RunConfig, Error> {
    if name.exists() {
        return RunConfig::load(name, changes);
    }
    match name.to_str() {
        Some(recipe) if name.components().count() == 1 && name.extension().is_none() => match recipes::find(recipe) {
            Some(text) => RunConfig::parse(text, name, changes),
            None => Err(init::unknown(recipe)),
        },
        _ => RunConfig::load(name, changes),
    }
}
