//! A picture seen through an affine map, without much blur: brought to twice its size, read between four pixels, and brought back (Karras et al.
//! 2020, appendix B).
//!
//! Both changes of the size are by the filter of Daubechies's symlet of six moments. Its products with itself moved by two are zero, so that a
//! picture that is brought to twice its size and back is the picture.

use super::Affine;

/// The low-pass filter of the symlet of six vanishing moments, `Σ h² = 1` and `Σ h = √2`.
const SYMLET: [f64; 12] = [
    -0.007_800_708_325_034_148,
    0.001_767_711_864_242_803_6,
    0.044_724_901_770_665_78,
    -0.021_060_292_512_300_564,
    -0.072_637_522_786_462_52,
    0.337_929_421_727_621_8,
    0.787_641_141_030_194,
    0.491_055_941_926_746_7,
    -0.048_311_742_585_633,
    -0.117_990_111_148_190_57,
    0.003_490_712_084_217_470_2,
    0.015_404_109_327_027_373,
];

/// Where the filter begins: pixel `p` spreads over the places `2p − 6` to `2p + 5`.
const FIRST: isize = -6;

/// Where a pixel's middle is after that, from place `2p`: the mean of the filter's places.
fn delay() -> f64 {
    let mean = |factor: fn(f64) -> f64| -> f64 {
        (FIRST..).zip(SYMLET).map(|(place, weight)| factor(place as f64) * weight).sum()
    };
    mean(|place| place) / mean(|_| 1.0)
}

/// Replaces each channel of a picture by what is seen through a map from its places, in pixels from the middle.
pub(super) fn resample(values: &mut [f32], [height, width]: [usize; 2], map: &Affine) {
    let (columns, rows) = (Fine::of(width), Fine::of(height));
    let delay = delay();
    // The places of the doubled picture that are read, for each place of the doubled result.
    let middle = [width, height].map(|side| (side as f64 - 1.0) / 2.0);
    let seen = |column: isize, row: isize| {
        let [x, y] = [(column, middle[0]), (row, middle[1])].map(|(at, middle)| (at as f64 - delay) / 2.0 - middle);
        let place = |row: [f64; 3], middle: f64| 2.0 * (row[0] * x + row[1] * y + row[2] + middle) + delay;
        [place(map[0], middle[0]), place(map[1], middle[1])]
    };
    let corners = [columns.first, columns.last].map(|column| [rows.first, rows.last].map(|row| seen(column, row)));
    // What is read lies between the images of the corners.
    let range = |axis: usize| {
        let places = corners.iter().flatten().map(|place| place[axis]);
        let (low, high) = places.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), p| (a.min(p), b.max(p)));
        (low.floor() as isize, high.floor() as isize + 1)
    };
    let (across, down) = (range(0), range(1));
    for channel in values.chunks_exact_mut(height * width) {
        let source: Vec<f64> = channel.iter().map(|&value| f64::from(value)).collect();
        let doubled = doubled(&source, [height, width], across, down);
        let stride = (across.1 - across.0 + 1) as usize;
        let at = |column: isize, row: isize| doubled[(row - down.0) as usize * stride + (column - across.0) as usize];
        let mut fine = Vec::with_capacity(rows.count() * columns.count());
        for row in rows.first..=rows.last {
            for column in columns.first..=columns.last {
                let [x, y] = seen(column, row);
                // A corner's own image may be rounded beyond the last place.
                let (left, above) = ((x.floor() as isize).min(across.1 - 1), (y.floor() as isize).min(down.1 - 1));
                let (right, below) = (x - left as f64, y - above as f64);
                let line = |row: isize| at(left, row) * (1.0 - right) + at(left + 1, row) * right;
                fine.push(line(above) * (1.0 - below) + line(above + 1) * below);
            }
        }
        halve(&fine, channel, [height, width]);
    }
}

/// The places of a doubled side that its pixels are made of.
struct Fine {
    first: isize,
    last: isize,
}

impl Fine {
    fn of(side: usize) -> Self {
        Self { first: FIRST, last: 2 * (side as isize - 1) + FIRST + SYMLET.len() as isize - 1 }
    }

    fn count(&self) -> usize {
        (self.last - self.first + 1) as usize
    }
}

/// A place beyond the edge, mirrored at the middles of the outer pixels, however far away it is.
fn folded(place: isize, side: usize) -> usize {
    if side == 1 {
        return 0;
    }
    let last = side as isize - 1;
    let place = place.rem_euclid(2 * last);
    (if place > last { 2 * last - place } else { place }) as usize
}

