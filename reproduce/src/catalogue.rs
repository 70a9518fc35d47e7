//! Figures by their names: those of the catalogue, and configurations of one's own.

use std::path::Path;

use fokker::datasets::{DatasetConfig, Preprocessing, Split};
use fokker::{Error, recipes};

use crate::figures::{DigitSource, FigureError, FigureFile};

/// Names and headlines of the figures that are compiled in.
///
/// # Errors
/// A configuration that cannot be read, which a test excludes.
pub fn list() -> Result<Vec<(&'static str, String)>, Error> {
    let title = |(name, text): &(&'static str, &str)| Ok((*name, FigureFile::parse(text, Path::new(name))?.title));
    recipes::FIGURES.iter().map(title).collect()
}

/// A figure of the catalogue, or a file whose name ends in `.toml`: the name of the figure, and its configuration.
///
/// # Errors
/// A name that there is not, with those that there are; a configuration with a key or a value that does not work.
pub fn find(name: &str) -> Result<(String, FigureFile), Error> {
    if let Some((name, text)) = recipes::FIGURES.iter().find(|(known, _)| *known == name) {
        return Ok((name.to_string(), FigureFile::parse(text, Path::new(name))?));
    }
    let path = Path::new(name);
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    let (true, Some(stem)) = (path.extension().is_some_and(|extension| extension == "toml"), stem) else {
        let known: Vec<&str> = recipes::FIGURES.iter().map(|(name, _)| *name).collect();
        let known = known.join(", ");
        return Err(Error::Usage(format!("{name}: no such figure; there are {known}, or a file that ends in .toml")));
    };
    let text = std::fs::read_to_string(path)
        .map_err(|error| Error::Config { path: path.into(), message: format!("cannot read the figure: {error}") })?;
    let file = FigureFile::parse(&text, path)?;
    file.check().map_err(|error| Error::Config { path: path.into(), message: error.to_string() })?;
    Ok((stem.to_string(), file))
}

/// The digits of MNIST, from the places of [`fokker::datasets::DataPath::from_env`].
#[derive(Clone, Copy, Debug)]
pub struct Digits;

impl DigitSource for Digits {
    fn digits(&self, count: usize) -> Result<(usize, usize, Vec<Vec<f64>>), FigureError> {
        let missing = |error: String| FigureError::Missing(error);
        let config: DatasetConfig =
            toml::from_str("kind = 'mnist'\nvalidation_examples = 0").map_err(|error| missing(error.to_string()))?;
        let data = config.open(Split::Train, 0).map_err(|error| missing(error.to_string()))?;
        let &[_, height, width] = data.shape() else {
            return Err(missing(format!("{} is not made of images", data.name())));
        };
        if data.len() < count {
            return Err(missing(format!("{} has {} examples, but {count} are asked for", data.name(), data.len())));
        }
        let scaling = Preprocessing::default();
        let mut raw = vec![0.0f32; data.size()];
        let digit = |index: usize| {
            data.example(index, &mut raw);
            raw.iter().map(|raw| scaling.data_scale() * f64::from(*raw) + scaling.data_offset()).collect()
        };
        Ok((height, width, (0..count).map(digit).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_of_the_catalogue_survives_toml() {
        assert_eq!(list().unwrap().len(), recipes::FIGURES.len());
        for (name, _) in recipes::FIGURES {
            let (_, file) = find(name).unwrap();
            let again = FigureFile::parse(&file.to_toml().unwrap(), Path::new(name)).unwrap();
            assert_eq!(again, file, "{name}");
        }
    }

    #[test]
    fn unknown_figures_and_keys_are_refused_by_name() {
        let message = find("papers002_figure9").unwrap_err().to_string();
        assert!(message.contains("papers002_figure9") && message.contains("papers002_figure5"), "{message}");
        for (from, to, key) in [
            ("paths =", "pahts =", "pahts"),
            ("kind = \"langevin\"", "kind = \"langevim\"", "langevim"),
            ("seed =", "sead =", "sead"),
        ] {
            let (_, text) = recipes::FIGURES.iter().find(|(_, text)| text.contains(from)).unwrap();
            let error = FigureFile::parse(&text.replace(from, to), Path::new("x.toml")).unwrap_err();
            assert!(error.to_string().contains(key), "{error}");
        }
    }
}
