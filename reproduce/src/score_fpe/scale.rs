//! How much is computed.

use std::str::FromStr;

use super::cell::{Cell, Lambda, Row, Sde};

/// The scale of a reproduction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Seconds: networks of a few channels and a few steps, to see that everything works.
    Smoke,
    /// One to two hours on two CPU cores.
    Cpu,
    /// Table 1 with all weights and three seeds in about three hours on two CPU cores: VE and VP with `g²`, and VP with `σ²`.
    Hours,
    /// The paper's: 200 epochs of MNIST for every cell, for a GPU.
    Full,
}

/// The numbers of a scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScaleSettings {
    /// Rows of Table 1.
    pub rows: &'static [Row],
    /// Weights `γ` in Table 1.
    pub gammas: &'static [f64],
    /// Seeds of Table 1, each a table of its own; with several, means and deviations over them.
    pub seeds: &'static [u64],
    /// Steps of training on digits.
    pub digit_steps: u64,
    /// Digits of a batch.
    pub digit_batch: usize,
    /// Learning rate of the networks for digits.
    pub digit_rate: f64,
    /// Examples of a batch for which the regulariser is computed.
    pub regularized: usize,
    /// Whether the networks are those of the configurations, or tiny ones.
    pub tiny: bool,
    /// Held-out digits whose likelihood is computed.
    pub likelihoods: usize,
    /// Noise levels of each digit in the bound of the reverse SDE.
    pub bound_points: usize,
    /// What the error control of the likelihoods' paths allows.
    pub tolerance: f64,
    /// Held-out digits of which residuals are averages.
    pub residual_digits: usize,
    /// Times at which residuals are computed.
    pub residual_times: usize,
    /// Digits drawn, in a square.
    pub side: usize,
    /// Steps of training in the plane.
    pub plane_steps: u64,
    /// Cells of a density's grid, to a side.
    pub cells: usize,
    /// Points drawn in the plane.
    pub points: usize,
}

impl Scale {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Smoke, Self::Cpu, Self::Hours, Self::Full];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Smoke => "smoke",
            Self::Cpu => "cpu",
            Self::Hours => "hours",
            Self::Full => "full",
        }
    }

    /// Its numbers.
    pub fn numbers(self) -> ScaleSettings {
        match self {
            Self::Smoke => ScaleSettings {
                rows: &Cell::ROWS,
                gammas: &[0.0, 1.0],
                seeds: &[0],
                digit_steps: 2,
                digit_batch: 2,
                digit_rate: 1e-3,
                regularized: 1,
                tiny: true,
                likelihoods: 2,
                bound_points: 2,
                tolerance: 0.1,
                residual_digits: 2,
                residual_times: 3,
                side: 2,
                plane_steps: 4,
                cells: 8,
                points: 50,
            },
            Self::Cpu => ScaleSettings {
                rows: &Cell::ROWS,
                gammas: &[0.0, 1.0],
                seeds: &[0],
                digit_steps: 1500,
                digit_batch: 16,
                digit_rate: 6e-3,
                regularized: 2,
                tiny: false,
                likelihoods: 32,
                bound_points: 64,
                tolerance: 1e-3,
                residual_digits: 16,
                residual_times: 16,
                side: 6,
                plane_steps: 4000,
                cells: 100,
                points: 2000,
            },
            // 45 cells as those of `cpu`: three hours of processor time (docs/RESULTS.md).
            Self::Hours => ScaleSettings {
                rows: &[(Sde::Ve, Lambda::Likelihood), (Sde::Vp, Lambda::Likelihood), (Sde::Vp, Lambda::Sigma2)],
                gammas: &Cell::GAMMAS,
                seeds: &[0, 1, 2],
                ..Self::Cpu.numbers()
            },
            Self::Full => ScaleSettings {
                rows: &Cell::ROWS,
                gammas: &Cell::GAMMAS,
                seeds: &[0],
                digit_steps: 375_000,
                digit_batch: 32,
                digit_rate: 1e-3,
                regularized: 32,
                tiny: false,
                likelihoods: 10_000,
                bound_points: 128,
                tolerance: 1e-5,
                residual_digits: 1000,
                residual_times: 64,
                side: 8,
                plane_steps: 50_000,
                cells: 200,
                points: 10_000,
            },
        }
    }
}

impl FromStr for Scale {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = Self::ALL.map(Self::name).join(", ");
        Self::ALL.into_iter().find(|scale| scale.name() == name).ok_or_else(|| format!("there are {known}"))
    }
}

impl ScaleSettings {
    /// What a scale changes in a configuration of digits.
    pub(super) fn digits_changes(&self) -> Vec<String> {
        let steps = self.digit_steps;
        let mut changes = training(steps);
        changes.push(format!("training.batch_size={}", self.digit_batch));
        changes.push(format!("training.learning_rate={:?}", self.digit_rate));
        changes.push(format!("objective.regularizer.examples={}", self.regularized));
        if self.tiny {
            let network = "{ kind = \"score_net\", channels = [8, 8, 8, 8], embedding_width = 8, norm_num_groups = 4 }";
            changes.push(format!("network={network}"));
        }
        changes
    }

    /// What a scale changes in a configuration of CIFAR-10. The configuration's own network is for a GPU.
    pub(super) fn cifar10_changes(&self) -> Vec<String> {
        let mut changes = training(self.digit_steps);
        changes.push(format!("training.batch_size={}", self.digit_batch));
        changes.push(format!("training.learning_rate={:?}", self.digit_rate));
        let small = "kind = \"score_net\", in_channels = 3";
        if self.tiny {
            let more = "channels = [8, 8, 8, 8], embedding_width = 8, norm_num_groups = 4";
            changes.push(format!("network={{ {small}, {more} }}"));
        } else if self.digit_steps < Scale::Full.numbers().digit_steps {
            changes.push(format!("network={{ {small}, channels = [32, 64, 128, 256], fourier_scale = 2.0 }}"));
        }
        changes
    }

    /// What a scale changes in a configuration of the plane.
    pub(super) fn plane_changes(&self) -> Vec<String> {
        let mut changes = training(self.plane_steps);
        if self.tiny {
            changes.extend(["network.width=8".into(), "training.batch_size=8".into()]);
        }
        changes
    }
}

/// As many steps, with checkpoints and reports on the way; pictures are drawn afterwards.
fn training(steps: u64) -> Vec<String> {
    let every = (steps / 10).clamp(1, 5000);
    // Short runs average over a twentieth of their steps.
    let decay = (1.0 - 20.0 / steps as f64).clamp(0.5, 0.999);
    vec![
        format!("training.steps={steps}"),
        format!("training.warmup={}", (steps / 20).min(200)),
        format!("training.ema_decay={decay:?}"),
        format!("training.log_every={}", (steps / 50).clamp(1, 100)),
        format!("training.validate_every={every}"),
        format!("checkpoints.every={every}"),
        "previews.every=0".into(),
    ]
}
