//! Whatever number stands in a configuration, reading it ends with a configuration or with an error that names the key:
//! no panic, no endless work, no memory beyond reason.

use std::collections::BTreeSet;
use std::panic::catch_unwind;
use std::path::Path;

use fokker::RunConfig;
use toml::{Table, Value};

/// Integers that may have any size: they count what is done, not what is held at once.
const COUNTERS: [&str; 11] = [
    "seed",
    "training.steps",
    "training.warmup",
    "training.skip_non_finite",
    "training.log_every",
    "training.validate_every",
    "checkpoints.every",
    "checkpoints.keep",
    "previews.every",
    "residuals.every",
    "data.seed",
];

/// Keys that are absent from the recipes, with what must stand next to them.
const FURTHER: [(&str, &str); 14] = [
    ("mnist_vp_small", "network.time_embedding_dim=@"),
    ("mnist_vp_small", "network.attn_norm_num_groups=@"),
    ("mnist_vp_small", "network.num_class_embeds=@"),
    ("mnist_vp_small", "network.input_frequencies=[@]"),
    ("mnist_vp_small", "sampler={kind=\"predictor_corrector\",corrector={steps=@}}"),
    ("mnist_vp_small", "sampler={kind=\"annealed_langevin\",langevin={steps_per_level=@}}"),
    ("mnist_vp_small", "sampler={kind=\"ddim\",grid={kind=\"leading\",train_steps=@},steps=10}"),
    ("mnist_vp_small", "sampler={kind=\"ddim\",grid={kind=\"leading\",offset=@},steps=10}"),
    ("mnist_vp_small", "sampler={kind=\"uni_pc\",order=@}"),
    ("mnist_vp_small", "process={kind=\"ddpm_chain\",steps=@}"),
    ("mnist_vp_small", "process={kind=\"ncsn_chain\",steps=@}"),
    ("mnist_vp_small", "objective.loss={kind=\"sliced\",probes=@}"),
    ("mnist_vp_small", "objective.regularizer={gamma=1.0,at_once=@}"),
    ("moons_2d", "data={kind=\"moons\",examples=@}"),
];

const INTEGERS: [i64; 6] = [i64::MAX, 1 << 40, 1 << 32, 0, -1, i64::MIN];
const FLOATS: [f64; 8] = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, -f64::MAX, 0.0, -1.0, 5e-324];

fn numbers(value: &Value, path: &str, found: &mut Vec<(String, bool)>) {
    match value {
        Value::Integer(_) => found.push((path.into(), true)),
        Value::Float(_) => found.push((path.into(), false)),
        Value::Table(table) => table.iter().for_each(|(key, value)| {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            numbers(value, &path, found);
        }),
        _ => {}
    }
}

/// Reads a configuration with a change; `Err` is the message.
fn read(file: &Path, change: &str) -> Result<(), String> {
    let outcome = catch_unwind(|| RunConfig::load(file, &[change.to_string()]).map(|_| ()));
    outcome.unwrap_or_else(|_| panic!("{} with {change} panics", file.display())).map_err(|error| error.to_string())
}

fn recipes() -> Vec<std::path::PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(crate::support::checkout().join("configs"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.retain(|path| path.is_file());
    files.sort();
    files
}

#[test]
fn numbers_that_cannot_be_are_refused_by_key() {
    // A key of the same kinds of sections is tried once.
    let mut tried = BTreeSet::new();
    let mut accepted = Vec::new();
    for file in recipes() {
        let table: Table = toml::from_str(&RunConfig::load(&file, &[]).unwrap().to_toml().unwrap()).unwrap();
        let mut keys = Vec::new();
        numbers(&Value::Table(table.clone()), "", &mut keys);
        for (key, is_integer) in keys {
            let section = key.split('.').next().unwrap_or_default();
            let kind = table[section].as_table().and_then(|section| section.get("kind")).map(Value::to_string);
            if !tried.insert((key.clone(), kind)) {
                continue;
            }
            if is_integer {
                for integer in INTEGERS {
                    let outcome = read(&file, &format!("{key}={integer}"));
                    let beyond_reason = integer == i64::MAX && !COUNTERS.contains(&key.as_str());
                    if let Err(message) = outcome {
                        let last = key.rsplit('.').next().unwrap();
                        assert!(message.contains(last), "{key}={integer}: {message}");
                    } else if integer < 0 || beyond_reason {
                        accepted.push(format!("{}: {key}={integer}", file.display()));
                    }
                }
            } else {
                for float in FLOATS {
                    let text = Value::Float(float).to_string();
                    let outcome = read(&file, &format!("{key}={text}"));
                    if outcome.is_ok() && float.is_nan() {
                        accepted.push(format!("{}: {key}={text}", file.display()));
                    }
                }
            }
        }
    }
    assert!(accepted.is_empty(), "accepted: {accepted:#?}");
    assert!(tried.len() > 80, "only {} keys were tried", tried.len());
}

#[test]
fn keys_that_recipes_leave_out_are_no_exception() {
    for (recipe, change) in FURTHER {
        let file = crate::support::checkout().join("configs").join(recipe).with_extension("toml");
        for integer in INTEGERS {
            let change = change.replace('@', &integer.to_string());
            let outcome = read(&file, &change);
            assert!(outcome.is_err() || (0..i64::MAX).contains(&integer), "{change} is accepted");
        }
    }
}
