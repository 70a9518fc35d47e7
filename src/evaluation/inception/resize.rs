//! How pictures are brought to the size that the network was trained on. Distances depend on it (Parmar et al. 2022).

use serde::{Deserialize, Serialize};

/// Whose way of bringing pictures to 299×299 pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Resize {
    /// pytorch-fid's: bilinear between the two nearest pixels, which aliases where pictures become smaller; then `x/127.5 − 1`.
    #[default]
    PytorchFid,
    /// clean-fid's: Pillow's bicubic, which averages where pictures become smaller; then `x/128 − 1`.
    CleanFid,
}

/// The side of the pictures that the network sees.
pub(super) const SIDE: usize = 299;

/// Which pixels of a row make a pixel of the result: the first of them, and their weights.
type Taps = Vec<(usize, Vec<f64>)>;

impl Resize {
    /// A picture `[channels, height, width]` of pixels from 0 to 255 as `[3, 299, 299]`; grey is repeated.
    pub(super) fn prepare(self, pixels: &[f32], [channels, height, width]: [usize; 3]) -> Vec<f32> {
        let (rows, columns) = (self.taps(height), self.taps(width));
        let planes = pixels.chunks_exact(height * width).map(|plane| {
            let wide: Vec<f64> =
                plane.chunks_exact(width).flat_map(|row| columns.iter().map(|taps| dot(taps, row))).collect();
            let column =
                |x: usize| -> Vec<f32> { wide.iter().skip(x).step_by(SIDE).map(|&value| value as f32).collect() };
            let columns: Vec<Vec<f32>> = (0..SIDE).map(column).collect();
            let row = |taps: &(usize, Vec<f64>)| -> Vec<f32> {
                columns.iter().map(|column| self.scale(dot(taps, column))).collect()
            };
            rows.iter().flat_map(row).collect::<Vec<f32>>()
        });
        let planes: Vec<Vec<f32>> = planes.collect();
        planes.iter().cycle().take(3.max(channels)).flatten().copied().collect()
    }

    fn taps(self, size: usize) -> Taps {
        let ratio = size as f64 / SIDE as f64;
        match self {
            Self::PytorchFid => (0..SIDE).map(|place| bilinear(place, ratio, size)).collect(),
            Self::CleanFid => (0..SIDE).map(|place| bicubic(place, ratio, size)).collect(),
        }
    }

    fn scale(self, pixel: f64) -> f32 {
        match self {
            Self::PytorchFid => (pixel / 127.5 - 1.0) as f32,
            Self::CleanFid => ((pixel.clamp(0.0, 255.0) - 128.0) / 128.0) as f32,
        }
    }
}

fn dot((first, weights): &(usize, Vec<f64>), values: &[f32]) -> f64 {
    weights.iter().zip(&values[*first..]).map(|(weight, &value)| weight * f64::from(value)).sum()
}

/// PyTorch's `interpolate(mode="bilinear", align_corners=False)`.
fn bilinear(place: usize, ratio: f64, size: usize) -> (usize, Vec<f64>) {
    let at = ((place as f64 + 0.5) * ratio - 0.5).max(0.0);
    let first = (at as usize).min(size - 1);
    let share = at - first as f64;
    if first + 1 < size { (first, vec![1.0 - share, share]) } else { (first, vec![1.0]) }
}

/// Pillow's `resize(resample=BICUBIC)`: the kernel is as wide as a pixel of the result where that is larger.
fn bicubic(place: usize, ratio: f64, size: usize) -> (usize, Vec<f64>) {
    let (width, center) = (ratio.max(1.0), (place as f64 + 0.5) * ratio);
    let first = (center - 2.0 * width + 0.5).max(0.0) as usize;
    let end = ((center + 2.0 * width + 0.5) as usize).min(size);
    let weights: Vec<f64> = (first..end).map(|pixel| cubic((pixel as f64 + 0.5 - center) / width)).collect();
    let sum: f64 = weights.iter().sum();
    (first, weights.into_iter().map(|weight| weight / sum).collect())
}

/// The cubic kernel with a = −½ (Keys 1981).
fn cubic(x: f64) -> f64 {
    let x = x.abs();
    match x {
        ..1.0 => (1.5 * x - 2.5) * x * x + 1.0,
        ..2.0 => ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0,
        _ => 0.0,
    }
}
