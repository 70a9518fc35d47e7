//! A sampler that a program registers has what the built-in ones have: comparisons, guidance, trajectories.

use burn::tensor::{Device, Tensor};
use fokker::DrawRequest;
use fokker::draw::draw_batches;
use fokker::model::{MixtureScore, Score};
use fokker::process::{GaussianMixture, Process, ProcessConfig};
use fokker::sampling::{
    Brownian, CallCounter, CountedScore, Guided, Method, MethodInfo, Sampler, SamplerConfig, SamplerKind, Step,
    Threshold, denoised_at, register_sampler,
};
use fokker_reproduce::compare::{ComparisonPlan, compare_on_mixture};

/// DDIM, written another way.
struct Mine;

impl<const D: usize> Sampler<D> for Mine {
    fn step(&mut self, score: &dyn Score<D>, x: Tensor<D>, step: &Step, _: &mut dyn Brownian<D>) -> Tensor<D> {
        let (t, s) = step.levels(score.process());
        let data = denoised_at(score, &x, t.time);
        let noise = (x - data.clone().mul_scalar(t.mean_scale)).div_scalar(t.std);
        data.mul_scalar(s.mean_scale) + noise.mul_scalar(s.std)
    }
}

impl SamplerKind for Mine {
    fn build<const D: usize>(&self, _: &SamplerConfig, _: &dyn Process) -> Box<dyn Sampler<D>> {
        Box::new(Mine)
    }
}

static INFO: MethodInfo = MethodInfo { order: Some(1.0), ..MethodInfo::new("mine", "DDIM, written another way.") };
register_sampler!(&INFO, &Mine);

#[test]
fn a_comparison_has_a_row_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let plan = ComparisonPlan {
        methods: vec![Method::DDIM, "mine".parse().unwrap()],
        budgets: vec![5, 20],
        count: 300,
        batch_size: 300,
        seed: 2,
        folder: folder.path().into(),
    };
    let comparison = compare_on_mixture(&plan, &()).unwrap();
    let [(_, ddim), (mine, row)] = &comparison.rows[..] else { panic!("two rows") };
    assert_eq!(mine.name(), "mine");
    for (ours, theirs) in row.iter().zip(ddim) {
        let ((calls, distance), (calls_of_ddim, distance_of_ddim)) = (ours.unwrap(), theirs.unwrap());
        assert_eq!(calls, calls_of_ddim);
        // The same method up to rounding.
        assert!((distance / distance_of_ddim - 1.0).abs() < 1e-2, "{distance} {distance_of_ddim}");
    }
    assert!(comparison.table().contains("| `mine` |"));
}

#[test]
fn a_draw_has_guidance_thresholds_and_states_on_the_way() {
    let process = ProcessConfig::default().build().unwrap();
    let score_at = |mean: f64| {
        let bump = GaussianMixture::with_variances(vec![1.0], vec![vec![mean]], vec![0.04]).unwrap();
        MixtureScore::new(bump, ProcessConfig::default().build().unwrap())
    };
    let sampler = SamplerConfig {
        steps: Some(30),
        threshold: Some(Threshold::Clip { limit: 1.0 }),
        ..SamplerConfig::new("mine".parse().unwrap())
    };
    let request = DrawRequest { frames: 4, ..DrawRequest::new(sampler, 100) };
    let guided = |_: u64, _: usize, counter: &CallCounter| -> Box<dyn Score<2>> {
        let [class, none] = [0.5, 0.0].map(|mean| CountedScore::new(score_at(mean), counter));
        Box::new(Guided::new(class, none, 4.0))
    };
    let (mut values, mut frames) = (Vec::new(), 0);
    let cost = draw_batches(&*process, &request, &[1], &Device::flex(), guided, &(), |batch| {
        values.extend_from_slice(batch.values);
        frames = batch.frames.len();
        Ok(())
    });
    assert_eq!((cost.unwrap().network_calls, frames), (62, 4));
    // Guidance of weight 4 goes far beyond the class at ½, and the threshold stops it at 1.
    assert!(values.len() == 100 && values.iter().all(|&x| (0.7..=1.0 + 1e-5).contains(&x)), "{values:?}");
}
