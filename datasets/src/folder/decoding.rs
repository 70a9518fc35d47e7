//! Decoding: pictures brought to the size that is kept, on all cores.
//!
//! A thread goes through the pictures in the order in which they lie in their archives, and hands them out. A compressed tar is read
//! by it, from the beginning to the end; everything else is read by the threads that decode. So no more pictures are in memory than
//! there are threads, and a few that wait.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::framing::Framing;
use super::listing::Listing;
use crate::DatasetError;
use crate::progress::{LoadProgress, ProgressCallback};

/// What became of the pictures.
#[derive(Default)]
pub(super) struct Decoded {
    /// The numbers of those that could not be read, in order, and what is wrong with each.
    pub failures: Vec<(usize, String)>,
    /// How many had more bits than are kept.
    pub deeper: usize,
}

/// A picture to decode: its number, and its bytes if they had to be read in order.
type Work = (usize, Option<Result<Vec<u8>, String>>);

/// Where pictures are and what they are brought to.
pub(super) struct Decoding<'a> {
    pub root: &'a Path,
    pub listing: &'a Listing,
    pub framing: Framing,
    pub progress: Option<&'a ProgressCallback>,
}

impl Decoding<'_> {
    /// Decodes the pictures of these numbers, and hands each to `keep` as it is done, in any order. One that cannot be read keeps no
    /// other from being read. `done` of `total` pictures were decoded before.
    ///
    /// # Errors
    /// [`DatasetError::Stopped`] if `progress` says so; the first error of `keep`.
    pub fn run(
        &self,
        numbers: &[usize],
        (done, total): (usize, usize),
        keep: impl Fn(usize, &[u8]) -> Result<(), DatasetError> + Sync,
    ) -> Result<Decoded, DatasetError> {
        let (decoded, count) = (Mutex::new(Decoded::default()), AtomicUsize::new(done));
        let (stopped, failed) = (AtomicBool::new(false), Mutex::new(None));
        let threads = std::thread::available_parallelism().map_or(1, |count| count.get()).min(numbers.len().max(1));
        let (sender, receiver) = sync_channel::<Work>(2 * threads);
        let receiver = Mutex::new(receiver);
        let work = || {
            loop {
                let Ok((number, bytes)) = lock(&receiver).recv() else { return };
                // What waits is taken and left, so that the thread that hands out can end.
                if stopped.load(Ordering::Relaxed) {
                    continue;
                }
                let bytes = bytes.unwrap_or_else(|| self.listing.bytes(self.root, &self.listing.items[number]));
                match bytes.and_then(|bytes| self.framing.frame(&bytes)) {
                    Ok((picture, is_deeper)) => {
                        if let Err(error) = keep(number, &picture) {
                            lock(&failed).get_or_insert(error);
                            stopped.store(true, Ordering::Relaxed);
                        }
                        lock(&decoded).deeper += usize::from(is_deeper);
                    }
                    Err(problem) => lock(&decoded).failures.push((number, problem)),
                }
                count.fetch_add(1, Ordering::Relaxed);
            }
        };
        std::thread::scope(|scope| {
            let hand_out = scope.spawn(|| self.hand_out(numbers, sender, &stopped));
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            while let Some(progress) = self.progress
                && !workers.iter().all(|worker| worker.is_finished())
            {
                let count = count.load(Ordering::Relaxed);
                // The end is reported once, below.
                let told = LoadProgress::Pictures { done: count, total };
                if count < total && progress(told) == ControlFlow::Break(()) {
                    stopped.store(true, Ordering::Relaxed);
                }
                std::thread::sleep(Duration::from_millis(20));
            }
            if let Ok(lost) = hand_out.join() {
                lock(&decoded).failures.extend(lost);
            }
        });
        if let Some(error) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(error);
        }
        if stopped.into_inner() {
            return Err(DatasetError::Stopped);
        }
        let mut decoded = decoded.into_inner().unwrap_or_else(PoisonError::into_inner);
        decoded.failures.sort_unstable();
        Ok(decoded)
    }

    /// Tells that all pictures are there.
    ///
    /// # Errors
    /// [`DatasetError::Stopped`] if `progress` says so.
    pub fn finished(&self, total: usize) -> Result<(), DatasetError> {
        match self.progress.map(|progress| progress(LoadProgress::Pictures { done: total, total })) {
            Some(ControlFlow::Break(())) => Err(DatasetError::Stopped),
            _ => Ok(()),
        }
    }

    /// Hands out all pictures; returns those of archives that could not be read to their end.
    fn hand_out(&self, numbers: &[usize], sender: SyncSender<Work>, stopped: &AtomicBool) -> Vec<(usize, String)> {
        let go_on = || !stopped.load(Ordering::Relaxed);
        let listing = self.listing;
        let is_streamed = |number: usize| {
            listing.items[number].place.and_then(|(archive, place)| {
                (!listing.archives[archive].has_places()).then_some((archive, place.order()))
            })
        };
        let mut in_place: Vec<usize> =
            numbers.iter().copied().filter(|&number| is_streamed(number).is_none()).collect();
        in_place.sort_by_key(|&number| listing.items[number].place.map(|(archive, place)| (archive, place.order())));
        for number in in_place {
            if !go_on() || sender.send((number, None)).is_err() {
                return Vec::new();
            }
        }
        let mut streamed: HashMap<usize, HashMap<u64, usize>> = HashMap::new();
        for &number in numbers {
            if let Some((archive, entry)) = is_streamed(number) {
                streamed.entry(archive).or_default().insert(entry, number);
            }
        }
        let mut lost = Vec::new();
        for (archive, wanted) in streamed {
            let mut left = wanted.clone();
            let read = listing.archives[archive].stream(
                |entry| wanted.contains_key(&entry),
                |entry, bytes| {
                    let number = left.remove(&entry);
                    go_on() && number.is_none_or(|number| sender.send((number, Some(bytes))).is_ok())
                },
            );
            if go_on() {
                let problem = read.err().unwrap_or_else(|| "it is no longer in its archive".into());
                lost.extend(left.into_values().map(|number| (number, problem.clone())));
            }
        }
        lost
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A thread that panicked has finished its picture or not begun it.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
