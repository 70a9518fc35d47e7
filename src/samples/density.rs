//! Points in the plane as a picture.

use super::picture::Pictures;

/// Height and width of the picture.
pub(super) const SIDE: usize = 256;

/// Darker where there are more points, the whole set in view.
pub(super) fn density_picture(points: &[f32]) -> Pictures {
    density_within(points, extent(points))
}

/// The largest coordinate.
pub(super) fn extent(points: &[f32]) -> f32 {
    points.iter().filter(|value| value.is_finite()).fold(1e-6f32, |extent, value| extent.max(value.abs()))
}

/// The same with coordinates up to `extent` in view.
pub(super) fn density_within(points: &[f32], extent: f32) -> Pictures {
    let cell = |value: f32| (((value / extent * 0.95 + 1.0) * 0.5 * SIDE as f32) as usize).min(SIDE - 1);
    let mut counts = vec![0u32; SIDE * SIDE];
    for point in points.chunks(2).filter(|point| point.iter().all(|value| value.is_finite())) {
        counts[(SIDE - 1 - cell(point[1])) * SIDE + cell(point[0])] += 1;
    }
    let most = counts.iter().max().copied().unwrap_or(0).max(1) as f32;
    let pixels = counts.iter().map(|&count| (255.0 * (1.0 - (count as f32 / most).sqrt())) as u8).collect();
    Pictures { shape: [1, SIDE, SIDE], pixels }
}
