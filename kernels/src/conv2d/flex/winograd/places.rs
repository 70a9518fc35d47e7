//! Where the entries of squares lie in memory.

/// The place of an entry that is not there: it is read as zero, and not written.
pub(super) const OUTSIDE: usize = usize::MAX;

/// Where the entries of squares are.
#[derive(Clone, Copy)]
pub(super) enum Places<'a> {
    /// Every square's entries, square by square; or [`OUTSIDE`].
    Listed(&'a [usize]),
    /// Entry `e` of square `s` is at `e · entry + s · square`.
    Regular { entry: usize, square: usize },
}

impl Places<'_> {
    /// The pointers to a square's entries; `outside` for those that are not there.
    ///
    /// # Safety
    /// There is a place for each entry of the square, and those that are not [`OUTSIDE`] lie in what `base` points to.
    #[inline(always)]
    pub(super) unsafe fn pointers(&self, square: usize, base: *mut f32, outside: *mut f32, to: &mut [*mut f32]) {
        // SAFETY: the caller promises that there is a place for each entry, and that they lie in what `base` points to.
        unsafe {
            match *self {
                Self::Listed(places) => {
                    for (&place, to) in places.get_unchecked(square * to.len()..).iter().zip(to) {
                        *to = if place == OUTSIDE { outside } else { base.add(place) };
                    }
                }
                Self::Regular { entry, square: step } => {
                    for (index, to) in to.iter_mut().enumerate() {
                        *to = base.add(index * entry + square * step);
                    }
                }
            }
        }
    }

    /// Whether no two of all entries, of so many channels each, share a place; listed ones may.
    pub(super) fn are_apart(&self, squares: usize, entries: usize, channels: usize) -> bool {
        let Self::Regular { entry, square } = *self else { return false };
        // One kind of step goes over the whole of the other.
        let over = |inner: usize, count: usize, outer: usize| {
            inner >= channels && outer >= count.saturating_sub(1) * inner + channels
        };
        over(entry, entries, square) || over(square, squares, entry)
    }

    /// The last place of all that are there.
    pub(super) fn last(&self, squares: usize, entries: usize) -> usize {
        match *self {
            Self::Listed(places) => {
                let there = places[..squares * entries].iter().filter(|&&place| place != OUTSIDE);
                there.copied().max().unwrap_or(0)
            }
            Self::Regular { entry, square } => (entries - 1) * entry + (squares - 1) * square,
        }
    }
}
