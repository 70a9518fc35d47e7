//! How the classifier is trained: cross-entropy and its gradient, and Adam.

use fokker_random::Index;
use nalgebra::DMatrix;
use rayon::prelude::*;

use super::convolution::{pooled, unpooled};
use super::network::{DigitsNetwork, LAYERS, softmax};
use super::{CLASSES, SIDE};

/// A digit of 28×28 pixels from 0 to 1, and its class.
pub type Example<'a> = (&'a [f32], usize);

/// Adam's decay rates and the number that keeps it from dividing by 0 (Kingma & Ba 2015, algorithm 1).
const DECAY: [f32; 2] = [0.9, 0.999];
const SMALL: f32 = 1e-8;

/// A network in training.
#[derive(Clone, Debug)]
pub struct Trainer {
    network: DigitsNetwork,
    /// Running means of the gradient and of its square.
    moments: [DigitsNetwork; 2],
    step: i32,
}

impl Trainer {
    /// A network with random weights, normal with the variance `2/inputs` (He et al. 2015, eq. 10), and no bias.
    pub fn new(seed: u64) -> Self {
        let mut network = DigitsNetwork::zeros();
        for (number, (name, shape, values)) in network.parameters().into_iter().enumerate() {
            if name.ends_with("weight") {
                let inputs = shape[1..].iter().product::<usize>() as f32;
                let normals = Index::initialization(number as u64).normals(seed, values.len());
                values.iter_mut().zip(normals).for_each(|(value, normal)| *value = normal * (2.0 / inputs).sqrt());
            }
        }
        Self { network, moments: [DigitsNetwork::zeros(), DigitsNetwork::zeros()], step: 0 }
    }

    /// The network as it is.
    pub fn network(&self) -> &DigitsNetwork {
        &self.network
    }

    /// One step down the gradient of the mean cross-entropy, which is returned.
    pub fn step(&mut self, batch: &[Example], learning_rate: f32) -> f32 {
        let (loss, mut gradient) = loss(&self.network, batch);
        self.step += 1;
        let [mean, square] = &mut self.moments;
        let [first, second] = DECAY;
        let (lift_first, lift_second) = (1.0 - first.powi(self.step), 1.0 - second.powi(self.step));
        let parameters = self.network.parameters().into_iter().zip(gradient.parameters());
        for ((weight, gradient), (mean, square)) in
            parameters.zip(mean.parameters().into_iter().zip(square.parameters()))
        {
            for (k, &gradient) in gradient.2.iter().enumerate() {
                let (mean, square) = (&mut mean.2[k], &mut square.2[k]);
                *mean = first * *mean + (1.0 - first) * gradient;
                *square = second * *square + (1.0 - second) * gradient * gradient;
                weight.2[k] -= learning_rate * (*mean / lift_first) / ((*square / lift_second).sqrt() + SMALL);
            }
        }
        loss
    }
}

/// Digits whose gradients are summed one after the other; the sums are added in order, so that threads change no bit.
const TOGETHER: usize = 8;

/// The mean cross-entropy of a batch, and its gradient.
pub(super) fn loss(network: &DigitsNetwork, batch: &[Example]) -> (f32, DigitsNetwork) {
    let parts: Vec<(f32, DigitsNetwork)> = batch
        .par_chunks(TOGETHER)
        .map(|part| {
            let mut sum = DigitsNetwork::zeros();
            let losses = part.iter().map(|example| backward(network, *example, &mut sum));
            (losses.sum(), sum)
        })
        .collect();
    let (mut loss, mut gradient) = (0.0, DigitsNetwork::zeros());
    let share = 1.0 / batch.len() as f32;
    for (part, mut sum) in parts {
        loss += share * part;
        for (to, from) in gradient.parameters().into_iter().zip(sum.parameters()) {
            to.2.iter_mut().zip(from.2).for_each(|(to, from)| *to += share * *from);
        }
    }
    (loss, gradient)
}

