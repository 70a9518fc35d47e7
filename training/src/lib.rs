//! Training: objectives, the step loop, averaging, checkpoints, run folders.

#![forbid(unsafe_code)]

mod best;
mod breakdown;
pub mod callbacks;
mod checkpoint;
mod condition;
mod config;
mod coupling;
mod early_stopping;
mod ema;
mod error;
mod example_noise;
mod gradient_format;
mod gradients;
mod histogram;
mod learning_rate;
pub mod loss;
mod metrics;
mod noise_levels;
mod objective;
mod optimizer;
mod outcome;
mod parameter_list;
mod part_sum;
mod plan;
mod power_average;
mod readings;
mod resident;
mod run;
pub mod score_fpe;
mod sharding;
mod spread;
mod start;
mod tensorboard;
mod time_sampling;
mod trainer;
mod unused_path;
mod weighting;

/// For [`register_loss!`].
#[doc(hidden)]
pub use fokker_registry as registry;

pub use best::Best;
pub use breakdown::Breakdown;
pub use callbacks::{
    Callback, Callbacks, Checkpoints, MetricsFile, Moment, PowerAverages, Previews, ResidualReports, SetAside,
    StopEarly, TensorBoard, ValidationLoss, Wants,
};
pub use checkpoint::{
    Checkpoint, TrainingState, WeightSet, delete as delete_checkpoint, folder_name, is_kept_for_good, is_pinned,
    list as list_checkpoints, load_ema, load_weights, newest_valid as newest_checkpoint, pin as pin_checkpoint,
    read_state, step_of, verify as verify_checkpoint,
};
pub use condition::{check_augmentation, of as condition_of};
pub use config::{CheckpointConfig, Recompute, TrainingConfig};
pub use coupling::{Coupling, assignment};
pub use early_stopping::EarlyStopping;
pub use ema::ema_decay;
pub use error::TrainingError;
pub use example_noise::example_noise;
pub use gradient_format::GradientFormat;
pub use gradients::with_strategy;
pub use learning_rate::{Decay, learning_rate};
pub use loss::Loss;
pub use metrics::{Metrics, MetricsWriter, lacks_evaluation};
pub use noise_levels::NoiseLevel;
pub use objective::{Objective, Randomness};
pub use optimizer::{ModuleOptimizer, Moments, OptimizerConfig, OptimizerKind, Weights};
pub use outcome::Outcome;
pub use plan::TrainingPlan;
pub use power_average::{
    PowerAverageConfig, PowerProfile, Reconstruction, Snapshot, list_snapshots, load_snapshot, save_snapshot,
};
pub use run::RunFolder;
pub use spread::Spread;
pub use start::{StartingData, validate_start};
pub use tensorboard::EventsWriter;
pub use time_sampling::{TimeDraw, TimeSampling};
pub use trainer::{Trainer, Validation};
pub use weighting::Weighting;
