//! Every process has the properties of [`fokker_process::check`], and processes that lack one are found out.

use fokker_process::check::{self, Times};
use fokker_process::*;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use crate::cases::{any_process, case, defaults, settings};

proptest! {
    #![proptest_config(settings(400))]

    #[test]
    fn every_process_has_every_property_at_any_time(
        config in any_process(), a in 0.0..2.0f64, b in 0.0..2.0f64, mut u in prop::array::uniform3(0.0..=1.0f64),
    ) {
        let case = case(&config);
        let process = &*case.process;
        let (a, b) = (case.time(a), case.time(b));
        let mut all = vec![
            check::statements(process, &Times::of(process), a),
            check::log_snr(process, a),
            check::short_transition(process, a),
            check::variance(process, a),
        ];
        if a != b {
            all.push(check::bridges(process, a.min(b), a.max(b)));
        }
        u.sort_by(f64::total_cmp);
        all.push(check::composition(process, u.map(|u| process.horizon() * u * u * u)));
        all.into_iter().collect::<Result<Vec<()>, String>>().map_err(TestCaseError::fail)?;
        prop_assert_eq!(process.posterior(0.0, 0.0).x0, 1.0);
    }
}

proptest! {
    #![proptest_config(settings(100))]

    #[test]
    fn every_process_passes(config in any_process()) {
        check(&*config.build().unwrap()).map_err(TestCaseError::fail)?;
    }
}

#[test]
fn the_defaults_pass_and_say_what_they_are() {
    for config in defaults() {
        let process = config.build().unwrap();
        check(&*process).unwrap_or_else(|error| panic!("{process:?}: {error}"));
        let exploding = ["ve", "blurred_ve", "edm", "rve", "ncsn_chain"].contains(&process.name());
        assert_eq!(process.is_variance_exploding(), exploding, "{process:?}");
        assert_eq!(process.chain_steps().is_some(), process.name().ends_with("_chain"), "{process:?}");
    }
}

/// VP with something wrong.
#[derive(Debug)]
struct Wrong(Flaw, Vp);

#[derive(Debug, PartialEq)]
enum Flaw {
    None,
    Drift,
    Diffusion,
    Kernel,
    Cancels,
    Inverse,
    Preserving,
    Exploding,
    Horizon,
    Jump,
}

impl Process for Wrong {
    fn name(&self) -> &'static str {
        "wrong"
    }

    fn horizon(&self) -> f64 {
        if self.0 == Flaw::Horizon { 1e-4 } else { self.1.horizon() }
    }

    fn min_time(&self) -> f64 {
        self.1.min_time()
    }

    fn drift(&self, t: f64) -> f64 {
        let wrong = if self.0 == Flaw::Drift { 1.000_001 } else { 1.0 };
        wrong * self.1.drift(t)
    }

    fn diffusion_squared(&self, t: f64) -> f64 {
        let jumps = self.0 == Flaw::Jump && t > 0.5;
        let wrong = if self.0 == Flaw::Diffusion || jumps { 1.000_001 } else { 1.0 };
        wrong * self.1.diffusion_squared(t)
    }

    fn transition(&self, s: f64, t: f64) -> Transition {
        let Transition { scale, std } = self.1.transition(s, t);
        match self.0 {
            Flaw::Kernel if s > 0.0 => Transition { scale, std: 1.000_001 * std },
            Flaw::Cancels => Transition { scale, std: (1.0 - scale * scale).sqrt() },
            _ => Transition { scale, std },
        }
    }

    fn time_of_log_snr(&self, lambda: f64) -> f64 {
        let time = self.1.time_of_log_snr(lambda);
        if self.0 == Flaw::Inverse && lambda.is_finite() && time < 1.0 { time * (1.0 - 1e-9) } else { time }
    }

    fn prior_std(&self) -> f64 {
        1.0
    }

    fn is_variance_preserving(&self) -> bool {
        self.0 != Flaw::Preserving
    }

    fn is_variance_exploding(&self) -> bool {
        self.0 == Flaw::Exploding
    }
}

#[test]
fn what_is_wrong_is_found_and_named() {
    let found = |flaw| check(&Wrong(flaw, Vp::default()));
    found(Flaw::None).unwrap();
    found(Flaw::Preserving).unwrap();
    for (flaw, expected) in [
        (Flaw::Drift, "α′ = fα"),
        (Flaw::Diffusion, "(σ²)′ = 2fσ² + g²"),
        (Flaw::Kernel, "transition("),
        (Flaw::Cancels, "exp_m1"),
        (Flaw::Inverse, "time_of_log_snr"),
        (Flaw::Exploding, "is_variance_exploding() is true"),
        (Flaw::Horizon, "0 < min_time < horizon"),
        (Flaw::Jump, "kinks() does not list it"),
    ] {
        let text = format!("{flaw:?}");
        let error = found(flaw).expect_err(&text);
        assert!(error.contains(expected), "{text}: {error}");
    }
}
