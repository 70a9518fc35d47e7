//! The table of all uses of random numbers: for each, its stream and the fields of its index, from the highest bits to
//! the lowest.
//!
//! | use | stream | fields (bits) |
//! |---|---|---|
//! | [`initialization`](Index::initialization) | Initialization | parameter (64) |
//! | [`data_order`](Index::data_order) | DataOrder | epoch (64) |
//! | [`validation_split`](Index::validation_split) | ValidationSplit | 0 (64) |
//! | [`augmentation`](Index::augmentation) | Augmentation | 0 (1), position (63) |
//! | [`held_out_dequantization`](Index::held_out_dequantization) | Augmentation | 1 (1), example (63) |
//! | [`crop`](Index::crop) | Crop | position (64) |
//! | [`geometry`](Index::geometry) | Geometry | position (64) |
//! | [`synthetic`](Index::synthetic) | Synthetic | part (2), example (62) |
//! | [`training_time`](Index::training_time) | TrainingTime | micro-batch (64) |
//! | [`training_noise`](Index::training_noise) | TrainingNoise | position (64) |
//! | [`dropout`](Index::dropout) | Dropout | micro-batch (44), layer (20) |
//! | [`label_dropout`](Index::label_dropout) | LabelDropout | micro-batch (64) |
//! | [`loss_probe`](Index::loss_probe) | LossProbe | 0 (1), position (43), number (20) |
//! | [`held_out_loss_probe`](Index::held_out_loss_probe) | LossProbe | 1 (1), example (43), number (20) |
//! | [`held_out_noise`](Index::held_out_noise) | Validation | 0 (1), example (63) |
//! | [`held_out_time`](Index::held_out_time) | Validation | 1 (1), complement of the batch (63) |
//! | [`regularizer_time`](Index::regularizer_time) | RegularizerTime | micro-batch (64) |
//! | [`regularizer_point`](Index::regularizer_point) | RegularizerPoint | 0 (1), position (63) |
//! | [`report_point`](Index::report_point) | RegularizerPoint | 1 (1), complement of the example (63) |
//! | [`regularizer_probe`](Index::regularizer_probe) | RegularizerProbe | position (44), 0 (1), number (19) |
//! | [`report_probe`](Index::report_probe) | RegularizerProbe | example (44), 1 (1), number (19) |
//! | [`prior`](Index::prior) | Prior | image (64) |
//! | [`brownian`](Index::brownian) | Brownian | image (64) |
//! | [`likelihood_probe`](Index::likelihood_probe) | LikelihoodProbe | example (44), draw (8), number (12) |
//! | [`likelihood_noise`](Index::likelihood_noise) | LikelihoodNoise | example (32), draw (8), 0 (1), step (23) |
//! | [`likelihood_time`](Index::likelihood_time) | LikelihoodNoise | example (32), draw (8), 1 (1), point (23) |
//! | [`dequantization`](Index::dequantization) | Dequantization | example (44), draw (20) |
//! | [`laboratory_start`](Index::laboratory_start) | LaboratoryStart | path (64) |
//! | [`laboratory_path`](Index::laboratory_path) | LaboratoryPath | refinement (16), path (48) |
//! | [`laboratory_field`](Index::laboratory_field) | LaboratoryField | refinement (16), realisation (48) |
//! | [`laboratory_walk`](Index::laboratory_walk) | LaboratoryWalk | walk (64) |
//! | [`evaluation_half`](Index::evaluation_half) | Evaluation | 0 (4), side (4), replicate (56) |
//! | [`evaluation_choice`](Index::evaluation_choice) | Evaluation | 1 (4), side (4), choice (56) |
//! | [`evaluation_direction`](Index::evaluation_direction) | Evaluation | 2 (4), direction (60) |
//! | [`evaluation_subset`](Index::evaluation_subset) | Evaluation | 3 (4), side (4), subset (56) |
//! | [`evaluation_order`](Index::evaluation_order) | Evaluation | 4 (4), replicate (60) |
//! | [`test`](Index::test) | Test | number (64) |
//!
//! Two uses of one stream differ in a field that is the same number for all indices of the use. Complements keep the
//! numbers that older versions drew. The indices are part of the meaning of a seed: they never change.
//!
//! A "position" is that of an example in the endless stream of training examples; "held out" are the examples of the
//! validation part, by their number within it. All functions panic if a field has more bits than the table gives it,
//! since it would spill into the field before it.

use crate::index::{Index, IndexFields};
use crate::stream::Stream;

/// The parts of a synthetic data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyntheticPart {
    /// What is learned from.
    Train,
    /// What hyperparameters are chosen by.
    Validation,
    /// What results are reported on.
    Test,
}

