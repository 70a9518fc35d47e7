"""Golden numbers for the U-Net of diffusers (`UNet2DModel`), made by diffusers itself.

    pip install torch diffusers safetensors
    python reference/unet_golden.py                # all cases, seconds on one core
    python reference/unet_golden.py fourier_resnet # one of them

Writes, for every case in CASES, the folder reference/golden/unet/<case>/ with

    config.json                          `model.config`, as `save_pretrained` writes it
    diffusion_pytorch_model.safetensors  the weights, as `save_pretrained` names them
    case.safetensors                     one evaluation and its gradients, all float32 but the labels:
        sample        [N, C, H, W]       what goes in
        timestep      [N]                not all integers
        class_labels  [N] int64          if the model embeds classes
        output        [N, C', H, W]      what comes out
        w             like output        fixed random weights of the loss  mean(output² · w)
        grad.sample, grad.<parameter>    gradients of that loss
        hidden.emb    [N, D]             time embedding plus class embedding, before any resnet
        hidden.down.<i>, hidden.mid, hidden.up.<i>   what each block returns: to find where two networks part

Every parameter is redrawn, norms included, so that no weight is 1 and no bias is 0. One seed per case: the same
versions on the same kind of machine reproduce the files. The metadata key `about` of case.safetensors is JSON: versions,
seed, and `f32_error`, the largest difference between these float32 numbers and the same computation in
float64, relative to the largest entry of each tensor: a tolerance below it asks for luck.
"""

import copy
import json
import platform
import sys
from pathlib import Path

import diffusers
import safetensors
import torch
from diffusers import UNet2DModel
from safetensors.torch import save_file

GOLDEN = Path(__file__).parent / "golden" / "unet"

