//! The names that most programs need.
//!
//! ```no_run
//! use fokker::prelude::*;
//!
//! let points = Tensors::from_examples((0..64).map(|k| [k as f32, 0.0]), [2])?;
//! let device = BackendConfig::default().resolve()?.device;
//! let network = Mlp::new(&MlpConfig::new(2), 0, &device)?;
//! let model = Training::new(Vp::default(), network).data(points).steps(100).train(&device, &())?;
//! model.draw(16)?.save("points.csv")?;
//! # Ok::<(), Error>(())
//! ```

pub use crate::datasets::{Dataset, Preprocessing, Split, Tensors};
pub use crate::model::{Calculus, Context, Mlp, MlpConfig, Network, Parameterization, Score, UNet, UNetConfig};
pub use crate::process::{GaussianMixture, Process, ProcessConfig, Ve, Vp};
pub use crate::sampling::{Method, SamplerConfig};
pub use crate::{BackendConfig, Draw, Error, Monitor, Progress, Run, RunConfig, Samples, Training, train};
