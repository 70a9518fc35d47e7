//! All samplers that this program knows: the built-in ones, and those of its own.
//!
//! A registration is collected when the program is linked, so that a sampler is added by one file. The list is sorted by
//! equation and name, so that it does not depend on the order of linking.

use fokker_process::Process;

use crate::config::SamplerConfig;
use crate::error::SamplingError;
use crate::kind::{AnyKind, SamplerKind};
use crate::method::{Method, MethodInfo, Processes};
use crate::sampler::Sampler;
use crate::samplers::FromPureNoise;

/// A sampler under its name.
pub struct Registration {
    method: Method,
    kind: &'static dyn AnyKind,
}

impl Registration {
    /// A kind of sampler with its row. [`register_sampler`](crate::register_sampler) is the way to add it.
    pub const fn new<K: SamplerKind>(info: &'static MethodInfo, kind: &'static K) -> Self {
        Self { method: Method::of(info), kind }
    }

    fn has_name(&self, name: &str) -> bool {
        self.method.name() == name || self.method.info().aliases.contains(&name)
    }
}

inventory::collect!(Registration);

/// Registers a sampler: its [`MethodInfo`], a static, and its [`SamplerKind`], both by reference. Configurations, the
/// command line, comparisons and lists of samplers know it from then on.
///
/// ```
/// use burn::tensor::Tensor;
/// use fokker_model::Score;
/// use fokker_process::Process;
/// use fokker_sampling::{Brownian, MethodInfo, Sampler, SamplerConfig, SamplerKind, Step, register_sampler};
///
/// /// Goes to the expected data of every step and adds the expected noise of its end.
/// struct Mine;
///
/// impl<const D: usize> Sampler<D> for Mine {
///     fn step(&mut self, score: &dyn Score<D>, x: Tensor<D>, step: &Step, _: &mut dyn Brownian<D>) -> Tensor<D> {
///         let (t, s) = step.levels(score.process());
///         let noise = score.noise(x.clone(), &vec![t.time; x.dims()[0]]);
///         x.mul_scalar(s.mean_scale / t.mean_scale)
///             + noise.mul_scalar(s.std - t.std * s.mean_scale / t.mean_scale)
///     }
/// }
///
/// impl SamplerKind for Mine {
///     fn build<const D: usize>(&self, _: &SamplerConfig, _: &dyn Process) -> Box<dyn Sampler<D>> {
///         Box::new(Mine)
///     }
/// }
///
/// static INFO: MethodInfo = MethodInfo { order: Some(1.0), ..MethodInfo::new("mine", "A sampler of my own.") };
/// register_sampler!(&INFO, &Mine);
///
/// let config: SamplerConfig = serde_json::from_str(r#"{ "kind": "mine", "steps": 50 }"#).unwrap();
/// assert_eq!(config.steps(), 50);
/// ```
#[macro_export]
macro_rules! register_sampler {
    ($info:expr, $kind:expr) => {
        $crate::inventory::submit! { $crate::Registration::new($info, $kind) }
    };
}

/// The one registration for which a condition holds; a message if there is none or more than one.
fn the_one(condition: impl Fn(&Registration) -> bool, name: &str) -> Result<&'static Registration, SamplingError> {
    let mut found = inventory::iter::<Registration>.into_iter().filter(|registration| condition(registration));
    let fail = |message: String| Err(SamplingError::sampler("kind", message));
    match (found.next(), found.next()) {
        (Some(registration), None) => Ok(registration),
        (Some(_), Some(_)) => fail(format!("two samplers are registered as '{name}'; rename one of them")),
        (None, _) => {
            let names = Method::all().map(Method::name).collect::<Vec<_>>().join(", ");
            fail(format!("there is no sampler '{name}'; there are {names}"))
        }
    }
}

impl Method {
    /// Every registered method, by equation and name.
    pub fn all() -> impl Iterator<Item = Self> {
        let mut methods: Vec<Self> =
            inventory::iter::<Registration>.into_iter().map(|registration| registration.method).collect();
        methods.sort_by_key(|method| (method.info().equation, method.name()));
        methods.into_iter()
    }

    /// Every registered method but those of processes with velocities, by equation and name.
    pub fn scalar() -> impl Iterator<Item = Self> {
        Self::all().filter(|method| method.info().processes != Processes::PhaseSpace)
    }
}

impl std::str::FromStr for Method {
    type Err = SamplingError;

    fn from_str(name: &str) -> Result<Self, SamplingError> {
        the_one(|registration| registration.has_name(name), name).map(|registration| registration.method)
    }
}

impl TryFrom<String> for Method {
    type Error = SamplingError;

    fn try_from(name: String) -> Result<Self, SamplingError> {
        name.parse()
    }
}

/// The kind of a method.
pub(crate) fn kind(method: Method) -> Result<&'static dyn AnyKind, SamplingError> {
    the_one(|registration| registration.method == method, method.name()).map(|registration| registration.kind)
}

impl SamplerConfig {
    /// The sampler that this configuration means, at the beginning of a walk.
    ///
    /// # Errors
    /// A method that is not registered; a rank other than 2, 3 and 4. Numbers are checked by
    /// [`SamplerConfig::validate`].
    pub fn build<const D: usize>(&self, process: &dyn Process) -> Result<Box<dyn Sampler<D>>, SamplingError> {
        let sampler = kind(self.kind)?.build_any(D, self, process);
        let sampler = sampler.and_then(|sampler| sampler.downcast::<Box<dyn Sampler<D>>>().ok());
        let message = || format!("samplers are for arrays of rank 2, 3 and 4, not of rank {D}");
        let sampler = sampler.ok_or_else(|| SamplingError::sampler("kind", message()))?;
        if self.kind.info().leaves_pure_noise || !process.reaches_pure_noise() {
            return Ok(*sampler);
        }
        Ok(Box::new(FromPureNoise { sampler: *sampler, draws: self.draws_at(process.horizon()) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_back_and_no_two_are_alike() {
        let mut names: Vec<&str> = Vec::new();
        for method in Method::all() {
            let info = method.info();
            for name in info.aliases.iter().chain([&info.name]) {
                assert_eq!(name.parse::<Method>().unwrap(), method);
                names.push(name);
            }
        }
        assert!(names.len() > 30);
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        let unknown = "magic".parse::<Method>().unwrap_err().to_string();
        assert!(unknown.contains("magic") && unknown.contains("ddim, dormand_prince"), "{unknown}");
    }

    #[test]
    fn what_is_not_registered_is_refused() {
        static INFO: MethodInfo = MethodInfo::new("nobody", "");
        let process = fokker_process::ProcessConfig::default().build().unwrap();
        let error = SamplerConfig::new(Method::of(&INFO)).validate(&*process).unwrap_err().to_string();
        assert!(error.contains("no sampler 'nobody'"), "{error}");
        assert!(SamplerConfig::new(Method::DDIM).build::<5>(&*process).is_err());
    }
}
