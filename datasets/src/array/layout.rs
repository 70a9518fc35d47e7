//! The shape in which the examples of a file are learnt: channels first, as all networks take them.
//!
//! | an example of the file | `data.shape` | it is learnt as |
//! |---|---|---|
//! | `[c, h, w]`, `[c, length]`, `[length]` | absent, or the same | it stands |
//! | bytes `[h, w]`, both sides above 4 | absent | `[1, h, w]`: a grey picture |
//! | `[h, w, c]` with 1 to 4 channels, the other sides above 4 | absent | `[c, h, w]` |
//! | sides with the channels last | the same with the channels first | its channels moved to the front |
//! | `[h, w]` or `[length]` | with sides of 1 put in or left out | the same numbers under this shape |
//! | `[c·h·w]`, as tables hold pictures | `[c, h, w]` | the same numbers under this shape |
//! | any sides | one side, their product | a vector |

/// How many channels are last in an example without anyone having said so.
const FEW: std::ops::RangeInclusive<usize> = 1..=4;

/// How an example of a file becomes one of a shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// The shape in which it is learnt.
    pub shape: Vec<usize>,
    /// Whether its channels stand last in the file.
    pub channels_last: bool,
}

impl Layout {
    /// Of examples of the sides `found`, which are to have the shape `wanted`, if there is one.
    ///
    /// # Errors
    /// The shapes that could be wanted, in words.
    pub(super) fn of(found: &[usize], are_bytes: bool, wanted: Option<&[usize]>) -> Result<Self, String> {
        let as_it_stands = |shape: &[usize]| Self { shape: shape.into(), channels_last: false };
        let Some(wanted) = wanted else {
            let many = |sides: &[usize]| sides.iter().all(|side| !FEW.contains(side));
            return Ok(match found {
                [_, _] if are_bytes && many(found) => as_it_stands(&[&[1], found].concat()),
                [sides @ .., channels] if sides.len() > 1 && FEW.contains(channels) && many(sides) => Self::last(found),
                _ => as_it_stands(found),
            });
        };
        let count = |shape: &[usize]| shape.iter().product::<usize>();
        let without_ones = |shape: &[usize]| shape.iter().copied().filter(|&side| side != 1).collect::<Vec<_>>();
        let is_vector = found.len() == 1 || wanted.len() == 1;
        match Self::last(found) {
            _ if wanted == found => Ok(as_it_stands(found)),
            last if last.shape == wanted => Ok(last),
            _ if is_vector && count(found) == count(wanted) => Ok(as_it_stands(wanted)),
            _ if without_ones(found) == without_ones(wanted) => Ok(as_it_stands(wanted)),
            last if found.len() > 1 => {
                Err(format!("{found:?}, {:?} with the channels of the file last, or [{}]", last.shape, count(found)))
            }
            _ => Err(format!("{found:?}, or other sides whose product is {}", count(found))),
        }
    }

    /// Of an array that is joined to examples of a shape at their sides: its channels are first, last, or one that has no side of its
    /// own. None if it has other sides.
    pub(super) fn joined(found: &[usize], example: &[usize]) -> Option<Self> {
        let sides = example.get(1..).filter(|sides| !sides.is_empty())?;
        match found {
            [_, rest @ ..] if rest == sides => Some(Self { shape: found.into(), channels_last: false }),
            [rest @ .., _] if rest == sides => Some(Self::last(found)),
            rest if rest == sides => Some(Self { shape: [&[1], sides].concat(), channels_last: false }),
            _ => None,
        }
        .filter(|layout| layout.shape[0] > 0)
    }

    fn last(found: &[usize]) -> Self {
        let mut shape = found.to_vec();
        shape.rotate_right(1);
        Self { shape, channels_last: found.len() > 1 }
    }

