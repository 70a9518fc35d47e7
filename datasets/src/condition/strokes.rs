//! Slant and thickness of the strokes of a written character.

use serde::{Deserialize, Serialize};

use super::transformation::{Measured, TransformationKind};
use crate::{DatasetError, register_transformation};

/// `kind = "slant_and_thickness"`: two numbers that are measured in a picture with bright strokes on black.
///
/// The ink of a pixel in column x and row y (rows count downwards) is p = value/255 of the first channel. With the mean position
/// (x̄, ȳ) of the ink and its second central moments μ_xy = Σ p (x − x̄)(y − ȳ), μ_yy = Σ p (y − ȳ)²:
///
/// - **slant** = −μ_xy/μ_yy, the slope of the line through the mean that follows the ink from row to row: columns to the right for
///   each row upwards. Shearing the picture by it makes μ_xy vanish, which is how digits are made upright (deslanting; LeCun et al.
///   1998, section III). 0 is upright, 1 leans by 45° to the right.
/// - **thickness** = 2 Σ p/TV(p) in pixels, with the total variation TV(p) = Σ √((p(x + 1, y) − p(x, y))² + (p(x, y + 1) − p(x, y))²).
///   TV is the length of the ink's edge (the co-area formula). A stroke of thickness w that is much longer has the ink w ℓ and the
///   edge 2 ℓ.
///
/// A picture without ink has the numbers 0 and 0.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlantAndThickness {}

register_transformation!(SlantAndThickness as "slant_and_thickness");

impl TransformationKind for SlantAndThickness {
    fn output(&self, example: &[usize]) -> Result<Measured, DatasetError> {
        if example.len() != 3 {
            let problem = format!("\"slant_and_thickness\" is for pictures, and the data are of shape {example:?}");
            return Err(DatasetError::config("condition.vector.kind", problem));
        }
        Ok(Measured::Vector { names: vec!["slant".into(), "thickness".into()] })
    }

    fn measure(&self, shape: &[usize], example: &[f32], out: &mut [f32]) {
        let [slant, thickness] = slant_and_thickness(shape[1], shape[2], example);
        (out[0], out[1]) = (slant as f32, thickness as f32);
    }
}

fn slant_and_thickness(height: usize, width: usize, example: &[f32]) -> [f64; 2] {
    // Outside of the picture there is no ink.
    let ink = |x: usize, y: usize| match x < width && y < height {
        true => f64::from(example[y * width + x]) / 255.0,
        false => 0.0,
    };
    let sum = |of: &dyn Fn(f64, f64) -> f64| -> f64 {
        (0..width * height)
            .map(|place| (place % width, place / width))
            .map(|(x, y)| ink(x, y) * of(x as f64, y as f64))
            .sum()
    };
    let mass = sum(&|_, _| 1.0);
    if mass <= 0.0 {
        return [0.0; 2];
    }
    let (mean_x, mean_y) = (sum(&|x, _| x) / mass, sum(&|_, y| y) / mass);
    let xy = sum(&|x, y| (x - mean_x) * (y - mean_y));
    let yy = sum(&|_, y| (y - mean_y).powi(2));
    // The edge of the picture counts: the sum begins one row and column before it.
    let mut variation = 0.0;
    for (left, above) in (0..=height).flat_map(|y| (0..=width).map(move |x| (x, y))) {
        let at = |x: usize, y: usize| if x == 0 || y == 0 { 0.0 } else { ink(x - 1, y - 1) };
        let here = at(left, above);
        variation += (at(left + 1, above) - here).hypot(at(left, above + 1) - here);
    }
    [if yy > 0.0 { -xy / yy } else { 0.0 }, 2.0 * mass / variation]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bar of so many pixels across, that leans to the right by so many columns for each row upwards, with soft edges.
    fn bar(slope: f64, across: f64) -> Vec<f32> {
        let half = 0.5 * across * slope.hypot(1.0);
        (0..28 * 28)
            .map(|place| {
                let (x, y) = ((place % 28) as f64, (place / 28) as f64);
                let distance = (x - 13.5 - slope * (13.5 - y)).abs();
                let inside = (4.0..24.0).contains(&y);
                (if inside { (half + 0.5 - distance).clamp(0.0, 1.0) } else { 0.0 } * 255.0) as f32
            })
            .collect()
    }

    #[test]
    fn a_bar_has_its_slope_and_nearly_its_thickness() {
        for slope in [-0.5, 0.0, 0.3] {
            for across in [2.0, 3.0, 4.0] {
                let [slant, thickness] = slant_and_thickness(28, 28, &bar(slope, across));
                // The edges are smeared over a pixel; the mean of a row is where it was, up to rounding to 1/255.
                assert!((slant - slope).abs() < 0.01, "{slope} {across}: slant {slant}");
                // A bar that ends has the ink w ℓ and the edge 2 (w + ℓ); one of its four corners is cut, by 2 − √2 of a pixel. On a grid
                // the total variation of a slanted edge is its length to √2 times its length.
                let length = 20.0 * slope.hypot(1.0);
                let share = thickness / (across * length / (length + across));
                let least = if slope == 0.0 { 1.0 } else { 0.5f64.sqrt() };
                assert!((least..1.03).contains(&share), "{slope} {across}: {share} of the thickness");
            }
        }
        assert_eq!(slant_and_thickness(4, 4, &[0.0; 16]), [0.0, 0.0]);
    }
}
