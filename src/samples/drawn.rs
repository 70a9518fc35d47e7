//! Samples in memory.

use std::path::Path;

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
/// use fokker::samples::SampleKind;
///
/// // Two points in the plane.
/// let samples = Samples::new(vec![0.0, 1.0, 2.0, 3.0], SampleKind::numbers([2], Preprocessing::RAW));
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
    /// What they are: their shape, and how they are shown.
    pub kind: SampleKind,
    /// Number of the first sample.
    pub first: u64,
}

impl Samples {
    /// Samples from number 0 on.
    pub fn new(values: Vec<f32>, kind: SampleKind) -> Self {
        Self { values, cost: DrawCost::default(), kind, first: 0 }
    }

    /// The shape of a sample: `[channels, height, width]` for images, `[dimension]` for vectors.
    pub fn shape(&self) -> &[usize] {
        &self.kind.shape
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
        let mut writer = SampleWriter::open(path.as_ref(), &self.kind, numbers, columns.max(1))?;
        writer.write(&self.values)?;
        writer.finish()?;
        NotFinite::among(&self.values, self.size(), self.first).check("samples")
    }

    fn size(&self) -> usize {
        self.kind.size()
    }
}
