//! The condition of a batch on a device, and its dropout for classifier-free guidance.
//!
//! One number for each example decides what is dropped (Ho & Salimans 2022, algorithm 1). With the same probability for classes and for
//! the rest, an example loses all of its condition or none of it.

use burn::tensor::{Device, Tensor, TensorData};
use fokker_datasets::{Augmentation, Conditions, Dataset, Preprocessing, Rows};
use fokker_model::{Condition, ConditionPart, ConditionShape};

use crate::error::TrainingError;

/// What a network takes of the conditions of some examples, on a device.
///
/// ```
/// use burn::tensor::Device;
/// use fokker_datasets::{Conditions, Rows};
/// use fokker_model::ConditionShape;
///
/// let conditions = Conditions { vectors: Some(Rows::new(2, vec![0.1, 1.9])), ..Conditions::default() };
/// let takes = ConditionShape { vector: Some(2), ..ConditionShape::NONE };
/// assert!(fokker_training::condition_of(takes, conditions.clone(), &Device::flex()).vector.is_some());
/// // A network without a condition gets none.
/// assert!(fokker_training::condition_of(ConditionShape::NONE, conditions, &Device::flex()).vector.is_none());
/// ```
pub fn of(takes: ConditionShape, conditions: Conditions, device: &Device) -> Condition {
    let part = |takes: Option<usize>, rows: Option<Rows>| {
        takes.and(rows).map(|rows| ConditionPart::from_rows(rows.values().to_vec(), rows.count(), device))
    };
    Condition {
        classes: takes.classes.and(conditions.classes),
        vector: part(takes.vector, conditions.vectors),
        array: part(takes.array, conditions.arrays),
        augmentation: conditions.augmentations.map(|rows| {
            let shape = [rows.count(), rows.size()];
            Tensor::from_data(TensorData::new(rows.values().to_vec(), shape), device)
        }),
    }
}

/// Checks that data have what a network takes besides classes.
pub(crate) fn check(takes: ConditionShape, data: &dyn Dataset) -> Result<(), TrainingError> {
    let parts = [
        ("vector", "numbers", takes.vector, data.vector_size()),
        ("array", "channels", takes.array, data.array_channels()),
    ];
    for (part, unit, takes, there) in parts {
        let Some(takes) = takes.filter(|takes| Some(*takes) != there) else { continue };
        let found = there.map_or("none".into(), |there| format!("one of {there}"));
        let message = format!(
            "the network takes a condition's {part} of {takes} {unit}, and the data {} have {found}",
            data.name()
        );
        return Err(TrainingError::config("data", message));
    }
    Ok(())
}

/// Checks that a network sees how pictures are moved, if they are.
///
/// # Errors
/// [`TrainingError::Config`] naming `preprocessing.augmentation`: an augmentation that the network does not see, or one that it waits for.
pub fn check_augmentation(sees: Option<usize>, preprocessing: &Preprocessing) -> Result<(), TrainingError> {
    let moved = preprocessing.augmentation.map(|_| Augmentation::SIZE);
    let message = match (moved, sees) {
        (moved, sees) if moved == sees => return Ok(()),
        (Some(size), _) => format!(
            "the network has to see how pictures are moved, or it draws moved ones; set network.augmentation_size = {size}, for a network \
             of kind = \"unet\""
        ),
        (None, _) => {
            "the network waits for the numbers of an augmentation (network.augmentation_size), and there is none".into()
        }
    };
    Err(TrainingError::config("preprocessing.augmentation", message))
}

/// The condition of a training batch, null where the number of an example is below the probability. How examples were moved is no condition
/// that a user gives, and stays.
pub(crate) fn dropped(
    condition: Condition,
    takes: ConditionShape,
    chances: &[f64],
    class_dropout: f64,
    condition_dropout: f64,
) -> Condition {
    let kept: Vec<bool> = chances.iter().map(|&chance| chance >= condition_dropout).collect();
    let drop = |part: ConditionPart| if kept.contains(&false) { part.keep(&kept) } else { part };
    let classes = condition.classes.zip(takes.classes).map(|(classes, null)| {
        let class = |(class, &chance): (usize, &f64)| if chance < class_dropout { null } else { class };
        classes.into_iter().zip(chances).map(class).collect()
    });
    Condition {
        classes,
        vector: condition.vector.map(drop),
        array: condition.array.map(drop),
        augmentation: condition.augmentation,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_decides_for_all_parts() {
        let device = Device::flex();
        let takes = ConditionShape { classes: Some(3), vector: Some(1), array: None };
        let conditions = Conditions {
            classes: Some(vec![0, 1, 2]),
            vectors: Some(Rows::new(1, vec![5.0, 6.0, 7.0])),
            ..Conditions::default()
        };
        let dropped = dropped(of(takes, conditions, &device), takes, &[0.05, 0.3, 0.15], 0.2, 0.1);
        assert_eq!(dropped.classes, Some(vec![3, 1, 3]));
        let vector: Vec<f32> = dropped.vector.unwrap().values().into_data().try_to_vec().unwrap();
        assert_eq!(vector, [0.0, 6.0, 7.0]);
    }
}
