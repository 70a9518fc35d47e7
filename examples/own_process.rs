//! A process of your own: checked, registered, and then named in configurations like any other.

use std::ops::ControlFlow;
use std::sync::Arc;

use fokker::RunConfig;
use fokker::burn::tensor::{Device, Tensor};
use fokker::model::MixtureScore;
use fokker::process::{FunctionRates, GaussianMixture, Linear, Process, ProcessError, ProcessKind};
use fokker::process::{check, register_process};
use fokker::sampling::{Method, SamplerConfig};
use fokker::serde::{Deserialize, Serialize};

/// Noise that comes in waves: dx = √(1 + height · sin t) dw.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(crate = "fokker::serde", deny_unknown_fields)]
struct Waves {
    height: f64,
}

impl ProcessKind for Waves {
    fn build(&self) -> Result<Arc<dyn Process>, ProcessError> {
        let height = self.height;
        let rates = FunctionRates { alpha: |_| 0.0, beta: move |t: f64| 1.0 + height * t.sin() };
        Ok(Arc::new(Linear::with_rates(rates, 50.0, 1e-4)?))
    }
}

register_process!(Waves as "waves");

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let changes = ["process={ kind = 'waves', height = 0.5 }".to_string()];
    let process = RunConfig::recipe("moons_2d", &changes)?.build_process()?;
    check(&*process)?;
    let data = GaussianMixture::with_variances(vec![0.3, 0.7], vec![vec![-1.0], vec![1.0]], vec![0.04, 0.04])?;
    let sampler = SamplerConfig { steps: Some(20), ..SamplerConfig::new(Method::PROBABILITY_FLOW) };
    let mut watch = |_step: usize, _x: &Tensor<2>| ControlFlow::Continue(());
    let x = sampler.sample(&MixtureScore::new(data, process), [500, 1], 0, 0, &Device::flex(), &mut watch)?;
    let positive = x.greater_scalar(0.0).float().mean().into_scalar::<f64>();
    println!("{:.1} % of the samples are positive, and 70 % of the data", 100.0 * positive);
    Ok(())
}
