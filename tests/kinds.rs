//! The kinds that configurations can name: those of fokker, and those that a program registers, as this one does.

use std::path::Path;
use std::sync::Arc;

use fokker::datasets::{DatasetConfig, MixtureConfig};
use fokker::model::NetworkConfig;
use fokker::process::{Process, ProcessConfig, ProcessError, ProcessKind, Ve, register_process};
use fokker::sampling::SamplerConfig;
use fokker::{Draw, Run, RunConfig};
use serde::{Deserialize, Serialize};

/// VE up to a deviation.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Loud {
    up_to: f64,
}

impl ProcessKind for Loud {
    fn build(&self) -> Result<Arc<dyn Process>, ProcessError> {
        Ok(Arc::new(Ve::new(0.01, self.up_to)?))
    }
}

register_process!(Loud as "loud");

#[test]
fn all_kinds_of_all_crates_are_linked() {
    let processes = [
        "blurred_ve",
        "cosine",
        "critically_damped_langevin",
        "ddpm_chain",
        "edm",
        "linear",
        "linear_path",
        "loud",
        "ncsn_chain",
        "ornstein_uhlenbeck",
        "rve",
        "sub_vp",
        "trigonometric_path",
        "ve",
        "vp",
    ];
    assert_eq!(ProcessConfig::kinds(), processes);
    let data = [
        "array",
        "checkerboard",
        "cifar10",
        "fashion_mnist",
        "folder",
        "heartbeat",
        "mixture",
        "mnist",
        "moons",
        "none",
        "rings",
        "swiss_roll",
    ];
    assert_eq!(DatasetConfig::kinds(), data);
    assert_eq!(NetworkConfig::kinds(), ["dense_score_net", "mlp", "score_net", "unet"]);
}

#[test]
fn a_kind_of_ones_own_is_a_kind_like_any_other() {
    let load = |change: &str| RunConfig::load(Path::new("configs/moons_2d.toml"), &[change.to_string()]);
    let config = load("process={ kind = \"loud\", up_to = 3 }").unwrap();
    assert_eq!(config.process, Loud { up_to: 3.0 }.into());
    assert!((config.build_process().unwrap().std(1.0) - 3.0).abs() < 1e-4);
    assert!(config.to_toml().unwrap().contains("[process]\nkind = \"loud\"\nup_to = 3.0\n"));
    let refused = |change: &str| load(change).unwrap_err().to_string();
    let said = refused("process={ kind = \"loud\", up_to = \"three\" }");
    assert!(said.contains("up_to: invalid type: string \"three\", expected f64"), "{said}");
    assert!(refused("process={ kind = \"loud\", upto = 3 }").contains("unknown field `upto`, expected `up_to`"));
    assert!(refused("process={ kind = \"laud\" }").contains("`linear_path`, `loud`, `ncsn_chain`"));
}

#[test]
fn classes_are_counted_with_or_without_the_null_class() {
    let load = |change: &str| {
        let changes = ["data={ kind = \"mixture\", preset = \"bimodal\" }", "network.dimension=1", change];
        RunConfig::load(Path::new("configs/moons_2d.toml"), &changes.map(String::from))
    };
    let rows = |change: &str| load(change).unwrap().network.num_class_embeds();
    assert_eq!((rows("network.num_classes=2"), rows("network.num_class_embeds=3")), (Some(3), Some(3)));
    assert!(load("network.num_classes=3").unwrap_err().to_string().contains("the data have 2 classes"));
    let mixture = load("seed=1").unwrap().data;
    assert!(mixture.get::<MixtureConfig>().is_some() && mixture.mixture().unwrap().is_some());
}

/// Positions with velocities, from a recipe to samples: trained in one go or with a break, the weights are the same.
#[test]
fn a_process_with_velocities_is_trained_resumed_and_drawn_from() {
    let runs = tempfile::tempdir().unwrap();
    let load = |changes: &[&str]| {
        let common =
            ["training.batch_size=64", "training.log_every=50", "training.validate_every=0", "network.width=48"];
        let runs = format!("runs={:?}", runs.path());
        let changes = common.iter().chain(changes).map(|change| (*change).to_string());
        let changes: Vec<String> = changes.chain(["previews.every=0".into(), runs]).collect();
        RunConfig::load(Path::new("configs/mixture_2d_langevin.toml"), &changes)
    };
    let drawn = |folder: &Path, sampler: &str| {
        let sampler: SamplerConfig = toml::from_str(sampler).unwrap();
        Run::open(folder).unwrap().draw(Draw::new(400).sampler(sampler)).unwrap()
    };
    let whole = load(&["name=whole", "training.steps=200", "training.decay=constant"]).unwrap();
    fokker::train(&whole, false, &()).unwrap();
    let part = load(&["name=parts", "training.steps=120", "training.decay=constant"]).unwrap();
    fokker::train(&part, false, &()).unwrap();
    let rest = load(&["name=parts", "training.steps=200", "training.decay=constant"]).unwrap();
    fokker::train(&rest, true, &()).unwrap();
    for sampler in
        ["kind = 'sscs'\nsteps = 40", "kind = 'phase_reverse'\nsteps = 60", "kind = 'phase_flow'\nsteps = 30"]
    {
        let [once, twice] = [&whole, &rest].map(|config| drawn(&config.run_folder(), sampler));
        assert_eq!((once.count(), once.shape()), (400, &[2][..]));
        assert_eq!(once.values, twice.values, "{sampler}");
        assert!(once.values.iter().all(|x| x.is_finite()), "{sampler}");
        // The data's deviation is 1.38 in both coordinates; so short a training finds no bumps, but where the data are. Only the
        // flow, which has no noise to forgive the errors of a score, may go astray.
        let square = once.values.iter().map(|x| f64::from(x * x)).sum::<f64>() / 800.0;
        assert!(sampler.contains("flow") || (0.7..4.0).contains(&square), "{sampler}: {square}");
    }
    let refused = |change: &str| load(&["name=wrong", change]).unwrap_err().to_string();
    for (change, part) in [
        ("network.dimension=2", "network.dimension"),
        ("parameterization.output=edm", "parameterization.output"),
        ("sampler={ kind = 'probability_flow' }", "use sscs, phase_reverse or phase_flow"),
        ("objective.loss=sliced", "objective.loss"),
        ("residuals={ every = 5 }", "residuals"),
        ("process={ kind = 'vp' }", "vp has no velocities"),
    ] {
        let message = refused(change);
        assert!(message.contains(part), "{change}: {message}");
    }
}
