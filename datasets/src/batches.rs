//! Batches: the endless stream of training examples, and one pass over a validation set.
//!
//! The stream has positions p = 0, 1, 2, …. Position p belongs to epoch ⌊p/n⌋ of a set of n examples, and the order
//! within epoch e is the permutation of [`Index::data_order`]`(e)`: every example exactly once per epoch. Batch k of
//! size B is the positions kB, …, (k+1)B − 1, so it always has its full size, may cross epochs, and is a function of
//! the seed and of k alone: a resumed run asks for batch k and has it.

use std::sync::{Arc, Mutex, PoisonError};

use fokker_random::Index;

use crate::condition::{Conditions, Rows, Writer};
use crate::{Augmentation, Dataset, DatasetError, Orientation, Preprocessing};

/// Examples, one after the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// The model's values, [`Batch::shape`], last dimension fastest.
    pub values: Vec<f32>,
    /// `[batch, channels, height, width]` for images, `[batch, dimension]` for vectors.
    pub shape: Vec<usize>,
    /// The condition of each example, as far as the data set has any.
    pub conditions: Conditions,
    /// The number in the data set of each example.
    pub indices: Vec<usize>,
    /// The position of the first example: in the endless stream, or in the data set when there is no shuffling. The
    /// others follow it.
    pub first_position: u64,
}

/// The endless stream of training examples in batches.
pub struct Batches {
    dataset: Arc<dyn Dataset>,
    preprocessing: Preprocessing,
    batch_size: usize,
    seed: u64,
    /// The orders of the last two epochs asked for.
    orders: Mutex<Vec<(u64, Arc<Vec<usize>>)>>,
}

impl Batches {
    /// The stream of `seed`.
    ///
    /// # Errors
    /// [`DatasetError::Config`] naming the key: `batch_size` is 0, the preprocessing does not fit the data set, or the
    /// data set has no examples (`kind`).
    pub fn new(
        dataset: Arc<dyn Dataset>,
        preprocessing: Preprocessing,
        batch_size: usize,
        seed: u64,
    ) -> Result<Self, DatasetError> {
        check(&*dataset, &preprocessing, batch_size)?;
        Ok(Self { dataset, preprocessing, batch_size, seed, orders: Mutex::new(Vec::new()) })
    }

    /// The data set.
    pub fn dataset(&self) -> &Arc<dyn Dataset> {
        &self.dataset
    }

    /// What happens to the examples.
    pub fn preprocessing(&self) -> &Preprocessing {
        &self.preprocessing
    }

    /// Examples per batch.
    pub fn batch_size(&self) -> usize {
        self.batch_size
    }

    /// How many epochs the batches before `step` make up.
    pub fn epochs(&self, step: u64) -> f64 {
        step as f64 * self.batch_size as f64 / self.dataset.len() as f64
    }

    /// Batch number `step`. Takes time for the examples, and for a permutation when the epoch is a new one.
    pub fn at(&self, step: u64) -> Batch {
        let size = self.dataset.size();
        let first_position = step.wrapping_mul(self.batch_size as u64);
        let mut conditions = Writer::new(&*self.dataset);
        let mut augmentations = Vec::new();
        let mut indices = Vec::with_capacity(self.batch_size);
        let mut values = vec![0.0; self.batch_size * size];
        let length = self.dataset.len() as u64;
        let mut order = self.order(first_position / length);
        for (position, out) in (first_position..).zip(values.chunks_exact_mut(size)) {
            let place = (position % length) as usize;
            if place == 0 {
                order = self.order(position / length);
            }
            let index = order[place];
            let place = (self.seed, position);
            let raw = |raw: &[f32], orientation| conditions.condition(&*self.dataset, index, raw, orientation);
            let (label, augmentation) = self.preprocessing.training_example(&*self.dataset, index, place, out, raw);
            conditions.label(&*self.dataset, label);
            if self.preprocessing.augmentation.is_some() {
                augmentations.extend(augmentation.vector());
            }
            indices.push(index);
        }
        let shape = shape(self.batch_size, &*self.dataset);
        let augmentations = self.preprocessing.augmentation.map(|_| Rows::new(Augmentation::SIZE, augmentations));
        let conditions = Conditions { augmentations, ..conditions.finish() };
        Batch { values, shape, conditions, indices, first_position }
    }

