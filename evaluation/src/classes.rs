//! How often each class occurs, and how sure the classifier is.

use serde::{Deserialize, Serialize};

use crate::EvaluationError;
use crate::replicate::{Estimate, Replicate, Replicates, numbers};

/// What a classifier says of each vector.
#[derive(Clone, Debug, PartialEq)]
pub struct Labels {
    /// The likeliest class.
    pub classes: Vec<usize>,
    /// Its probability.
    pub confidences: Vec<f64>,
    /// The number of classes.
    pub count: usize,
}

/// The share of a class.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassShare {
    /// Its number.
    pub class: usize,
    /// Its share of the samples.
    pub samples: Estimate,
    /// Its share of the reference.
    pub reference: f64,
}

/// The classes of samples, compared with those of the reference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Classes {
    /// Each class.
    pub shares: Vec<ClassShare>,
    /// The entropy `−Σ p ln p` of the samples' classes, in nats.
    pub entropy: Estimate,
    /// The same of the reference's.
    pub entropy_reference: f64,
    /// `½ Σ |p − q|`: the share of samples that would have to be of another class.
    pub total_variation: Estimate,
    /// The mean probability of the likeliest class: low where samples are between classes.
    pub confidence: Estimate,
    /// The same of the reference.
    pub confidence_reference: f64,
}

/// Counts the classes of samples and of the reference; error bars come of half-samples.
///
/// # Errors
/// A label that is not below the number of classes; other counts of labels than the replicates have; another number of classes or of
/// confidences on one side.
pub fn classes(samples: &Labels, reference: &Labels, replicates: &Replicates) -> Result<Classes, EvaluationError> {
    let classes = samples.count;
    let whole = replicates.iter().next().map(|all| (all.samples().len(), all.reference().len()));
    for (name, labels, count) in [
        ("labels of the samples", samples, whole.map(|whole| whole.0)),
        ("labels of the reference", reference, whole.map(|whole| whole.1)),
    ] {
        let refuse = |problem: String| Err(EvaluationError::input(name, problem));
        let vectors = count.unwrap_or(0);
        for (what, found) in [("labels", labels.classes.len()), ("confidences", labels.confidences.len())] {
            if found != vectors {
                return refuse(format!("{found} {what} for {vectors} vectors; expected one for each"));
            }
        }
        if labels.count != classes {
            return refuse(format!("{} classes, and {classes} of the samples; expected the same number", labels.count));
        }
        if let Some(place) = labels.classes.iter().position(|&label| label >= classes) {
            let label = labels.classes[place];
            return refuse(format!("label {label} of vector {place} is not below {classes}, the number of classes"));
        }
    }
    let of = |each: &Replicate| Counted {
        samples: shares(&samples.classes, each.samples(), classes),
        reference: shares(&reference.classes, each.reference(), classes),
        confidence: mean(&samples.confidences, each.samples()),
    };
    let found: Vec<Counted> = replicates.iter().map(of).collect();
    let estimate = |value: &dyn Fn(&Counted) -> f64| Estimate::of(&found.iter().map(value).collect::<Vec<f64>>());
    let share = |class: usize| ClassShare {
        class,
        samples: estimate(&|counted| counted.samples[class]),
        reference: found[0].reference[class],
    };
    Ok(Classes {
        shares: (0..classes).map(share).collect(),
        entropy: estimate(&|counted| entropy(&counted.samples)),
        entropy_reference: entropy(&found[0].reference),
        total_variation: estimate(&Counted::variation),
        confidence: estimate(&|counted| counted.confidence),
        confidence_reference: mean(&reference.confidences, &vec![true; reference.confidences.len()]),
    })
}

/// The shares of the classes in a replicate, and the samples' mean confidence.
struct Counted {
    samples: Vec<f64>,
    reference: Vec<f64>,
    confidence: f64,
}

impl Counted {
    /// `½ Σ |p − q|`
    fn variation(&self) -> f64 {
        0.5 * self.samples.iter().zip(&self.reference).map(|(p, q)| (p - q).abs()).sum::<f64>()
    }
}

/// The share of each class within a mask.
fn shares(labels: &[usize], mask: &[bool], classes: usize) -> Vec<f64> {
    let mut counts = vec![0.0; classes];
    let mut all = 0.0;
    for (&label, _) in labels.iter().zip(mask).filter(|(_, inside)| **inside) {
        counts[label] += 1.0;
        all += 1.0;
    }
    counts.into_iter().map(|count| count / all).collect()
}

/// The mean of the values within a mask.
fn mean(values: &[f64], mask: &[bool]) -> f64 {
    let chosen = numbers(mask);
    chosen.iter().map(|&place| values[place]).sum::<f64>() / chosen.len() as f64
}

/// `−Σ p ln p`.
fn entropy(shares: &[f64]) -> f64 {
    // A sum that begins with −0 would be −0 for a single class.
    shares.iter().filter(|share| **share > 0.0).fold(0.0, |sum, share| sum - share * share.ln())
}
