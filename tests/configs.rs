//! Every configuration in configs/ is complete and valid, and wrong ones are refused by name.

use std::path::{Path, PathBuf};

use fokker::RunConfig;

fn configs() -> Vec<PathBuf> {
    let folder = "configs";
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    // Those of figures are in a folder of their own; fokker-reproduce loads them.
    files.retain(|path| path.is_file());
    files.sort();
    files
}

#[test]
fn every_configuration_loads_and_survives_a_round_trip() {
    let files = configs();
    let names: Vec<_> = files.iter().map(|file| file.file_stem().unwrap().to_str().unwrap()).collect();
    let expected = [
        "cifar10_edm",
        "cifar10_vp",
        "fashion_vp",
        "folder_small",
        "folder_vp",
        "heartbeat",
        "mixture_2d",
        "mixture_2d_langevin",
        "mnist_complete",
        "mnist_flow",
        "mnist_flow_small",
        "mnist_from_small",
        "mnist_langevin",
        "mnist_likelihood",
        "mnist_rve",
        "mnist_slant",
        "mnist_ve",
        "mnist_vp",
        "mnist_vp_conditional",
        "mnist_vp_small",
        "moons_2d",
        "rings_to_moons",
        "score_fpe_appendix_c",
        "score_fpe_cifar10",
        "score_fpe_eight_gaussians",
        "score_fpe_initial_value",
        "score_fpe_mixture",
        "score_fpe_propositions",
        "score_fpe_rve",
        "score_fpe_ve",
        "score_fpe_vp",
        "table_vp",
    ];
    assert_eq!(names, expected);
    for file in files {
        let config = RunConfig::load(&file, &[]).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(config.name, file.file_stem().unwrap().to_str().unwrap());
        let text = config.to_toml().unwrap();
        let again = RunConfig::parse(&text, &file, &[]).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(again.to_toml().unwrap(), text);
    }
}

/// No recipe has a few rare times that carry its loss. The pair that mnist_rve once had is warned of by name, with a remedy.
#[test]
fn weightings_that_do_not_suit_their_times_are_warned_of() {
    for file in configs() {
        let warnings = RunConfig::load(&file, &[]).unwrap().warnings().unwrap();
        assert!(warnings.is_empty(), "{}: {warnings:?}", file.display());
    }
    let uneven = [
        ("mnist_rve", "objective.weighting.kind=sigma2", "importance"),
        ("mnist_rve", "objective.time.kind=uniform", "likelihood"),
        ("mnist_vp", "objective.weighting.kind=likelihood", "uniform"),
        ("cifar10_edm", "objective.time={ kind = \"uniform\" }", "noise below the data's own deviation"),
    ];
    for (name, change, part) in uneven {
        let path = PathBuf::from(format!("configs/{name}.toml"));
        let warnings = RunConfig::load(&path, &[change.into()]).unwrap().warnings().unwrap();
        let [warning] = warnings.as_slice() else { panic!("{name} with {change}: {warnings:?}") };
        assert!(warning.contains(part) && warning.contains("Instead: objective."), "{warning}");
    }
}

#[test]
fn wrong_values_are_refused_with_their_key() {
    let small = Path::new("configs/mnist_vp_small.toml");
    let cases = [
        ("training.stepz=3", "stepz"),
        ("training.steps=\"many\"", "steps"),
        ("training.steps=0", "training.steps"),
        ("training.learning_rate=-1.0", "training.learning_rate"),
        ("process.beta_max=-2.0", "beta_max"),
        ("process.kind=vpp", "vpp"),
        ("process={kind=\"ve\",sigma_min=-0.1}", "sigma_min"),
        ("network.norm_num_groups=7", "norm_num_groups"),
        ("network.block_out_channels=[32,64,64,64]", "block_out_channels"),
        ("network.in_channels=3", "network.in_channels"),
        ("network.kind=mlp", "unknown field"),
        ("backend.name=tpu", "tpu"),
        ("sampler.kind=magic", "magic"),
        ("sampler.variance=small", "variance"),
        ("sampler={kind=\"reverse_sde\",backward_noise=-1.0}", "backward_noise"),
        ("training.class_dropout=0.1", "class_dropout"),
        ("network.time_embedding_type=fourier", "conditioning"),
        ("data={kind=\"moons\"}", "scale"),
        ("objective.weighting={kind=\"min_snr\",gamma=0.0}", "gamma"),
        ("checkpoints.keep=0", "checkpoints.keep"),
        ("optimizer={kind=\"adam\",weight_decay=0.1}", "weight_decay"),
        ("optimizer={kind=\"adamw\",momentum=0.9}", "optimizer.momentum"),
        ("optimizer.momentum=1.0", "optimizer.momentum"),
        ("name=a/b", "name"),
    ];
    for (change, key) in cases {
        let error = match RunConfig::load(small, &[change.to_string()]) {
            Err(error) => error,
            Ok(_) => panic!("{change} was accepted"),
        };
        let message = error.to_string();
        assert!(message.contains(key), "{change}: {message}");
        assert!(message.lines().count() < 25, "more than a screen: {message}");
    }
}