# name -> (model, shape of one image, timesteps, parameters whose gradients are kept)
CASES = {
    # What a class-conditional MNIST run looks like: attention in the middle level, two heads.
    "classes_attention": (
        dict(
            sample_size=16, in_channels=1, out_channels=1, block_out_channels=(8, 16, 16), layers_per_block=1,
            down_block_types=("DownBlock2D", "AttnDownBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "AttnUpBlock2D", "UpBlock2D"),
            norm_num_groups=4, attention_head_dim=8, num_class_embeds=11,
        ),
        (16, 16), [0.0, 431.25, 999.0],
        ["conv_in.weight", "class_embedding.weight", "down_blocks.1.attentions.0.to_q.weight"],
    ),
    # The dialect of google/ddpm-cifar10-32: [sin, cos], freq_shift 1, asymmetric padding, eps 1e-6, one head.
    "ddpm": (
        dict(
            sample_size=16, in_channels=3, out_channels=3, block_out_channels=(8, 16), layers_per_block=2,
            down_block_types=("DownBlock2D", "AttnDownBlock2D"), up_block_types=("AttnUpBlock2D", "UpBlock2D"),
            norm_num_groups=4, attention_head_dim=None, flip_sin_to_cos=False, freq_shift=1,
            downsample_padding=0, norm_eps=1e-6, center_input_sample=True,
        ),
        (16, 16), [17.5, 750.0],
        ["conv_in.weight", "down_blocks.0.downsamplers.0.conv.weight", "up_blocks.0.resnets.2.conv_shortcut.weight"],
    ),
    # Scale and shift; the attention of the mid block then has no norm. Not square, halved to an odd size; four heads.
    "scale_shift": (
        dict(
            sample_size=(14, 10), in_channels=3, out_channels=6, block_out_channels=(8, 16), layers_per_block=1,
            down_block_types=("AttnDownBlock2D", "AttnDownBlock2D"), up_block_types=("AttnUpBlock2D", "AttnUpBlock2D"),
            norm_num_groups=4, attention_head_dim=4, resnet_time_scale_shift="scale_shift",
            mid_block_scale_factor=1.4142135623730951, norm_eps=1e-6,
        ),
        (14, 10), [3.75, 512.0],
        ["mid_block.resnets.0.time_emb_proj.weight", "mid_block.attentions.0.to_k.weight", "up_blocks.1.resnets.1.norm2.weight"],
    ),
    # Fourier features of log t, output divided by t, resnets as resamplers, a norm of its own in the mid attention.
    "fourier_resnet": (
        dict(
            sample_size=12, in_channels=1, out_channels=1, block_out_channels=(8, 16, 16), layers_per_block=1,
            down_block_types=("DownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D"),
            up_block_types=("AttnUpBlock2D", "AttnUpBlock2D", "UpBlock2D"),
            norm_num_groups=4, attn_norm_num_groups=2, attention_head_dim=8, time_embedding_type="fourier",
            resnet_time_scale_shift="scale_shift", downsample_type="resnet", upsample_type="resnet",
        ),
        (12, 12), [0.25, 1.7, 40.0],
        ["time_embedding.linear_1.weight", "down_blocks.1.downsamplers.0.conv1.weight", "mid_block.attentions.0.group_norm.weight"],
    ),
    # No attention anywhere; its own embedding width.
    "convolutions": (
        dict(
            sample_size=14, in_channels=1, out_channels=2, block_out_channels=(8, 16), layers_per_block=2,
            down_block_types=("DownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "UpBlock2D"),
            norm_num_groups=4, add_attention=False, downsample_padding=0, freq_shift=1, time_embedding_dim=24,
        ),
        (14, 14), [0.5, 998.0],
        ["time_embedding.linear_2.weight", "mid_block.resnets.1.conv2.bias", "conv_norm_out.bias"],
    ),
    # The rest: blocks with resnet resamplers, no mid block, 5 does not divide 16.
    "no_mid_block": (
        dict(
            sample_size=12, in_channels=3, out_channels=3, block_out_channels=(8, 16), layers_per_block=1,
            down_block_types=("ResnetDownsampleBlock2D", "AttnDownBlock2D"),
            up_block_types=("AttnUpBlock2D", "ResnetUpsampleBlock2D"),
            norm_num_groups=4, attention_head_dim=5, mid_block_type=None,
        ),
        (12, 12), [8.125, 250.0],
        ["down_blocks.0.downsamplers.0.conv2.weight", "up_blocks.1.resnets.1.norm1.weight", "conv_out.weight"],
    ),
}


def redraw(model, generator):
    """Every parameter anew: weights of unit gain, norms around 1, biases around 0, none of them trivial."""
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        if name == "time_proj.weight":  # Fourier frequencies, with diffusers' own scale
            value = 16 * noise
        elif parameter.ndim == 1 and "norm" in name and name.endswith("weight"):
            value = 1 + 0.3 * noise
        elif parameter.ndim == 1:
            value = 0.2 * noise
        elif name == "class_embedding.weight":
            value = noise
        else:
            value = noise / parameter[0].numel() ** 0.5
        if name.startswith("conv_in."):
            value = 0.03 * value  # a variance of about 1e-3 before the first norm, so that norm_eps shows
        parameter.data.copy_(value)


def labels_of(model, n, generator):
    rows = model.config.num_class_embeds
    return None if rows is None else torch.randint(0, rows, (n,), generator=generator)


def evaluate(model, sample, timestep, labels, w, keep):
    """Output, hidden states and gradients of one call, in the precision of the model."""
    precision = model.dtype
    sample = sample.to(precision).clone().requires_grad_()
    result = {}

    def watch(name, module):
        def hook(_, __, out):
            result[name] = (out[0] if isinstance(out, tuple) else out).detach()

        return module.register_forward_hook(hook)

    def watch_embedding(module):
        return module.register_forward_pre_hook(
            lambda _, args, kwargs: result.update({"hidden.emb": kwargs["temb"].detach()}), with_kwargs=True
        )

    hooks = [watch_embedding(model.down_blocks[0])]
    # diffusers computes positional features in float32.
    hooks += [model.time_proj.register_forward_hook(lambda _, __, out: out.to(precision))]
    hooks += [watch(f"hidden.down.{i}", block) for i, block in enumerate(model.down_blocks)]
    hooks += [watch("hidden.mid", model.mid_block)] if model.mid_block is not None else []
    hooks += [watch(f"hidden.up.{i}", block) for i, block in enumerate(model.up_blocks)]

    model.zero_grad()
    output = model(sample, timestep.to(precision), class_labels=labels).sample
    (output.square() * w.to(precision)).mean().backward()
    for hook in hooks:
        hook.remove()
    parameters = dict(model.named_parameters())
    result["output"] = output.detach()
    result["grad.sample"] = sample.grad
    result.update({f"grad.{name}": parameters[name].grad for name in keep})
    return {name: tensor.clone().contiguous() for name, tensor in result.items()}


def make(name, seed):
    arguments, size, times, keep = CASES[name]
    generator = torch.Generator().manual_seed(seed)
    model = UNet2DModel(**arguments).eval()
    redraw(model, generator)

    n = len(times)
    sample = torch.randn(n, model.config.in_channels, *size, generator=generator)
    timestep = torch.tensor(times)
    labels = labels_of(model, n, generator)
    w = torch.randn(n, model.config.out_channels, *size, generator=generator)

    result = evaluate(model, sample, timestep, labels, w, keep)
    exact = evaluate(copy.deepcopy(model).double(), sample, timestep, labels, w, keep)
    error = {k: ((result[k] - exact[k]).abs().max() / exact[k].abs().max()).item() for k in result}
    about = dict(
        generator="reference/unet_golden.py", seed=seed, torch=torch.__version__, diffusers=diffusers.__version__,
        safetensors=safetensors.__version__, python=platform.python_version(), machine=platform.machine(),
        loss="mean(output**2 * w)", f32_error={k: float(f"{v:.2g}") for k, v in sorted(error.items())},
    )

    folder = GOLDEN / name
    model.save_pretrained(folder, safe_serialization=True)
    case = dict(result, sample=sample, timestep=timestep, w=w)
    if labels is not None:
        case["class_labels"] = labels
    # One metadata key: safetensors writes several in an order of its own.
    save_file(dict(sorted(case.items())), folder / "case.safetensors", metadata={"about": json.dumps(about)})
    for file in folder.iterdir():
        file.chmod(0o644)  # safetensors writes 0600
    size = sum(file.stat().st_size for file in folder.iterdir())
    print(f"{name:18} {size / 1000:5.0f} kB  |output| {result['output'].abs().max():8.3f}  worst f32 error "
          f"{max(error.values()):.1e} ({max(error, key=error.get)}), output {error['output']:.1e}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    wanted = sys.argv[1:] or list(CASES)
    print(f"torch {torch.__version__}, diffusers {diffusers.__version__}, safetensors {safetensors.__version__}")
    for seed, name in enumerate(CASES):
        if name in wanted:
            make(name, 20240 + seed)
