//! Images held in memory as bytes: what MNIST, Fashion-MNIST, CIFAR-10 and a folder become once they are read.

use std::sync::Arc;

use crate::{Dataset, DatasetError};

/// The widest border that the key `pad` may ask for.
const MAXIMAL_PAD: usize = 1024;

/// Images of one shape as bytes, channels first, with or without labels.
#[derive(Clone, Debug)]
pub struct Images {
    name: String,
    stored: [usize; 3],
    shape: [usize; 3],
    pad: usize,
    pixels: Vec<u8>,
    labels: Option<Labels>,
}

/// One label per image, each the number of a name.
#[derive(Clone, Debug)]
pub(crate) struct Labels {
    pub of: Vec<u16>,
    pub names: Arc<[String]>,
}

/// The names of the classes of a published set.
pub(crate) fn class_names<const N: usize>(names: [&str; N]) -> Arc<[String]> {
    names.map(String::from).into()
}

impl Images {
    /// Images of `stored` = [channels, height, width] pixels, shown with a black border of `pad` pixels on every side.
    ///
    /// # Panics
    /// If the number of pixels or labels does not fit: the readers have checked that.
    pub(crate) fn new(
        name: impl Into<String>,
        stored: [usize; 3],
        pad: usize,
        pixels: Vec<u8>,
        labels: Option<Labels>,
    ) -> Self {
        let size = stored.iter().product::<usize>();
        assert!(size > 0 && pixels.len().is_multiple_of(size), "pixels do not fill the shape");
        if let Some(labels) = &labels {
            assert_eq!(labels.of.len(), pixels.len() / size, "one label per image");
        }
        let shape = [stored[0], stored[1] + 2 * pad, stored[2] + 2 * pad];
        Self { name: name.into(), stored, shape, pad, pixels, labels }
    }

    /// The images of these numbers, in that order.
    ///
    /// # Panics
    /// If a number is not below [`Dataset::len`].
    pub(crate) fn select(&self, numbers: &[usize]) -> Self {
        let size = self.stored.iter().product::<usize>();
        let pixels = numbers.iter().flat_map(|&number| &self.pixels[number * size..(number + 1) * size]);
        let labels = self.labels.as_ref().map(|labels| Labels {
            of: numbers.iter().map(|&number| labels.of[number]).collect(),
            names: labels.names.clone(),
        });
        Self { name: self.name.clone(), pixels: pixels.copied().collect(), labels, ..*self }
    }

    /// The label of every image, in order; `None` if there are none.
    pub fn labels(&self) -> Option<&[u16]> {
        self.labels.as_ref().map(|labels| &labels.of[..])
    }
}

/// Refuses a border beyond reason.
pub(crate) fn check_pad(pad: usize) -> Result<(), DatasetError> {
    if pad <= MAXIMAL_PAD {
        return Ok(());
    }
    Err(DatasetError::config("data.pad", format!("{pad} pixels on every side; at most {MAXIMAL_PAD} are possible")))
}

impl Dataset for Images {
    fn name(&self) -> &str {
        &self.name
    }

    fn len(&self) -> usize {
        self.pixels.len() / self.stored.iter().product::<usize>()
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn classes(&self) -> Option<usize> {
        self.labels.as_ref().map(|labels| labels.names.len())
    }

    fn class_names(&self) -> Option<Vec<String>> {
        self.labels.as_ref().map(|labels| labels.names.to_vec())
    }

    fn is_image(&self) -> bool {
        true
    }

    fn example(&self, index: usize, out: &mut [f32]) -> Option<usize> {
        let [channels, height, width] = self.stored;
        let size = channels * height * width;
        assert_eq!(out.len(), self.size(), "the slice for an example of {:?}", self.shape);
        let pixels = &self.pixels[index * size..(index + 1) * size];
        if self.pad > 0 {
            out.fill(0.0);
        }
        let (rows, row_width) = (self.shape[1], self.shape[2]);
        for (row, pixels) in pixels.chunks_exact(width).enumerate() {
            let (channel, row) = (row / height, row % height);
            let start = (channel * rows + row + self.pad) * row_width + self.pad;
            for (value, &pixel) in out[start..start + width].iter_mut().zip(pixels) {
                *value = f32::from(pixel);
            }
        }
        self.labels.as_ref().map(|labels| usize::from(labels.of[index]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_puts_every_channel_into_a_black_border() {
        let labels = Labels { of: vec![4, 1], names: class_names(["a", "b", "c", "d", "e"]) };
        let images = Images::new("test", [2, 1, 2], 1, vec![0, 0, 0, 0, 1, 2, 3, 4], Some(labels));
        assert_eq!((images.len(), images.shape(), images.classes()), (2, &[2, 3, 4][..], Some(5)));
        let mut out = vec![9.0; 24];
        assert_eq!(images.example(1, &mut out), Some(1));
        let expected = [0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 4, 0, 0, 0, 0, 0].map(|v| v as f32);
        assert_eq!(out, expected);
        let swapped = images.select(&[1, 0]);
        assert_eq!((swapped.example(0, &mut out), swapped.labels()), (Some(1), Some(&[1, 4][..])));
        assert_eq!(out, expected);
    }
}