#[test]
fn a_sampler_that_the_process_cannot_have_is_refused() {
    let small = Path::new("configs/mnist_vp_small.toml");
    let changes = ["process={kind=\"sub_vp\"}".to_string(), "sampler={kind=\"ancestral\",steps=100}".to_string()];
    let message = RunConfig::load(small, &changes).unwrap_err().to_string();
    assert!(message.contains("ancestral") && message.contains("sub_vp"), "{message}");
}

/// What has no value in pure noise, and what needs a score where a velocity is learnt.
#[test]
fn what_flow_matching_cannot_have_is_refused_by_name() {
    let cases = [
        ("parameterization.output=epsilon", "parameterization.output"),
        ("parameterization.conditioning=log_sigma", "parameterization.conditioning"),
        ("objective.time={ kind = \"importance\" }", "objective.time"),
        ("objective.regularizer={ gamma = 0.1 }", "objective.regularizer"),
        ("residuals={ every = 100 }", "residuals"),
        ("sampler.grid={ kind = \"log_snr\" }", "sampler.grid"),
    ];
    let flow = Path::new("configs/mnist_flow.toml");
    for (change, key) in cases {
        let message = RunConfig::load(flow, &[change.to_string()]).unwrap_err().to_string();
        assert!(message.contains(key) && message.contains("linear_path"), "{change}: {message}");
    }
    let coupled = |sampler: &str| {
        let changes =
            ["objective.coupling=optimal_transport".to_string(), format!("sampler={{ kind = \"{sampler}\" }}")];
        RunConfig::load(flow, &changes).map_err(|error| error.to_string())
    };
    assert!(coupled("unipc").is_ok());
    let message = coupled("sra").unwrap_err();
    assert!(message.contains("sampler.kind: sra") && message.contains("dormand_prince"), "{message}");
}

/// All missing sections are named at once, and those that are not needed have defaults.
#[test]
fn what_is_missing_is_named_at_once() {
    let text = std::fs::read_to_string("configs/moons_2d.toml").unwrap();
    let whole: toml::Table = text.parse().unwrap();
    let parse = |table: &toml::Table, changes: &[String]| RunConfig::parse(&table.to_string(), Path::new("x"), changes);
    let needed = |key: &str| !matches!(key, "seed" | "backend" | "optimizer" | "checkpoints" | "previews");
    for key in whole.keys() {
        let mut table = whole.clone();
        let section = table.remove(key).unwrap();
        match parse(&table, &[]) {
            Ok(_) => assert!(!needed(key), "{key} is not needed"),
            Err(error) => assert!(needed(key) && error.to_string().contains(key.as_str()), "{error}"),
        }
        parse(&table, &[format!("{key}={section}")]).unwrap_or_else(|error| panic!("{key}: {error}"));
    }
    let few: toml::Table = "[data]\nkind = 'moons'\n[training]\nsteps = 1".parse().unwrap();
    let message = parse(&few, &["process.kind=vp".into()]).unwrap_err().to_string();
    let all = "name = \"…\", [preprocessing], [network], [parameterization], [objective], [sampler] are missing";
    assert!(message.contains(all), "{message}");
}
