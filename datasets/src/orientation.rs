//! How a picture is flipped and turned for training.

/// How an example was flipped and turned: first mirrored left to right, then put upside down, then turned against the clock.
///
/// ```
/// use fokker_datasets::Orientation;
///
/// let mut picture = [1.0, 2.0, 3.0, 4.0];
/// Orientation { mirrored: true, ..Orientation::default() }.apply(&mut picture, &[1, 2, 2]);
/// assert_eq!(picture, [2.0, 1.0, 4.0, 3.0]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Orientation {
    /// Every row is reversed.
    pub mirrored: bool,
    /// The order of the rows is reversed.
    pub upside_down: bool,
    /// So many quarters of a turn against the clock. The picture is square if it is not 0.
    pub quarter_turns: u8,
}

impl Orientation {
    /// Flips and turns every channel of an array.
    ///
    /// # Panics
    /// If a picture that is not square is to be turned.
    pub fn apply(&self, values: &mut [f32], shape: &[usize]) {
        if self.mirrored {
            mirror(values, shape);
        }
        if self.upside_down {
            mirror_vertically(values, shape);
        }
        if self.quarter_turns > 0 {
            turn(values, shape, self.quarter_turns);
        }
    }
}

/// Reverses every row.
fn mirror(values: &mut [f32], shape: &[usize]) {
    if let Some(&width) = shape.last() {
        values.chunks_exact_mut(width).for_each(<[f32]>::reverse);
    }
}

/// Reverses the order of the rows of every channel.
fn mirror_vertically(values: &mut [f32], shape: &[usize]) {
    let &[_, height, width] = shape else { return };
    for plane in values.chunks_exact_mut(height * width) {
        for row in 0..height / 2 {
            let (above, below) = plane.split_at_mut((height - 1 - row) * width);
            above[row * width..(row + 1) * width].swap_with_slice(&mut below[..width]);
        }
    }
}

/// Turns every channel, which is square, by so many quarters against the clock.
fn turn(values: &mut [f32], shape: &[usize], quarters: u8) {
    let &[_, side, width] = shape else { return };
    assert_eq!(side, width, "what is turned is square");
    for plane in values.chunks_exact_mut(side * side) {
        for _ in 0..quarters {
            // The transpose with the order of its rows reversed.
            for row in 0..side {
                for column in 0..row {
                    plane.swap(row * side + column, column * side + row);
                }
            }
            mirror_vertically(plane, &[1, side, side]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_and_mirrors_move_pixels_to_their_places() {
        let shape = [2, 2, 2];
        let apply = |change: &dyn Fn(&mut [f32])| {
            let mut values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
            change(&mut values);
            values
        };
        assert_eq!(apply(&|v| mirror_vertically(v, &shape)), [3.0, 4.0, 1.0, 2.0, 7.0, 8.0, 5.0, 6.0]);
        // A quarter against the clock: the right column becomes the upper row.
        assert_eq!(apply(&|v| turn(v, &shape, 1)), [2.0, 4.0, 1.0, 3.0, 6.0, 8.0, 5.0, 7.0]);
        assert_eq!(apply(&|v| turn(v, &shape, 2)), [4.0, 3.0, 2.0, 1.0, 8.0, 7.0, 6.0, 5.0]);
        assert_eq!(apply(&|v| turn(v, &shape, 4)), apply(&|_| {}));
        let mut odd = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        mirror_vertically(&mut odd, &[1, 3, 2]);
        assert_eq!(odd, [5.0, 6.0, 3.0, 4.0, 1.0, 2.0]);
    }

    #[test]
    fn flips_come_before_turns() {
        let mut values = [1.0, 2.0, 3.0, 4.0];
        Orientation { mirrored: true, upside_down: false, quarter_turns: 1 }.apply(&mut values, &[1, 2, 2]);
        assert_eq!(values, [1.0, 3.0, 2.0, 4.0]);
    }
}
