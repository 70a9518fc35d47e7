//! Against pictures that diffusers drew (reference/diffusers_models.py), and against folders that are broken.

// What was measured is seen with --nocapture.
#![allow(clippy::print_stdout)]

use std::collections::VecDeque;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use burn::tensor::{Device, Tensor, TensorData};
use fokker_model::{Condition, Context, Network, NetworkScore, NetworkVisitor, Plain, StateDict, WeightPrecision};
use fokker_sampling::{Brownian, SamplerConfig};
use fokker_training::WeightSet;
use safetensors::SafeTensors;

use super::*;
use crate::experiment::with_weights;
use crate::{
    CheckpointSampler, Draw, Error, InitialWeights, ResumeRequest, Run, RunConfig, find_checkpoint, fine_tune,
};

/// Relative to the largest entry. PyTorch computes tables and states in single precision, which costs 1e-5 on the way; the largest
/// error measured is written in docs/WEIGHTS.md.
const TOLERANCE: f64 = 1e-4;

fn golden() -> PathBuf {
    "reference/golden/diffusers".into()
}

/// A copy of a golden model, to be broken.
fn copy(model: &str, to: &Path) -> PathBuf {
    let folder = to.join(model);
    for part in ["", "unet", "scheduler"] {
        let from = golden().join(model).join(part);
        let Ok(entries) = fs::read_dir(&from) else { continue };
        fs::create_dir_all(folder.join(part)).unwrap();
        for path in entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
            fs::copy(&path, folder.join(part).join(path.file_name().unwrap())).unwrap();
        }
    }
    folder
}

fn request(folder: &Path, run: &str, root: &Path) -> ImportRequest {
    let changes = vec![format!("runs={:?}", root.join("runs")), "backend.name=flex".into()];
    ImportRequest { changes, ..ImportRequest::new(folder, run) }
}

fn array<const D: usize>(file: &SafeTensors<'_>, name: &str) -> Option<Tensor<D>> {
    let view = file.tensor(name).ok()?;
    let values: Vec<f32> = view.data().chunks(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect();
    let shape: [usize; D] = view.shape().try_into().unwrap();
    Some(Tensor::from_data(TensorData::new(values, shape), &Device::flex()))
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data_as::<f32>().try_to_vec().unwrap()
}

/// Relative to the largest entry.
fn error(got: &[f32], expected: &[f32]) -> f64 {
    assert_eq!(got.len(), expected.len());
    let size = expected.iter().fold(0f32, |size, x| size.max(x.abs()));
    let largest = got.iter().zip(expected).map(|(a, b)| f64::from((a - b).abs() / size));
    largest.fold(0.0, |largest, error| if error > largest || error.is_nan() { error } else { largest })
}

/// The draws of the reference, in the order they are asked for.
struct Recorded(VecDeque<Tensor<4>>);

impl<const D: usize> Brownian<D> for Recorded {
    fn increment(&mut self, t0: f64, t1: f64, like: &Tensor<D>) -> Tensor<D> {
        self.normal(like).mul_scalar((t1 - t0).abs().sqrt())
    }

    fn increment_and_integral(&mut self, _: f64, _: f64, _: &Tensor<D>) -> (Tensor<D>, Tensor<D>) {
        panic!("no scheduler asks for it")
    }

    /// Images have rank 4; the type of a walk does not know it.
    fn normal(&mut self, like: &Tensor<D>) -> Tensor<D> {
        let draw = self.0.pop_front().expect("a draw more than diffusers");
        Tensor::from_data(TensorData::new(values(draw), like.dims()), &Device::flex())
    }
}

/// Walks with the network that it is given.
struct Walk<'a> {
    config: &'a RunConfig,
    sampler: SamplerConfig,
    start: Tensor<4>,
    noise: Recorded,
}

impl NetworkVisitor for Walk<'_> {
    type Output = Result<Vec<f32>, Error>;

    fn visit<N: Network<D>, const D: usize>(mut self, network: N) -> Result<Vec<f32>, Error> {
        let shape: [usize; D] = self.start.dims().to_vec().try_into().unwrap();
        let start = Tensor::<D>::from_data(TensorData::new(values(self.start), shape), &Device::flex());
        let score = NetworkScore::new(network, self.config.build_process()?, self.config.parameterization);
        let mut observe = |_: usize, _: &Tensor<D>| ControlFlow::Continue(());
        let drawn = self.sampler.walk(&score, start, &mut self.noise, &mut observe)?;
        Ok(values(drawn.samples))
    }
}

