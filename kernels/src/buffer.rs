//! Memory: results that are written once, and scratch space that threads keep.

use std::cell::RefCell;
use std::mem::MaybeUninit;

use rayon::prelude::*;

thread_local! {
    static SCRATCH: RefCell<Vec<Vec<f32>>> = const { RefCell::new(Vec::new()) };
}

/// Runs `body` with `length` numbers of scratch space; what they hold at first is left over from earlier uses.
pub(crate) fn with_scratch<T>(length: usize, body: impl FnOnce(&mut [f32]) -> T) -> T {
    let mut buffer = SCRATCH.with_borrow_mut(Vec::pop).unwrap_or_default();
    if buffer.len() < length {
        buffer.resize(length, 0.0);
    }
    let result = body(&mut buffer[..length]);
    SCRATCH.with_borrow_mut(|buffers| buffers.push(buffer));
    result
}

/// Numbers as room for numbers.
///
/// # Safety
/// Nothing but numbers is written to the room: [`MaybeUninit::uninit`] would leave none in the place of one.
pub(crate) unsafe fn as_uninit(numbers: &mut [f32]) -> &mut [MaybeUninit<f32>] {
    // SAFETY: the layout is the same, and the caller promises that numbers remain numbers.
    unsafe { std::slice::from_raw_parts_mut(numbers.as_mut_ptr().cast(), numbers.len()) }
}

/// So many numbers to be copied or mapped are worth waking another thread, which takes some ten microseconds.
pub(crate) const WORTH: usize = 1 << 15;

/// Into how many pieces each of `parts` is to be cut so that no thread is without work, if that is worth while: `products`
/// are the multiplications and additions of a part.
pub(crate) fn pieces(parts: usize, products: usize) -> usize {
    /// What takes a core about a hundred microseconds.
    const PRODUCTS_WORTH: usize = 1 << 23;
    rayon::current_num_threads().div_ceil(parts).min(products / PRODUCTS_WORTH).max(1)
}

/// Has `write(part, its numbers)` write numbers in parallel in parts of `length`; the last one may be shorter.
pub(crate) fn each_part<T: Send>(numbers: &mut [T], length: usize, write: impl Fn(usize, &mut [T]) + Sync) {
    if numbers.len() <= length {
        write(0, numbers);
    } else {
        numbers.par_chunks_mut(length).enumerate().for_each(|(part, numbers)| write(part, numbers));
    }
}

/// A vector of `total` numbers, written by [`each_part`].
///
/// # Safety
/// `write` initialises every number that it is given.
pub(crate) unsafe fn in_parts<S: Send>(
    total: usize,
    length: usize,
    write: impl Fn(usize, &mut [MaybeUninit<S>]) + Sync,
) -> Vec<S> {
    let mut numbers = Vec::with_capacity(total);
    each_part(&mut numbers.spare_capacity_mut()[..total], length, write);
    // SAFETY: there is room for as many, and the caller promises that all of them were written.
    unsafe { numbers.set_len(total) };
    numbers
}

/// `N` vectors of `parts · length` numbers each, written in parallel in parts that get a share of `shared` each.
///
/// # Safety
/// `write` initialises every number that it is given.
pub(crate) unsafe fn in_parts_with<S: Send, const N: usize>(
    parts: usize,
    length: usize,
    shared: &mut [f32],
    write: impl Fn(usize, [&mut [MaybeUninit<S>]; N], &mut [f32]) + Sync,
) -> [Vec<S>; N] {
    assert!(parts > 0 && length > 0 && shared.len().is_multiple_of(parts) && shared.len() >= parts, "parts have sizes");
    let total = parts * length;
    let mut vectors: [Vec<S>; N] = std::array::from_fn(|_| Vec::with_capacity(total));
    let mut rooms = vectors.each_mut().map(|numbers| numbers.spare_capacity_mut()[..total].chunks_mut(length));
    let work: Vec<_> = shared
        .chunks_mut(shared.len() / parts)
        .map(|share| (rooms.each_mut().map(|room| room.next().expect("there are as many parts")), share))
        .collect();
    work.into_par_iter().enumerate().for_each(|(part, (numbers, share))| write(part, numbers, share));
    for numbers in &mut vectors {
        // SAFETY: there is room for as many, and the caller promises that all of them were written.
        unsafe { numbers.set_len(total) };
    }
    vectors
}
