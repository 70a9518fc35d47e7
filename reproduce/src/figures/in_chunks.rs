use fokker_laboratory::{LaboratoryError, Watch};
use rayon::prelude::*;

/// What `run` gives for each of 0 … count − 1, on all cores. After every `chunk` of them the one who watches hears of it, and may
/// stop the work.
///
/// # Errors
/// If it is stopped.
pub(super) fn in_chunks<T: Send>(
    count: usize,
    chunk: usize,
    watch: &dyn Watch,
    run: impl Fn(u64) -> T + Sync,
) -> Result<Vec<T>, LaboratoryError> {
    let mut all = Vec::with_capacity(count);
    for first in (0..count).step_by(chunk) {
        watch.advance(first as f64 / count as f64)?;
        let some: Vec<T> = (first..count.min(first + chunk)).into_par_iter().map(|i| run(i as u64)).collect();
        all.extend(some);
    }
    Ok(all)
}