#[derive(serde::Deserialize)]
struct Case {
    name: String,
    steps: usize,
    scheduler: String,
}

#[test]
fn imported_models_draw_what_diffusers_draws_from_the_same_noise() {
    let root = tempfile::tempdir().unwrap();
    let bytes = fs::read(golden().join("cases.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let cases: Vec<Case> = serde_json::from_str(&fs::read_to_string(golden().join("cases.json")).unwrap()).unwrap();
    assert_eq!(cases.len(), 18);
    let mut wrong = Vec::new();
    for case in cases {
        let scheduler = root.path().join(format!("{}.json", case.name));
        fs::write(&scheduler, &case.scheduler).unwrap();
        let request =
            ImportRequest { scheduler: Some(scheduler), ..request(&golden().join("tiny"), &case.name, root.path()) };
        let imported = import(&request, &()).unwrap_or_else(|error| panic!("{}: {error}", case.name));
        let config = imported.config;
        let mut sampler = config.sampler.clone();
        // Where steps are counted, and not points, there is one less.
        sampler.steps = Some(case.steps - usize::from(!sampler.grid().counts_points()));
        let noise = array::<5>(&file, &format!("{}.noise", case.name));
        let noise = noise.into_iter().flat_map(|all| all.iter_dim(0).map(|one| one.squeeze_dim(0)).collect::<Vec<_>>());
        let start = array::<4>(&file, &format!("{}.start", case.name)).unwrap();
        let walk = Walk { config: &config, sampler, start, noise: Recorded(noise.collect()) };
        let checkpoint = find_checkpoint(&imported.folder).unwrap();
        let drawn = with_weights(&checkpoint, WeightSet::Average, &config, &Device::flex(), walk);
        let drawn = drawn.unwrap_or_else(|error| panic!("{}: {error}", case.name));
        let error = error(&drawn, &values(array::<4>(&file, &format!("{}.drawn", case.name)).unwrap()));
        println!("{:<14} {error:.1e}", case.name);
        if error.is_nan() || error > TOLERANCE {
            wrong.push(format!("{}: {error:.1e}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// One call of the network with every class, among them the last.
struct Classes(Tensor<4>);

impl NetworkVisitor for Classes {
    type Output = Result<Vec<f32>, Error>;

    fn visit<N: Network<D>, const D: usize>(self, network: N) -> Result<Vec<f32>, Error> {
        assert_eq!((network.condition().classes, network.has_null_class()), (Some(3), false));
        let shape: [usize; D] = self.0.dims().to_vec().try_into().unwrap();
        let x = Tensor::<D>::from_data(TensorData::new(values(self.0), shape), &Device::flex());
        let condition = Condition::of_classes(vec![0, 1, 2]);
        let context = Context { condition, ..Context::default() };
        let time = Tensor::<1>::from_floats([400.0; 3], &Device::flex());
        Ok(values(network.forward::<Plain>(x, time, &context)))
    }
}

#[test]
fn every_class_of_a_model_of_pytorch_in_half_precision_is_a_class() {
    let root = tempfile::tempdir().unwrap();
    let scheduler = golden().join("tiny/scheduler");
    let classes = golden().join("classes");
    let without = import(&request(&classes, "classes", root.path()), &()).unwrap_err().to_string();
    assert!(without.contains("no scheduler_config.json"), "{without}");
    let request = ImportRequest { scheduler: Some(scheduler), ..request(&classes, "classes", root.path()) };
    let imported = import(&request, &()).unwrap();
    let bytes = fs::read(golden().join("cases.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let checkpoint = find_checkpoint(&imported.folder).unwrap();
    let visitor = Classes(array::<4>(&file, "classes.start").unwrap());
    let got = with_weights(&checkpoint, WeightSet::Raw, &imported.config, &Device::flex(), visitor).unwrap();
    let error = error(&got, &values(array::<4>(&file, "classes.drawn").unwrap()));
    assert!(error < 1e-5, "{error:e}");
    let run = Run::open_with(&imported.folder, &["sampler.steps=2".into()]).unwrap();
    assert_eq!(run.draw(Draw::new(3).class("2")).unwrap().count(), 3);
    let refusal = run.draw(Draw::new(1).class("2").guidance(2.0)).unwrap_err().to_string();
    assert!(refusal.contains("no null class"), "{refusal}");
    assert!(run.draw(Draw::new(1).class("3")).unwrap_err().to_string().contains("0 to 2"));
    // With a null class the last row is no class any more, and is trained.
    let with_null = ImportRequest { run: "null".into(), null_class: true, ..request };
    let config = import(&with_null, &()).unwrap().config;
    assert_eq!((config.training.class_dropout, config.network.has_null_class()), (0.1, true));
    assert!(Run::open(config.run_folder()).unwrap().draw(Draw::new(1).class("2")).is_err());
}

#[test]
fn what_is_imported_is_exported_with_the_same_bytes() {
    let root = tempfile::tempdir().unwrap();
    let read = |folder: &Path, name: &str| fs::read(folder.join(name)).unwrap();
    let json = |folder: &Path, name: &str| -> serde_json::Value {
        let mut value: serde_json::Value = serde_json::from_slice(&read(folder, name)).unwrap();
        for key in ["_diffusers_version", "_name_or_path"] {
            value.as_object_mut().unwrap().remove(key);
        }
        value
    };
    let imported = import(&request(&golden().join("tiny"), "tiny", root.path()), &()).unwrap();
    let out = root.path().join("out");
    let exported = export(&ExportRequest::new(&imported.folder, &out), &()).unwrap();
    assert_eq!(exported.scheduler, "DDPMScheduler");
    let (weights, tiny) = ("unet/diffusion_pytorch_model.safetensors", golden().join("tiny"));
    assert!(read(&out, weights) == read(&tiny, weights), "the weights are other bytes");
    for name in ["unet/config.json", "scheduler/scheduler_config.json", "model_index.json"] {
        let (new, old) = (json(&out, name), json(&tiny, name));
        for (key, value) in old.as_object().unwrap() {
            assert!(new[key] == *value || new[key].as_f64() == value.as_f64(), "{name}: {key}: {} {value}", new[key]);
        }
    }
    let card = fs::read_to_string(out.join("README.md")).unwrap();
    assert!(card.contains("library_name: diffusers") && card.contains("1×8×8"), "{card}");
    // Half precision, which loses nothing that was of 16 bits already.
    let scheduler = Some(golden().join("tiny/scheduler"));
    let classes = ImportRequest { scheduler, ..request(&golden().join("classes"), "classes", root.path()) };
    let classes = import(&classes, &()).unwrap();
    let out = root.path().join("half");
    let half = ExportRequest { precision: WeightPrecision::Half, ..ExportRequest::new(&classes.folder, &out) };
    export(&half, &()).unwrap();
    let before = StateDict::read(&golden().join("classes/diffusion_pytorch_model.bin")).unwrap();
    let after = StateDict::read(&out.join(weights)).unwrap();
    assert_eq!(before, after);
    assert_eq!(json(&out, "unet/config.json")["num_class_embeds"], 3);
    let refusal = export(&half, &()).unwrap_err().to_string();
    assert!(refusal.contains("nothing is overwritten"), "{refusal}");
}

/// Processes that diffusers does not have become chains and noise levels there, from which the same pictures are drawn.
#[test]
fn runs_of_other_processes_are_exported_and_come_back() {
    let root = tempfile::tempdir().unwrap();
    let tiny = request(&golden().join("tiny"), "tiny", root.path());
    for (name, changes, scheduler) in [
        ("vp", ["process={ kind = \"vp\" }", "seed=1", "seed=1"], "DDPMScheduler"),
        ("cosine", ["process={ kind = \"cosine\" }", "seed=1", "parameterization.output=v"], "DDPMScheduler"),
        ("sub_vp", ["process={ kind = \"sub_vp\" }", "seed=1", "parameterization.output=x0"], "DDPMScheduler"),
        (
            "edm_under_vp",
            [
                "process={ kind = \"vp\" }",
                "parameterization={ output = \"edm\", conditioning = \"log_sigma\", sigma_data = 0.7 }",
                "seed=1",
            ],
            "EDMEulerScheduler",
        ),
        (
            "flow",
            [
                "process={ kind = \"linear_path\" }",
                "parameterization={ output = \"velocity\", conditioning = \"scaled_time\" }",
                "objective={ weighting = { kind = \"velocity\" }, time = { kind = \"logit_normal\" } }",
            ],
            "FlowMatchEulerDiscreteScheduler",
        ),
    ] {
        let sampler =
            "sampler={ kind = \"euler\", steps = 12, grid = { kind = \"times\", values = [0.9, 0.7, 0.5, 0.2, 0.1] } }";
        let mut own = ImportRequest { run: name.into(), ..tiny.clone() };
        own.changes.extend(changes.map(String::from));
        own.changes.push(sampler.into());
        let run = import(&own, &()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let out = root.path().join(format!("{name}-out"));
        assert_eq!(export(&ExportRequest::new(&run.folder, &out), &()).unwrap().scheduler, scheduler, "{name}");
        let mut back = request(&out, &format!("{name}-back"), root.path());
        // The levels of the same times, since the process may have another clock.
        let process = run.config.build_process().unwrap();
        let levels = [0.9, 0.7, 0.5, 0.2, 0.1].map(|t| (-0.5 * process.log_snr(t)).exp());
        back.changes
            .push(format!("sampler={{ kind = \"euler\", grid = {{ kind = \"noise_levels\", values = {levels:?} }} }}"));
        let back = import(&back, &()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let start = array::<4>(
            &SafeTensors::deserialize(&fs::read(golden().join("cases.safetensors")).unwrap()).unwrap(),
            "ddim.start",
        )
        .unwrap();
        let drawn = [&run, &back].map(|imported| {
            let config = &imported.config;
            // The same state in units in which the noise is 1.
            let scale = config.build_process().unwrap();
            let first = config.sampler.times(&*scale)[0];
            let start = start.clone().mul_scalar(scale.mean_scale(first).hypot(scale.std(first)));
            let walk = Walk { config, sampler: config.sampler.clone(), start, noise: Recorded(VecDeque::new()) };
            let checkpoint = find_checkpoint(&imported.folder).unwrap();
            with_weights(&checkpoint, WeightSet::Average, config, &Device::flex(), walk).unwrap()
        });
        let error = error(&drawn[1], &drawn[0]);
        println!("{name:<14} {error:.1e}");
        assert!(error < 2e-4, "{name}: {error:e}");
    }
}

#[test]
fn what_diffusers_cannot_represent_is_refused_with_the_remedy() {
    let root = tempfile::tempdir().unwrap();
    for (name, changes, parts) in [
        (
            "a",
            vec!["parameterization.conditioning=log_sigma"],
            vec!["parameterization.conditioning", "train one with \"timestep\""],
        ),
        ("b", vec!["parameterization.output=score"], vec!["parameterization.output", "\"epsilon\""]),
        ("c", vec!["preprocessing.scale=zero_one"], vec!["preprocessing.scale", "minus_one_one"]),
        ("d", vec!["process={ kind = \"ve\" }", "parameterization.output=v"], vec!["α² + σ² is not 1", "\"x0\""]),
        (
            "e",
            vec!["process={ kind = \"linear_path\" }", "parameterization.output=x0"],
            vec!["no β between 0 and 1", "flow matching"],
        ),
    ] {
        let mut own = request(&golden().join("tiny"), name, root.path());
        own.changes.extend(changes.into_iter().map(String::from));
        own.changes.push("sampler={ kind = \"euler\", grid = { kind = \"uniform\" } }".into());
        let run = import(&own, &()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let refusal = export(&ExportRequest::new(&run.folder, root.path().join("x")), &()).unwrap_err().to_string();
        assert!(parts.iter().all(|part| refusal.contains(part)), "{name}: {refusal}");
        assert!(!root.path().join("x").exists(), "{name}");
    }
}

/// Everything that is wrong with a folder is in one message, by key or by tensor, and no run is made.
#[test]
fn broken_folders_are_refused_with_all_that_is_wrong() {
    let root = tempfile::tempdir().unwrap();
    let unet = "unet/config.json";
    let scheduler = "scheduler/scheduler_config.json";
    let weights = "unet/diffusion_pytorch_model.safetensors";
    let set = |path: &Path, changes: &[(&str, serde_json::Value)]| {
        let mut value: serde_json::Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        changes.iter().for_each(|(key, new)| value[*key] = new.clone());
        fs::write(path, value.to_string()).unwrap();
    };
    type Break<'a> = Box<dyn Fn(&Path) + 'a>;
    let json = |file: &'static str, changes: Vec<(&'static str, serde_json::Value)>| -> Break<'_> {
        Box::new(move |folder| set(&folder.join(file), &changes))
    };
    let cut = |file: &'static str, length: usize| -> Break<'_> {
        Box::new(move |folder| {
            let bytes = fs::read(folder.join(file)).unwrap();
            fs::write(folder.join(file), &bytes[..length]).unwrap();
        })
    };
    let gone =
        |file: &'static str| -> Break<'_> { Box::new(move |folder| fs::remove_file(folder.join(file)).unwrap()) };
    let cases: Vec<(&str, Vec<Break<'_>>, Vec<&str>)> = vec![
        ("no network", vec![gone(unet), gone(weights)], vec!["config.json", "there are no weights"]),
        ("no scheduler", vec![gone(scheduler)], vec!["no scheduler_config.json"]),
        ("cut weights", vec![cut(weights, 5000)], vec!["is no .safetensors"]),
        ("no header", vec![cut(weights, 4)], vec!["diffusion_pytorch_model.safetensors"]),
        (
            "cut json",
            vec![cut(unet, 50), cut(scheduler, 9)],
            vec!["unet/config.json: is no JSON", "scheduler_config.json: is no JSON"],
        ),
        (
            "keys of both",
            vec![
                json(unet, vec![("act_fn", "gelu".into()), ("layers_per_block", "two".into()), ("new_key", 1.into())]),
                json(
                    scheduler,
                    vec![
                        ("prediction_type", "noise".into()),
                        ("rescale_betas_zero_snr", true.into()),
                        ("variance_type", "learned_range".into()),
                        ("beta_start", "small".into()),
                        ("moon_phase", 3.into()),
                    ],
                ),
            ],
            vec![
                "act_fn = \"gelu\"",
                "layers_per_block",
                "new_key",
                "prediction_type = \"noise\"",
                "rescale_betas_zero_snr = true",
                "variance_type = \"learned_range\"",
                "beta_start = \"small\": must be a number",
                "moon_phase = 3",
            ],
        ),
        ("size", vec![json(unet, vec![("sample_size", serde_json::Value::Null)])], vec!["sample_size = null"]),
        (
            "shapes",
            vec![json(unet, vec![("block_out_channels", vec![4, 6].into()), ("layers_per_block", 2.into())])],
            vec!["is of shape", "conv1.weight", "is missing", "more"],
        ),
        (
            "unexpected",
            vec![json(unet, vec![("add_attention", false.into())])],
            vec!["mid_block.attentions.0.to_k.weight: is unexpected"],
        ),
        ("class", vec![json(unet, vec![("_class_name", "UNet2DConditionModel".into())])], vec!["UNet2DConditionModel"]),
        ("parts", vec![json("model_index.json", vec![("vqvae", vec!["diffusers", "VQModel"].into())])], vec!["vqvae"]),
        (
            "scheduler",
            vec![json(scheduler, vec![("_class_name", "ScoreSdeVeScheduler".into())])],
            vec!["ScoreSdeVeScheduler", "√(1 + σ²)"],
        ),
        (
            "unknown",
            vec![json(scheduler, vec![("_class_name", "MagicScheduler".into())])],
            vec!["MagicScheduler", "DPMSolverMultistep"],
        ),
        (
            "sampler",
            vec![json(scheduler, vec![("_class_name", "DDIMScheduler".into()), ("set_alpha_to_one", false.into())])],
            vec!["set_alpha_to_one = false", "sampler={ kind"],
        ),
    ];
    for (number, (name, breaks, parts)) in cases.iter().enumerate() {
        let folder = copy("tiny", &root.path().join(number.to_string()));
        breaks.iter().for_each(|make| make(&folder));
        let refusal = import(&request(&folder, name, root.path()), &()).unwrap_err().to_string();
        let missing: Vec<&&str> = parts.iter().filter(|part| !refusal.contains(**part)).collect();
        assert!(missing.is_empty(), "{name}: {missing:?} are not in: {refusal}");
        assert!(!root.path().join("runs").join(name).join("config.toml").exists(), "{name} left a run behind");
    }
    // A sampler of one's own makes the keys of the scheduler's unimportant, and a named size the missing one.
    let folder = copy("tiny", &root.path().join("own"));
    set(&folder.join(scheduler), &[("_class_name", "PNDMScheduler".into())]);
    set(&folder.join(unet), &[("sample_size", serde_json::Value::Null)]);
    let mut own = ImportRequest { size: Some([16, 8]), ..request(&folder, "own", root.path()) };
    own.changes.push("sampler={ kind = \"ddim\", steps = 3 }".into());
    assert_eq!(import(&own, &()).unwrap().config.data.shape().unwrap(), [1, 16, 8]);
    let again = import(&own, &()).unwrap_err().to_string();
    assert!(again.contains("there is a run already"), "{again}");
}

#[test]
fn variants_parts_and_averages_are_found() {
    let root = tempfile::tempdir().unwrap();
    let folder = copy("tiny", root.path());
    let (plain, fp16) = ("unet/diffusion_pytorch_model.safetensors", "unet/diffusion_pytorch_model.fp16.safetensors");
    fs::rename(folder.join(plain), folder.join(fp16)).unwrap();
    let found = |variant| DiffusersFolder::open(&folder, variant);
    assert_eq!(found(None).unwrap().weights, [folder.join(fp16)]);
    fs::copy(folder.join(fp16), folder.join("unet/diffusion_pytorch_model.non_ema.safetensors")).unwrap();
    assert!(found(None).unwrap_err().to_string().contains("which weights?"));
    assert_eq!(found(Some("fp16")).unwrap().weights, [folder.join(fp16)]);
    assert!(found(Some("bf16")).unwrap_err().to_string().contains("non_ema"));
    let index = r#"{"weight_map": {"a": "part-1.safetensors", "b": "part-2.safetensors", "c": "part-1.safetensors"}}"#;
    fs::write(folder.join("unet/diffusion_pytorch_model.safetensors.index.json"), index).unwrap();
    assert_eq!(
        found(None).unwrap().weights,
        ["part-1", "part-2"].map(|n| folder.join(format!("unet/{n}.safetensors")))
    );
    let index = r#"{"weight_map": {"a": "../../secret"}}"#;
    fs::write(folder.join("unet/diffusion_pytorch_model.safetensors.index.json"), index).unwrap();
    assert!(found(None).unwrap_err().to_string().contains("names no files of this folder"));
    // Averages of a training of diffusers become those of the run.
    let folder = copy("tiny", &root.path().join("averages"));
    fs::create_dir(folder.join("unet_ema")).unwrap();
    let mut weights = StateDict::read(&folder.join(plain)).unwrap();
    let other = StateDict::read(&golden().join("classes/diffusion_pytorch_model.bin")).unwrap();
    weights.replace(&other);
    weights
        .write_safetensors(&folder.join("unet_ema/diffusion_pytorch_model.safetensors"), WeightPrecision::Single)
        .unwrap();
    let run = import(&request(&folder, "averages", root.path()), &()).unwrap();
    let checkpoint = find_checkpoint(&run.folder).unwrap();
    let [average, raw] = [WeightSet::Average, WeightSet::Raw]
        .map(|set| crate::experiment::state_dict(&checkpoint, set, &run.config).unwrap());
    assert!(average == weights && raw == StateDict::read(&folder.join(plain)).unwrap() && average != raw);
}

/// From the averaged weights of a run, or of a model, with the optimiser anew; an imported run goes on as well, once it has data.
#[test]
fn training_goes_on_from_given_weights() {
    let root = tempfile::tempdir().unwrap();
    let tiny = golden().join("tiny");
    let run = import(&request(&tiny, "tiny", root.path()), &()).unwrap();
    let data = "data={ kind = \"mixture\", preset = \"bimodal\" }";
    let small = ["training.steps=2", "training.batch_size=2", "training.log_every=1"];
    let changes: Vec<String> = small.iter().map(|change| (*change).into()).collect();
    let refusal = crate::resume(&run.folder, &changes, &ResumeRequest::default(), &()).unwrap_err().to_string();
    assert!(refusal.contains("data.kind") && refusal.contains("came without data"), "{refusal}");
    assert!(
        crate::resume(&run.folder, &[data.into()], &ResumeRequest::default(), &()).is_err(),
        "vectors are no pictures"
    );
    // Pictures of a folder.
    let pictures = root.path().join("pictures");
    fs::create_dir(&pictures).unwrap();
    for number in 0..12u8 {
        let pixels = (0..64).map(|k| number.wrapping_mul(20).wrapping_add(k)).collect();
        image::GrayImage::from_raw(8, 8, pixels).unwrap().save(pictures.join(format!("{number}.png"))).unwrap();
    }
    let data =
        format!("data={{ kind = \"folder\", path = {pictures:?}, size = 8, channels = 1, validation_fraction = 0.2 }}");
    let trained = crate::resume(
        &run.folder,
        &[&changes[..], std::slice::from_ref(&data)].concat(),
        &ResumeRequest::default(),
        &(),
    );
    assert!(trained.unwrap().finished);
    let steps = |folder: &Path| -> Vec<u64> {
        crate::checkpoints::list(folder).unwrap().into_iter().map(|entry| entry.step).collect()
    };
    assert_eq!(steps(&run.folder), [0, 2]);

    // A new run from the imported one, whose first checkpoint is what it started from.
    let text = fs::read_to_string(run.folder.join("config.toml")).unwrap();
    let config = |name: &str, more: &[&str]| {
        let mut changes = vec![format!("name={name}"), data.clone()];
        changes.extend(more.iter().map(|change| (*change).to_string()));
        RunConfig::parse(&text, Path::new("config.toml"), &changes).unwrap()
    };
    let initial = InitialWeights { checkpoint: crate::CheckpointChoice::Step(0), ..InitialWeights::new(&run.folder) };
    let fine = fine_tune(&config("fine", &[]), &initial, &()).unwrap();
    let weights = |folder: &Path, step| {
        let checkpoint = crate::find_checkpoint_at(folder, crate::CheckpointChoice::Step(step)).unwrap();
        let config = RunConfig::load(&checkpoint.join("config.toml"), &[]).unwrap();
        crate::experiment::state_dict(&checkpoint, WeightSet::Average, &config).unwrap()
    };
    let model = StateDict::read(&tiny.join("unet/diffusion_pytorch_model.safetensors")).unwrap();
    assert!(weights(&fine.folder, 0) == model && weights(&fine.folder, 2) != model);
    assert!(InitialWeights::new(&tiny).read().unwrap() == model);
    // Another network: what does not fit is listed, and left only if that is asked for.
    let other = config("other", &["network.layers_per_block=2", "network.add_attention=false"]);
    let initial = InitialWeights::new(tiny.join("unet/diffusion_pytorch_model.safetensors"));
    let refusal = fine_tune(&other, &initial, &()).unwrap_err().to_string();
    assert!(refusal.contains("down_blocks.0.resnets.1.conv1.bias: is missing"), "{refusal}");
    assert!(!other.run_folder().join("config.toml").exists());
    fine_tune(&other, &InitialWeights { partial: true, ..initial }, &()).unwrap();
    assert!(weights(&other.run_folder(), 0).shapes().count() > model.shapes().count());
    let none = fine_tune(&config("none", &[]), &InitialWeights::new(&pictures), &()).unwrap_err().to_string();
    assert!(none.contains("config.json"), "{none}");
    assert!(CheckpointSampler::open(&fine.folder.join("checkpoints/step-00000002"), &[]).is_ok());
}