/// The cross-entropy of a digit; its gradient is added to `sum`.
fn backward(network: &DigitsNetwork, (pixels, class): Example, sum: &mut DigitsNetwork) -> f32 {
    let mut side = SIDE;
    let mut image = DMatrix::from_column_slice(SIDE * SIDE, 1, pixels);
    let mut kept = Vec::with_capacity(LAYERS.len());
    for (convolution, (_, _, pool)) in network.convolutions.iter().zip(LAYERS) {
        let (mut out, windows) = convolution.forward(&image, side);
        out.apply(|value| *value = value.max(0.0));
        let (next, places) = if pool { pooled(&out, side) } else { (out.clone(), Vec::new()) };
        kept.push((windows, out, places, side));
        image = next;
        side = if pool { side / 2 } else { side };
    }
    let features = image.row_mean().transpose();
    let probabilities = softmax(&network.logits(&features));
    // The gradient in the logits is p − 1 at the class, p elsewhere.
    let mut error = probabilities.clone();
    error[class] -= 1.0;
    sum.last += &features * error.transpose();
    sum.last_bias += &error;
    let places = image.nrows();
    let each = (&network.last * error).transpose() / places as f32;
    let mut gradient = DMatrix::from_fn(places, each.ncols(), |_, channel| each[channel]);
    for (number, (windows, out, places, side)) in kept.iter().enumerate().rev() {
        if LAYERS[number].2 {
            gradient = unpooled(&gradient, places, *side);
        }
        // Past the ReLU.
        gradient.zip_apply(out, |gradient, out| *gradient = if out > 0.0 { *gradient } else { 0.0 });
        gradient = network.convolutions[number].backward(windows, &gradient, *side, &mut sum.convolutions[number]);
    }
    debug_assert!(class < CLASSES);
    -probabilities[class].max(f32::MIN_POSITIVE).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The directional derivative against a central difference, for a direction in each parameter alone.
    #[test]
    fn the_gradient_is_that_of_differences() {
        let trainer = Trainer::new(3);
        let pixels: Vec<f32> = Index::test(0).normals(1, SIDE * SIDE).into_iter().map(|x| x.abs().min(1.0)).collect();
        let other: Vec<f32> = pixels.iter().rev().copied().collect();
        let batch: [Example; 2] = [(&pixels, 3), (&other, 7)];
        let (_, mut gradient) = loss(&trainer.network, &batch);
        for (number, (name, _, gradient)) in gradient.parameters().into_iter().enumerate() {
            let direction = Index::test(1 + number as u64).normals(1, gradient.len());
            let exact: f64 = gradient.iter().zip(&direction).map(|(g, d)| f64::from(g * d)).sum();
            // Small enough that few ReLUs and maxima change sides, large enough for single precision.
            let h = 2e-4;
            let at = |h: f32| {
                let mut moved = trainer.network.clone();
                let mut parameters = moved.parameters();
                parameters[number].2.iter_mut().zip(&direction).for_each(|(w, d)| *w += h * d);
                drop(parameters);
                f64::from(loss(&moved, &batch).0)
            };
            let difference = (at(h) - at(-h)) / (2.0 * f64::from(h));
            // Rounding of a loss near 2.3 leaves 2.3 · 1e-7 / h.
            assert!((difference - exact).abs() < 0.03 * exact.abs() + 5e-3, "{name}: {exact}, {difference}");
        }
    }

    #[test]
    fn training_learns_a_batch_by_heart() {
        let mut trainer = Trainer::new(0);
        let digits: Vec<Vec<f32>> = (0..4).map(|k| Index::test(k).normals(2, SIDE * SIDE)).collect();
        let batch: Vec<Example> = digits.iter().zip([1, 5, 5, 9]).map(|(pixels, class)| (&pixels[..], class)).collect();
        let losses: Vec<f32> = (0..60).map(|_| trainer.step(&batch, 3e-3)).collect();
        assert!(losses[59] < 0.05 * losses[0], "{losses:?}");
        assert_eq!(trainer.network().see(batch[3].0).class(), 9);
    }
}
