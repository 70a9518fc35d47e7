//! Scores around scores: guidance, thresholds, inverse problems, counting. Every sampler has them all.

mod counted;
mod guidance;
pub mod inverse;
mod threshold;

pub use counted::{CallCounter, CountedScore};
pub use guidance::{Guidance, GuidanceMethod, Guided, Projection};
pub use threshold::{DataRange, Threshold, Thresholded};
