//! The kinds that configurations can name: those of fokker, and those that a program registers, as this one does.

use std::path::Path;
use std::sync::Arc;

use fokker::RunConfig;
use fokker::datasets::{DatasetConfig, MixtureConfig};
use fokker::model::NetworkConfig;
use fokker::process::{Process, ProcessConfig, ProcessError, ProcessKind, Ve, register_process};
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
        "loud",
        "ncsn_chain",
        "ornstein_uhlenbeck",
        "rve",
        "sub_vp",
        "ve",
        "vp",
    ];
    assert_eq!(ProcessConfig::kinds(), processes);
    let data =
        ["checkerboard", "cifar10", "fashion_mnist", "folder", "mixture", "mnist", "moons", "rings", "swiss_roll"];
    assert_eq!(DatasetConfig::kinds(), data);
    assert_eq!(NetworkConfig::kinds(), ["mlp", "score_net", "unet"]);
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
    assert!(refused("process={ kind = \"laud\" }").contains("`linear`, `loud`, `ncsn_chain`"));
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