    /// The order of an epoch.
    fn order(&self, epoch: u64) -> Arc<Vec<usize>> {
        // A panic elsewhere cannot leave half an order in here.
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, order)) = orders.iter().find(|(known, _)| *known == epoch) {
            return order.clone();
        }
        let order = Arc::new(Index::data_order(epoch).permutation(self.seed, self.dataset.len()));
        if orders.len() == 2 {
            orders.remove(0);
        }
        orders.push((epoch, order.clone()));
        order
    }
}

/// One pass over a data set in its own order, without flips: for validation.
pub struct Sequential {
    dataset: Arc<dyn Dataset>,
    preprocessing: Preprocessing,
    batch_size: usize,
    seed: u64,
}

impl Sequential {
    /// The pass whose dequantisation belongs to `seed`.
    ///
    /// # Errors
    /// Those of [`Batches::new`].
    pub fn new(
        dataset: Arc<dyn Dataset>,
        preprocessing: Preprocessing,
        batch_size: usize,
        seed: u64,
    ) -> Result<Self, DatasetError> {
        check(&*dataset, &preprocessing, batch_size)?;
        Ok(Self { dataset, preprocessing, batch_size, seed })
    }

    /// The number of batches; the last one may be smaller than the others.
    pub fn count(&self) -> usize {
        self.dataset.len().div_ceil(self.batch_size)
    }

    /// Batch number `index`; `None` from [`Sequential::count`] on.
    pub fn at(&self, index: usize) -> Option<Batch> {
        let first = index.checked_mul(self.batch_size).filter(|&first| first < self.dataset.len())?;
        let last = first.saturating_add(self.batch_size).min(self.dataset.len());
        let size = self.dataset.size();
        let mut conditions = Writer::new(&*self.dataset);
        let mut values = vec![0.0; (last - first) * size];
        for (index, out) in (first..last).zip(values.chunks_exact_mut(size)) {
            let raw = |raw: &[f32]| conditions.condition(&*self.dataset, index, raw, Orientation::default());
            let label = self.preprocessing.validation_example(&*self.dataset, index, self.seed, out, raw);
            conditions.label(&*self.dataset, label);
        }
        let (shape, conditions) = (shape(last - first, &*self.dataset), conditions.finish());
        Some(Batch { values, shape, conditions, indices: (first..last).collect(), first_position: first as u64 })
    }

    /// All batches, in order.
    pub fn iter(&self) -> impl Iterator<Item = Batch> + '_ {
        (0..self.count()).filter_map(|index| self.at(index))
    }
}

fn check(dataset: &dyn Dataset, preprocessing: &Preprocessing, batch_size: usize) -> Result<(), DatasetError> {
    preprocessing.check(dataset.is_image())?;
    preprocessing.check_fit(dataset.shape())?;
    if preprocessing.augmentation.is_some() && dataset.array_channels().is_some() {
        let problem = "it moves images, and the array of their condition would stay; leave one of the two out";
        return Err(DatasetError::config("preprocessing.augmentation", problem));
    }
    if batch_size == 0 {
        return Err(DatasetError::config("training.batch_size", "0; expected at least 1"));
    }
    if dataset.is_empty() || dataset.size() == 0 {
        return Err(DatasetError::config("data.kind", format!("the data set {} has no examples", dataset.name())));
    }
    Ok(())
}

fn shape(examples: usize, dataset: &dyn Dataset) -> Vec<usize> {
    std::iter::once(examples).chain(dataset.shape().iter().copied()).collect()
}
