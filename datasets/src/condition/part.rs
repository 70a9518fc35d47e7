//! A part of the example is known.

use serde::{Deserialize, Serialize};

use super::transformation::{Measured, TransformationKind, grid};
use crate::{DatasetError, register_transformation};

/// `kind = "part"`: some rows and columns of a picture, or some steps of a signal, and a channel that is 1 where they are and 0
/// elsewhere. What is not known is 0 in the network's units.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartConfig {
    /// The first row that is known, and the one after the last; all by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<[usize; 2]>,
    /// The first column that is known, and the one after the last; all by default. Steps of a signal are columns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<[usize; 2]>,
}

register_transformation!(PartConfig as "part");

impl PartConfig {
    fn is_known(&self, row: usize, column: usize) -> bool {
        let within =
            |range: Option<[usize; 2]>, place: usize| range.is_none_or(|[from, to]| (from..to).contains(&place));
        within(self.rows, row) && within(self.columns, column)
    }
}

impl TransformationKind for PartConfig {
    fn output(&self, example: &[usize]) -> Result<Measured, DatasetError> {
        let [channels, height, width] = grid("part", example)?;
        for (key, range, side) in
            [("condition.array.rows", self.rows, height), ("condition.array.columns", self.columns, width)]
        {
            if let Some([from, to]) = range.filter(|[from, to]| from >= to || *to > side) {
                let problem =
                    format!("{from} to {to} is no part of 0 to {side}; expected the first, and the one after the last");
                return Err(DatasetError::config(key, problem));
            }
        }
        if self.rows.is_none() && self.columns.is_none() {
            let problem = "nothing is left to be drawn; set rows or columns to the part that is known";
            return Err(DatasetError::config("condition.array.rows", problem));
        }
        Ok(Measured::Array { shape: example.to_vec(), channels: channels + 1 })
    }

    fn measure(&self, _: &[usize], example: &[f32], out: &mut [f32]) {
        out.copy_from_slice(example);
    }

    fn join(&self, shape: &[usize], measured: &[f32], out: &mut [f32]) {
        let (channels, width) = (shape[0], shape[shape.len() - 1]);
        let positions = measured.len() / channels;
        for (place, value) in out.iter_mut().enumerate() {
            let (channel, position) = (place / positions, place % positions);
            *value = match self.is_known(position / width, position % width) {
                true if channel < channels => measured[place],
                true => 1.0,
                false => 0.0,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_nought_and_the_last_channel_says_so() {
        let right = PartConfig { rows: None, columns: Some([2, 3]) };
        let mut out = [9.0; 12];
        right.join(&[1, 2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &mut out);
        assert_eq!(out, [0.0, 0.0, 3.0, 0.0, 0.0, 6.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0]);
        assert_eq!(right.output(&[2, 3]).unwrap(), Measured::Array { shape: vec![2, 3], channels: 3 });
        let refusal = |config: PartConfig| config.output(&[1, 2, 3]).unwrap_err().to_string();
        assert!(refusal(PartConfig { rows: Some([1, 3]), columns: None }).contains("condition.array.rows"));
        assert!(refusal(PartConfig { rows: None, columns: Some([2, 2]) }).contains("condition.array.columns"));
        assert!(refusal(PartConfig::default()).contains("nothing is left"));
        assert!(right.output(&[3]).unwrap_err().to_string().contains("pictures and signals"));
    }
}
