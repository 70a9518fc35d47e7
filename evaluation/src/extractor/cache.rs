//! Features that were made before, found again by the content of the images.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::{Extracted, Extractor, Images};
use crate::{Array, EvaluationError, Features, Labels, Statistics, Watch, read_npz, write_npz};

/// Makes features of images, or reads those of an earlier time from `folder`. Their file is named by a checksum of the pixels,
/// of the extractor with its settings and of its weights, so it is never out of date. It also holds `mu` and `sigma`, so that
/// other programs can use it as reference statistics.
///
/// # Errors
/// Those of the extractor; a folder that cannot be written to.
pub fn cached(
    folder: &Path,
    extractor: &Extractor,
    images: &Images,
    watch: &dyn Watch,
) -> Result<Extracted, EvaluationError> {
    extractor.check(images)?;
    let Some(version) = extractor.version() else { return extractor.extract(images, watch) };
    let path = place(folder, extractor, images, &version)?;
    // A file that is damaged is made anew.
    if let Some(found) = read(&path, images) {
        return Ok(found);
    }
    let found = extractor.extract(images, watch)?;
    write(&path, &found)?;
    Ok(found)
}

/// The file of the features.
fn place(folder: &Path, extractor: &Extractor, images: &Images, version: &str) -> Result<PathBuf, EvaluationError> {
    let settings = serde_json::to_string(extractor)
        .map_err(|error| EvaluationError::input("extractor", format!("its settings are no JSON: {error}")))?;
    let mut sum = Sha256::new();
    for part in [settings.as_str(), version, &format!("{:?}", images.shape())] {
        sum.update((part.len() as u64).to_le_bytes());
        sum.update(part);
    }
    for pixel in images.pixels() {
        sum.update(pixel.to_le_bytes());
    }
    let name: String = sum.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    Ok(folder.join(format!("{}-{name}.npz", extractor.kind())))
}

/// Features for so many images, if the file is there and whole.
fn read(path: &Path, images: &Images) -> Option<Extracted> {
    let mut arrays = read_npz(path).ok()?;
    let mut take = |name: &str| {
        let place = arrays.iter().position(|(other, _)| other == name)?;
        Some(arrays.swap_remove(place).1)
    };
    let features = take("features").filter(|features| features.shape.first() == Some(&images.count()))?;
    let features = Features::of_array(images.name(), features).ok()?;
    let mut values = |name: &str, count: usize| Some(take(name)?.values).filter(|values| values.len() == count);
    // A classifier's file without all three is not whole.
    let classes = match values("class_count", 1) {
        Some(count) => Some(Labels {
            classes: values("classes", images.count())?.into_iter().map(|class| class as usize).collect(),
            confidences: values("confidences", images.count())?,
            count: count[0] as usize,
        }),
        None => None,
    };
    Some(Extracted { features, classes })
}

fn write(path: &Path, found: &Extracted) -> Result<(), EvaluationError> {
    let Extracted { features, classes } = found;
    let size = features.dimension();
    let statistics = Statistics::of(features);
    let numbers = |values: &[usize]| values.iter().map(|&value| value as f64).collect::<Vec<f64>>();
    let mut arrays = vec![
        ("features", Array::new([features.count(), size], features.values().to_vec())),
        ("mu", Array::new([size], statistics.mean().to_vec())),
        ("sigma", Array::new([size, size], statistics.covariance().to_vec())),
    ];
    if let Some(Labels { classes, confidences, count }) = classes {
        arrays.push(("classes", Array::new([classes.len()], numbers(classes))));
        arrays.push(("confidences", Array::new([confidences.len()], confidences.clone())));
        arrays.push(("class_count", Array::new([1], numbers(&[*count]))));
    }
    let arrays: Vec<(&str, &Array)> = arrays.iter().map(|(name, array)| (*name, array)).collect();
    write_npz(path, &arrays)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_what_was_written_and_the_name_is_that_of_the_content() {
        let folder = tempfile::tempdir().unwrap();
        let images = Images::new("digits", [1, 1, 2], vec![0.0, 1.0, 2.0, 3.0]).unwrap();
        let extractor = Extractor::named("pixels").unwrap();
        let path = place(folder.path(), &extractor, &images, "1").unwrap();
        let features = Features::new("digits", 3, vec![0.5, 1.0, 2.0, 3.0, 4.0, 5.5]).unwrap();
        let found = Extracted {
            features,
            classes: Some(Labels { classes: vec![7, 2], confidences: vec![0.5, 0.9], count: 10 }),
        };
        write(&path, &found).unwrap();
        assert_eq!(read(&path, &images), Some(found));
        assert_eq!(crate::read_statistics(&path).unwrap().mean(), [1.75, 2.5, 3.75]);
        let other = Images::new("digits", [1, 1, 2], vec![0.0, 1.0, 2.0, 4.0]).unwrap();
        for (images, version) in [(&images, "2"), (&other, "1")] {
            assert_ne!(place(folder.path(), &extractor, images, version).unwrap(), path);
        }
        std::fs::write(&path, b"damaged").unwrap();
        assert_eq!(read(&path, &images), None);
    }
}
