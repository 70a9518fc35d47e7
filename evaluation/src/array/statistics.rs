//! Statistics in files: the `.npz` of pytorch-fid, with `mu` and `sigma`.

use std::path::Path;

use super::{Array, read_npz, write_npz};
use crate::{EvaluationError, Statistics};

/// Reads `mu` and `sigma` of a `.npz`, as pytorch-fid and its relatives write it.
///
/// # Errors
/// A file that cannot be read, or lacks one of the two; what [`Statistics::new`] refuses.
pub fn read_statistics(path: &Path) -> Result<Statistics, EvaluationError> {
    let mut arrays = read_npz(path)?;
    let mut take = |name: &str| {
        let place = arrays.iter().position(|(other, _)| other == name);
        place.map(|place| arrays.swap_remove(place).1).ok_or_else(|| {
            EvaluationError::contents(path, format!("holds no {name}; statistics are the arrays mu and sigma"))
        })
    };
    let (mean, covariance) = (take("mu")?, take("sigma")?);
    let [size] = mean.shape[..] else {
        return Err(EvaluationError::contents(
            path,
            format!("mu has the shape {:?}; expected one dimension", mean.shape),
        ));
    };
    if covariance.shape != [size, size] {
        let found = covariance.shape;
        return Err(EvaluationError::contents(
            path,
            format!("sigma has the shape {found:?}; expected [{size}, {size}]"),
        ));
    }
    Statistics::new(&path.display().to_string(), mean.values, covariance.values)
}

/// Writes `mu` and `sigma` as a `.npz` that pytorch-fid reads.
///
/// # Errors
/// A file that cannot be written.
pub fn write_statistics(path: &Path, statistics: &Statistics) -> Result<(), EvaluationError> {
    let size = statistics.dimension();
    let mean = Array::new([size], statistics.mean().to_vec());
    let covariance = Array::new([size, size], statistics.covariance().to_vec());
    write_npz(path, &[("mu", &mean), ("sigma", &covariance)])
}
