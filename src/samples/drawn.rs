//! Samples in memory.

use std::path::Path;

use fokker_datasets::Preprocessing;

use super::kind::SampleKind;
use super::not_finite::NotFinite;
use super::writer::SampleWriter;
use crate::draw::DrawCost;
use crate::error::Error;

/// All samples of a draw.
///
/// ```
/// use fokker::Samples;
/// use fokker::datasets::Preprocessing;
///
/// // Two points in the plane.
/// let samples = Samples::new(vec![0.0, 1.0, 2.0, 3.0], [2], Preprocessing::RAW);
/// assert_eq!(samples.rows().collect::<Vec<_>>(), [[0.0, 1.0], [2.0, 3.0]]);
/// let folder = tempfile::tempdir()?;
/// samples.save(folder.path().join("points.csv"))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Samples {
    /// The network's values, sample after sample and last dimension fastest.
    pub values: Vec<f32>,
    /// What it took.
    pub cost: DrawCost,
    /// Shape of a sample: `[channels, height, width]` for images, `[dimension]` for vectors.
    pub shape: Vec<usize>,
    /// How data became the network's values, which is undone in files.
    pub preprocessing: Preprocessing,
    /// Whether the data are pixels, so that samples of three sides can be shown as pictures.
    pub is_image: bool,
    /// Number of the first sample.
    pub first: u64,
}

impl Samples {
    /// Samples of a shape from number 0 on. Three sides are taken for an image.
    pub fn new(values: Vec<f32>, shape: impl Into<Vec<usize>>, preprocessing: Preprocessing) -> Self {
        let shape = shape.into();
        let is_image = shape.len() == 3;
        Self { values, cost: DrawCost::default(), shape, preprocessing, is_image, first: 0 }
    }

    /// What they are.
    pub fn kind(&self) -> SampleKind {
        SampleKind { shape: self.shape.clone(), preprocessing: self.preprocessing.clone(), is_image: self.is_image }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.values.len() / self.size()
    }

    /// Each sample's values, in the network's units.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.values.chunks_exact(self.size())
    }

    /// Writes them in the format that the name means ([`crate::samples`]). A grid is about as wide as it is high.
    ///
    /// # Errors
    /// A name that means no format; a file that cannot be written; samples that are not finite, after the file is written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let columns = (self.count() as f64).sqrt().ceil() as usize;
        self.save_in_rows_of(columns, path)
    }

    /// The same with `columns` images in a row of the grid.
    ///
    /// # Errors
    /// Those of [`Samples::save`].
    pub fn save_in_rows_of(&self, columns: usize, path: impl AsRef<Path>) -> Result<(), Error> {
        let numbers = (self.first, self.count());
        let mut writer = SampleWriter::open(path.as_ref(), &self.kind(), numbers, columns.max(1))?;
        writer.write(&self.values)?;
        writer.finish()?;
        NotFinite::among(&self.values, self.size(), self.first).check("samples")
    }

    fn size(&self) -> usize {
        self.shape.iter().product::<usize>().max(1)
    }
}
