//! The table of uses: indices are those of older versions, and different uses never share one.

use fokker_random::uses::SyntheticPart;
use fokker_random::{Index, Stream};
use proptest::prelude::*;

/// A use: its name, the widths of the fields that vary, and the index that it makes of them.
type Use = (&'static str, &'static [u32], fn([u64; 3]) -> Index);

const USES: &[Use] = &[
    ("initialization", &[64], |[a, ..]| Index::initialization(a)),
    ("data order", &[64], |[a, ..]| Index::data_order(a)),
    ("validation split", &[], |_| Index::validation_split()),
    ("augmentation", &[63], |[a, ..]| Index::augmentation(a)),
    ("held-out dequantization", &[63], |[a, ..]| Index::held_out_dequantization(a)),
    ("crop", &[64], |[a, ..]| Index::crop(a)),
    ("synthetic, train", &[62], |[a, ..]| Index::synthetic(SyntheticPart::Train, a)),
    ("synthetic, validation", &[62], |[a, ..]| Index::synthetic(SyntheticPart::Validation, a)),
    ("synthetic, test", &[62], |[a, ..]| Index::synthetic(SyntheticPart::Test, a)),
    ("training time", &[64], |[a, ..]| Index::training_time(a)),
    ("training noise", &[64], |[a, ..]| Index::training_noise(a)),
    ("dropout", &[44, 20], |[a, b, _]| Index::dropout(a, b)),
    ("label dropout", &[64], |[a, ..]| Index::label_dropout(a)),
    ("loss probe", &[43, 20], |[a, b, _]| Index::loss_probe(a, b)),
    ("held-out loss probe", &[43, 20], |[a, b, _]| Index::held_out_loss_probe(a, b)),
    ("held-out noise", &[63], |[a, ..]| Index::held_out_noise(a)),
    ("held-out time", &[63], |[a, ..]| Index::held_out_time(a)),
    ("regularizer time", &[64], |[a, ..]| Index::regularizer_time(a)),
    ("regularizer point", &[63], |[a, ..]| Index::regularizer_point(a)),
    ("report point", &[63], |[a, ..]| Index::report_point(a)),
    ("regularizer probe", &[44, 19], |[a, b, _]| Index::regularizer_probe(a, b)),
    ("report probe", &[44, 19], |[a, b, _]| Index::report_probe(a, b)),
    ("prior", &[64], |[a, ..]| Index::prior(a)),
    ("brownian", &[64], |[a, ..]| Index::brownian(a)),
    ("likelihood probe", &[44, 8, 12], |[a, b, c]| Index::likelihood_probe(a, b, c)),
    ("likelihood noise", &[32, 8, 23], |[a, b, c]| Index::likelihood_noise(a, b, c)),
    ("likelihood time", &[32, 8, 23], |[a, b, c]| Index::likelihood_time(a, b, c)),
    ("dequantization", &[44, 20], |[a, b, _]| Index::dequantization(a, b)),
    ("laboratory start", &[64], |[a, ..]| Index::laboratory_start(a)),
    ("laboratory path", &[48, 16], |[a, b, _]| Index::laboratory_path(a, b)),
    ("laboratory field", &[48, 16], |[a, b, _]| Index::laboratory_field(a, b)),
    ("laboratory walk", &[64], |[a, ..]| Index::laboratory_walk(a)),
    ("evaluation half", &[56, 4], |[a, b, _]| Index::evaluation_half(a, b)),
    ("evaluation choice", &[56, 4], |[a, b, _]| Index::evaluation_choice(a, b)),
    ("evaluation direction", &[60], |[a, ..]| Index::evaluation_direction(a)),
    ("evaluation subset", &[56, 4], |[a, b, _]| Index::evaluation_subset(a, b)),
    ("evaluation order", &[60], |[a, ..]| Index::evaluation_order(a)),
    ("test", &[64], |[a, ..]| Index::test(a)),
];

/// Numbers cut to the widths of a use's fields; its smallest and its largest ones come up often.
fn fit(widths: &[u32], numbers: [u64; 3]) -> [u64; 3] {
    std::array::from_fn(|place| widths.get(place).map_or(0, |width| numbers[place] >> (64 - width)))
}

