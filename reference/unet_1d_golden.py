"""Golden numbers for the U-Net on signals (`dimensions = 1`), made by diffusers' `UNet2DModel` with PyTorch's `Conv1d` in it.

    pip install torch diffusers safetensors
    python reference/unet_1d_golden.py     # both cases, seconds on one core

A signal is an image of one row. Every convolution of 3 × 3 pixels is replaced by a `Conv1d` of 3 steps on that row, average pooling by
that of two steps, and repeating pixels by repeating steps; everything else is diffusers' own. Writes for every case the folder
reference/golden/unet_1d/<case>/ with the files of reference/unet_golden.py. Weights of convolutions along the row are
`[out, in, 1, 3]`; `sample`, `output`, `w` and `grad.sample` are `[N, C, L]`.
"""

import copy
import json
import platform
from pathlib import Path

import diffusers
import safetensors
import torch
from diffusers import UNet2DModel
from diffusers.models.downsampling import Downsample2D
from diffusers.models.resnet import ResnetBlock2D
from safetensors.torch import save_file

from unet_golden import labels_of, redraw

GOLDEN = Path(__file__).parent / "golden" / "unet_1d"

# name -> (model, length, timesteps, parameters whose gradients are kept)
CASES = {
    "attention": (
        dict(
            sample_size=(1, 24), in_channels=2, out_channels=2, block_out_channels=(8, 16, 16), layers_per_block=1,
            down_block_types=("DownBlock2D", "AttnDownBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "AttnUpBlock2D", "UpBlock2D"),
            norm_num_groups=4, attention_head_dim=8, num_class_embeds=4,
        ),
        24, [0.0, 431.25, 999.0],
        ["conv_in.weight", "down_blocks.0.downsamplers.0.conv.weight", "up_blocks.0.upsamplers.0.conv.weight"],
    ),
    # Asymmetric padding, and residual blocks that change the resolution.
    "resnet": (
        dict(
            sample_size=(1, 20), in_channels=1, out_channels=1, block_out_channels=(8, 16, 8), layers_per_block=1,
            down_block_types=("DownBlock2D", "ResnetDownsampleBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "ResnetUpsampleBlock2D", "UpBlock2D"),
            norm_num_groups=4, add_attention=False, downsample_padding=0, resnet_time_scale_shift="scale_shift",
        ),
        20, [17.5, 750.0],
        ["down_blocks.0.downsamplers.0.conv.weight", "down_blocks.1.downsamplers.0.conv1.weight", "conv_out.bias"],
    ),
}


class AlongRow(torch.nn.Conv1d):
    """A `Conv1d` on the first row of an image; rows that padding or repeating added are left out."""

    def forward(self, x):
        return super().forward(x[:, :, 0])[:, :, None]


class Repeat(torch.nn.Module):
    """Every step twice."""

    def forward(self, x, *_, **__):
        return x.repeat_interleave(2, dim=3)


def along_rows(module):
    for name, child in module.named_children():
        if isinstance(child, torch.nn.Conv2d) and child.kernel_size == (3, 3):
            padding = child.padding[0]
            conv = AlongRow(child.in_channels, child.out_channels, 3, stride=child.stride[0], padding=padding)
            setattr(module, name, conv)
        elif isinstance(child, torch.nn.AvgPool2d):
            setattr(module, name, torch.nn.AvgPool2d((1, 2)))
        else:
            along_rows(child)
    if isinstance(module, ResnetBlock2D) and module.upsample is not None:
        module.upsample = Repeat()
    if isinstance(module, Downsample2D) and module.use_conv:
        module.name = "row"


def evaluate(model, sample, timestep, labels, w, keep):
    precision = model.dtype
    sample = sample.to(precision).clone().requires_grad_()
    hook = model.time_proj.register_forward_hook(lambda _, __, out: out.to(precision))
    model.zero_grad()
    output = model(sample[:, :, None], timestep.to(precision), class_labels=labels).sample[:, :, 0]
    (output.square() * w.to(precision)).mean().backward()
    hook.remove()
    parameters = dict(model.named_parameters())
    result = {"output": output.detach(), "grad.sample": sample.grad}
    result.update({f"grad.{name}": as_row(parameters[name].grad) for name in keep})
    return {name: tensor.clone().contiguous() for name, tensor in result.items()}


def as_row(weight):
    """`[out, in, k]` as the kernel of one row that it is."""
    return weight[:, :, None] if weight.ndim == 3 else weight


def make(name, seed):
    arguments, length, times, keep = CASES[name]
    generator = torch.Generator().manual_seed(seed)
    model = UNet2DModel(**arguments).eval()
    along_rows(model)
    redraw(model, generator)
    n = len(times)
    sample = torch.randn(n, model.config.in_channels, length, generator=generator)
    timestep = torch.tensor(times)
    labels = labels_of(model, n, generator)
    w = torch.randn(n, model.config.out_channels, length, generator=generator)
    result = evaluate(model, sample, timestep, labels, w, keep)
    exact = evaluate(copy.deepcopy(model).double(), sample, timestep, labels, w, keep)
    error = {k: ((result[k] - exact[k]).abs().max() / exact[k].abs().max()).item() for k in result}
    about = dict(
        generator="reference/unet_1d_golden.py", seed=seed, torch=torch.__version__, diffusers=diffusers.__version__,
        safetensors=safetensors.__version__, python=platform.python_version(), machine=platform.machine(),
        loss="mean(output**2 * w)", f32_error={k: float(f"{v:.2g}") for k, v in sorted(error.items())},
    )
    folder = GOLDEN / name
    folder.mkdir(parents=True, exist_ok=True)
    model.save_config(folder)
    weights = {key: as_row(value).contiguous() for key, value in model.state_dict().items()}
    save_file(weights, folder / "diffusion_pytorch_model.safetensors", metadata={"format": "pt"})
    case = dict(result, sample=sample, timestep=timestep, w=w)
    if labels is not None:
        case["class_labels"] = labels
    save_file(dict(sorted(case.items())), folder / "case.safetensors", metadata={"about": json.dumps(about)})
    for file in folder.iterdir():
        file.chmod(0o644)
    size = sum(file.stat().st_size for file in folder.iterdir())
    print(f"{name:12} {size / 1000:5.0f} kB  |output| {result['output'].abs().max():8.3f}  worst f32 error {max(error.values()):.1e}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    for seed, name in enumerate(CASES):
        make(name, 30240 + seed)
