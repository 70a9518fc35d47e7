//! The U-Net gives diffusers' numbers, with diffusers' weights: outputs and gradients (reference/unet_golden.py).

use std::fs;
use std::path::PathBuf;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, FloatDType, Int, Tensor, TensorData};
use fokker_model::pretrained::load_safetensors;
use fokker_model::unet::BlockType;
use fokker_model::{Calculus, Condition, Context, Network, Plain, Precision, UNet, UNet1d, UNetConfig};
use safetensors::SafeTensors;

/// Relative to the largest entry. The largest error of PyTorch's own float32 against float64 in these cases is 7e-6 for
/// outputs and 2e-5 for gradients (written in the files); a factor of five is left for another order of summation.
const TOLERANCE: f64 = 1e-4;

/// In bfloat16, relative to the root mean square: a rounding to 8 digits is off by up to 2⁻⁸ of a number, and `n` independent ones by up
/// to `√n 2⁻⁸`, as normalisations keep their size. On the way through these networks there are up to 136 one after another, of arrays and of
/// weights in products (6 in a residual block, 8 in attention, 2 where the size changes, 6 at the ends), and on the way back as many.
const TOLERANCE_BF16: f64 = 16.5 / 256.0;

fn golden() -> PathBuf {
    PathBuf::from("../reference/golden/unet")
}

fn array<const D: usize>(file: &SafeTensors, name: &str, device: &Device) -> Tensor<D> {
    let view = file.tensor(name).unwrap();
    let values: Vec<f32> = view.data().chunks(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect();
    let shape: [usize; D] = view.shape().try_into().unwrap();
    Tensor::from_data(TensorData::new(values, shape), device)
}

fn classes(file: &SafeTensors) -> Option<Vec<usize>> {
    let view = file.tensor("class_labels").ok()?;
    Some(view.data().chunks(8).map(|bytes| u64::from_le_bytes(bytes.try_into().unwrap()) as usize).collect())
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data_as::<f64>().as_slice::<f64>().unwrap().to_vec()
}

fn assert_close(got: &[f64], want: &[f64], precision: Precision, what: &str) {
    assert_eq!(got.len(), want.len(), "{what}");
    if precision == Precision::Bf16 {
        let squares: f64 = got.iter().zip(want).map(|(a, b)| (a - b).powi(2)).sum();
        let error = (squares / want.iter().map(|value| value.powi(2)).sum::<f64>()).sqrt();
        assert!((1e-5..TOLERANCE_BF16).contains(&error), "{what} in bfloat16: {error:e} of the root mean square");
        return;
    }
    let scale = want.iter().fold(0.0f64, |scale, value| scale.max(value.abs()));
    let error = got.iter().zip(want).fold(0.0f64, |error, (a, b)| error.max((a - b).abs()));
    assert!(error <= TOLERANCE * scale, "{what}: {:e} of the largest entry", error / scale);
}

/// Gradients of the parameters that a golden file holds.
struct Gradients<'a> {
    path: Vec<String>,
    file: &'a SafeTensors<'a>,
    gradients: &'a burn::tensor::Gradients,
    checked: usize,
    case: &'a str,
    precision: Precision,
}

impl ModuleVisitor for Gradients<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        // Names of enum variants are not part of the weights' names.
        self.path.push(if container.starts_with("Enum:") { String::new() } else { name.into() });
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let parts: Vec<&str> = self.path.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        let name = format!("grad.{}", parts.join("."));
        let Ok(view) = self.file.tensor(&name) else { return };
        let want: Vec<f64> =
            view.data().chunks(4).map(|bytes| f64::from(f32::from_le_bytes(bytes.try_into().unwrap()))).collect();
        let got = values(param.val().grad(self.gradients).unwrap());
        assert_close(&got, &want, self.precision, &format!("{} {name}", self.case));
        self.checked += 1;
    }
}

