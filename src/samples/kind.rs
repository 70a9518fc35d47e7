//! What samples are.

use fokker_datasets::Preprocessing;

/// What samples are: their shape, how data became the network's values, and whether the data are pixels.
///
/// ```
/// use fokker::datasets::Preprocessing;
/// use fokker::samples::SampleKind;
///
/// assert_eq!(SampleKind::images([1, 28, 28], Preprocessing::default()).picture(), Some([1, 28, 28]));
/// // A field of two numbers at each place has three sides as well, and is no picture.
/// assert_eq!(SampleKind::numbers([2, 28, 28], Preprocessing::RAW).picture(), None);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct SampleKind {
    /// Shape of a sample: `[channels, height, width]` for images, `[dimension]` for vectors.
    pub shape: Vec<usize>,
    /// How data became the network's values, which is undone in files.
    pub preprocessing: Preprocessing,
    /// Whether the data are pixels, so that samples of three sides can be shown as pictures.
    pub is_image: bool,
    /// The names of the numbers of a sample, if the data are a table with names.
    pub columns: Option<Vec<String>>,
}

impl SampleKind {
    /// Images, `[channels, height, width]`.
    pub fn images(shape: impl Into<Vec<usize>>, preprocessing: Preprocessing) -> Self {
        Self { shape: shape.into(), preprocessing, is_image: true, columns: None }
    }

    /// Vectors, signals and other arrays of numbers.
    pub fn numbers(shape: impl Into<Vec<usize>>, preprocessing: Preprocessing) -> Self {
        Self { shape: shape.into(), preprocessing, is_image: false, columns: None }
    }

    /// Channels (grey, three colours, or these with an opacity), height and width of a sample that is a picture.
    pub fn picture(&self) -> Option<[usize; 3]> {
        <[usize; 3]>::try_from(&self.shape[..])
            .ok()
            .filter(|[channels, ..]| self.is_image && [1, 3, 4].contains(channels))
    }

    /// Whether samples are points in the plane, which are shown as a density.
    pub fn is_plane(&self) -> bool {
        self.shape == [2]
    }

    /// How many numbers a sample has.
    pub fn size(&self) -> usize {
        self.shape.iter().product::<usize>().max(1)
    }

    /// The file format, by its extension, that shows all of a sample: a grid of pictures, a table of vectors, or an array.
    pub fn extension(&self) -> &'static str {
        match self.shape.len() {
            _ if self.picture().is_some() => "png",
            1 => "csv",
            _ => "npy",
        }
    }
}