    /// The numbers of examples in the order of the shape.
    pub(super) fn arrange(&self, values: Vec<f32>) -> Vec<f32> {
        let (channels, size) = (self.shape[0], self.shape.iter().product::<usize>());
        if !self.channels_last || channels == 1 {
            return values;
        }
        let mut arranged = Vec::with_capacity(values.len());
        for example in values.chunks_exact(size) {
            for channel in 0..channels {
                arranged.extend(example.iter().skip(channel).step_by(channels));
            }
        }
        arranged
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(found: &[usize], are_bytes: bool, wanted: Option<&[usize]>) -> (Vec<usize>, bool) {
        let layout = Layout::of(found, are_bytes, wanted).unwrap();
        (layout.shape, layout.channels_last)
    }

    #[test]
    fn channels_that_are_last_and_grey_pictures_are_found() {
        for (found, are_bytes, expected) in [
            (&[3, 32, 32][..], true, (vec![3, 32, 32], false)),
            (&[32, 48, 3], true, (vec![3, 32, 48], true)),
            (&[32, 48, 2], false, (vec![2, 32, 48], true)),
            (&[3, 3, 3], true, (vec![3, 3, 3], false)),
            (&[1, 8, 8, 8], false, (vec![1, 8, 8, 8], false)),
            (&[8, 8, 8, 1], false, (vec![1, 8, 8, 8], true)),
            (&[28, 30], true, (vec![1, 28, 30], false)),
            // Signals and rows of numbers are what they are.
            (&[28, 30], false, (vec![28, 30], false)),
            (&[64, 2], false, (vec![64, 2], false)),
            (&[1, 64], true, (vec![1, 64], false)),
            (&[784], true, (vec![784], false)),
        ] {
            assert_eq!(shape(found, are_bytes, None), expected, "{found:?}");
        }
    }

    #[test]
    fn a_shape_says_how_the_numbers_are_read() {
        for (found, wanted, last) in [
            (&[64, 2][..], &[2, 64][..], true),
            (&[187], &[1, 187], false),
            (&[784], &[1, 28, 28], false),
            (&[3072], &[3, 32, 32], false),
            (&[28, 28], &[1, 28, 28], false),
            (&[28, 28, 1], &[1, 28, 28], true),
            (&[1, 28, 28], &[28, 28], false),
            (&[28, 28], &[784], false),
            (&[32, 32, 3], &[32, 32, 3], false),
        ] {
            assert_eq!(shape(found, false, Some(wanted)), (wanted.to_vec(), last), "{found:?} {wanted:?}");
        }
        let refusal = |found: &[usize], wanted: &[usize]| Layout::of(found, false, Some(wanted)).unwrap_err();
        assert_eq!(
            refusal(&[32, 32, 3], &[4, 32, 32]),
            "[32, 32, 3], [3, 32, 32] with the channels of the file last, or [3072]"
        );
        assert_eq!(refusal(&[187], &[1, 188]), "[187], or other sides whose product is 187");
        assert!(refusal(&[6, 4], &[3, 8]).contains("[24]"));
    }

    #[test]
    fn joined_arrays_have_the_sides_of_the_examples() {
        let joined = |found: &[usize], example: &[usize]| Layout::joined(found, example).map(|layout| layout.shape);
        for found in [&[2, 8, 9][..], &[8, 9, 2]] {
            assert_eq!(joined(found, &[3, 8, 9]).unwrap(), [2, 8, 9]);
        }
        assert_eq!(joined(&[8, 9], &[3, 8, 9]).unwrap(), [1, 8, 9]);
        assert_eq!((joined(&[9, 8], &[3, 8, 9]), joined(&[4], &[4]), joined(&[0, 4], &[1, 4])), (None, None, None));
    }

    #[test]
    fn numbers_follow_their_channels() {
        let layout = Layout::of(&[2, 3], false, Some(&[3, 2])).unwrap();
        let values = (0..12).map(|value| value as f32).collect();
        assert_eq!(layout.arrange(values), [0., 3., 1., 4., 2., 5., 6., 9., 7., 10., 8., 11.]);
        let as_it_stands = Layout::of(&[6], false, Some(&[3, 2])).unwrap();
        assert_eq!(as_it_stands.arrange(vec![0.0, 1.0, 2.0]), [0.0, 1.0, 2.0]);
    }
}