impl SyntheticPart {
    /// The two highest bits of the part's indices.
    fn bits(self) -> u64 {
        match self {
            Self::Train => 0b00,
            Self::Test => 0b01,
            Self::Validation => 0b10,
        }
    }
}

/// The 63 bits of the complement of a number that has as many.
fn complement(number: u64) -> u64 {
    !number & (u64::MAX >> 1)
}

impl Index {
    /// The initial values of a network's parameter, by its place in the network.
    pub fn initialization(parameter: u64) -> Self {
        IndexFields::of(Stream::Initialization).field::<64>("parameter", parameter).index()
    }

    /// The order of the training examples in an epoch.
    pub fn data_order(epoch: u64) -> Self {
        IndexFields::of(Stream::DataOrder).field::<64>("epoch", epoch).index()
    }

    /// Which training examples are held out for validation.
    pub fn validation_split() -> Self {
        IndexFields::of(Stream::ValidationSplit).field::<64>("split", 0).index()
    }

    /// Flips, turns and dequantisation of a training example.
    pub fn augmentation(position: u64) -> Self {
        IndexFields::of(Stream::Augmentation).field::<1>("held out", 0).field::<63>("position", position).index()
    }

    /// Dequantisation of a held-out example.
    pub fn held_out_dequantization(example: u64) -> Self {
        IndexFields::of(Stream::Augmentation).field::<1>("held out", 1).field::<63>("example", example).index()
    }

    /// Where a training example is cropped.
    pub fn crop(position: u64) -> Self {
        IndexFields::of(Stream::Crop).field::<64>("position", position).index()
    }

    /// How a training example is scaled, turned, stretched and moved.
    pub fn geometry(position: u64) -> Self {
        IndexFields::of(Stream::Geometry).field::<64>("position", position).index()
    }

    /// An example of a synthetic data set.
    pub fn synthetic(part: SyntheticPart, example: u64) -> Self {
        IndexFields::of(Stream::Synthetic).field::<2>("part", part.bits()).field::<62>("example", example).index()
    }

    /// The diffusion times of a micro-batch.
    pub fn training_time(micro_batch: u64) -> Self {
        IndexFields::of(Stream::TrainingTime).field::<64>("micro-batch", micro_batch).index()
    }

    /// The noise ε of a training example.
    pub fn training_noise(position: u64) -> Self {
        IndexFields::of(Stream::TrainingNoise).field::<64>("position", position).index()
    }

    /// The dropout masks of a layer for a micro-batch.
    pub fn dropout(micro_batch: u64, layer: u64) -> Self {
        IndexFields::of(Stream::Dropout).field::<44>("micro-batch", micro_batch).field::<20>("layer", layer).index()
    }

    /// Which classes of a micro-batch are replaced by the null class.
    pub fn label_dropout(micro_batch: u64) -> Self {
        IndexFields::of(Stream::LabelDropout).field::<64>("micro-batch", micro_batch).index()
    }

    /// A probe of a loss that holds a divergence, for a training example.
    pub fn loss_probe(position: u64, number: u64) -> Self {
        let held_out = IndexFields::of(Stream::LossProbe).field::<1>("held out", 0);
        held_out.field::<43>("position", position).field::<20>("number", number).index()
    }

    /// A probe of a loss that holds a divergence, for a held-out example.
    pub fn held_out_loss_probe(example: u64, number: u64) -> Self {
        let held_out = IndexFields::of(Stream::LossProbe).field::<1>("held out", 1);
        held_out.field::<43>("example", example).field::<20>("number", number).index()
    }

    /// The noise ε of a held-out example.
    pub fn held_out_noise(example: u64) -> Self {
        IndexFields::of(Stream::Validation).field::<1>("time", 0).field::<63>("example", example).index()
    }

    /// The diffusion times of a batch of held-out examples.
    pub fn held_out_time(batch: u64) -> Self {
        IndexFields::of(Stream::Validation).field::<1>("time", 1).field::<63>("batch", complement(batch)).index()
    }

    /// The times of the score Fokker–Planck penalty for a micro-batch.
    pub fn regularizer_time(micro_batch: u64) -> Self {
        IndexFields::of(Stream::RegularizerTime).field::<64>("micro-batch", micro_batch).index()
    }

    /// A point of the score Fokker–Planck penalty, for a training example.
    pub fn regularizer_point(position: u64) -> Self {
        IndexFields::of(Stream::RegularizerPoint).field::<1>("report", 0).field::<63>("position", position).index()
    }

