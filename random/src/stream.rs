//! What random numbers are used for.

/// What random numbers are used for. Two streams of one seed never share a number.
///
/// The discriminants are part of the meaning of a seed: they never change, new ones are appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u64)]
#[non_exhaustive]
pub enum Stream {
    /// Initial weights; the index is the parameter's place in the network.
    Initialization = 0,
    /// The order of the data; the index is the epoch.
    DataOrder = 1,
    /// Flips, turns and dequantisation; the index is the position in the endless stream of training examples.
    Augmentation = 2,
    /// Diffusion times of training; the index is the micro-batch.
    TrainingTime = 3,
    /// Noise ε of denoising score matching; the index is the training example's position.
    TrainingNoise = 4,
    /// Dropout masks of the network.
    Dropout = 5,
    /// Which labels are replaced by the null class; the index is the micro-batch.
    LabelDropout = 6,
    /// Times and noise of the validation loss; the index is the example.
    Validation = 7,
    /// A sampler's initial state; the index is the image.
    Prior = 8,
    /// A sampler's Brownian increments; the index is the image.
    Brownian = 9,
    /// Synthetic data sets; the index is the example.
    Synthetic = 10,
    /// Anything a test or an example needs.
    Test = 11,
    /// Probes of a likelihood's divergence; the index is the example, with the number of the probe.
    LikelihoodProbe = 12,
    /// Dequantisation of images whose likelihood is taken; the index is the example, with the number of the draw.
    Dequantization = 13,
    /// Noise and times of likelihood bounds; the index is the example, with the number of the draw or the step.
    LikelihoodNoise = 14,
    /// Probes of losses that hold a divergence; the index is the training example's position and the probe's number.
    LossProbe = 15,
    /// Times of the score Fokker–Planck regulariser; the index is the micro-batch.
    RegularizerTime = 16,
    /// Points of the regulariser; the index is the training example's position.
    RegularizerPoint = 17,
    /// Probes and directions of the regulariser; the index is the training example's position and their number.
    RegularizerProbe = 18,
    /// Brownian paths of the laboratory; the index is the path.
    LaboratoryPath = 32,
    /// Initial points of the laboratory's ensembles; the index is the path.
    LaboratoryStart = 33,
    /// Q-Wiener processes of the laboratory; the index is the realisation.
    LaboratoryField = 34,
    /// Random walks of the laboratory; the index is the walk.
    LaboratoryWalk = 35,
    /// What metrics of samples draw: half-samples, subsets, directions; the index begins with which of them it is.
    Evaluation = 48,
    /// Which examples of a published training set are held out for validation; the seed is 0 for every run.
    ValidationSplit = 64,
    /// Where pictures are cropped; the index is the position in the endless stream of training examples.
    Crop = 65,
    /// How pictures are scaled, turned, stretched and moved; the index is the position in the endless stream of training examples.
    Geometry = 66,
}