fn check(case: &str, recompute_blocks: bool, precision: Precision, device: &Device) {
    let folder = golden().join(case);
    let config = UNetConfig::from_diffusers(&fs::read_to_string(folder.join("config.json")).unwrap()).unwrap();
    let network = UNet::new(&config, 0, device).unwrap();
    let network = load_safetensors(network, &folder.join("diffusion_pytorch_model.safetensors")).unwrap().train();
    let bytes = fs::read(folder.join("case.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let device = device.clone().autodiff();
    let how = (recompute_blocks, precision);
    compare::<UNet, 4>(&network, &file, case, how, &device, |network, visitor| network.visit(visitor));
}

/// The U-Net on signals, whose weights are those of the U-Net inside.
fn check_1d(case: &str, recompute_blocks: bool) {
    let folder = PathBuf::from("../reference/golden/unet_1d").join(case);
    let config = UNetConfig::from_diffusers(&fs::read_to_string(folder.join("config.json")).unwrap()).unwrap();
    let config = UNetConfig { dimensions: 1, ..config };
    let network = UNet1d::new(&config, 0, &Device::flex()).unwrap();
    let unet = load_safetensors(network.unet, &folder.join("diffusion_pytorch_model.safetensors")).unwrap().train();
    let bytes = fs::read(folder.join("case.safetensors")).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let network = UNet1d { unet };
    let device = Device::flex().autodiff();
    let how = (recompute_blocks, Precision::F32);
    compare::<UNet1d, 3>(&network, &file, case, how, &device, |network, visitor| network.unet.visit(visitor));
}

/// Output and gradients next to those of a file.
fn compare<N: Network<D>, const D: usize>(
    network: &N,
    file: &SafeTensors,
    case: &str,
    (recompute_blocks, precision): (bool, Precision),
    device: &Device,
    visit: impl Fn(&N, &mut Gradients),
) {
    let sample = array::<D>(file, "sample", device).require_grad();
    let condition = Condition { classes: classes(file), ..Condition::default() };
    let context = Context { condition, recompute_blocks, ..Context::default() };
    let dtype = precision.dtype().unwrap_or(FloatDType::F32);
    let input = Plain::to_precision(sample.clone(), dtype);
    let output = network.forward::<Plain>(input, array::<1>(file, "timestep", device), &context);
    let output = Plain::to_precision(output, FloatDType::F32);
    let expected = values(array::<D>(file, "output", device));
    assert_close(&values(output.clone()), &expected, precision, &format!("{case} output"));
    let loss = (output.square() * array::<D>(file, "w", device)).mean();
    let gradients = loss.backward();
    let of_sample = values(sample.grad(&gradients).unwrap());
    let expected = values(array::<D>(file, "grad.sample", device));
    assert_close(&of_sample, &expected, precision, &format!("{case} grad.sample"));
    let mut visitor = Gradients { path: Vec::new(), file, gradients: &gradients, checked: 0, case, precision };
    visit(network, &mut visitor);
    assert_eq!(visitor.checked, 3, "{case} holds the gradients of three parameters");
}

#[test]
fn outputs_and_gradients_are_those_of_diffusers() {
    for case in ["classes_attention", "ddpm", "scale_shift", "fourier_resnet", "convolutions", "no_mid_block"] {
        for recompute_blocks in [false, true] {
            check(case, recompute_blocks, Precision::F32, &Device::flex());
        }
        check(case, false, Precision::Bf16, &Device::flex());
    }
}

/// In one dimension, with PyTorch's `Conv1d` in diffusers' network (reference/unet_1d_golden.py).
#[test]
fn outputs_and_gradients_on_signals_are_those_of_pytorch() {
    for case in ["attention", "resnet"] {
        for recompute_blocks in [false, true] {
            check_1d(case, recompute_blocks);
        }
    }
}

#[test]
fn weights_of_another_network_are_refused_by_name() {
    let folder = golden().join("ddpm");
    let mut config = UNetConfig::from_diffusers(&fs::read_to_string(folder.join("config.json")).unwrap()).unwrap();
    let weights = folder.join("diffusion_pytorch_model.safetensors");
    let refusal = |config: &UNetConfig| {
        let network = UNet::new(config, 0, &Device::flex()).unwrap();
        load_safetensors(network, &weights).unwrap_err().to_string()
    };
    config.layers_per_block = 1;
    assert!(refusal(&config).contains("down_blocks.0.resnets.1.conv1.weight: is unexpected"), "{}", refusal(&config));
    config.layers_per_block = 3;
    assert!(refusal(&config).contains("down_blocks.0.resnets.2.norm1.weight: is missing"), "{}", refusal(&config));
    config.layers_per_block = 2;
    config.in_channels = 1;
    assert!(refusal(&config).contains("conv_in.weight"), "{}", refusal(&config));
}

#[test]
fn fields_this_network_does_not_have_are_refused() {
    let refusal = |json: &str| UNetConfig::from_diffusers(json).unwrap_err().to_string();
    assert!(refusal(r#"{"act_fn": "gelu"}"#).contains("act_fn"));
    assert!(refusal(r#"{"down_block_types": ["SkipDownBlock2D"]}"#).contains("SkipDownBlock2D"));
    assert!(refusal(r#"{"class_embed_type": "identity"}"#).contains("class_embed_type"));
}

/// A picture whose lowest level is one pixel is no signal of one row.
#[test]
fn images_may_shrink_to_one_pixel() {
    let device = Device::flex();
    let blocks = [
        (BlockType::DownBlock2D, BlockType::UpBlock2D),
        (BlockType::ResnetDownsampleBlock2D, BlockType::ResnetUpsampleBlock2D),
    ];
    for (down, up) in blocks {
        let config = UNetConfig {
            in_channels: 1,
            out_channels: 1,
            block_out_channels: vec![4, 4, 4],
            down_block_types: vec![down; 3],
            up_block_types: vec![up; 3],
            layers_per_block: 1,
            norm_num_groups: 2,
            add_attention: false,
            ..UNetConfig::default()
        };
        let network = UNet::new(&config, 0, &device).unwrap();
        let x = Tensor::<4>::ones([2, 1, 4, 4], &device);
        let noise = Tensor::<1>::from_floats([0.3, 0.7], &device);
        let out = network.forward::<Plain>(x, noise, &Context::default());
        assert_eq!(out.dims(), [2, 1, 4, 4]);
    }
}

/// Images whose sides the levels do not divide, and signals: as if zeros had been put around them.
#[test]
fn any_sides_are_taken_with_zeros_around() {
    let device = Device::flex();
    let config = UNetConfig {
        layers_per_block: 1,
        norm_num_groups: 2,
        attention_head_dim: Some(4),
        ..UNetConfig::with_levels(1, &[(4, false), (8, true), (8, false)])
    };
    let noise = || Tensor::<1>::from_floats([0.3, 0.7], &device);
    let numbers = |count: usize| Tensor::<1, Int>::arange(0..count as i64, &device).float().sin();
    let network = UNet::new(&config, 1, &device).unwrap();
    let x = numbers(2 * 5 * 11).reshape([2, 1, 5, 11]);
    let out = network.forward::<Plain>(x.clone(), noise(), &Context::default());
    let whole = network.forward::<Plain>(x.pad((0, 1, 1, 2), 0.0), noise(), &Context::default());
    let inside = whole.narrow(2, 1, 5).narrow(3, 0, 11);
    assert_eq!(values(out), values(inside));

    let network = UNet1d::new(&UNetConfig { dimensions: 1, ..config.clone() }, 1, &device).unwrap();
    let x = numbers(2 * 17).reshape([2, 1, 17]);
    let out = network.forward::<Plain>(x.clone(), noise(), &Context::default());
    let before = Tensor::zeros([2, 1, 1], &device);
    let after = Tensor::zeros([2, 1, 2], &device);
    let whole = network.forward::<Plain>(Tensor::cat(vec![before, x, after], 2), noise(), &Context::default());
    assert_eq!(values(out), values(whole.narrow(2, 1, 17)));

    config.to_diffusers([8, 12]).unwrap();
    let refusal = config.to_diffusers([8, 10]).unwrap_err().to_string();
    assert!(refusal.contains("divisible by 4, not 8×10"), "{refusal}");
}
