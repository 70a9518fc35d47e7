//! The samplers, one method to a file. [`Sampler`] is what all of them are.

mod ancestral;
mod ddim;
mod dpm_solver;
mod dpm_solver_pp_2s;
mod edm_heun;
mod exponential_euler;
mod flow_sampler;
mod langevin;
mod level;
mod metropolis;
mod multistep;
mod predictor_corrector;
mod reverse_diffusion;
mod reverse_sde_sampler;
mod sampler;
mod unipc;

pub use ancestral::{Ancestral, PosteriorVariance, ancestral_step};
pub use ddim::Ddim;
pub use dpm_solver::DpmSolver;
pub use dpm_solver_pp_2s::DpmSolverPp2S;
pub use edm_heun::EdmHeun;
pub use exponential_euler::ExponentialEuler;
pub use flow_sampler::FlowSampler;
pub use langevin::{AnnealedLangevin, Langevin, langevin_step};
pub use level::Level;
pub use metropolis::MetropolisLangevin;
pub use multistep::{Family, Multistep};
pub use predictor_corrector::PredictorCorrector;
pub use reverse_diffusion::ReverseDiffusion;
pub use reverse_sde_sampler::ReverseSdeSampler;
pub use sampler::{Sampler, Step};
pub use unipc::UniPc;