    /// A point anywhere in the unit cube at which a report measures the residual, for an example.
    pub fn report_point(example: u64) -> Self {
        let report = IndexFields::of(Stream::RegularizerPoint).field::<1>("report", 1);
        report.field::<63>("example", complement(example)).index()
    }

    /// A probe or direction of the score Fokker–Planck penalty, for a training example.
    pub fn regularizer_probe(position: u64, number: u64) -> Self {
        let position = IndexFields::of(Stream::RegularizerProbe).field::<44>("position", position);
        position.field::<1>("report", 0).field::<19>("number", number).index()
    }

    /// A probe or direction of a report on the residual, for an example.
    pub fn report_probe(example: u64, number: u64) -> Self {
        let example = IndexFields::of(Stream::RegularizerProbe).field::<44>("example", example);
        example.field::<1>("report", 1).field::<19>("number", number).index()
    }

    /// A sampler's initial state of an image.
    pub fn prior(image: u64) -> Self {
        IndexFields::of(Stream::Prior).field::<64>("image", image).index()
    }

    /// A sampler's Brownian increments of an image.
    pub fn brownian(image: u64) -> Self {
        IndexFields::of(Stream::Brownian).field::<64>("image", image).index()
    }

    /// A probe of a likelihood's divergence, for a draw of an example.
    pub fn likelihood_probe(example: u64, draw: u64, number: u64) -> Self {
        let example = IndexFields::of(Stream::LikelihoodProbe).field::<44>("example", example);
        example.field::<8>("draw", draw).field::<12>("number", number).index()
    }

    /// The noise of a step of a likelihood, for a draw of an example.
    pub fn likelihood_noise(example: u64, draw: u64, step: u64) -> Self {
        let draw = IndexFields::of(Stream::LikelihoodNoise).field::<32>("example", example).field::<8>("draw", draw);
        draw.field::<1>("time", 0).field::<23>("step", step).index()
    }

    /// A random time of a likelihood bound, for a draw of an example.
    pub fn likelihood_time(example: u64, draw: u64, point: u64) -> Self {
        let draw = IndexFields::of(Stream::LikelihoodNoise).field::<32>("example", example).field::<8>("draw", draw);
        draw.field::<1>("time", 1).field::<23>("point", point).index()
    }

    /// Dequantisation of an image whose likelihood is taken, for a draw.
    pub fn dequantization(example: u64, draw: u64) -> Self {
        IndexFields::of(Stream::Dequantization).field::<44>("example", example).field::<20>("draw", draw).index()
    }

    /// The initial point of a path of the laboratory.
    pub fn laboratory_start(path: u64) -> Self {
        IndexFields::of(Stream::LaboratoryStart).field::<64>("path", path).index()
    }

    /// A Brownian path of the laboratory, and what its refinements add.
    pub fn laboratory_path(path: u64, refinement: u64) -> Self {
        IndexFields::of(Stream::LaboratoryPath).field::<16>("refinement", refinement).field::<48>("path", path).index()
    }

    /// A Q-Wiener process of the laboratory, and what its refinements add.
    pub fn laboratory_field(realisation: u64, refinement: u64) -> Self {
        let refinement = IndexFields::of(Stream::LaboratoryField).field::<16>("refinement", refinement);
        refinement.field::<48>("realisation", realisation).index()
    }

    /// A random walk of the laboratory.
    pub fn laboratory_walk(walk: u64) -> Self {
        IndexFields::of(Stream::LaboratoryWalk).field::<64>("walk", walk).index()
    }

    /// Which vectors a half-sample holds; `side` is 0 for samples and 1 for the reference.
    pub fn evaluation_half(replicate: u64, side: u64) -> Self {
        evaluation(0).field::<4>("side", side).field::<56>("replicate", replicate).index()
    }

    /// Which vectors of a cloud are used where not all are, and how a cloud is cut in two.
    pub fn evaluation_choice(choice: u64, side: u64) -> Self {
        evaluation(1).field::<4>("side", side).field::<56>("choice", choice).index()
    }

    /// A direction that clouds are projected on.
    pub fn evaluation_direction(direction: u64) -> Self {
        evaluation(2).field::<60>("direction", direction).index()
    }

    /// A subset of the kernel distance.
    pub fn evaluation_subset(subset: u64, side: u64) -> Self {
        evaluation(3).field::<4>("side", side).field::<56>("subset", subset).index()
    }

    /// The order in which samples are added for the extrapolation to infinitely many.
    pub fn evaluation_order(replicate: u64) -> Self {
        evaluation(4).field::<60>("replicate", replicate).index()
    }
}

/// The beginning of an index of the metrics.
fn evaluation(what: u64) -> IndexFields {
    IndexFields::of(Stream::Evaluation).field::<4>("what", what)
}
