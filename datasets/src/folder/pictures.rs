//! Decoded pictures as a data set.

use std::sync::Arc;

use fokker_random::Index;
use rand::Rng as _;

use super::Size;
use super::store::Store;
use crate::Dataset;
use crate::images::Labels;
use crate::picture::Depth;

/// Pictures of one size, in memory or on the disk. What is stored may have a margin: then training takes a window at a place
/// drawn anew for each use, and everything else the one in the middle.
pub(super) struct Pictures {
    pub name: String,
    /// Channels, height and width of an example.
    pub shape: [usize; 3],
    pub margin: usize,
    pub depth: Depth,
    pub store: Arc<Store>,
    /// The slot of each example.
    pub slots: Vec<u64>,
    pub labels: Option<Labels>,
}

impl Pictures {
    /// The window whose first row and column in what is stored are these.
    fn window(&self, index: usize, (top, left): (usize, usize), out: &mut [f32]) -> Option<usize> {
        let [channels, height, width] = self.shape;
        assert_eq!(out.len(), self.size(), "the slice for an example of {:?}", self.shape);
        let stored = Size { height, width }.grown(self.margin);
        let (bytes, row_bytes) = (self.depth.bytes(), width * self.depth.bytes());
        let size = channels * stored.pixels() * bytes;
        self.store.with(self.slots[index] * size as u64, size, |pixels| {
            for (row, out) in out.chunks_exact_mut(width).enumerate() {
                let (channel, row) = (row / height, row % height);
                let start = ((channel * stored.height + top + row) * stored.width + left) * bytes;
                self.depth.load(&pixels[start..start + row_bytes], out);
            }
        });
        self.labels.as_ref().map(|labels| usize::from(labels.of[index]))
    }
}

impl Dataset for Pictures {
    fn name(&self) -> &str {
        &self.name
    }

    fn len(&self) -> usize {
        self.slots.len()
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

    /// The window in the middle.
    ///
    /// # Panics
    /// As [`Dataset::example`] says; if the disk cannot be read.
    fn example(&self, index: usize, out: &mut [f32]) -> Option<usize> {
        self.window(index, (self.margin, self.margin), out)
    }

    /// The window that belongs to `(seed, position)`.
    fn training_example(&self, index: usize, seed: u64, position: u64, out: &mut [f32]) -> Option<usize> {
        if self.margin == 0 {
            return self.example(index, out);
        }
        let word = Index::crop(position).rng(seed).next_u64();
        let places = 2 * self.margin as u64 + 1;
        // A number below `places`, out of 32 bits.
        let place = |bits: u64| ((bits * places) >> 32) as usize;
        self.window(index, (place(word >> 32), place(word & 0xffff_ffff)), out)
    }
}