fn numbers() -> impl Strategy<Value = [u64; 3]> {
    proptest::array::uniform3(prop_oneof![Just(0), Just(u64::MAX), any::<u64>()])
}

proptest! {
    #[test]
    fn different_uses_share_no_index(one in numbers(), other in numbers()) {
        for (place, (name, widths, index)) in USES.iter().enumerate() {
            for (other_name, other_widths, other_index) in &USES[place + 1..] {
                let indices = [index(fit(widths, one)), other_index(fit(other_widths, other))];
                prop_assert_ne!(indices[0], indices[1], "{} and {}", name, other_name);
            }
        }
    }

    #[test]
    fn different_numbers_of_a_use_share_no_index(one in numbers(), other in numbers()) {
        for (name, widths, index) in USES {
            let (one, other) = (fit(widths, one), fit(widths, other));
            prop_assert_eq!(index(one) == index(other), one == other, "{}: {:?} and {:?}", name, one, other);
        }
    }
}

/// The numbers that seeds mean: each as older versions packed it by hand.
#[test]
fn indices_never_change() {
    let is = |index: Index, stream: Stream, value: u64| assert_eq!((index.stream(), index.value()), (stream, value));
    is(Index::dropout(5, 3), Stream::Dropout, 5 << 20 | 3);
    is(Index::loss_probe(7, 2), Stream::LossProbe, 7 << 20 | 2);
    is(Index::held_out_loss_probe(7, 2), Stream::LossProbe, ((1 << 43) + 7) << 20 | 2);
    is(Index::held_out_noise(9), Stream::Validation, 9);
    is(Index::held_out_time(4), Stream::Validation, !4);
    is(Index::regularizer_point(6), Stream::RegularizerPoint, 6);
    is(Index::report_point(6), Stream::RegularizerPoint, !6);
    is(Index::regularizer_probe(8, 1), Stream::RegularizerProbe, 8 << 20 | 1);
    is(Index::report_probe(8, 1), Stream::RegularizerProbe, 8 << 20 | ((1 << 19) + 1));
    is(Index::augmentation(11), Stream::Augmentation, 11);
    is(Index::held_out_dequantization(11), Stream::Augmentation, (1 << 63) + 11);
    is(Index::synthetic(SyntheticPart::Train, 12), Stream::Synthetic, 12);
    is(Index::synthetic(SyntheticPart::Validation, 12), Stream::Synthetic, (1 << 63) + 12);
    is(Index::synthetic(SyntheticPart::Test, 12), Stream::Synthetic, (1 << 62) + 12);
    is(Index::likelihood_probe(3, 2, 5), Stream::LikelihoodProbe, 3 << 20 | 2 << 12 | 5);
    is(Index::likelihood_noise(3, 2, 5), Stream::LikelihoodNoise, 3 << 32 | 2 << 24 | 5);
    is(Index::likelihood_time(3, 2, 5), Stream::LikelihoodNoise, 3 << 32 | 2 << 24 | ((1 << 23) + 5));
    is(Index::dequantization(3, 2), Stream::Dequantization, 3 << 20 | 2);
    is(Index::laboratory_path(13, 2), Stream::LaboratoryPath, 13 | 2 << 48);
    is(Index::laboratory_field(13, 2), Stream::LaboratoryField, 13 | 2 << 48);
    is(Index::validation_split(), Stream::ValidationSplit, 0);
    type Use = (fn(u64) -> Index, Stream);
    let whole: [Use; 11] = [
        (Index::initialization, Stream::Initialization),
        (Index::data_order, Stream::DataOrder),
        (Index::crop, Stream::Crop),
        (Index::training_time, Stream::TrainingTime),
        (Index::training_noise, Stream::TrainingNoise),
        (Index::label_dropout, Stream::LabelDropout),
        (Index::regularizer_time, Stream::RegularizerTime),
        (Index::prior, Stream::Prior),
        (Index::brownian, Stream::Brownian),
        (Index::laboratory_start, Stream::LaboratoryStart),
        (Index::laboratory_walk, Stream::LaboratoryWalk),
    ];
    for (index, stream) in whole {
        is(index(u64::MAX - 1), stream, u64::MAX - 1);
    }
}