/// The doubled picture at a rectangle of places: `u_j = √2 Σ_p h_{j − 2p} x_p` along both sides.
fn doubled(source: &[f64], [height, width]: [usize; 2], across: (isize, isize), down: (isize, isize)) -> Vec<f64> {
    let columns = (across.1 - across.0 + 1) as usize;
    let mut wide = vec![0.0; height * columns];
    for (place, out) in (across.0..=across.1).zip(0..columns) {
        for (pixel, weight) in parts(place) {
            let from = folded(pixel, width);
            for row in 0..height {
                wide[row * columns + out] += weight * source[row * width + from];
            }
        }
    }
    let mut doubled = vec![0.0; (down.1 - down.0 + 1) as usize * columns];
    for (place, out) in (down.0..=down.1).zip(doubled.chunks_exact_mut(columns)) {
        for (pixel, weight) in parts(place) {
            let from = folded(pixel, height) * columns;
            out.iter_mut().zip(&wide[from..from + columns]).for_each(|(out, value)| *out += weight * value);
        }
    }
    doubled
}

/// The pixels that a place of the doubled picture is made of, with their weights.
fn parts(place: isize) -> impl Iterator<Item = (isize, f64)> {
    // 2p + FIRST ≤ place, at most.
    let last = (place - FIRST).div_euclid(2);
    let first = last - SYMLET.len() as isize / 2 + 1;
    (first..=last).map(move |pixel| (pixel, std::f64::consts::SQRT_2 * SYMLET[(place - 2 * pixel - FIRST) as usize]))
}

/// Half of the size: `y_p = Σ_m h_m v_{2p + m}/√2` along both sides.
fn halve(fine: &[f64], out: &mut [f32], [height, width]: [usize; 2]) {
    let stride = Fine::of(width).count();
    let mut narrow = vec![0.0; Fine::of(height).count() * width];
    for (row, narrow) in fine.chunks_exact(stride).zip(narrow.chunks_exact_mut(width)) {
        for (pixel, out) in narrow.iter_mut().enumerate() {
            *out = weighted(&row[2 * pixel..], 1);
        }
    }
    for row in 0..height {
        for column in 0..width {
            out[row * width + column] = weighted(&narrow[2 * row * width + column..], width) as f32;
        }
    }
}

fn weighted(values: &[f64], stride: usize) -> f64 {
    let sum: f64 = SYMLET.iter().enumerate().map(|(place, weight)| weight * values[place * stride]).sum();
    sum * std::f64::consts::FRAC_1_SQRT_2
}

#[cfg(test)]
mod tests {
    use super::*;

    const PICTURE: [f32; 12] = [0.0, 10.0, 200.0, 255.0, 5.0, 90.0, 80.0, 3.0, 70.0, 60.0, 250.0, 1.0];

    #[test]
    fn there_and_back_is_the_picture() {
        let sums = |lag: usize| -> f64 { (0..12 - lag).map(|k| SYMLET[k] * SYMLET[k + lag]).sum() };
        assert!((sums(0) - 1.0).abs() < 1e-10 && (1..6).all(|lag| sums(2 * lag).abs() < 1e-10));
        let mut values = PICTURE;
        resample(&mut values, [3, 4], &[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]);
        for (got, expected) in values.iter().zip(PICTURE) {
            assert!((got - expected).abs() < 1e-4, "{got} {expected}");
        }
    }

    /// A movement by whole pixels moves pixels, with mirrored ones behind them, as far away as it may be.
    #[test]
    fn whole_pixels_stay_what_they_are() {
        for shift in [1isize, 2, -1, 7, -23] {
            let mut values = PICTURE;
            resample(&mut values, [3, 4], &[[1.0, 0.0, shift as f64], [0.0, 1.0, 0.0]]);
            for row in 0..3 {
                for column in 0..4 {
                    let expected = PICTURE[4 * row + folded(column as isize + shift, 4)];
                    assert!((values[4 * row + column] - expected).abs() < 1e-4, "{shift}: {values:?}");
                }
            }
        }
    }

    #[test]
    fn one_pixel_and_one_row_can_be_moved() {
        let mut one = [7.0];
        resample(&mut one, [1, 1], &[[0.3, 0.1, 0.4], [0.0, 0.9, -2.0]]);
        assert!((one[0] - 7.0).abs() < 1e-5);
        let mut row = [3.0, 3.0, 3.0];
        resample(&mut row, [1, 3], &[[0.3, 0.1, 0.4], [0.0, 0.9, -2.0]]);
        assert!(row.iter().all(|value| (value - 3.0).abs() < 1e-5), "{row:?}");
    }
}
