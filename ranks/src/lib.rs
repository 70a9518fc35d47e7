//! A work that several processes share. Each of them has a *rank*, a number from 0.
//!
//! [`Ranks`] is what a work knows of the others: how many there are, which one it is, and how to pass bytes on. Behind it stands an
//! [`Engine`]: nobody else ([`Ranks::alone`]), threads of one program ([`threads()`]), or MPI with the feature `mpi`.
//!
//! ```text
//!     Ranks: gather, broadcast, any, agree, own_work      OrderedSum, Shares: the same bits for any number of ranks
//!                          └──────────────────┬───────────────────────┘
//!                                     Engine::exchange
//!                        ┌────────────────────┼──────────────────┐
//!                      alone               threads              mpi
//! ```
//!
//! Sums of floating-point numbers depend on their order. [`OrderedSum`] adds the parts of a sum in the order of their numbers, whichever
//! ranks have them. Each rank gets the sum of its [share](Shares) of the numbers.
//!
//! ```
//! use std::time::Duration;
//! use fokker_ranks::{NumberFormat, OrderedSum, RanksError, Shares, threads};
//!
//! // 1 + 2⁻²⁴ is rounded to 1, twice; 2⁻²⁴ + 2⁻²⁴ would count.
//! let sums = std::thread::scope(|scope| {
//!     let work = |ranks: fokker_ranks::Ranks| move || -> Result<Vec<f32>, RanksError> {
//!         let part = if ranks.rank() == 0 { 1.0 } else { f32::EPSILON / 2.0 };
//!         let shares = Shares::equal(1, ranks.size());
//!         let mut sum = OrderedSum::new(&ranks, &shares, NumberFormat::F32);
//!         sum.add(&[part])?;
//!         shares.gather(&ranks, &sum.finish())
//!     };
//!     let running: Vec<_> = threads(3, Duration::from_secs(10)).into_iter().map(|ranks| scope.spawn(work(ranks))).collect();
//!     running.into_iter().map(|thread| thread.join().unwrap().unwrap()).collect::<Vec<_>>()
//! });
//! assert_eq!(sums, [[1.0], [1.0], [1.0]]);
//! ```

#![forbid(unsafe_code)]

mod alone;
mod engine;
mod error;
#[cfg(feature = "mpi")]
pub mod mpi;
mod number_format;
mod ordered_sum;
mod ranks;
mod shares;
mod threads;

pub use engine::{Engine, Place};
pub use error::RanksError;
pub use number_format::NumberFormat;
pub use ordered_sum::OrderedSum;
pub use ranks::Ranks;
pub use shares::Shares;
pub use threads::threads;
