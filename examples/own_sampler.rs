//! A sampler of one's own: `cargo run --release --example own_sampler`. Under its name, configurations, the command line,
//! comparisons and lists know it, with guidance, thresholds, conditions and trajectories.

use fokker::burn::tensor::{Device, Tensor};
use fokker::model::{MixtureScore, Score};
use fokker::process::{GaussianMixture, Process, ProcessConfig};
use fokker::sampling::{
    Brownian, MethodInfo, Sampler, SamplerConfig, SamplerKind, Step, denoised_at, register_sampler,
};

/// Goes to the expected data, and puts the noise of the next time onto them.
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

register_sampler!(&MethodInfo::new("mine", "A sampler of my own."), &Mine);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let law = GaussianMixture::with_variances(vec![0.3, 0.7], vec![vec![-1.0], vec![0.8]], vec![0.04, 0.09])?;
    let score = MixtureScore::new(law.clone(), ProcessConfig::default().build()?);
    let sampler = SamplerConfig { steps: Some(200), ..SamplerConfig::new("mine".parse()?) };
    let mut observe = |_: usize, _: &Tensor<2>| std::ops::ControlFlow::Continue(());
    let drawn = sampler.sample(&score, [20_000, 1], 0, 0, &Device::flex(), &mut observe)?;
    let (variance, mean) = drawn.var_mean(0);
    println!("mean {:.3} (law {:.3})", mean.into_scalar::<f64>(), law.mean()[0]);
    println!("variance {:.3} (law {:.3})", variance.into_scalar::<f64>(), law.covariance()[0][0]);
    Ok(())
}
