//! Random numbers as a function of *(seed, stream, index)*, and of nothing else.
//!
//! A run that is stopped and resumed, a batch that is split differently, another backend: none of them may change
//! which random number goes where. So there is no generator that is carried along. Whoever needs numbers names the
//! seed of the run, the [`Stream`] (what the numbers are for) and an index (the step, the image, the epoch), and gets
//! a fresh counter-based generator, ChaCha with 8 rounds, positioned by these three alone.
//!
//! An [`Index`] holds stream and index together; the [table of uses](uses) says what each index of this project is
//! packed from.
//!
//! ```
//! use fokker_random::Index;
//! use rand::Rng;
//!
//! let noise = Index::training_noise(1000).normals(7, 4);
//! assert_eq!(noise, Index::training_noise(1000).normals(7, 4));
//! assert_ne!(noise, Index::training_noise(1001).normals(7, 4));
//! let word: u64 = Index::data_order(0).rng(7).next_u64();
//! assert_eq!(word, Index::data_order(0).rng(7).next_u64());
//! ```

#![forbid(unsafe_code)]

mod generator;
mod index;
mod stream;
pub mod uses;

pub use generator::{Rng, fill_normals, normals, permutation, rng};
pub use index::Index;
pub use stream::Stream;
