//! Counting network calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use burn::tensor::Tensor;
use fokker_model::Score;
use fokker_process::Process;

/// A number that clones share.
#[derive(Clone, Debug, Default)]
pub struct CallCounter(Arc<AtomicUsize>);

impl CallCounter {
    /// Calls so far.
    pub fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// A score that counts how often it is asked.
///
/// ```
/// use std::ops::ControlFlow;
///
/// use burn::tensor::{Device, Tensor};
/// use fokker_model::MixtureScore;
/// use fokker_process::{GaussianMixture, ProcessConfig};
/// use fokker_sampling::{CallCounter, CountedScore, Method, SamplerConfig};
///
/// let law = GaussianMixture::with_variances(vec![1.0], vec![vec![0.0]], vec![0.5])?;
/// let calls = CallCounter::default();
/// let score = CountedScore::new(MixtureScore::new(law, ProcessConfig::default().build()?), &calls);
/// let sampler = SamplerConfig { steps: Some(5), denoise: false, ..SamplerConfig::new(Method::DDIM) };
/// let mut observe = |_: usize, _: &Tensor<2>| ControlFlow::Continue(());
/// sampler.sample(&score, [4, 1], 0, 0, &Device::flex(), &mut observe)?;
/// assert_eq!(calls.count(), 5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct CountedScore<S> {
    score: S,
    counter: CallCounter,
}

impl<S> CountedScore<S> {
    /// Counts the calls of `score` in `counter`, which scores may share.
    pub fn new(score: S, counter: &CallCounter) -> Self {
        Self { score, counter: counter.clone() }
    }

    fn count(&self) -> &S {
        self.counter.0.fetch_add(1, Ordering::Relaxed);
        &self.score
    }
}

impl<S: Score<D>, const D: usize> Score<D> for CountedScore<S> {
    fn process(&self) -> &dyn Process {
        self.score.process()
    }

    fn noise(&self, x: Tensor<D>, t: &[f64]) -> Tensor<D> {
        self.count().noise(x, t)
    }

    fn score(&self, x: Tensor<D>, t: &[f64]) -> Tensor<D> {
        self.count().score(x, t)
    }

    fn denoised(&self, x: Tensor<D>, t: &[f64]) -> Tensor<D> {
        self.count().denoised(x, t)
    }
}
