//! The example in small.

use serde::{Deserialize, Serialize};

use super::transformation::{Measured, TransformationKind, grid};
use crate::{DatasetError, register_transformation};

/// `kind = "small"`: means over `factor × factor` pixels of a picture, or over `factor` steps of a signal; each is repeated to the
/// data's size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmallConfig {
    /// How much smaller each side is; divides it.
    pub factor: usize,
}

register_transformation!(SmallConfig as "small");

impl SmallConfig {
    /// For each number of the example, its place in the small one.
    fn places(&self, shape: &[usize]) -> impl Iterator<Item = usize> {
        let (channels, width) = (shape[0], shape[shape.len() - 1]);
        let height = shape[1..shape.len() - 1].iter().product::<usize>();
        // A signal has one row, which stays one.
        let (factor, rows) = (self.factor, if shape.len() == 2 { 1 } else { self.factor });
        (0..channels * height).flat_map(move |row| {
            let small_row = row / height * (height / rows) + row % height / rows;
            (0..width).map(move |column| small_row * (width / factor) + column / factor)
        })
    }
}

impl TransformationKind for SmallConfig {
    fn output(&self, example: &[usize]) -> Result<Measured, DatasetError> {
        let [channels, height, width] = grid("small", example)?;
        let is_signal = example.len() == 2;
        let divides = |side: usize| self.factor > 0 && side.is_multiple_of(self.factor);
        if !(divides(width) && (is_signal || divides(height))) {
            let problem = format!("{} does not divide the sides of {example:?}", self.factor);
            return Err(DatasetError::config("condition.array.factor", problem));
        }
        let sides: &[usize] = if is_signal { &[width] } else { &[height, width] };
        let shape = std::iter::once(channels).chain(sides.iter().map(|side| side / self.factor)).collect();
        Ok(Measured::Array { shape, channels })
    }

    fn measure(&self, shape: &[usize], example: &[f32], out: &mut [f32]) {
        out.fill(0.0);
        let share = out.len() as f32 / example.len() as f32;
        for (place, &value) in self.places(shape).zip(example) {
            out[place] += value * share;
        }
    }

    fn join(&self, shape: &[usize], measured: &[f32], out: &mut [f32]) {
        for (place, value) in self.places(shape).zip(out) {
            *value = measured[place];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_repeated_to_the_size_of_the_data() {
        let small = SmallConfig { factor: 2 };
        let shape = [2, 2, 4];
        assert_eq!(small.output(&shape).unwrap(), Measured::Array { shape: vec![2, 1, 2], channels: 2 });
        let example: Vec<f32> = (0..16).map(|value| value as f32).collect();
        let mut measured = [0.0; 4];
        small.measure(&shape, &example, &mut measured);
        // (0 + 1 + 4 + 5)/4, (2 + 3 + 6 + 7)/4, and 8 more in the second channel.
        assert_eq!(measured, [2.5, 4.5, 10.5, 12.5]);
        let mut large = [0.0; 16];
        small.join(&shape, &measured, &mut large);
        assert_eq!(large[..8], [2.5, 2.5, 4.5, 4.5, 2.5, 2.5, 4.5, 4.5]);
        let mut signal = [0.0; 4];
        small.measure(&[2, 4], &example[..8], &mut signal);
        assert_eq!(signal, [0.5, 2.5, 4.5, 6.5]);
        assert!(SmallConfig { factor: 3 }.output(&shape).unwrap_err().to_string().contains("condition.array.factor"));
        assert!(SmallConfig { factor: 0 }.output(&shape).is_err());
    }
}
